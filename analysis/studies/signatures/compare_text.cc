#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/studies/reasons.h"
#include "analysis/studies/signatures/compare.h"
#include "analysis/studies/signatures/compare_results.h"
#include "analysis/studies/text_figures.h"

namespace moetap {
namespace {

using Layer = std::optional<uint32_t>;

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return fmt::format(
      "compare: A {} prompts ({} requests), B {} prompts ({} requests), {} "
      "prompts in both\n"
      "         left out: {} requests, {} prompts without a route in some "
      "layer, {} prompts without\n"
      "         a counterpart, {} rows that one capture lacks, {} unrouted and "
      "{} malformed sets\n",
      unit("prompts_a"), unit("requests_a"), unit("prompts_b"),
      unit("requests_b"), unit("paired_prompts"),
      unit("left_out_requests_a") + unit("left_out_requests_b"),
      unit("unrouted_prompts_a") + unit("unrouted_prompts_b"),
      unit("unmatched_prompts"), unit("missing_rows"), unit("unrouted_sets"),
      unit("malformed_sets"));
}

std::string Estimate(const StudyDocument& document, const char* name,
                     Layer layer, int digits) {
  const StudyResult* result = document.Find(name, layer);
  return Number(result ? result->estimate : std::nullopt, digits);
}

// "17: 2.10>3.41", in per cent.
std::string Experts(const StudyDocument& document, Layer layer) {
  std::string text;
  for (const StudyResult& result : document.results) {
    if (result.name != "usage.share" || result.layer != layer) continue;
    text += fmt::format("{}{}: {:.2f}>{:.2f}", text.empty() ? "" : ", ",
                        result.value, 100 * *result.baselines[0].second,
                        100 * *result.estimate);
  }
  return text;
}

std::string Line(const StudyDocument& document, Layer layer) {
  const StudyResult& change = *document.Find("usage.change", layer);
  std::string line = fmt::format(
      "{:>5} {:>10} {:>9} {:>6} {:>8} {:>9} {:>7}",
      layer ? fmt::format("{}", *layer) : "all", Number(change.estimate, 6),
      Number(change.baselines[0].second, 6), Number(change.p, 3),
      Number(change.p_adjusted, 3), Estimate(document, "agreement", layer, 4),
      Estimate(document, "experts.changed", layer, layer ? 0 : 1));
  const std::string experts = Experts(document, layer);
  return experts.empty() ? line + '\n' : line + "  " + experts + '\n';
}

std::string Table(const StudyDocument& document) {
  std::string text =
      fmt::format("\n{:>5} {:>10} {:>9} {:>6} {:>8} {:>9} {:>7}  {}\n", "layer",
                  "divergence", "chance", "p", "adjusted", "agreement",
                  "changed", "most changed experts, % in A>B");
  for (const StudyResult& result : document.results) {
    if (result.name == "usage.change") text += Line(document, result.layer);
  }
  return text +
         "\ndivergence: of the experts' shares, Jensen-Shannon, bits; chance: "
         "its mean if prompts are\nexchanged between A and B; agreement: mean "
         "Jaccard of the expert sets of equal tokens of\nequal prompts; "
         "changed: experts whose share is more than double or less than "
         "half\n";
}

// "2 of 3 layers (1, 4)" or "each of 3 layers", those with a small adjusted p;
// "" if none has.
std::string ChangedLayers(const StudyDocument& document) {
  uint32_t layers = 0;
  std::vector<uint32_t> found;
  for (const StudyResult& result : document.results) {
    if (result.name != "usage.change" || !result.layer) continue;
    ++layers;
    if (result.verdict == "found") found.push_back(*result.layer);
  }
  if (found.empty()) return "";
  if (found.size() == layers) return fmt::format("each of {} layers", layers);
  return fmt::format("{} of {} layers ({})", found.size(), layers,
                     fmt::join(found, ", "));
}

std::string AgreementWords(const StudyDocument& document) {
  const uint64_t sets = document.unit("paired_sets");
  if (sets == 0) return "No token could be compared with itself.";
  return fmt::format(
      "Of the sets of equal tokens, {:.2f} % are the same; their mean Jaccard "
      "is {}.",
      100 * static_cast<double>(document.unit("equal_sets")) /
          static_cast<double>(sets),
      Estimate(document, "agreement", {}, 4));
}

std::string UsageWords(const StudyDocument& document) {
  const std::string& verdict = document.Find("usage.change")->verdict;
  if (verdict.empty()) {
    return "Too few prompts to test whether expert usage differs.";
  }
  const std::string p = Number(document.Find("usage.change")->p, 3);
  const std::string layers = ChangedLayers(document);
  const char* prompts =
      document.unit("paired_prompts") == document.unit("prompts_a")
          ? "."
          : ";\nthe prompts differ as well, so the model need not be the "
            "cause.";
  if (verdict == "found") {
    return fmt::format(
        "Expert usage differs (p {}), {}{}", p,
        layers.empty() ? "in no layer that stands out alone" : "in " + layers,
        prompts);
  }
  if (!layers.empty()) {
    return fmt::format(
        "Expert usage differs in {}, but not over all layers together "
        "(p {}){}",
        layers, p, prompts);
  }
  return fmt::format(
      "No difference of expert usage was found: exchanging prompts between A "
      "and B "
      "gives as much (p {}).",
      p);
}

std::string Words(const StudyDocument& document) {
  if (document.Find("usage.change")->verdict == "absent") {
    return fmt::format(
        "\nThe routing is equal: of the {} prompts in both captures, all {} "
        "sets "
        "are the same.\n",
        document.unit("paired_prompts"), document.unit("paired_sets"));
  }
  return '\n' + UsageWords(document) + '\n' + AgreementWords(document) + '\n';
}

}  // namespace

std::string CompareText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) text += Table(document);
  std::string notes;
  if (!document.reason.empty()) notes += ReasonNote(document.reason);
  for (const std::string& code : document.warnings) notes += ReasonNote(code);
  if (!notes.empty()) text += '\n' + notes;
  return document.results.empty() ? text : text + Words(document);
}

}  // namespace moetap
