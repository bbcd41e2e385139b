#include "analysis/code/c_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace moetap {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsHexDigit(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) ||
         c == '_' || c == '$' || static_cast<uint8_t>(c) >= 0x80;
}

bool NamesHeader(std::string_view directive) {
  return directive == "include" || directive == "include_next" ||
         directive == "import";
}

// Bytes of the longest punctuator that `text` begins with; 0: none.
size_t PunctuatorBytes(std::string_view text) {
  static constexpr auto kLong = std::to_array<std::string_view>(
      {"%:%:", "...", "<<=", ">>=", "->", "++", "--", "<<", ">>", "<=",
       ">=",   "==",  "!=",  "&&",  "||", "*=", "/=", "%=", "+=", "-=",
       "&=",   "^=",  "|=",  "##",  "<:", ":>", "<%", "%>", "%:"});
  for (const std::string_view one : kLong) {
    if (text.starts_with(one)) return one.size();
  }
  return std::string_view("[](){}.,;:?!~+-*/%<>=&|^#").find(text[0]) !=
                 std::string_view::npos
             ? 1
             : 0;
}

// Bytes of the line splice that `text` begins with; 0: none.
size_t SpliceBytes(std::string_view text) {
  if (text[0] != '\\') return 0;
  size_t at = 1;
  while (at < text.size() && text[at] != '\n' && IsCBlank(text[at])) ++at;
  return at < text.size() && text[at] == '\n' ? at + 1 : 0;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) {
    text_.reserve(source.size());
    origin_.reserve(source.size());
    for (size_t at = 0; at < source.size();) {
      if (const size_t splice = SpliceBytes(source.substr(at)); splice > 0) {
        at += splice;
        continue;
      }
      if (!source.substr(at).starts_with("\r\n")) {
        text_.push_back(source[at]);
        origin_.push_back(at);
      }
      ++at;
    }
  }

  std::vector<CToken> Run() {
    while (at_ < text_.size()) Next();
    EndLine();
    return std::move(tokens_);
  }

 private:
  enum class Place : uint8_t {
    kLineStart,  // nothing but blanks and comments on this line so far
    kHash,       // ... and then a #
    kHeader,     // ... and then include, include_next or import
    kInLine,
  };

  char Byte(size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

  void Add(CTokenKind kind, size_t end) {
    if (kind != CTokenKind::kComment) last_ = tokens_.size();
    tokens_.push_back({kind, false, origin_[at_], origin_[end - 1] + 1,
                       text_.substr(at_, end - at_)});
    at_ = end;
  }

  void EndLine() {
    if (in_directive_) tokens_[last_].ends_directive = true;
    in_directive_ = false;
    place_ = Place::kLineStart;
  }

  void Next() {
    const char c = text_[at_];
    if (IsCBlank(c)) {
      if (c == '\n') EndLine();
      ++at_;
      return;
    }
    if (c == '/' && (Byte(at_ + 1) == '*' || Byte(at_ + 1) == '/')) {
      return Add(CTokenKind::kComment, CommentEnd());
    }
    const Place place = std::exchange(place_, Place::kInLine);
    if (place == Place::kHeader && (c == '<' || c == '"')) {
      if (const size_t end = HeaderEnd(); end > 0) {
        return Add(CTokenKind::kHeader, end);
      }
    }
    if (IsDigit(c) || (c == '.' && IsDigit(Byte(at_ + 1)))) {
      return Add(CTokenKind::kNumber, NumberEnd());
    }
    if (WordUnit(at_) > 0) return Word(place);
    if (c == '"' || c == '\'') return Quoted(at_);
    Punctuator(place);
  }

  size_t CommentEnd() const {
    if (text_[at_ + 1] == '/') return std::min(text_.find('\n', at_), Size());
    const size_t end = text_.find("*/", at_ + 2);
    return end == text_.npos ? Size() : end + 2;
  }

  // 0 if the line ends before the header.
  size_t HeaderEnd() const {
    const char close = text_[at_] == '<' ? '>' : '"';
    size_t end = at_ + 1;
    while (end < Size() && text_[end] != close && text_[end] != '\n') ++end;
    return Byte(end) == close ? end + 1 : 0;
  }

  size_t NumberEnd() const {
    size_t end = at_ + 1;
    while (end < Size()) {
      const char c = text_[end];
      const bool sign =
          (c == '+' || c == '-') &&
          std::string_view("eEpP").find(text_[end - 1]) != std::string::npos;
      const size_t unit = c == '.' || sign ? 1 : WordUnit(end);
      if (unit == 0) break;
      end += unit;
    }
    return end;
  }

  // Bytes of a letter, digit or universal character name at `i`; 0: none.
  size_t WordUnit(size_t i) const {
    const char c = Byte(i);
    if (c != '\\') return IsWordByte(c) ? 1 : 0;
    const size_t digits = Byte(i + 1) == 'u' ? 4 : Byte(i + 1) == 'U' ? 8 : 0;
    for (size_t digit = 0; digit < digits; ++digit) {
      if (!IsHexDigit(Byte(i + 2 + digit))) return 0;
    }
    return digits > 0 ? 2 + digits : 0;
  }

  void Word(Place place) {
    size_t end = at_;
    while (const size_t unit = WordUnit(end)) end += unit;
    const auto word = std::string_view(text_).substr(at_, end - at_);
    if (IsLiteralPrefix(word) && (Byte(end) == '"' || Byte(end) == '\'')) {
      return Quoted(end);
    }
    const bool directive = place == Place::kHash;
    if (directive && NamesHeader(word)) place_ = Place::kHeader;
    Add(directive || IsKeyword(word) ? CTokenKind::kKeyword
                                     : CTokenKind::kIdentifier,
        end);
  }

  // A string or character with its quote at `open`.
  void Quoted(size_t open) {
    const char quote = text_[open];
    size_t end = open + 1;
    while (end < Size() && text_[end] != '\n' && text_[end] != quote) {
      const bool escape =
          text_[end] == '\\' && end + 1 < Size() && text_[end + 1] != '\n';
      end += escape ? 2 : 1;
    }
    if (Byte(end) == quote) ++end;
    Add(quote == '"' ? CTokenKind::kString : CTokenKind::kCharacter, end);
  }

  void Punctuator(Place place) {
    const auto rest = std::string_view(text_).substr(at_);
    const size_t bytes = PunctuatorBytes(rest);
    if (bytes == 0) return Add(CTokenKind::kOther, at_ + 1);
    const auto spelling = rest.substr(0, bytes);
    Add(CTokenKind::kPunctuator, at_ + bytes);
    if (place == Place::kLineStart && (spelling == "#" || spelling == "%:")) {
      in_directive_ = true;
      place_ = Place::kHash;
    }
  }

  size_t Size() const { return text_.size(); }

  std::string text_;            // as CToken::spelling says
  std::vector<size_t> origin_;  // where each byte of text_ is in the source
  std::vector<CToken> tokens_;
  size_t at_ = 0;
  size_t last_ = 0;  // token that is no comment
  bool in_directive_ = false;
  Place place_ = Place::kLineStart;
};

}  // namespace

