// A lexer of C: C17 as gcc reads it, up to the tokens of the preprocessor.
#ifndef MOETAP_ANALYSIS_CODE_C_LEXER_H_
#define MOETAP_ANALYSIS_CODE_C_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moetap {

enum class CTokenKind : uint8_t {
  kIdentifier,  // with $, bytes of 0x80 and up, universal character names
  kKeyword,     // of C17, and the word behind the # of a directive
  kNumber,      // of the preprocessor: 0x1p-3, and 1..2 as well
  kCharacter,
  kString,
  kHeader,  // of #include, #include_next and #import
  kPunctuator,
  kComment,  // without the newline behind //
  kOther,    // one byte that C has only in comments and literals
};
inline constexpr size_t kCTokenKinds = 9;

// "identifier", "keyword", ...: stable.
const char* CTokenKindName(CTokenKind kind);

struct CToken {
  CTokenKind kind = CTokenKind::kOther;
  bool ends_directive = false;  // no token but comments follows on its line,
                                // which is that of a directive
  size_t begin = 0;             // bytes [begin, end) of the text
  size_t end = 0;
  std::string spelling;  // those bytes without line splices, \r\n as \n
};

// The tokens of `text`, comments among them, in order; what lies between them
// is white space and line splices.  Any bytes will do: a comment without its
// end runs to the end of the text, a string or character to that of its line.
// Lines end with \n or \r\n.  A splice is a backslash, blanks and a newline.
// There are no trigraphs, raw strings or digit separators.  Takes linear time.
std::vector<CToken> LexC(std::string_view text);

// A space, or one of \t \n \v \f \r.
bool IsCBlank(char byte);

// One of the 44 of C11.
bool IsKeyword(std::string_view word);

// Of a string or character: L, u, U or u8.
bool IsLiteralPrefix(std::string_view word);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_C_LEXER_H_
