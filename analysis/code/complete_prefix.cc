#include "analysis/code/complete_prefix.h"

#include "analysis/code/c_lexer.h"

namespace moetap {

std::vector<StatementEnd> StatementEnds(std::string_view code) {
  std::vector<StatementEnd> ends;
  int parentheses = 0;
  uint32_t braces = 0;
  for (const CToken& token : LexC(code)) {
    if (token.kind != CTokenKind::kPunctuator) continue;
    if (token.spelling == "(" || token.spelling == "[") ++parentheses;
    if (token.spelling == ")" || token.spelling == "]") --parentheses;
    if (token.spelling == "{") ++braces;
    if (token.spelling == "}" && braces > 0) --braces;
    const bool ends_one = token.spelling == ";" || token.spelling == "}";
    if (ends_one && parentheses == 0) ends.push_back({token.end, braces});
  }
  return ends;
}

std::string CloseBraces(std::string_view code, const StatementEnd& end) {
  std::string closed(code.substr(0, end.byte));
  return closed + std::string(end.braces, '}') + '\n';
}

}  // namespace moetap
