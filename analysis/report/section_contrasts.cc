#include <fmt/format.h>

#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

using html::Cell;
using html::Figure;
using html::Head;

std::string Range(const StudyResult& result) {
  return result.lo ? fmt::format("{:.4f} to {:.4f}", *result.lo, *result.hi)
                   : "–";
}

std::string WithRange(const StudyResult& result) {
  if (!result.lo) return Figure(result.estimate);
  return fmt::format("{}<br><span class=span>{}</span>",
                     Figure(result.estimate), Range(result));
}

const StudyResult* Find(const StudyDocument& document, const std::string& name,
                        const std::string& weight, const std::string& dimension,
                        const std::string& value) {
  for (const StudyResult& result : document.results) {
    if (result.name == name && !result.layer && result.weight == weight &&
        result.dimension == dimension && result.value == value) {
      return &result;
    }
  }
  return nullptr;
}

std::string ContrastRow(const StudyDocument& document,
                        const std::string& kind) {
  const std::string name = "input." + kind;
  std::string row = "<tr>" + Cell(kind + " token");
  for (const char* weight : {"row", "leaf", "tree"}) {
    row += Cell(WithRange(*Find(document, "jaccard." + name, weight, "", "")),
                true);
  }
  std::optional<double> elsewhere;
  for (const auto& [key, value] : document.Find("jaccard." + name)->baselines) {
    if (key == "elsewhere") elsewhere = value;
  }
  return row + Cell(Figure(elsewhere), true) +
         Cell(WithRange(*document.Find("context." + name)), true) +
         Cell(WithRange(*document.Find("excess." + name)), true) + "</tr>\n";
}

std::string ContrastTable(const StudyDocument& document) {
  return "<div class=wide><table><tr>" + Head("by input token") +
         Head("pairs of rows", true) + Head("pairs of leaves", true) +
         Head("mean of trees", true) + Head("elsewhere", true) +
         Head("context", true) + Head("over popularity", true) + "</tr>\n" +
         ContrastRow(document, "same") + ContrastRow(document, "different") +
         "</table></div>\n";
}

std::string CrossingRow(const StudyDocument& document,
                        const std::string& which) {
  const StudyResult& all = *document.Find("crossing." + which);
  std::string row = "<tr>" + Cell(which + " token") +
                    Cell(all.verdict.empty() ? "none" : all.verdict);
  for (const char* name : {"dip", "peak", "gap"}) {
    const auto* one = document.Find("crossing." + which + "." + name);
    row += Cell(one == nullptr ? "–" : WithRange(*one), true);
  }
  return row + "</tr>\n";
}

std::string CrossingTable(const StudyDocument& document) {
  return "<div class=wide><table><tr>" + Head("crossing pattern") +
         Head("verdict") + Head("dip of same", true) +
         Head("peak of different", true) + Head("gap", true) + "</tr>\n" +
         CrossingRow(document, "input") + CrossingRow(document, "output") +
         "</table></div>\n";
}

std::string BreakdownTable(const StudyDocument& document) {
  std::string table =
      "<div class=wide><table><tr>" + Head("by") + Head("") +
      Head("pairs × layers, same token", true) + Head("mean Jaccard", true) +
      Head("different token", true) + Head("mean Jaccard", true) + "</tr>\n";
  std::string last;
  for (const StudyResult& result : document.results) {
    if (result.dimension.empty()) continue;
    const std::string key = result.dimension + '\n' + result.value;
    if (key == last) continue;
    last = key;
    table += "<tr>" + Cell(html::Text(result.dimension)) +
             Cell(html::Text(result.value));
    for (const char* name : {"jaccard.input.same", "jaccard.input.different"}) {
      const auto* one =
          Find(document, name, "row", result.dimension, result.value);
      table += Cell(one == nullptr ? "0" : html::Count(one->pairs.value_or(0)),
                    true) +
               Cell(one == nullptr ? "–" : Figure(one->estimate), true);
    }
    table += "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string Alignment(const StudyDocument& document) {
  const StudyResult& share = *document.Find("aligned.share");
  const auto unit = [&](const char* name) {
    return html::Count(document.unit(name));
  };
  const StudyResult& noise = *document.Find("noise");
  return fmt::format(
      "<p class=note>{} of {} rows behind the forks of {} pairs of leaves are "
      "aligned; of the others {} lie past the end of the other leaf and {} "
      "have no routing. Noise floor: {} over {} pairs of one token path in "
      "different requests.</p>\n",
      share.estimate ? fmt::format("{:.1f} %", 100 * *share.estimate) : "None",
      unit("tail_rows"), unit("leaf_pairs"), unit("tail_rows_ended"),
      unit("tail_rows_missing"), Figure(noise.estimate),
      html::Count(noise.pairs.value_or(0)));
}

}  // namespace

std::string ContrastsSection(const ReportInput& input) {
  const StudyDocument& document = input.locality;
  if (document.results.empty()) return "";
  return "<h2>Locality: what is context, what is popularity?</h2>\n"
         "<p><i>Elsewhere</i>: pairs with the same tokens at places that are "
         "not aligned; <i>context</i> is what aligned pairs have beyond that, "
         "<i>over popularity</i> what they have beyond independent sets with "
         "the observed popularity.</p>\n" +
         ContrastTable(document) + CrossingTable(document) +
         Alignment(document) +
         "<details class=more><summary>By distance since the fork, phase, "
         "token class and strategy</summary>\n" +
         BreakdownTable(document) + "</details>\n";
}

}  // namespace moetap
