#include "analysis/studies/root_prompts.h"

#include <algorithm>

namespace moetap {

RootPrompts FindRootPrompts(const Trace& trace, const Forest& forest) {
  RootPrompts roots;
  roots.trees.assign(trace.sequences.size(), kNone);
  roots.tokens.assign(trace.sequences.size(), kNone);
  for (uint32_t tree = 0; tree < forest.roots.size(); ++tree) {
    std::vector<uint32_t> members;
    uint32_t tokens = kNone;
    for (uint32_t n = forest.roots[tree]; n < forest.tree_end(tree); ++n) {
      for (const uint32_t s : forest.nodes[n].ends) {
        members.push_back(s);
        tokens = std::min(tokens, trace.sequences[s].prompt_tokens);
      }
    }
    for (const uint32_t s : members) {
      roots.trees[s] = tree;
      roots.tokens[s] = tokens;
    }
  }
  return roots;
}

}  // namespace moetap
