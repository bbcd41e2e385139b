#include "analysis/code/assembly_line.h"

#include <fmt/format.h>

#include <cstdint>

namespace moetap {
namespace {

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool IsSymbolByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '$' ||
         static_cast<uint8_t>(c) >= 0x80;
}

// "#" begins a comment at the start of a line or before a blank or another
// "#"; elsewhere it is the prefix of a number on some machines.
bool IsCommentAt(std::string_view line, size_t at, bool first) {
  const char next = at + 1 < line.size() ? line[at + 1] : ' ';
  if (line[at] == '/') return next == '/';
  return line[at] == '#' && (first || IsBlank(next) || next == '#');
}

class LineNormalizer {
 public:
  LineNormalizer(std::string_view line, LabelNames* labels)
      : line_(line), labels_(labels) {}

  std::string Run() {
    while (at_ < line_.size() && !IsCommentAt(line_, at_, out_.empty())) Step();
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    return std::move(out_);
  }

 private:
  void Step() {
    const char c = line_[at_];
    if (IsBlank(c)) {
      if (!out_.empty() && out_.back() != ' ') out_ += ' ';
      ++at_;
    } else if (c == '"') {
      const size_t end = StringEnd(line_, at_);
      out_ += line_.substr(at_, end - at_);
      at_ = end;
    } else if (c != '$' && IsSymbolByte(c)) {
      Symbol();
    } else {
      out_ += c;
      ++at_;
    }
  }

  // A "$" that begins a word is no part of it: the prefix of immediates.
  void Symbol() {
    size_t end = at_;
    while (end < line_.size() && IsSymbolByte(line_[end])) ++end;
    const std::string_view word = line_.substr(at_, end - at_);
    if (labels_ != nullptr && word.starts_with(".L")) {
      out_ += labels_->Name(word);
    } else {
      out_ += word;
    }
    at_ = end;
  }

  const std::string_view line_;
  LabelNames* const labels_;
  size_t at_ = 0;
  std::string out_;
};

}  // namespace

bool AssemblyLines::Next(std::string_view* line) {
  if (rest_.empty()) return false;
  const size_t end = rest_.find('\n');
  *line = rest_.substr(0, end);
  rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
  return true;
}

std::string LabelNames::Name(std::string_view label) {
  const auto place =
      numbers_.try_emplace(std::string(label), numbers_.size() + 1).first;
  return fmt::format(".L{}", place->second);
}

size_t StringEnd(std::string_view line, size_t at) {
  for (++at; at < line.size(); ++at) {
    if (line[at] == '\\') {
      ++at;
    } else if (line[at] == '"') {
      return at + 1;
    }
  }
  return line.size();
}

std::string NormalizeLine(std::string_view line, LabelNames* labels) {
  return LineNormalizer(line, labels).Run();
}

}  // namespace moetap
