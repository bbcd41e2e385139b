#include <fmt/format.h>

#include "analysis/studies/locality.h"
#include "analysis/studies/pair_class.h"
#include "analysis/studies/reasons.h"
#include "analysis/studies/text_figures.h"
#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

constexpr int kDigits = 4;

std::optional<double> Baseline(const StudyResult& result,
                               std::string_view name) {
  for (const auto& [key, value] : result.baselines) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// The causes that occur.
std::string NotAligned(const StudyDocument& document) {
  std::string causes;
  for (const UnalignedName& cause : kUnalignedNames) {
    const uint64_t rows = document.unit(cause.unit);
    if (rows == 0) continue;
    causes += fmt::format("{}\n          {} {}", causes.empty() ? "" : ",",
                          rows, cause.text);
  }
  return causes.empty() ? "" : "; not:" + causes;
}

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  const StudyResult* aligned = document.Find("aligned.share");
  const double share = aligned != nullptr ? aligned->estimate.value_or(0) : 0;
  const auto option = [&](const char* name) {
    return document.options[name].get<std::string>();
  };
  std::string text = fmt::format(
      "locality: {} trees ({} with pairs), {} sequences ({} identical), "
      "{} leaves\n"
      "          pairs={}, alignment={}, {}seed={}\n"
      "          {} rows in {} pairs; left out: {} shared rows, {} rows alone, "
      "{} missing rows,\n"
      "          {} unrouted and {} malformed sets\n",
      unit("trees"), unit("trees_with_pairs"), unit("sequences"),
      unit("identical_sequences"), unit("leaves"), option("pairs"),
      option("alignment"),
      document.options["equivalent"].get<bool>() ? "equivalent codes, " : "",
      document.seed.value_or(0), unit("rows"), unit("pairs"),
      unit("shared_rows"), unit("lone_rows"), unit("missing_rows"),
      unit("unrouted_sets"), unit("malformed_sets"));
  if (unit("tail_rows") == 0) return text;
  return text +
         fmt::format(
             "          aligned: {:.1f} % of {} rows behind the forks of {} "
             "pairs of leaves{}\n",
             100 * share, unit("tail_rows"), unit("leaf_pairs"),
             NotAligned(document));
}

std::string Overall(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<36}{:>13}{:>9}{:>18}{:>8}{:>11}\n",
                                 "All layers, mean Jaccard", "layer pairs",
                                 "value", "95 %", "x rand", "published*");
  for (const PairClass& one : PairClasses()) {
    const auto* result = document.Find(std::string("jaccard.") + one.name);
    const auto ratio = Baseline(*result, "ratio");
    text += fmt::format(
        "{:<36}{:>13}{:>9}{:>18}{:>8}{:>11}\n", one.label, *result->pairs,
        Number(result->estimate, kDigits), Range(*result, kDigits),
        result->estimate && ratio
            ? fmt::format("{:.1f}", *result->estimate / *ratio)
            : "-",
        result->published ? fmt::format("{:.3f}", result->published->value)
                          : "");
  }
  return text;
}

// The classes by input token: other weights, and what baselines leave.
std::string Inputs(const StudyDocument& document) {
  std::string text = fmt::format(
      "\n{:<18}{:>9}{:>9}{:>9}{:>11}{:>11}{:>9}{:>18}\n", "By input token",
      "row", "leaf", "tree", "popularity", "elsewhere", "context", "95 %");
  for (const char* kind : {"same", "different"}) {
    const std::string name = std::string("input.") + kind;
    text += fmt::format("{:<18}", std::string(kind) + " token");
    for (const char* weight : {"row", "leaf", "tree"}) {
      for (const StudyResult& result : document.results) {
        if (result.name != "jaccard." + name || result.layer ||
            result.weight != weight || !result.dimension.empty()) {
          continue;
        }
        text += fmt::format("{:>9}", Number(result.estimate, kDigits));
      }
    }
    const StudyResult& row = *document.Find("jaccard." + name);
    const StudyResult& context = *document.Find("context." + name);
    text +=
        fmt::format("{:>11}{:>11}{:>9}{:>18}\n",
                    Number(Baseline(row, "popularity"), kDigits),
                    Number(Baseline(row, "elsewhere"), kDigits),
                    Number(context.estimate, kDigits), Range(context, kDigits));
  }
  const StudyResult& noise = *document.Find("noise");
  return text + fmt::format(
                    "noise floor: {} over {} pairs of one token path in "
                    "different requests\n",
                    Number(noise.estimate, kDigits), noise.pairs.value_or(0));
}

