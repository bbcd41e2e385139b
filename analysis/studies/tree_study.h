// The study "tree": the fork trees of captures, as document, drawing and
// Graphviz source.
#ifndef MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_
#define MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// A capture's trace and its forest, which must outlive what looks at them.
// Nodes of several captures are numbered one capture after the other.
struct TraceForest {
  const Trace* trace;
  const Forest* forest;
};

struct TreeStudy {
  StudyDocument document;  // with all nodes in `trees`
  // The figures of the requests of each strategy and each prompt, as if they
  // alone had been captured; none if no strategy and no prompt is known.
  Json groups = Json::array();
};

TreeStudy RunTree(std::span<const TraceForest> forests,
                  std::vector<StudyInput> inputs);

// As docs/study.schema.json defines it.  Move the study into it: the trees are
// large.
Json TreeJson(TreeStudy study);

// The runs of a sequence's positions whose rows come from the same source:
// equal but for Position::row.
struct ProvenanceRun {
  uint32_t begin;
  uint32_t end;
  const Position* position;  // the first of them
};
std::vector<ProvenanceRun> ProvenanceRuns(const Sequence& sequence);

// "[0..16) inherited from a; [16..40) observed", at most `max_runs` of them,
// on one line without control characters; donors by the engine's id.
std::string ProvenanceText(const Trace& trace, const Sequence& sequence,
                           size_t max_runs);

// "o9 i18 m1 r2": rows observed, inherited, missing, computed again; what is 0
// is left out.
std::string RowsText(const RowCounts& rows);

// What a client would call a request, and how it ended: "cmpl-a (length,
// preempted 1x, 12 rows again, 3 not returned)".  One line, shortened.
std::string EndName(const Sequence& sequence);
std::string EndState(const Sequence& sequence);

// What a node's tokens say, on one line of at most `width` columns: text if
// the vocabulary has it, else ids or prefix hashes.
std::string NodeText(const Trace& trace, const TreeNode& node,
                     const Vocabulary& vocabulary, size_t width);

// A drawing for a terminal, of at most `max_nodes` nodes, with the statistics
// and warnings of `study` (of RunTree) around it.
std::string TreeText(std::span<const TraceForest> forests,
                     const TreeStudy& study, const Vocabulary& vocabulary,
                     size_t max_nodes);

// The token paths alone, in one canonical form: equal trees, however they came
// about, give equal bytes.  `moetap-branch paths` writes the same form from its
// own account.  Sequences of one tree are in token order, trees by their first.
std::string TreePaths(std::span<const TraceForest> forests);

// Dashed: only dropped beams end there.  Red: rows are missing.  Orange: a
// request was preempted.  Tooltips say where the rows come from.
std::string TreeDot(std::span<const TraceForest> forests,
                    const Vocabulary& vocabulary);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_TREE_STUDY_H_
