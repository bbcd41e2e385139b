// The lines of a C text as numbers, so that lines of several texts can be
// compared in several ways.
#ifndef MOETAP_ANALYSIS_CODE_CODE_LINES_H_
#define MOETAP_ANALYSIS_CODE_CODE_LINES_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analysis/code/c_lexer.h"

namespace moetap {

// Equal texts, equal numbers.
class Interner {
 public:
  uint32_t Id(std::string_view text);

 private:
  std::unordered_map<std::string, uint32_t> ids_;
};

// What may differ in two tokens that are taken for equal: from one to the next
// more.
enum class Reading : uint8_t {
  kTokens,       // nothing: kinds, spellings and ends of directives are equal
  kLiterals,     // both are numbers, characters, strings or headers
  kIdentifiers,  // or both are identifiers
};
inline constexpr size_t kReadings = 3;

struct CodeToken {
  bool comment = false;
  std::array<uint32_t, kReadings> ids{};  // of each reading
};

// Bytes up to a newline and with it.
struct CodeLine {
  uint32_t id = 0;           // equal bytes, and tokens of equal kinds
  bool blank = false;        // only white space
  bool comment = false;      // otherwise only white space and comments
  bool code = false;         // has a byte of another token
  bool declares = false;     // its tokens, comments aside, end with ; and begin
                             // with a keyword of declarations, or with two
                             // identifiers with nothing but stars between them
  uint32_t first_token = 0;  // tokens [first_token, last_token) have a byte on
  uint32_t last_token = 0;   // this line; other lines may have bytes of them
  std::array<uint32_t, kReadings> ids{};  // of its tokens but comments
};

struct CodeLines {
  std::vector<CodeToken> tokens;
  std::vector<CodeLine> lines;
};

// Only texts read with one `interner` can be compared.
CodeLines ReadLines(std::string_view text, Interner* interner);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_CODE_LINES_H_
