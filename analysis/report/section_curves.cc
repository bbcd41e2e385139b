#include <fmt/format.h>

#include <algorithm>

#include "analysis/report/chart.h"
#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/studies/pair_class.h"

namespace moetap {
namespace {

// A point of a curve over the layers, each pair of rows counted once.
bool IsCurve(const StudyResult& result) {
  return result.layer && result.weight == "row";
}

ChartLine LineOf(const StudyDocument& document, const std::string& name,
                 const char* style, const char* label) {
  ChartLine line;
  line.style = style;
  line.label = label;
  line.dots = true;
  for (const StudyResult& result : document.results) {
    if (result.name != name || !IsCurve(result)) continue;
    line.values.push_back(result.estimate);
    line.lo.push_back(result.lo);
    line.hi.push_back(result.hi);
  }
  return line;
}

ChartLine BaselineOf(const StudyDocument& document, const char* name,
                     const char* label) {
  ChartLine line;
  line.style = name;
  line.label = label;
  for (const StudyResult& result : document.results) {
    if (result.name != "jaccard.all" || !IsCurve(result)) continue;
    for (const auto& [baseline, value] : result.baselines) {
      if (baseline == name) line.values.push_back(value);
    }
  }
  return line;
}

Chart Panel(const StudyDocument& document, const std::string& which) {
  Chart chart;
  chart.title = which == "input" ? "By input token: token p equal or not"
                                 : "By output token: token p+1 equal or not";
  for (const StudyResult& result : document.results) {
    if (result.name == "jaccard.all" && IsCurve(result)) {
      chart.layers.push_back(*result.layer);
    }
  }
  const std::string base = "jaccard." + which;
  chart.lines = {
      BaselineOf(document, "uniform", "uniform sets"),
      BaselineOf(document, "popularity", "popularity alone"),
      LineOf(document, base + ".different", "different", "different token"),
      LineOf(document, base + ".same", "same", "same token")};
  for (const char* one : {"same", "different"}) {
    const StudyResult* overall = document.Find(base + "." + one);
    chart.marks.push_back(
        {fmt::format("{} published", one),
         fmt::format("{:.3f} another model*", overall->published->value),
         overall->published->value});
  }
  return chart;
}

// Both classifications, on one scale.
std::string Panels(const StudyDocument& document) {
  Chart input = Panel(document, "input");
  Chart output = Panel(document, "output");
  input.top = output.top = std::max(ChartTop(input), ChartTop(output));
  return ChartSvg(input) + ChartSvg(output);
}

std::string OverallRow(const StudyDocument& document, const PairClass& one) {
  const auto* result = document.Find(std::string("jaccard.") + one.name);
  const auto& baselines = result->baselines;
  const auto& ratio = baselines[1].second;
  using html::Cell;
  return "<tr>" + Cell(one.label) + Cell(html::Count(*result->pairs), true) +
         Cell(html::Figure(result->estimate), true) +
         Cell(result->lo
                  ? fmt::format("{:.4f} to {:.4f}", *result->lo, *result->hi)
                  : "–",
              true) +
         Cell(result->estimate && ratio
                  ? fmt::format("{:.1f}×", *result->estimate / *ratio)
                  : "–",
              true) +
         Cell(html::Figure(baselines[0].second), true) +
         Cell(html::Figure(baselines[2].second), true) +
         Cell(result->published
                  ? fmt::format("{:.3f}", result->published->value)
                  : "",
              true) +
         "</tr>\n";
}

std::string OverallTable(const StudyDocument& document) {
  using html::Head;
  std::string table = "<div class=wide><table><tr>" + Head("all layers") +
                      Head("pairs × layers", true) +
                      Head("mean Jaccard", true) + Head("95 % interval", true) +
                      Head("× random", true) + Head("uniform", true) +
                      Head("popularity", true) + Head("published*", true) +
                      "</tr>\n";
  for (const PairClass& one : PairClasses()) table += OverallRow(document, one);
  return table + "</table></div>\n";
}

std::string LayerTable(const StudyDocument& document) {
  using html::Cell;
  using html::Head;
  const char* const columns[] = {"input.same", "input.different", "output.same",
                                 "output.different"};
  std::string table =
      "<div class=wide><table><tr>" + Head("layer") + Head("same input", true) +
      Head("different input", true) + Head("same output", true) +
      Head("different output", true) + Head("uniform", true) +
      Head("k/(2n−k)", true) + Head("popularity", true) + "</tr>\n";
  for (const StudyResult& result : document.results) {
    if (result.name != "jaccard.all" || !IsCurve(result)) continue;
    table += "<tr>" + Cell(fmt::format("{}", *result.layer));
    for (const char* column : columns) {
      const auto* one =
          document.Find(std::string("jaccard.") + column, result.layer);
      table += Cell(html::Figure(one->estimate), true);
    }
    for (const auto& [name, value] : result.baselines) {
      table += Cell(html::Figure(value), true);
    }
    table += "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string Units(const StudyDocument& document) {
  const auto unit = [&](const char* name) {
    return html::Count(document.unit(name));
  };
  const StudyResult& first = *document.Find("jaccard.all");
  return fmt::format(
      "<p class=note>{} pairs of {} rows in {} trees with forks ({} trees, {} "
      "distinct sequences in all). Left out: {} shared rows, {} rows alone at "
      "their position, {} missing rows, {} identical sequences, {} unrouted "
      "and {} malformed sets. Intervals: {} ({} units{}).</p>\n",
      unit("pairs"), unit("rows"), unit("trees_with_pairs"), unit("trees"),
      unit("leaves"), unit("shared_rows"), unit("lone_rows"),
      unit("missing_rows"), unit("identical_sequences"), unit("unrouted_sets"),
      unit("malformed_sets"), first.method, html::Count(first.n_units),
      EffectiveNote(first));
}

}  // namespace

std::string CurvesSection(const ReportInput& input) {
  const StudyDocument& document = input.locality;
  std::string section =
      "<h2>Locality: how alike are the experts of two branches?</h2>\n"
      "<p>Two branches of one tree are compared row by row at equal positions "
      "after their fork. The Jaccard index of the two expert sets is averaged "
      "over all such pairs, separately for equal and for different "
      "tokens.</p>\n";
  if (!document.reason.empty()) section += html::ReasonBox(document.reason);
  for (const std::string& code : document.warnings) {
    section += html::ReasonBox(code);
  }
  if (document.results.empty()) return section;
  section += "<figure>" + Panels(document);
  section +=
      "<figcaption>Mean Jaccard index of expert sets per layer. Shaded: 95 % "
      "interval. <i>Uniform sets</i>: two independent uniform sets; "
      "<i>popularity alone</i>: two independent sets with the observed "
      "popularity of each expert. Thin dotted lines: published means.* Both "
      "classifications are shown because they can give opposite "
      "profiles.</figcaption></figure>\n";
  section += Units(document) + OverallTable(document);
  section += fmt::format(
      "<p class=note>* Published for {}. × random: over k/(2n−k).</p>\n",
      document.Find("jaccard.input.same")->published->why);
  return section +
         "<details class=more><summary>Figures per layer</summary>\n" +
         LayerTable(document) + "</details>\n";
}

}  // namespace moetap
