// What the program makes of C, for tests that compare it with another reader:
//   c_text tokens < TEXTS
// TEXTS is a list of texts, each as hex digits.  Prints a list with, for each,
// the list of its tokens as [kind, begin, end, spelling as hex digits, whether
// it ends a directive].
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "analysis/code/c_lexer.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

std::string FromHex(const std::string& digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(
        static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (const char byte : bytes) {
    digits.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    digits.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
  return digits;
}

Json Tokens(const Json& texts) {
  Json result = Json::array();
  for (const Json& text : texts) {
    Json tokens = Json::array();
    for (const CToken& token : LexC(FromHex(text))) {
      tokens.push_back({CTokenKindName(token.kind), token.begin, token.end,
                        ToHex(token.spelling), token.ends_directive});
    }
    result.push_back(std::move(tokens));
  }
  return result;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what != "tokens") {
    std::fputs("usage: c_text tokens\n", stderr);
    return 2;
  }
  std::cout << moetap::Tokens(moetap::Json::parse(std::cin)).dump() << "\n";
}
