// Collects the offences that the checks of verify find.
#ifndef MOETAP_ANALYSIS_VERIFY_FINDINGS_H_
#define MOETAP_ANALYSIS_VERIFY_FINDINGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/process_log.h"
#include "analysis/trace.h"
#include "analysis/verify/verify.h"

namespace moetap {

// In the order of VerifyRules().
enum class Rule : uint8_t {
  kDamagedBlock,
  kIncompatible,
  kLostBlock,
  kTornTail,
  kLeftoverRing,
  kStillWriting,
  kDropped,
  kUnhooked,
  kUnreadable,
  kShimDegraded,
  kStatus,
  kNoDispatch,
  kNoTrace,
  kIdOutOfRange,
  kRepeatedId,
  kAllZero,
  kConstantLayer,
  kMissingLayer,
  kMissingDispatch,
  kLayerUnknown,
  kOrphanRows,
  kUnannouncedRows,
  kRowOwnership,
  kUnexplainedMissing,
  kPrefixMismatch,
  kUnknownOwner,
  kLostRows,
  kReplaysDiffer,
  kNotExecuted,
  kUnreturned,
  kDiscarded,
  kCount
};

class Findings {
 public:
  Findings();

  // `place` matters for the first offence only: pass a function that makes it.
  template <typename MakePlace>
  void Add(Rule rule, uint64_t count, const MakePlace& make_place) {
    VerifyResult& result = results_[static_cast<size_t>(rule)];
    if (count > 0 && result.count == 0) result.place = make_place();
    result.count += count;
  }
  void Skip(Rule rule, const std::string& why) {
    results_[static_cast<size_t>(rule)].skipped = why;
  }
  std::vector<VerifyResult> Take() { return std::move(results_); }

 private:
  std::vector<VerifyResult> results_;
};

// What the files themselves and their status records say.
void CheckFiles(const Capture& capture, Findings* findings);
// Every captured set of real rows, and whether all layers are there.
void CheckSets(const ProcessLog& log, Findings* findings);
// The trace as a whole; `losses`: something is known to be lost.
void CheckTrace(const Trace& trace, bool losses, Findings* findings);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_VERIFY_FINDINGS_H_
