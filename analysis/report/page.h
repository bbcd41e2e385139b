// The report: one self-contained HTML page about a capture.
#ifndef MOETAP_ANALYSIS_REPORT_PAGE_H_
#define MOETAP_ANALYSIS_REPORT_PAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/studies/envelope.h"
#include "analysis/studies/fork_tree.h"
#include "analysis/studies/sharing_batches.h"
#include "analysis/studies/tree_study.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"
#include "analysis/verify/verify.h"

namespace moetap {

struct ReportInput {
  const Capture* capture = nullptr;
  const Trace* trace = nullptr;  // null: there is none, ...
  std::string trace_error;       // ... for this reason
  Forest forest;
  TreeStudy tree;
  StudyDocument locality;
  std::vector<StudyDocument> alignments;  // empty: not asked for
  StudyDocument sharing;
  std::optional<StudyDocument> signatures;  // absent: not asked for
  Vocabulary vocabulary;
  std::vector<VerifyResult> verify;
};

// The page needs no network and runs no script but its own; its size is
// bounded by the numbers of layers and rules, and of units of signatures, not
// by that of requests.
std::string ReportPage(const ReportInput& input);

// Its sections.  All but the first two need a trace.
std::string CaptureSection(const ReportInput& input);
std::string VerifySection(const ReportInput& input);
std::string TreeSection(const ReportInput& input);
std::string CurvesSection(const ReportInput& input);
std::string ContrastsSection(const ReportInput& input);
std::string AlignmentsSection(const ReportInput& input);
std::string SharingSection(const ReportInput& input);
std::string SignaturesSection(const ReportInput& input);
std::string LoadSection(const ReportInput& input);

// A drawing of one tree: positions to the right, a line per branch, as thick
// as it has sequences.  "" if the tree has no forks or too many leaves.
std::string TreeFigure(const ReportInput& input, size_t tree);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_REPORT_PAGE_H_
