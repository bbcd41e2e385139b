#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/studies/assembly_study.h"
#include "analysis/studies/reasons.h"
#include "analysis/studies/text_figures.h"
#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

constexpr size_t kShownValues = 40;  // of a breakdown

std::string Percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : "none";
}

std::string ShareLine(const std::string& name, const StudyResult& result) {
  std::string published;
  if (result.published) {
    published = fmt::format("{:>12}*", Percent(result.published->value));
  }
  return fmt::format("{:<44} {:>9} {:>14} {:>8}{}\n", name,
                     Percent(result.estimate), Range(result, 1, 100),
                     result.n_units, published);
}

// A list of options, such as the compiler's flags.
std::string Joined(const Json& list, std::string_view separator) {
  return fmt::format(
      "{}", fmt::join(list.get<std::vector<std::string>>(), separator));
}

std::string Failures(const StudyDocument& document) {
  const std::string prefix = "codes_";
  std::string text;
  for (const auto& [name, count] : document.units) {
    if (!name.starts_with(prefix) || name == "codes_compiled") continue;
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count,
                          name.substr(prefix.size()));
    }
  }
  return text.empty() ? "none" : text;
}

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  const Json& options = document.options;
  return fmt::format(
      "assembly: {} codes ({} distinct) of {} prompts, {} compiled, {} groups\n"
      "          did not compile: {}\n"
      "          left out: {} sequences cut off, {} pruned, {} not finished; "
      "{} samples of unknown text, {} without code\n"
      "          {}, {} -std={}, confined by {}\n",
      unit("codes"), unit("distinct_codes"), unit("prompts"),
      unit("codes_compiled"), unit("groups"), Failures(document),
      unit("cut_off_sequences"), unit("pruned_sequences"),
      unit("unfinished_sequences"), unit("samples_of_unknown_text"),
      unit("samples_without_code"),
      EscapeLine(options.at("compiler").get<std::string>()),
      EscapeLine(Joined(options.at("flags"), " ")),
      EscapeLine(options.at("standard").get<std::string>()),
      Joined(options.at("confinement"), ", "));
}

std::string Shares(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<44} {:>9} {:>14} {:>8}{:>12}\n", "share",
                                 "value", "95 %", "prompts", "published");
  const auto add = [&](const char* name, const std::string& label) {
    text += ShareLine(label, *document.Find(name));
  };
  add("compiled.share", "codes that compile");
  add("top1.share", "compiled codes in their prompt's largest group");
  add("top3.share", "... in its three largest groups");
  add("differences.remarks.lines", "changed lines that are comment or blank");
  add("differences.remarks.texts", "texts that differ in nothing else");
  add("differences.remarks.pairs",
      "pairs of texts that differ in nothing else");
  const StudyResult& groups = *document.Find("groups.per_prompt");
  text += fmt::format("{:<44} {:>9.1f} {:>14} {:>8}\n", "groups of a prompt",
                      groups.estimate.value_or(0), Range(groups, 1, 1),
                      groups.n_units);
  const StudyResult& largest = *document.Find("top3.share");
  return text + fmt::format("intervals of the largest groups: {} prompts{}\n",
                            largest.n_units, EffectiveNote(largest));
}

// Of a breakdown: a line for each value, a column for each figure.
struct Column {
  const char* name;
  const char* label;
};

std::string Cell(const StudyResult* result) {
  if (result == nullptr) return "";
  const bool is_count =
      result->name == "codes.compiled" || result->name == "groups.per_prompt";
  return is_count ? fmt::format("{:.0f}", result->estimate.value_or(0))
                  : Percent(result->estimate);
}

std::string TableLine(const StudyResult* first, const StudyResult* last,
                      const std::vector<Column>& columns) {
  const std::string value =
      first->value.empty() ? "unknown" : EscapeLine(first->value);
  std::string text = fmt::format("{:<36}", Shorten(value, 36));
  for (const Column& column : columns) {
    const StudyResult* found = std::find_if(
        first, last,
        [&](const StudyResult& result) { return result.name == column.name; });
    text += fmt::format(" {:>9}", Cell(found == last ? nullptr : found));
  }
  return text;
}

// Results of one value of a dimension stand together.
std::string Table(const StudyDocument& document, const std::string& dimension,
                  const std::vector<Column>& columns) {
  const StudyResult* const end =
      document.results.data() + document.results.size();
  std::string text;
  size_t values = 0;
  for (const StudyResult* first = document.results.data(); first != end;) {
    const StudyResult* const last =
        std::find_if(first, end, [first](const StudyResult& result) {
          return result.dimension != first->dimension ||
                 result.value != first->value;
        });
    if (first->dimension == dimension && ++values <= kShownValues) {
      text += TableLine(first, last, columns) + '\n';
    }
    first = last;
  }
  if (values == 0) return "";
  std::string head = fmt::format("\n{:<36}", dimension);
  for (const Column& column : columns) {
    head += fmt::format(" {:>9}", column.label);
  }
  if (values > kShownValues) {
    text += fmt::format("... and {} more\n", values - kShownValues);
  }
  return head + '\n' + text;
}

std::string Tables(const StudyDocument& document) {
  std::vector<Column> columns = {{"compiled.share", "compile"},
                                 {"top1.share", "top 1"},
                                 {"top3.share", "top 3"}};
  std::string text = Table(document, "strategy", columns);
  columns.push_back({"codes.compiled", "compiled"});
  columns.push_back({"groups.per_prompt", "groups"});
  text += Table(document, "prompt", columns);
  columns.resize(3);
  columns.push_back({"pairs.agreed", "agree"});
  columns.push_back({"pairs.kept", "kept"});
  return text + Table(document, "column", columns);
}

std::string LineClasses(const StudyDocument& document) {
  std::string text = fmt::format(
      "\nChanged lines of {} texts against the most frequent of their group: "
      "{}\n",
      document.unit("compared_texts"), document.unit("changed_lines"));
  for (const StudyResult& result : document.results) {
    if (result.dimension != "line_class") continue;
    text += ShareLine("  " + result.value, result);
  }
  return text;
}

}  // namespace

std::string AssemblyStudyText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Shares(document) + LineClasses(document) + Tables(document);
    text += fmt::format("\n* published: {}\n",
                        document.Find("top3.share")->published->why);
  }
  if (!document.reason.empty()) text += '\n' + ReasonNote(document.reason);
  for (const std::string& code : document.warnings) text += ReasonNote(code);
  return text;
}

}  // namespace moetap
