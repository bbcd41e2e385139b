#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "analysis/report/chart.h"
#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/report/signature_figures.h"

namespace moetap {
namespace {

using html::Cell;
using html::Figure;
using html::Head;

std::string Interval(const StudyResult& result) {
  return Cell(
      result.lo ? fmt::format("{:.3f} to {:.3f}", *result.lo, *result.hi) : "–",
      true);
}

std::string WithDeviation(const StudyResult& result) {
  if (!result.estimate) return Cell("–", true);
  return Cell(
      result.deviation
          ? fmt::format("{:.4f} ± {:.4f}", *result.estimate, *result.deviation)
          : fmt::format("{:.4f}", *result.estimate),
      true);
}

std::string P(const std::optional<double>& p) {
  return Cell(p ? fmt::format("{:.3g}", *p) : "–", true);
}

std::string FiguresTable(const StudyDocument& document) {
  const std::pair<const char*, const char*> rows[] = {
      {"cosine.within", "cosine of pairs within a class"},
      {"cosine.across", "cosine of pairs across classes"},
      {"cosine.d", "Cohen's d"},
      {"signatures.fold_accuracy", "accuracy, once, mean of 5 folds"},
      {"signatures.accuracy", "accuracy, 20 repeats"},
      {"signatures.f1", "macro F1, 20 repeats"},
      {"length.accuracy", "rival: accuracy by prompt length alone"},
      {"words.accuracy", "rival: accuracy by the prompt's tokens"},
      {"depth.rho", "d with depth, Spearman's ρ"}};
  std::string table = "<div class=wide><table><tr>" + Head("figure") +
                      Head("value", true) + Head("95 %", true) +
                      Head("p", true) + Head("published*", true) + "</tr>\n";
  for (const auto& [name, label] : rows) {
    const StudyResult* result = document.Find(name);
    if (result == nullptr) continue;
    table +=
        "<tr>" + Cell(label) + WithDeviation(*result) + Interval(*result) +
        P(result->p) +
        Cell(result->published ? fmt::format("{:g}", result->published->value)
                               : "",
             true) +
        "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string NullsTable(const StudyDocument& document) {
  const std::pair<const char*, const char*> kinds[] = {
      {"uniform", "U: uniform sets"},
      {"popularity", "P: sets by popularity"},
      {"permuted", "M: captured sets, permuted over all tokens"}};
  std::string table = "<div class=wide><table><tr>" + Head("null model") +
                      Head("figure") + Head("observed", true) +
                      Head("null", true) + Head("central 95 %", true) +
                      Head("verdict") + "</tr>\n";
  for (const auto& [kind, label] : kinds) {
    for (const char* figure : {"d", "accuracy"}) {
      const StudyResult* result =
          document.Find(fmt::format("null.{}.{}", kind, figure));
      if (result == nullptr) continue;
      table += "<tr>" + Cell(label) + Cell(figure) +
               Cell(Figure(result->baselines.front().second), true) +
               WithDeviation(*result) + Interval(*result) +
               Cell(result->verdict.empty() ? "–"
                    : result->verdict == "explained"
                        ? fmt::format("explained by {}", label[0])
                        : fmt::format("not explained by {}", label[0])) +
               "</tr>\n";
    }
  }
  return table + "</table></div>\n";
}

// One figure of each layer as a line; negative values are drawn at 0.
std::string LayerChart(const StudyDocument& document, const std::string& name,
                       const std::string& title, double least_top) {
  Chart chart;
  chart.title = title;
  ChartLine line{"same", "this capture", {}, {}, {}, true};
  double most = least_top;
  for (const StudyResult& result : document.results) {
    if (result.name != name) continue;
    chart.layers.push_back(*result.layer);
    line.values.push_back(result.estimate);
    line.lo.push_back(result.lo);
    line.hi.push_back(result.hi);
    most = std::max(
        most, std::max(result.estimate.value_or(0), result.hi.value_or(0)));
  }
  chart.top = std::ceil(most * 5) / 5;
  chart.lines.push_back(std::move(line));
  return "<figure>" + ChartSvg(chart) + "</figure>\n";
}

std::string Lead(const StudyDocument& document) {
  return fmt::format(
      "<p>{} {} of {} classes, {} requests; signatures over the {} tokens. "
      "Left "
      "out: {} requests without a label, {} with contradicting ones, {} with "
      "missing rows.</p>\n",
      html::Count(document.unit("units")), "units (prompts or templates)",
      html::Count(document.unit("classes")),
      html::Count(document.unit("requests")),
      document.options.at("phase").get<std::string>(),
      html::Count(document.unit("unlabelled_requests")),
      html::Count(document.unit("ambiguous_requests") +
                  document.unit("conflicting_requests")),
      html::Count(document.unit("missing_rows_requests")));
}

}  // namespace

std::string SignaturesSection(const ReportInput& input) {
  if (!input.signatures) return "";
  const StudyDocument& document = *input.signatures;
  std::string section = "<h2>Signatures of tasks</h2>\n" + Lead(document);
  if (!document.reason.empty()) section += html::ReasonBox(document.reason);
  for (const std::string& code : document.warnings) {
    section += html::ReasonBox(code);
  }
  if (document.results.empty()) return section;
  section +=
      FiguresTable(document) + ClassKey(document) +
      "<div class=three><figure>" + SimilarityMap(document) +
      "</figure><figure>" + UnitMap(document, "pca", "Principal components") +
      "</figure><figure>" +
      UnitMap(document, "neighbours", "Neighbours (t-SNE)") +
      "</figure></div>\n<h3>Could it be less than the task?</h3>\n" +
      NullsTable(document) + "<h3>By layer</h3>\n" +
      LayerChart(document, "layer.d", "Cohen's d of each layer", 0.2) +
      LayerChart(document, "layer.accuracy", "Accuracy of each layer alone", 1);
  return section +
         "<p class=note>p by permutation of the units' labels; ± is the "
         "deviation over pairs, folds or synthetic captures, and no error. * "
         "Published for another model (OLMoE-1B-7B-0125-Instruct, 64 experts, "
         "top-8) and other prompts (80 of four tasks).</p>\n";
}

}  // namespace moetap
