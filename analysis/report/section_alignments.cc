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
      Cell(document.options["equivalent"].get<bool>() ? "equivalent codes"
                                                      : "all") +
      Cell(html::Count(document.unit("leaf_pairs")), true) +
      Cell(Share(document), true);
  for (const char* name : {"jaccard.input.same", "jaccard.input.different"}) {
    const StudyResult* one = document.Find(name);
    row +=
        Cell(html::Count(one == nullptr ? 0 : one->pairs.value_or(0)), true) +
        Cell(one == nullptr ? "–" : Figure(one->estimate), true);
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
         Head("aligned rows", true) + Head("pairs × layers, same token", true) +
         Head("mean Jaccard", true) + Head("different token", true) +
         Head("mean Jaccard", true) + "</tr>\n" + rows + "</table></div>\n";
}

}  // namespace moetap
