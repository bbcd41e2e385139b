#include "analysis/selection.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "analysis/error.h"

namespace moetap {
namespace {

constexpr std::string_view kLabel = "label.";
constexpr std::string_view kKeys = "strategy, prompt, id or label.NAME";

bool IsKey(const std::string& key) {
  return key == "strategy" || key == "prompt" || key == "id" ||
         (key.starts_with(kLabel) && key.size() > kLabel.size());
}

bool Matches(const std::string& pattern, const std::string& text) {
  return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

std::optional<std::string> LabelOf(const std::string& key,
                                   const ManifestRow* row) {
  if (row == nullptr || row->labels.is_null()) return std::nullopt;
  const auto label = row->labels.find(key.substr(kLabel.size()));
  if (label == row->labels.end()) return std::nullopt;
  return label->is_string() ? label->get<std::string>() : label->dump();
}

}  // namespace

std::string KeyError(const std::string& key) {
  if (IsKey(key)) return "";
  return fmt::format("\"{}\" is no key; write {}", key, kKeys);
}

std::vector<Condition> ParseSelect(const std::string& select) {
  std::vector<Condition> conditions;
  for (size_t begin = 0; !select.empty() && begin <= select.size();) {
    const size_t end = std::min(select.find(',', begin), select.size());
    const std::string one = select.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = one.find('=');
    const std::string key = one.substr(0, equals);
    if (equals == std::string::npos || !IsKey(key)) {
      throw Error(fmt::format(
          "\"{}\" is no condition; write KEY=PATTERN with the key {}", one,
          kKeys));
    }
    conditions.push_back({key, one.substr(equals + 1)});
  }
  return conditions;
}

std::string SelectError(const std::string& select) {
  try {
    ParseSelect(select);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

bool Holds(const Condition& condition, const Sequence& sequence,
           const ManifestRow* row) {
  if (condition.key == "id") {
    return Matches(condition.pattern, sequence.external_id) ||
           Matches(condition.pattern, sequence.id);
  }
  if (condition.key.starts_with(kLabel) && !LabelOf(condition.key, row)) {
    return false;
  }
  return Matches(condition.pattern, ValueOf(condition.key, sequence, row));
}

std::string ValueOf(const std::string& key, const Sequence& sequence,
                    const ManifestRow* row) {
  if (key == "strategy") return sequence.strategy;
  if (key == "prompt") return sequence.prompt;
  if (key == "id") return ClientId(sequence);
  return LabelOf(key, row).value_or("");
}

const std::string& ClientId(const Sequence& sequence) {
  return sequence.external_id.empty() ? sequence.id : sequence.external_id;
}

}  // namespace moetap
