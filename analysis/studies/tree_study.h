// The study "tree": the fork trees of a capture, as document, drawing and
// Graphviz source.
#ifndef MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_
#define MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// With all nodes in `trees`.
StudyDocument RunTree(const Trace& trace, const Forest& forest,
                      std::vector<StudyInput> inputs);

// What a node's tokens say, on one line of at most `width` columns: text if
// the vocabulary has it, else ids or prefix hashes.
std::string NodeText(const Trace& trace, const TreeNode& node,
                     const Vocabulary& vocabulary, size_t width);

// A drawing for a terminal, of at most `max_nodes` nodes, with the statistics
// and warnings of `document` (of RunTree) around it.
std::string TreeText(const Trace& trace, const Forest& forest,
                     const StudyDocument& document,
                     const Vocabulary& vocabulary, size_t max_nodes);

// The token paths alone, in one canonical form: equal trees, however they came
// about, give equal bytes.  `moetap-branch paths` writes the same form from its
// own account.  Sequences of one tree are in token order, trees by their first.
std::string TreePaths(const Trace& trace, const Forest& forest);

std::string TreeDot(const Trace& trace, const Forest& forest,
                    const Vocabulary& vocabulary);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_
