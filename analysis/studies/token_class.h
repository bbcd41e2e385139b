// What a token is in C, from a small lexer over the text of a sequence: how
// locality and signatures tell identifiers from punctuation.
#ifndef MOETAP_ANALYSIS_STUDIES_TOKEN_CLASS_H_
#define MOETAP_ANALYSIS_STUDIES_TOKEN_CLASS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/studies/vocabulary.h"

namespace moetap {

enum class TokenClass : uint8_t {
  kUnknown,      // the vocabulary lacks its text
  kIdentifier,   // bytes of 0x80 and up count as letters
  kKeyword,      // of C11, and the word behind a # that begins a line
  kLiteral,      // numbers, strings, characters, <header> of an #include
  kPunctuation,  // # as well
  kComment,
  kWhiteSpace,
  kOther,  // bytes that C text has only inside comments and literals
};
inline constexpr uint32_t kTokenClasses = 8;

// "identifier", "white_space", ...: stable, for JSON.
const char* TokenClassName(TokenClass token_class);

// One class for each token: that of its first byte that is not blank, or of its
// first byte if all are (white space, or what is around it inside comments and
// literals).  Never fails, whatever the bytes; time is linear in them.  An
// unterminated comment runs to the end, an unterminated string or character to
// the end of its line.  Behind a token of unknown text the lexer starts anew,
// as at the beginning of a line.
std::vector<TokenClass> ClassifyTokens(std::span<const uint64_t> tokens,
                                       const Vocabulary& vocabulary);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TOKEN_CLASS_H_
