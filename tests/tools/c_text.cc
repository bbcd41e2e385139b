// What the program makes of C, for tests that compare it with another reader:
//   c_text tokens < TEXTS
//   c_text lines < PAIRS
//   c_text groups < GROUPS
// A text is written as hex digits.  `tokens` takes a list of texts and prints
// for each the list of its tokens as [kind, begin, end, spelling as hex digits,
// whether it ends a directive].  `lines` takes a list of pairs of texts and
// prints for each [of one side, of the other], both a list of changed lines as
// [number, class].  `groups` takes a list of groups, each a list of texts, and
// prints for each an object of its counts and shares.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/c_lexer.h"
#include "analysis/code/differences.h"

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

Json Lines(const std::vector<ChangedLine>& lines) {
  Json result = Json::array();
  for (const ChangedLine& line : lines) {
    result.push_back({line.line, LineClassName(line.line_class)});
  }
  return result;
}

Json Lines(const Json& pairs) {
  Json result = Json::array();
  for (const Json& pair : pairs) {
    Interner interner;
    const CodeLines a = ReadLines(FromHex(pair[0]), &interner);
    const CodeLines b = ReadLines(FromHex(pair[1]), &interner);
    const ChangedLines changed = CompareLines(a, b);
    result.push_back({Lines(changed.a), Lines(changed.b)});
  }
  return result;
}

Json Share(std::optional<double> share) {
  return share ? Json(*share) : Json(nullptr);
}

Json Group(const std::vector<std::string_view>& texts) {
  const Differences found = CompareGroup(texts);
  Json lines;
  for (size_t i = 0; i < kLineClasses; ++i) {
    lines[LineClassName(static_cast<LineClass>(i))] = found.lines[i];
  }
  return {{"groups", found.groups},
          {"single", found.single},
          {"repeated", found.repeated},
          {"lines", lines},
          {"texts", found.texts},
          {"remark_texts", found.remark_texts},
          {"pairs", found.pairs},
          {"remark_pairs", found.remark_pairs},
          {"shares",
           {Share(found.remark_line_share()), Share(found.remark_text_share()),
            Share(found.remark_pair_share())}}};
}

Json Groups(const Json& groups) {
  Json result = Json::array();
  for (const Json& group : groups) {
    std::vector<std::string> texts;
    for (const Json& text : group) texts.push_back(FromHex(text));
    result.push_back(Group({texts.begin(), texts.end()}));
  }
  return result;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  if (what != "tokens" && what != "lines" && what != "groups") {
    std::fputs("usage: c_text tokens|lines|groups\n", stderr);
    return 2;
  }
  const auto input = moetap::Json::parse(std::cin);
  const auto output = what == "tokens"  ? moetap::Tokens(input)
                      : what == "lines" ? moetap::Lines(input)
                                        : moetap::Groups(input);
  std::cout << output.dump() << "\n";
}