bool IsKeyword(std::string_view word) {
  static constexpr auto kWords = std::to_array<std::string_view>(
      {"_Alignas",      "_Alignof",  "_Atomic",
       "_Bool",         "_Complex",  "_Generic",
       "_Imaginary",    "_Noreturn", "_Static_assert",
       "_Thread_local", "auto",      "break",
       "case",          "char",      "const",
       "continue",      "default",   "do",
       "double",        "else",      "enum",
       "extern",        "float",     "for",
       "goto",          "if",        "inline",
       "int",           "long",      "register",
       "restrict",      "return",    "short",
       "signed",        "sizeof",    "static",
       "struct",        "switch",    "typedef",
       "union",         "unsigned",  "void",
       "volatile",      "while"});
  static_assert(std::is_sorted(kWords.begin(), kWords.end()));
  return std::binary_search(kWords.begin(), kWords.end(), word);
}

bool IsLiteralPrefix(std::string_view word) {
  return word == "L" || word == "u" || word == "U" || word == "u8";
}

bool IsCBlank(char byte) {
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

const char* CTokenKindName(CTokenKind kind) {
  static constexpr const char* kNames[kCTokenKinds] = {
      "identifier", "keyword",    "number",  "character", "string",
      "header",     "punctuator", "comment", "other"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<CToken> LexC(std::string_view text) { return Lexer(text).Run(); }

}  // namespace moetap
