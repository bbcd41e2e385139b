#include <fmt/format.h>

#include <map>
#include <string>

#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

using html::Cell;
using html::Head;

// So that the page stays small where each prompt is a category.
constexpr size_t kShownCategories = 40;

std::string Number(const std::optional<double>& value) {
  return Cell(value ? fmt::format("{:.2f}", *value) : "–", true);
}

std::string Interval(const StudyResult& result) {
  return Cell(
      result.lo ? fmt::format("{:.2f} to {:.2f}", *result.lo, *result.hi) : "–",
      true);
}

std::string Bytes(const StudyDocument& document, const std::string& name) {
  const StudyResult* result = document.Find("bytes." + name);
  if (result == nullptr || !result->estimate) return Cell("–", true);
  return Cell(html::Size(static_cast<uint64_t>(*result->estimate)), true);
}

std::string Baselines(const StudyResult& result) {
  return Number(result.baselines[0].second) +
         Number(result.baselines[1].second);
}

std::string SizesTable(const StudyDocument& document) {
  std::string table = "<div class=wide><table><tr>" + Head("rows", true) +
                      Head("siblings", true) + Head("95 %", true) +
                      Head("unrelated", true) + Head("95 %", true) +
                      Head("uniform", true) + Head("popularity", true) +
                      Head("weights, siblings", true) +
                      Head("weights, unrelated", true) + "</tr>\n";
  for (const uint32_t size : kBatchSizes) {
    const std::string siblings = fmt::format("siblings.b{}", size);
    const std::string unrelated = fmt::format("unrelated.b{}", size);
    const StudyResult& a = *document.Find("distinct." + siblings);
    const StudyResult& b = *document.Find("distinct." + unrelated);
    if (!a.estimate && !b.estimate) continue;
    table += "<tr>" + Cell(html::Count(size), true) + Number(a.estimate) +
             Interval(a) + Number(b.estimate) + Interval(b) +
             Baselines(a.estimate ? a : b) + Bytes(document, siblings) +
             Bytes(document, unrelated) + "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string CategorySizes(const StudyDocument& document) {
  std::string table = "<div class=wide><table><tr>" + Head("rows", true) +
                      Head("one category", true) + Head("95 %", true) +
                      Head("uniform", true) + Head("popularity", true) +
                      Head("weights", true) + "</tr>\n";
  for (const uint32_t size : kBatchSizes) {
    const std::string name = fmt::format("category.b{}", size);
    const StudyResult& result = *document.Find("distinct." + name);
    if (!result.estimate) continue;
    table += "<tr>" + Cell(html::Count(size), true) + Number(result.estimate) +
             Interval(result) + Baselines(result) + Bytes(document, name) +
             "</tr>\n";
  }
  return table + "</table></div>\n";
}

// By category, then by name of the figure.
using Categories =
    std::map<std::string, std::map<std::string, std::optional<double>>>;

std::string EachCategory(const Categories& categories) {
  std::string table = "<div class=wide><table><tr>" + Head("category");
  for (const uint32_t size : kBatchSizes) {
    table += Head(fmt::format("{} rows", size), true);
  }
  table += "</tr>\n";
  size_t shown = 0;
  for (const auto& [category, figures] : categories) {
    if (shown++ == kShownCategories) break;
    table += "<tr>" + Cell(html::Text(category));
    for (const uint32_t size : kBatchSizes) {
      const auto found =
          figures.find(fmt::format("distinct.category.b{}", size));
      table += Number(found == figures.end() ? std::nullopt : found->second);
    }
    table += "</tr>\n";
  }
  table += "</table></div>\n";
  if (categories.size() <= kShownCategories) return table;
  return table + fmt::format("<p>{} of {} categories are shown.</p>\n",
                             kShownCategories, html::Count(categories.size()));
}

// Nothing without --category.
std::string CategoryTables(const StudyDocument& document) {
  if (document.unit("category_steps") == 0) return "";
  Categories categories;
  for (const StudyResult& result : document.results) {
    if (result.dimension.empty()) continue;
    categories[result.value][result.name] = result.estimate;
  }
  return fmt::format(
             "<p>Rows of different prompts of one category, from {} such "
             "steps; {} trees are in no category.</p>\n",
             html::Count(document.unit("category_steps")),
             html::Count(document.unit("trees_without_category"))) +
         CategorySizes(document) + EachCategory(categories);
}

std::string ServedTable(const StudyDocument& document) {
  const std::string prefix = "distinct.served.r";
  std::string rows;
  for (const StudyResult& result : document.results) {
    if (!result.name.starts_with(prefix) || result.layer) continue;
    std::string bucket = result.name.substr(prefix.size());
    const std::string bytes = Bytes(document, "served.r" + bucket);
    if (const size_t at = bucket.find('_'); at != bucket.npos) {
      bucket.replace(at, 1, "–");
    }
    rows += "<tr>" + Cell(bucket, true) +
            Cell(html::Count(result.n_units), true) + Number(result.estimate) +
            Baselines(result) + bytes + "</tr>\n";
  }
  if (rows.empty()) return "";
  return fmt::format(
             "<p>Steps as they were served: {} of generated tokens only, {} "
             "others.</p>\n<div class=wide><table><tr>",
             html::Count(document.unit("served_steps")),
             html::Count(document.unit("served_other_steps"))) +
         Head("rows", true) + Head("steps × layers", true) +
         Head("distinct experts", true) + Head("uniform", true) +
         Head("popularity", true) + Head("weights", true) + "</tr>\n" + rows +
         "</table></div>\n";
}

}  // namespace

std::string SharingSection(const ReportInput& input) {
  const StudyDocument& document = input.sharing;
  std::string section = "<h2>Shared batches</h2>\n";
  if (!document.reason.empty()) section += html::ReasonBox(document.reason);
  if (document.results.empty()) return section;
  section += fmt::format(
      "<p>Distinct experts per layer that one decoding step touches: rows of "
      "one tree at one position (siblings), or of different prompts "
      "(unrelated), from {} and {} such steps. Uniform and popularity: what as "
      "many independent rows would touch. Weights: of the experts touched in "
      "all layers.</p>\n",
      html::Count(document.unit("siblings_steps")),
      html::Count(document.unit("unrelated_steps")));
  return section + SizesTable(document) + CategoryTables(document) +
         ServedTable(document);
}

}  // namespace moetap
