#include <charconv>
#include <optional>
#include <unordered_set>

#include "analysis/code/assembly_line.h"
#include "analysis/code/assembly_text.h"

namespace moetap {
namespace {

// Takes the first word off `line`.
std::string_view TakeWord(std::string_view* line) {
  const size_t end = std::min(line->find(' '), line->size());
  const std::string_view word = line->substr(0, end);
  line->remove_prefix(std::min(end + 1, line->size()));
  return word;
}

std::optional<uint32_t> Number(std::string_view word) {
  uint32_t value = 0;
  const auto end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

class FunctionParser {
 public:
  void Add(std::string_view raw) {
    const std::string line = NormalizeLine(raw, nullptr);
    if (line.empty()) return;
    if (line.back() == ':') return AddLabel(line.substr(0, line.size() - 1));
    if (line.front() == '.') return AddDirective(line);
    if (!inside_) return;
    functions_.back().instructions.push_back(
        {NormalizeLine(raw, &labels_), line_});
  }

  std::vector<AssemblyFunction> Take() { return std::move(functions_); }

 private:
  void AddLabel(std::string name) {
    if (!names_.contains(name)) return;
    functions_.push_back({std::move(name), {}});
    labels_ = LabelNames();
    line_ = 0;
    inside_ = true;
  }

  void AddDirective(std::string_view rest) {
    const std::string_view word = TakeWord(&rest);
    const std::string_view name = rest.substr(0, rest.find(','));
    if (word == ".type" && rest.ends_with("function")) {
      names_.emplace(name);
    } else if (word == ".size" && inside_ && name == functions_.back().name) {
      inside_ = false;
    } else if (word == ".file") {
      AddFile(rest);
    } else if (word == ".loc") {
      const std::string_view file = TakeWord(&rest);
      line_ = files_.contains(std::string(file))
                  ? Number(TakeWord(&rest)).value_or(0)
                  : 0;
    }
  }

  // `.file "NAME"` names the source, `.file N ["FOLDER"] "NAME"` a number that
  // .loc uses.
  void AddFile(std::string_view rest) {
    std::string number;
    if (!rest.starts_with('"')) number = TakeWord(&rest);
    std::string_view last;
    for (size_t at = 0; at < rest.size() && rest[at] == '"';) {
      const size_t end = StringEnd(rest, at);
      last = rest.substr(at, end - at);
      at = end + 1;
    }
    if (number.empty()) {
      source_ = last;
    } else if (last == source_) {
      files_.insert(number);
    } else {
      files_.erase(number);
    }
  }

  std::vector<AssemblyFunction> functions_;
  std::unordered_set<std::string> names_;
  std::string source_;                     // quoted
  std::unordered_set<std::string> files_;  // numbers of the source
  LabelNames labels_;
  uint32_t line_ = 0;
  bool inside_ = false;
};

}  // namespace

std::vector<AssemblyFunction> ParseFunctions(std::string_view assembly) {
  FunctionParser parser;
  std::string_view line;
  for (AssemblyLines lines(assembly); lines.Next(&line);) parser.Add(line);
  return parser.Take();
}

}  // namespace moetap
