// The root prompts of sequences (fork-tree@2 of docs/studies.md).
#ifndef MOETAP_ANALYSIS_STUDIES_ROOT_PROMPTS_H_
#define MOETAP_ANALYSIS_STUDIES_ROOT_PROMPTS_H_

#include <cstdint>
#include <vector>

#include "analysis/studies/fork_tree.h"
#include "analysis/trace.h"

namespace moetap {

// Per sequence of a trace; kNone for one without tokens.
struct RootPrompts {
  std::vector<uint32_t> trees;
  std::vector<uint32_t> tokens;  // of the root prompt, which all sequences of
                                 // the tree begin with
};
RootPrompts FindRootPrompts(const Trace& trace, const Forest& forest);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ROOT_PROMPTS_H_
