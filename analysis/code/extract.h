// The code in the text of a sequence.
#ifndef MOETAP_ANALYSIS_CODE_EXTRACT_H_
#define MOETAP_ANALYSIS_CODE_EXTRACT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// `length` bytes of the code from `code` on are those of the sequence's text
// from `text` on.
struct CodeSegment {
  size_t code = 0;
  size_t text = 0;
  size_t length = 0;
};

struct Code {
  std::string text;                   // what is compiled
  std::vector<CodeSegment> segments;  // ascending in both
};

// docs/studies.md, code@1.
enum class ExtractRule : uint8_t {
  kAuto,    // as fenced if a block begins or goes on in the completion, else
            // as bare
  kFenced,  // the longest block of C
  kBare,    // the whole text
};

// `text`: of the whole sequence, of which `prompt_bytes` are the root prompt's.
// Nothing if there is no code.  Time is linear in the text.
std::optional<Code> ExtractCode(std::string_view text, size_t prompt_bytes,
                                ExtractRule rule);

// The text of a sequence, and where each token's bytes begin in it.
struct SequenceText {
  std::string bytes;
  std::vector<size_t> first;  // per token, and the end
  bool known = true;          // no token without bytes
};

// The end token of a sequence that finished with "stop" has no bytes here: its
// last token, if its text is written <...> or is not known.
SequenceText TextOf(const Sequence& sequence, const Vocabulary& vocabulary);

// The byte of the code at which each token's first byte that is not blank
// lies; nothing for tokens that are all blank or outside the code.
std::vector<std::optional<size_t>> CodeBytes(const Code& code,
                                             const SequenceText& text);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_EXTRACT_H_
