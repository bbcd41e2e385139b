#include "analysis/code/code_lines.h"

#include <algorithm>
#include <span>

namespace moetap {
namespace {

bool IsLiteral(CTokenKind kind) {
  return kind == CTokenKind::kNumber || kind == CTokenKind::kCharacter ||
         kind == CTokenKind::kString || kind == CTokenKind::kHeader;
}

// What two tokens that are equal in a reading have in common.
std::string Read(const CToken& token, Reading reading) {
  const char end = token.ends_directive ? 'e' : ' ';
  if (reading >= Reading::kLiterals && IsLiteral(token.kind)) {
    return {'l', end};
  }
  if (reading == Reading::kIdentifiers &&
      token.kind == CTokenKind::kIdentifier) {
    return {'i', end};
  }
  const auto kind = static_cast<char>('0' + static_cast<int>(token.kind));
  return std::string{kind, end} + token.spelling;
}

CodeToken Number(const CToken& token, Interner* interner) {
  CodeToken result;
  result.comment = token.kind == CTokenKind::kComment;
  for (size_t reading = 0; reading < kReadings; ++reading) {
    result.ids[reading] =
        interner->Id(Read(token, static_cast<Reading>(reading)));
  }
  return result;
}

bool DeclaresFirst(std::string_view word) {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"_Alignas",  "_Atomic",        "_Bool",         "_Complex",
       "_Noreturn", "_Static_assert", "_Thread_local", "auto",
       "char",      "const",          "double",        "enum",
       "extern",    "float",          "inline",        "int",
       "long",      "register",       "short",         "signed",
       "static",    "struct",         "typedef",       "union",
       "unsigned",  "void",           "volatile"});
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

// `tokens`: of a line, without comments.
bool Declares(const std::vector<const CToken*>& tokens) {
  if (tokens.size() < 2 || tokens.back()->spelling != ";") return false;
  if (tokens[0]->kind == CTokenKind::kKeyword) {
    return DeclaresFirst(tokens[0]->spelling);
  }
  size_t next = 1;
  while (tokens[next]->spelling == "*") ++next;
  return tokens[0]->kind == CTokenKind::kIdentifier &&
         tokens[next]->kind == CTokenKind::kIdentifier;
}

class Reader {
 public:
  Reader(std::string_view text, Interner* interner)
      : text_(text), interner_(interner), tokens_(LexC(text)) {}

  CodeLines Run() {
    for (const CToken& token : tokens_) {
      result_.tokens.push_back(Number(token, interner_));
    }
    for (size_t begin = 0; begin < text_.size();) {
      const size_t newline = text_.find('\n', begin);
      const size_t end = newline == text_.npos ? text_.size() : newline + 1;
      AddLine(begin, end);
      begin = end;
    }
    return std::move(result_);
  }

 private:
  void AddLine(size_t begin, size_t end) {
    while (first_ < tokens_.size() && tokens_[first_].end <= begin) ++first_;
    size_t last = first_;
    while (last < tokens_.size() && tokens_[last].begin < end) ++last;

    CodeLine line;
    const std::string_view bytes = text_.substr(begin, end - begin);
    line.blank = std::all_of(bytes.begin(), bytes.end(), IsCBlank);
    line.first_token = static_cast<uint32_t>(first_);
    line.last_token = static_cast<uint32_t>(last);
    line.id = interner_->Id(Kinds(first_, last) + std::string(bytes));
    std::vector<const CToken*> code;
    for (size_t i = first_; i < last; ++i) {
      if (!result_.tokens[i].comment) code.push_back(&tokens_[i]);
    }
    line.code = !line.blank && !code.empty();
    line.comment = !line.blank && !line.code && first_ < last;
    line.declares = Declares(code);
    for (size_t reading = 0; reading < kReadings; ++reading) {
      line.ids[reading] = LineId(code, reading);
    }
    result_.lines.push_back(line);
  }

  std::string Kinds(size_t first, size_t last) const {
    std::string kinds;
    for (size_t i = first; i < last; ++i) {
      kinds.push_back(
          static_cast<char>('0' + static_cast<int>(tokens_[i].kind)));
    }
    return kinds + ' ';
  }

  uint32_t LineId(const std::vector<const CToken*>& code, size_t reading) {
    std::string ids;
    for (const CToken* token : code) {
      const auto& numbered = result_.tokens[token - tokens_.data()];
      ids += std::to_string(numbered.ids[reading]) + ',';
    }
    return interner_->Id(ids);
  }

  const std::string_view text_;
  Interner* const interner_;
  const std::vector<CToken> tokens_;
  CodeLines result_;
  size_t first_ = 0;  // token that does not end before the line
};

}  // namespace

uint32_t Interner::Id(std::string_view text) {
  const auto next = static_cast<uint32_t>(ids_.size());
  return ids_.try_emplace(std::string(text), next).first->second;
}

CodeLines ReadLines(std::string_view text, Interner* interner) {
  return Reader(text, interner).Run();
}

}  // namespace moetap
