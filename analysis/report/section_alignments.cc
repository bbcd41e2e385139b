#include <fmt/format.h>

#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

using html::Cell;
using html::Figure;
using html::Head;

std::string Share(const StudyDocument& document) {
  const StudyResult* share = document.Find("aligned.share");
  if (share == nullptr || !share->estimate) return "–";
  return fmt::format("{:.1f} %", 100 * *share->estimate);
}

std::string Row(const StudyDocument& document) {
  std::string row =
      "<tr>" + Cell(document.options["alignment"].get<std::string>()) +
      Cell(document.options["equivalent"].get<bool>() ? "equivalent" : "all") +
      Cell(html::Count(document.unit("leaf_pairs")), true) +
      Cell(Share(document), true);
  for (const char* name : {"jaccard.input.same", "jaccard.input.different"}) {
    const StudyResult* one = document.Find(name);
    row += Cell(one == nullptr ? "–" : Figure(one->estimate), true) +
           Cell(one == nullptr || !one->lo
                    ? "–"
                    : Figure(one->lo) + " to " + Figure(one->hi),
                true);
  }
  return row + "</tr>\n";
}

}  // namespace

std::string AlignmentsSection(const ReportInput& input) {
  if (input.alignments.empty()) return "";
  std::string rows;
  for (const StudyDocument& document : input.alignments) rows += Row(document);
  return "<h2>Locality by alignment</h2>\n"
         "<p>Which rows of two branches are compared: those at one position, "
         "those that the least edit of their tokens leaves together, or those "
         "that correspond in the assembly of their codes.</p>\n"
         "<div class=wide><table><tr>" +
         Head("alignment") + Head("codes") + Head("pairs of leaves", true) +
         Head("aligned rows", true) + Head("same token", true) +
         Head("95 % interval", true) + Head("different token", true) +
         Head("95 % interval", true) + "</tr>\n" + rows +
         "</table></div>\n<p class=note>Mean Jaccard index by input token; "
         "equivalent: pairs of codes with equal assembly.</p>\n";
}

}  // namespace moetap
