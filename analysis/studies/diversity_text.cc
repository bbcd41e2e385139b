#include <fmt/format.h>

#include <string>
#include <vector>

#include "analysis/studies/diversity.h"
#include "analysis/studies/joined.h"
#include "analysis/studies/reasons.h"
#include "analysis/studies/text_figures.h"

namespace moetap {
namespace {

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return fmt::format(
      "diversity: {} prompts, {} searches of {} strategies, {} requests\n"
      "           {} codes, {} of them compiled, in {} groups of equivalent "
      "codes\n",
      unit("prompts"), unit("searches"), unit("strategies"), unit("requests"),
      unit("codes"), unit("compiled_codes"), unit("groups"));
}

std::string Line(const StudyResult& result, const std::string& name) {
  return fmt::format("{:<36} {:>12} {:>22} {:>8}\n", name,
                     Number(result.estimate, 3), Range(result, 3),
                     result.n_units);
}

// The parts of one dimension, value by value.
std::string Breakdown(const StudyDocument& document,
                      const std::string& dimension) {
  std::vector<std::string> values;
  for (const StudyResult& result : document.results) {
    if (result.dimension != dimension) continue;
    if (values.empty() || values.back() != result.value) {
      values.push_back(result.value);
    }
  }
  std::string text;
  for (const std::string& value : values) {
    text += fmt::format("\n{} {}\n{:<36} {:>12} {:>22} {:>8}\n", dimension,
                        value.empty() ? "unknown" : EscapeLine(value), "figure",
                        "estimate", "95 %", "prompts");
    for (const StudyResult& result : document.results) {
      if (result.dimension == dimension && result.value == value) {
        text += Line(result, result.name);
      }
    }
  }
  return text;
}

std::string CutLine(const std::string& rule, const std::string& threshold,
                    const StudyResult& saving, const StudyResult* lost) {
  const auto random = [](const StudyResult* result) {
    if (result == nullptr || result->baselines.empty()) return std::string("-");
    return Number(result->baselines[0].second, 3);
  };
  return fmt::format("{:<10} {:>9} {:>8} {:>16} {:>8} {:>8} {:>16} {:>8}\n",
                     rule, threshold, Number(saving.estimate, 3),
                     Range(saving, 3), random(&saving),
                     lost ? Number(lost->estimate, 3) : "0",
                     lost ? Range(*lost, 3) : "-", random(lost));
}

// A rule's .lost follows its .saving.
std::string Cuts(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nCutting duplicates: share of computed tokens saved, of groups lost\n"
      "{:<10} {:>9} {:>8} {:>16} {:>8} {:>8} {:>16} {:>8}\n",
      "rule", "threshold", "saved", "95 %", "random", "lost", "95 %", "random");
  const std::string end = ".saving";
  for (size_t i = 0; i < document.results.size(); ++i) {
    const StudyResult& result = document.results[i];
    if (!result.name.starts_with("cut.") || !result.name.ends_with(end)) {
      continue;
    }
    std::string rule =
        result.name.substr(4, result.name.size() - 4 - end.size());
    const bool oracle = rule == "oracle";
    std::string threshold = oracle ? "-" : result.value;
    if (const size_t dot = rule.find('.'); dot != std::string::npos) {
      threshold = rule.substr(dot + 1);
      rule.resize(dot);
    }
    text += CutLine(rule, threshold, result,
                    oracle ? nullptr : &document.results[i + 1]);
  }
  return text;
}

std::string Joined(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nWhether two codes end equivalent, told from the first rows behind "
      "their fork: area under\nthe ROC curve, mean over prompts\n"
      "{:>5} {:>9} {:>16} {:>9} {:>16} {:>8} {:>12} {:>12}\n",
      "rows", "routing", "95 %", "tokens", "95 %", "prompts", "equivalent",
      "different");
  for (const uint32_t rows : kJoinedRows) {
    const auto& routing =
        *document.Find(fmt::format("joined.auc.routing.h{}", rows));
    const auto& tokens =
        *document.Find(fmt::format("joined.auc.tokens.h{}", rows));
    text += fmt::format(
        "{:>5} {:>9} {:>16} {:>9} {:>16} {:>8} {:>12} {:>12}\n", rows,
        Number(routing.estimate, 3), Range(routing, 3),
        Number(tokens.estimate, 3), Range(tokens, 3), routing.n_units,
        document.unit(fmt::format("joined_equivalent_pairs.h{}", rows)),
        document.unit(fmt::format("joined_different_pairs.h{}", rows)));
  }
  return text;
}

std::string JoinedLayers(const StudyDocument& document) {
  constexpr uint32_t kShownRows = kJoinedRows[1];
  std::string text = fmt::format(
      "\nMean Jaccard index of those {} rows, by layer\n"
      "{:>5} {:>11} {:>16} {:>11} {:>16}\n",
      kShownRows, "layer", "equivalent", "95 %", "different", "95 %");
  const std::string name =
      fmt::format("joined.jaccard.equivalent.h{}", kShownRows);
  for (const StudyResult& result : document.results) {
    if (result.name != name) continue;
    const StudyResult& other = *document.Find(
        fmt::format("joined.jaccard.different.h{}", kShownRows), result.layer);
    text += fmt::format("{:>5} {:>11} {:>16} {:>11} {:>16}\n", *result.layer,
                        Number(result.estimate, 3), Range(result, 3),
                        Number(other.estimate, 3), Range(other, 3));
  }
  return text;
}

}  // namespace

std::string DiversityText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Breakdown(document, "strategy") + Breakdown(document, "strategies");
    text += Cuts(document) + Joined(document) + JoinedLayers(document);
  }
  if (!document.reason.empty() || !document.warnings.empty()) text += '\n';
  if (!document.reason.empty()) text += ReasonNote(document.reason);
  for (const std::string& code : document.warnings) text += ReasonNote(code);
  return text;
}

}  // namespace moetap
