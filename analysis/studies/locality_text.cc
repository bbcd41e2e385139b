#include <fmt/format.h>

#include "analysis/studies/locality.h"
#include "analysis/studies/pair_class.h"
#include "analysis/studies/reasons.h"

namespace moetap {
namespace {

std::string Number(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "-";
}

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return fmt::format(
      "locality: {} trees ({} with pairs), {} sequences ({} identical), "
      "{} leaves\n"
      "          {} rows in {} pairs; left out: {} shared rows, {} rows alone "
      "at their position,\n"
      "          {} missing rows, {} unrouted and {} malformed sets\n",
      unit("trees"), unit("trees_with_pairs"), unit("sequences"),
      unit("identical_sequences"), unit("leaves"), unit("rows"), unit("pairs"),
      unit("shared_rows"), unit("lone_rows"), unit("missing_rows"),
      unit("unrouted_sets"), unit("malformed_sets"));
}

std::string Overall(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<36}{:>13}{:>9}{:>18}{:>8}{:>11}\n",
                                 "All layers, mean Jaccard", "layer pairs",
                                 "value", "95 %", "x rand", "published*");
  for (const PairClass& one : PairClasses()) {
    const auto* result = document.Find(std::string("jaccard.") + one.name);
    if (result == nullptr) continue;
    const auto& ratio = result->baselines[1].second;
    text += fmt::format(
        "{:<36}{:>13}{:>9}{:>18}{:>8}{:>11}\n", one.label, *result->pairs,
        Number(result->estimate),
        result->lo ? fmt::format("{:.4f}..{:.4f}", *result->lo, *result->hi)
                   : "-",
        result->estimate && ratio
            ? fmt::format("{:.1f}", *result->estimate / *ratio)
            : "-",
        result->published ? fmt::format("{:.3f}", result->published->value)
                          : "");
  }
  return text;
}

std::string Layers(const StudyDocument& document) {
  const char* const columns[] = {"input.same", "input.different", "output.same",
                                 "output.different"};
  std::string text =
      fmt::format("\n{:>5} {:>10} {:>10} {:>10} {:>10} {:>9} {:>9} {:>10}\n",
                  "layer", "in same", "in diff", "out same", "out diff",
                  "uniform", "ratio", "popularity");
  for (const StudyResult& result : document.results) {
    if (result.name != "jaccard.all" || !result.layer) continue;
    text += fmt::format("{:>5}", *result.layer);
    for (const char* column : columns) {
      const auto* cell =
          document.Find(std::string("jaccard.") + column, result.layer);
      text += fmt::format(" {:>10}", Number(cell->estimate));
    }
    text += fmt::format(
        " {:>9} {:>9} {:>10}\n", Number(result.baselines[0].second),
        Number(result.baselines[1].second), Number(result.baselines[2].second));
  }
  return text;
}

std::string Note(const std::string& code) {
  const Reason& reason = FindReason(code);
  return fmt::format("{}: {}\n    next: {}\n", reason.code, reason.text,
                     reason.next);
}

}  // namespace

std::string LocalityText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Overall(document) + Layers(document);
    text +=
        "\nrow pairs: distinct rows of one tree at one position, each pair "
        "once; x rand: over k/(2n-k)\n";
    const StudyResult& first = document.results.front();
    text +=
        fmt::format("intervals: {} ({} units)\n", first.method, first.n_units);
    text += fmt::format("* published: {}\n",
                        document.Find("jaccard.input.same")->published->why);
  }
  if (!document.reason.empty()) text += '\n' + Note(document.reason);
  for (const std::string& code : document.warnings) text += Note(code);
  return text;
}

}  // namespace moetap
