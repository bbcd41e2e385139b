#include "analysis/labels.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "analysis/error.h"
#include "analysis/json_depth.h"
#include "analysis/manifest.h"
#include "analysis/output.h"
#include "analysis/studies/signatures/signature_units.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

constexpr const char* kKeys[] = {"request", "prompt", "text"};

class Reader {
 public:
  explicit Reader(const std::filesystem::path& path) : path_(path) {}

  std::vector<LabelLine> Read() {
    std::ifstream file(path_, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
      ++line_;
      if (line.find_first_not_of(" \t\r") != std::string::npos) AddLine(line);
    }
    if (file.bad() || !file.eof()) {
      throw Error(Printable(path_.string()) +
                  ": cannot be read; name a file of labels");
    }
    if (lines_.empty()) {
      throw Error(Printable(path_.string()) +
                  ": has no line; write lines such as {\"label\": \"code\", "
                  "\"request\": \"ID\"}");
    }
    return std::move(lines_);
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(
        fmt::format("{}: line {}: {}; write a line such as {{\"label\": "
                    "\"code\", \"request\": \"ID\"}}",
                    Printable(path_.string()), line_, what));
  }

  void AddLine(const std::string& text) {
    if (TooDeep(text)) Fail("nested too deeply");
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) Fail("not a JSON object");
    LabelLine line;
    line.label = Text(json, "label");
    if (json.contains("group")) line.group = Text(json, "group");
    int patterns = 0;
    for (size_t by = 0; by < std::size(kKeys); ++by) {
      if (!json.contains(kKeys[by])) continue;
      ++patterns;
      line.by = static_cast<LabelBy>(by);
      line.pattern = Text(json, kKeys[by]);
    }
    if (patterns != 1) {
      Fail("must have one of \"request\", \"prompt\" and \"text\"");
    }
    lines_.push_back(std::move(line));
  }

  std::string Text(const Json& json, const char* name) const {
    const auto value = json.find(name);
    if (value == json.end() || !value->is_string() ||
        value->get_ref<const std::string&>().empty()) {
      Fail(fmt::format("\"{}\" is missing, empty or no text", name));
    }
    return value->get<std::string>();
  }

  const std::filesystem::path path_;
  std::vector<LabelLine> lines_;
  size_t line_ = 0;
};

bool IsPattern(const std::string& text) {
  return text.find_first_of("*?[\\") != std::string::npos;
}

bool Matches(const LabelLine& line, const std::string& text) {
  return fnmatch(line.pattern.c_str(), text.c_str(), 0) == 0;
}

// The lines, by how they are looked up.
class Rules {
 public:
  Rules(std::span<const LabelLine> lines, const Vocabulary& vocabulary)
      : lines_(lines), vocabulary_(vocabulary), used_(lines.size(), false) {
    for (uint32_t i = 0; i < lines.size(); ++i) {
      if (lines[i].by == LabelBy::kText || IsPattern(lines[i].pattern)) {
        patterns_.push_back(i);
      } else if (lines[i].by == LabelBy::kPrompt) {
        by_prompt_[lines[i].pattern].push_back(i);
      } else {
        AddRequest(i);
      }
    }
    needs_text_ = std::any_of(
        lines.begin(), lines.end(),
        [](const LabelLine& line) { return line.by == LabelBy::kText; });
  }

  void Apply(Trace* trace) {
    const std::vector<uint32_t> row_of = JoinManifests(requests_, *trace);
    for (uint32_t s = 0; s < row_of.size(); ++s) {
      Sequence& sequence = trace->sequences[s];
      sequence.category.clear();
      sequence.group.clear();
      sequence.ambiguous = false;
      if (row_of[s] != kNone) TakeAll(by_row_[row_of[s]], &sequence);
      const auto prompt = by_prompt_.find(sequence.prompt);
      if (prompt != by_prompt_.end()) TakeAll(prompt->second, &sequence);
      TakePatterns(trace->has_token_ids, &sequence);
      if (sequence.ambiguous) sequence.category.clear();
    }
  }

  uint64_t unused() const {
    return static_cast<uint64_t>(std::count(used_.begin(), used_.end(), false));
  }

 private:
  void AddRequest(uint32_t line) {
    const std::string& id = lines_[line].pattern;
    const auto row = static_cast<uint32_t>(requests_.rows.size());
    const auto [at, is_new] = requests_.by_id.emplace(id, row);
    if (is_new) {
      requests_.rows.emplace_back().request_id = id;
      requests_.longest_id = std::max(requests_.longest_id, id.size());
      by_row_.emplace_back();
    }
    by_row_[at->second].push_back(line);
  }

  void TakeAll(const std::vector<uint32_t>& lines, Sequence* sequence) {
    for (const uint32_t line : lines) Take(line, sequence);
  }

  void Take(uint32_t index, Sequence* sequence) {
    const LabelLine& line = lines_[index];
    used_[index] = true;
    if (sequence->category.empty()) {
      sequence->category = line.label;
      sequence->group = line.group;
    } else if (sequence->category != line.label ||
               sequence->group != line.group) {
      sequence->ambiguous = true;
    }
  }

  void TakePatterns(bool has_token_ids, Sequence* sequence) {
    std::string text;
    if (needs_text_ && has_token_ids) {
      text = vocabulary_.Text(PromptTokens(*sequence));
    }
    for (const uint32_t index : patterns_) {
      if (Holds(lines_[index], *sequence, text)) Take(index, sequence);
    }
  }

  static bool Holds(const LabelLine& line, const Sequence& sequence,
                    const std::string& text) {
    switch (line.by) {
      case LabelBy::kRequest:
        return Matches(line, sequence.external_id) ||
               Matches(line, sequence.id);
      case LabelBy::kPrompt:
        return Matches(line, sequence.prompt);
      case LabelBy::kText:
        return Matches(line, text);
    }
    return false;
  }

  const std::span<const LabelLine> lines_;
  const Vocabulary& vocabulary_;
  std::vector<bool> used_;
  Manifests requests_;                         // a row for each exact id
  std::vector<std::vector<uint32_t>> by_row_;  // their lines
  std::unordered_map<std::string, std::vector<uint32_t>> by_prompt_;
  std::vector<uint32_t> patterns_;
  bool needs_text_ = false;
};

}  // namespace

std::vector<LabelLine> ReadLabels(const std::filesystem::path& file) {
  return Reader(file).Read();
}

uint64_t ApplyLabels(std::span<const LabelLine> lines,
                     const Vocabulary& vocabulary, std::span<Trace> traces) {
  const bool by_text = std::any_of(
      lines.begin(), lines.end(),
      [](const LabelLine& line) { return line.by == LabelBy::kText; });
  const bool has_text =
      !vocabulary.empty() &&
      std::any_of(traces.begin(), traces.end(),
                  [](const Trace& trace) { return trace.has_token_ids; });
  if (by_text && !has_text) {
    throw Error(
        "labels by \"text\" need a capture with tokens and vocabulary; record "
        "with --tokens full, or label by \"request\" or \"prompt\"");
  }
  Rules rules(lines, vocabulary);
  for (Trace& trace : traces) rules.Apply(&trace);
  return rules.unused();
}

}  // namespace moetap
