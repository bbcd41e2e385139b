#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "tests/cuda_standin/core/image.h"

namespace standin {
namespace {

bool WordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         c == '$' || c == '.' || c == '%';
}

// Words and single punctuation marks of PTX, without its comments.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  // Empty at the end.
  std::string_view Next() {
    SkipSpace();
    size_t length = 0;
    while (length < rest_.size() && WordCharacter(rest_[length])) ++length;
    if (length == 0 && !rest_.empty()) length = 1;
    const std::string_view token = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return token;
  }

 private:
  void SkipSpace() {
    while (!rest_.empty()) {
      if (std::isspace(static_cast<unsigned char>(rest_[0])) != 0) {
        rest_.remove_prefix(1);
      } else if (rest_.starts_with("//")) {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        const size_t end = rest_.find("*/");
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  std::string_view rest_;
};

// Of a type such as .u64: 8; 0 if it is none.
int TypeBytes(std::string_view type) {
  if (type.size() < 3 || type[0] != '.' ||
      std::string_view("bsuf").find(type[1]) == std::string_view::npos) {
    return 0;
  }
  return std::atoi(std::string(type.substr(2)).c_str()) / 8;
}

// One ".param [.align N] .TYPE NAME[COUNT]" after its first word; the mark
// behind it goes to `mark`.
int ParameterBytes(Tokens* tokens, std::string_view* mark) {
  int bytes = 0;
  for (*mark = tokens->Next(); !mark->empty() && *mark != "," && *mark != ")";
       *mark = tokens->Next()) {
    if (bytes == 0) bytes = TypeBytes(*mark);
    if (*mark == "[") bytes *= std::atoi(std::string(tokens->Next()).c_str());
  }
  return bytes;
}

}  // namespace

std::map<std::string, std::vector<int>, std::less<>> ParsePtx(
    std::string_view text) {
  std::map<std::string, std::vector<int>, std::less<>> kernels;
  Tokens tokens(text);
  for (auto token = tokens.Next(); !token.empty(); token = tokens.Next()) {
    if (token != ".entry") continue;
    std::vector<int>& sizes = kernels[std::string(tokens.Next())];
    std::string_view mark = tokens.Next();
    if (mark != "(") continue;
    while (mark == "(" || mark == ",") {
      if (tokens.Next() != ".param") break;
      sizes.push_back(ParameterBytes(&tokens, &mark));
    }
  }
  return kernels;
}

}  // namespace standin
