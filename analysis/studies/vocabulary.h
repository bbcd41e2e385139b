// The text of token ids, as the capture gives it.  Token text is untrusted:
// whoever prompts the model chooses it.
#ifndef MOETAP_ANALYSIS_STUDIES_VOCABULARY_H_
#define MOETAP_ANALYSIS_STUDIES_VOCABULARY_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/capture.h"

namespace moetap {

class Vocabulary {
 public:
  Vocabulary() = default;
  explicit Vocabulary(const Capture& capture);
  // The bytes of token i are tokens[i]; "" if they are not known.
  explicit Vocabulary(std::vector<std::string> tokens)
      : tokens_(std::move(tokens)) {}

  bool empty() const { return tokens_.empty(); }

  // The bytes of one token, "" if they are not known.
  std::string_view Bytes(uint64_t token) const {
    if (token >= tokens_.size()) return {};
    return tokens_[token];
  }

  // The bytes of `tokens` put together; an id the vocabulary lacks is "<id>".
  std::string Text(std::span<const uint64_t> tokens) const;

 private:
  std::vector<std::string> tokens_;
};

// UTF-8 on one line: control characters, invalid bytes and bidirectional
// controls become visible escapes such as \n or \x1b; a backslash is doubled.
std::string EscapeLine(std::string_view bytes);

// At most `width` characters of UTF-8; the middle of a longer text is replaced
// by an ellipsis.
std::string Shorten(const std::string& text, size_t width);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_VOCABULARY_H_
