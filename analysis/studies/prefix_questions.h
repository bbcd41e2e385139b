// The questions of the rule by assembly: do the codes of two branches, up to
// their last complete statement, compile to the same?
#ifndef MOETAP_ANALYSIS_STUDIES_PREFIX_QUESTIONS_H_
#define MOETAP_ANALYSIS_STUDIES_PREFIX_QUESTIONS_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/studies/code_groups.h"
#include "analysis/studies/cut_search.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// Numbers codes: equivalent ones, and no others, have the same number.  kNone
// for codes that do not compile.
using ClassifyCodes = std::function<std::vector<uint32_t>(
    std::span<const std::string_view> codes)>;

struct PrefixQuestions {
  std::vector<CutQuestion> asked;  // score 1: equivalent, else 0
  uint64_t compiled = 0;           // different prefixes
  uint64_t unasked = 0;            // questions beyond `most_prefixes`
};

// How a study gets them, search by search.
using AskPrefixes = std::function<PrefixQuestions(const Trace&, const Ensemble&,
                                                  const CutSearch&)>;

// Of the branches whose first request is a sample with code.  A pair of
// branches is asked where either one has completed a statement since it was
// asked last, and both have completed one behind their fork.  Compiles at most
// `most_prefixes` different codes; questions that need more are not asked.
PrefixQuestions AskAssembly(const Trace& trace, const Vocabulary& vocabulary,
                            const CodeSamples& samples,
                            const Ensemble& ensemble, const CutSearch& search,
                            const ClassifyCodes& classify,
                            uint64_t most_prefixes);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_PREFIX_QUESTIONS_H_
