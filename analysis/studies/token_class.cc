#include "analysis/studies/token_class.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "analysis/code/c_lexer.h"

namespace moetap {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) ||
         c == '_' || static_cast<uint8_t>(c) >= 0x80;
}

bool IsPunctuation(char c) {
  return std::string_view("[](){}.,;:?!~+-*/%<>=&|^#").find(c) !=
         std::string_view::npos;
}

// Gives each byte of `text` a class.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {
    classes_.reserve(text.size());
  }

  std::vector<TokenClass> Run() {
    while (classes_.size() < text_.size()) Next();
    return std::move(classes_);
  }

 private:
  enum class Place : uint8_t {
    kLineStart,  // nothing but blanks and comments on this line so far
    kHash,       // ... and then a #
    kInclude,    // ... and then the word include
    kInLine,
  };

  size_t at() const { return classes_.size(); }
  char Byte(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }
  void Fill(size_t end, TokenClass token_class) {
    classes_.resize(std::min(end, text_.size()), token_class);
  }

  // Bytes of a line splice at `i`, 0 if there is none.
  size_t Splice(size_t i) const {
    if (Byte(i) != '\\') return 0;
    if (Byte(i + 1) == '\n') return 2;
    return Byte(i + 1) == '\r' && Byte(i + 2) == '\n' ? 3 : 0;
  }

  void Next() {
    const char c = text_[at()];
    if (IsCBlank(c)) {
      if (c == '\n') place_ = Place::kLineStart;
      return Fill(at() + 1, TokenClass::kWhiteSpace);
    }
    if (const size_t splice = Splice(at()); splice > 0) {
      return Fill(at() + splice, TokenClass::kWhiteSpace);
    }
    if (c == '/' && (Byte(at() + 1) == '*' || Byte(at() + 1) == '/')) {
      return Comment();
    }
    const Place place = place_;
    place_ = Place::kInLine;
    if (IsDigit(c) || (c == '.' && IsDigit(Byte(at() + 1)))) return Number();
    if (IsWordByte(c)) return Word(place);
    if (c == '"' || c == '\'') return Quoted(at());
    if (c == '#' && place == Place::kLineStart) place_ = Place::kHash;
    if (c == '<' && place == Place::kInclude) return Header();
    Fill(at() + 1,
         IsPunctuation(c) ? TokenClass::kPunctuation : TokenClass::kOther);
  }

  void Comment() {
    if (text_[at() + 1] == '*') {
      const size_t end = text_.find("*/", at() + 2);
      return Fill(end == text_.npos ? end : end + 2, TokenClass::kComment);
    }
    size_t end = at() + 2;
    while (end < text_.size() && text_[end] != '\n') {
      end += std::max<size_t>(Splice(end), 1);
    }
    Fill(end, TokenClass::kComment);
  }

  void Number() {
    size_t end = at() + 1;
    for (;; ++end) {
      const char c = Byte(end);
      const char before = text_[end - 1];
      const bool sign =
          (c == '+' || c == '-') &&
          (before == 'e' || before == 'E' || before == 'p' || before == 'P');
      if (!IsWordByte(c) && c != '.' && !sign) break;
    }
    Fill(end, TokenClass::kLiteral);
  }

  void Word(Place place) {
    size_t end = at() + 1;
    while (IsWordByte(Byte(end))) ++end;
    const std::string_view word = text_.substr(at(), end - at());
    if (IsLiteralPrefix(word) && (Byte(end) == '"' || Byte(end) == '\'')) {
      return Quoted(end);
    }
    const bool directive = place == Place::kHash;
    if (directive && word == "include") place_ = Place::kInclude;
    Fill(end, directive || IsKeyword(word) ? TokenClass::kKeyword
                                           : TokenClass::kIdentifier);
  }

  // A string or character with its quote at `open`.
  void Quoted(size_t open) {
    const char quote = text_[open];
    size_t end = open + 1;
    while (end < text_.size() && text_[end] != '\n') {
      if (text_[end] == quote) return Fill(end + 1, TokenClass::kLiteral);
      const size_t splice = Splice(end);
      end += splice > 0 ? splice : text_[end] == '\\' ? 2 : 1;
    }
    Fill(end, TokenClass::kLiteral);
  }

  void Header() {
    size_t end = at() + 1;
    while (end < text_.size() && text_[end] != '>' && text_[end] != '\n') ++end;
    if (Byte(end) == '>') return Fill(end + 1, TokenClass::kLiteral);
    Fill(at() + 1, TokenClass::kPunctuation);
  }

  const std::string_view text_;
  std::vector<TokenClass> classes_;  // of the bytes so far
  Place place_ = Place::kLineStart;
};

TokenClass ClassOf(std::string_view token, const TokenClass* bytes) {
  const auto first = std::find_if_not(token.begin(), token.end(), IsCBlank);
  return first == token.end() ? bytes[0] : bytes[first - token.begin()];
}

}  // namespace

const char* TokenClassName(TokenClass token_class) {
  static constexpr const char* kNames[kTokenClasses] = {
      "unknown",     "identifier", "keyword",     "literal",
      "punctuation", "comment",    "white_space", "other"};
  return kNames[static_cast<size_t>(token_class)];
}

std::vector<TokenClass> ClassifyTokens(std::span<const uint64_t> tokens,
                                       const Vocabulary& vocabulary) {
  std::vector<TokenClass> result(tokens.size(), TokenClass::kUnknown);
  for (size_t first = 0; first < tokens.size();) {
    std::string text;
    size_t last = first;
    for (; last < tokens.size(); ++last) {
      const std::string_view bytes = vocabulary.Bytes(tokens[last]);
      if (bytes.empty()) break;
      text += bytes;
    }
    const std::vector<TokenClass> bytes = Lexer(text).Run();
    size_t at = 0;
    for (; first < last; ++first) {
      const std::string_view token = vocabulary.Bytes(tokens[first]);
      result[first] = ClassOf(token, bytes.data() + at);
      at += token.size();
    }
    ++first;  // over a token of unknown text, or past the end
  }
  return result;
}

}  // namespace moetap