std::string CrossingText(const StudyDocument& document) {
  std::string text = "\nCrossing pattern (same dips, different peaks)\n";
  for (const char* which : {"input", "output"}) {
    const std::string base = std::string("crossing.") + which;
    const StudyResult& all = *document.Find(base);
    text += fmt::format("{:<7} {:<12}", which,
                        all.verdict.empty() ? "no verdict" : all.verdict);
    for (const char* name : {"dip", "peak", "gap"}) {
      const StudyResult* one = document.Find(base + "." + name);
      if (one == nullptr) continue;
      text += fmt::format("  {} {} [{}]", name, Number(one->estimate, kDigits),
                          Range(*one, kDigits));
    }
    text += '\n';
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
    if (result.name != "jaccard.all" || !result.layer ||
        result.weight != "row") {
      continue;
    }
    text += fmt::format("{:>5}", *result.layer);
    for (const char* column : columns) {
      const auto* cell =
          document.Find(std::string("jaccard.") + column, result.layer);
      text += fmt::format(" {:>10}", Number(cell->estimate, kDigits));
    }
    text += fmt::format(" {:>9} {:>9} {:>10}\n",
                        Number(Baseline(result, "uniform"), kDigits),
                        Number(Baseline(result, "ratio"), kDigits),
                        Number(Baseline(result, "popularity"), kDigits));
  }
  return text;
}

const StudyResult* FindValue(const StudyDocument& document,
                             const StudyResult& like, const char* name) {
  for (const StudyResult& result : document.results) {
    if (result.name == name && result.dimension == like.dimension &&
        result.value == like.value) {
      return &result;
    }
  }
  return nullptr;
}

std::string Breakdowns(const StudyDocument& document) {
  std::string text =
      fmt::format("\n{:<14}{:<20}{:>13}{:>9}{:>13}{:>11}\n", "By", "",
                  "same pairs", "value", "diff. pairs", "value");
  std::string seen;
  for (const StudyResult& result : document.results) {
    if (result.dimension.empty()) continue;
    const std::string key = result.dimension + '\n' + result.value;
    if (key == seen) continue;
    seen = key;
    text += fmt::format("{:<14}{:<20}", result.dimension,
                        Shorten(EscapeLine(result.value), 19));
    for (const char* name : {"jaccard.input.same", "jaccard.input.different"}) {
      const StudyResult* one = FindValue(document, result, name);
      text += fmt::format("{:>13}{:>9}", one ? one->pairs.value_or(0) : 0,
                          one ? Number(one->estimate, kDigits) : "-");
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string LocalityText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Overall(document) + Inputs(document) + CrossingText(document) +
            Layers(document) + Breakdowns(document);
    text +=
        "\nrow pairs: distinct rows of one tree that are aligned, each pair "
        "once; x rand: over k/(2n-k)\n"
        "context: what is left of a value without that of equal tokens "
        "elsewhere\n";
    const StudyResult& all = *document.Find("jaccard.all");
    text += fmt::format("intervals: {} ({} units{})\n", all.method, all.n_units,
                        EffectiveNote(all));
    text += fmt::format("* published: {}\n",
                        document.Find("jaccard.input.same")->published->why);
  }
  if (!document.reason.empty()) text += '\n' + ReasonNote(document.reason);
  for (const std::string& code : document.warnings) text += ReasonNote(code);
  return text;
}

}  // namespace moetap
