#include <fmt/format.h>

#include <map>
#include <string>

#include "analysis/studies/reasons.h"
#include "analysis/studies/sharing.h"
#include "analysis/studies/text_figures.h"
#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

constexpr int kDigits = 2;

// The batch size of the table by layer.
constexpr uint32_t kShownSize = 8;

std::string Mebibytes(const StudyResult* result) {
  if (result == nullptr || !result->estimate) return "-";
  return fmt::format("{:.2f}", *result->estimate / 1048576);
}

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return fmt::format(
      "sharing: {} trees ({} in batches), {} sequences, {} rows of generated "
      "tokens\n"
      "         batches from {} steps of siblings and {} of unrelated rows, at "
      "most {} each\n"
      "         left out: {} missing rows, {} batch layers with an unusable "
      "set\n",
      unit("trees"), unit("trees_with_batches"), unit("sequences"),
      unit("decode_rows"), unit("siblings_steps"), unit("unrelated_steps"),
      document.options.at("batches").dump(), unit("missing_rows"),
      unit("unusable_batches"));
}

std::string Sizes(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nAll layers, distinct experts per layer and step\n"
      "{:>4} {:>9} {:>16} {:>9} {:>16} {:>8} {:>10} {:>10} {:>10}\n",
      "rows", "siblings", "95 %", "unrelated", "95 %", "uniform", "popularity",
      "MiB sibl.", "MiB unrel.");
  for (const uint32_t size : kBatchSizes) {
    const std::string siblings = fmt::format("siblings.b{}", size);
    const std::string unrelated = fmt::format("unrelated.b{}", size);
    const StudyResult& a = *document.Find("distinct." + siblings);
    const StudyResult& b = *document.Find("distinct." + unrelated);
    if (!a.estimate && !b.estimate) continue;
    // Of no batches, there is no baseline.
    const auto& baselines = a.estimate ? a.baselines : b.baselines;
    text += fmt::format(
        "{:>4} {:>9} {:>16} {:>9} {:>16} {:>8} {:>10} {:>10} {:>10}\n", size,
        Number(a.estimate, kDigits), Range(a, kDigits),
        Number(b.estimate, kDigits), Range(b, kDigits),
        Number(baselines[0].second, kDigits),
        Number(baselines[1].second, kDigits),
        Mebibytes(document.Find("bytes." + siblings)),
        Mebibytes(document.Find("bytes." + unrelated)));
  }
  return text;
}

std::string CategorySizes(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nPrompts of one category: {} steps; {} trees are in no category\n"
      "{:>4} {:>9} {:>16} {:>8} {:>10} {:>10}\n",
      document.unit("category_steps"), document.unit("trees_without_category"),
      "rows", "distinct", "95 %", "uniform", "popularity", "MiB");
  for (const uint32_t size : kBatchSizes) {
    const std::string name = fmt::format("category.b{}", size);
    const StudyResult& result = *document.Find("distinct." + name);
    if (!result.estimate) continue;
    text +=
        fmt::format("{:>4} {:>9} {:>16} {:>8} {:>10} {:>10}\n", size,
                    Number(result.estimate, kDigits), Range(result, kDigits),
                    Number(result.baselines[0].second, kDigits),
                    Number(result.baselines[1].second, kDigits),
                    Mebibytes(document.Find("bytes." + name)));
  }
  return text;
}

// By category, then size; none without --category.
std::string Categories(const StudyDocument& document) {
  if (document.unit("category_steps") == 0) return "";
  std::string text = CategorySizes(document);
  std::map<std::string, std::map<std::string, std::string>> found;
  for (const StudyResult& result : document.results) {
    if (result.dimension.empty()) continue;
    found[result.value][result.name] = Number(result.estimate, kDigits);
  }
  text += fmt::format("\n{:<20}", "By category, rows");
  for (const uint32_t size : kBatchSizes) text += fmt::format(" {:>8}", size);
  text += '\n';
  for (auto& [category, figures] : found) {
    text += fmt::format("{:<20}", Shorten(EscapeLine(category), 19));
    for (const uint32_t size : kBatchSizes) {
      const std::string& figure =
          figures[fmt::format("distinct.category.b{}", size)];
      text += fmt::format(" {:>8}", figure.empty() ? "-" : figure);
    }
    text += '\n';
  }
  return text;
}

std::string Layers(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nBy layer, {} rows\n{:>5} {:>9} {:>9} {:>8} {:>10}\n", kShownSize,
      "layer", "siblings", "unrelated", "uniform", "popularity");
  const std::string name = fmt::format("distinct.siblings.b{}", kShownSize);
  for (const StudyResult& result : document.results) {
    if (result.name != name || !result.layer) continue;
    const StudyResult* other = document.Find(
        fmt::format("distinct.unrelated.b{}", kShownSize), result.layer);
    text += fmt::format("{:>5} {:>9} {:>9} {:>8} {:>10}\n", *result.layer,
                        Number(result.estimate, kDigits),
                        Number(other->estimate, kDigits),
                        Number(result.baselines[0].second, kDigits),
                        Number(result.baselines[1].second, kDigits));
  }
  return text;
}

std::string Served(const StudyDocument& document) {
  const std::string prefix = "distinct.served.";
  std::string lines;
  for (const StudyResult& result : document.results) {
    if (!result.name.starts_with(prefix) || result.layer) continue;
    const std::string bucket = result.name.substr(prefix.size());
    lines += fmt::format("{:>8} {:>12} {:>9} {:>8} {:>10} {:>10}\n", bucket,
                         result.n_units, Number(result.estimate, kDigits),
                         Number(result.baselines[0].second, kDigits),
                         Number(result.baselines[1].second, kDigits),
                         Mebibytes(document.Find("bytes.served." + bucket)));
  }
  if (lines.empty()) return "";
  return fmt::format(
             "\nAs served: {} steps of generated rows only ({} other steps)\n"
             "{:>8} {:>12} {:>9} {:>8} {:>10} {:>10}\n",
             document.unit("served_steps"), document.unit("served_other_steps"),
             "rows", "step layers", "distinct", "uniform", "popularity",
             "MiB") +
         lines;
}

}  // namespace

std::string SharingText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Sizes(document) + Categories(document) + Layers(document) +
            Served(document);
    text +=
        "\nuniform, popularity: what as many rows would touch if their experts "
        "had nothing in common\nbut chance; MiB: weights of the touched "
        "experts, all layers\n";
  }
  if (!document.reason.empty()) text += '\n' + ReasonNote(document.reason);
  for (const std::string& code : document.warnings) text += ReasonNote(code);
  return text;
}

}  // namespace moetap
