#include "analysis/verify/verify.h"

#include "analysis/verify/findings.h"

namespace moetap {

std::vector<VerifyResult> Verify(const Capture& capture, const Trace* trace,
                                 const std::string& trace_error) {
  Findings findings;
  CheckFiles(capture, &findings);
  bool losses = HasLosses(capture);
  for (const CaptureFile& file : capture.files) {
    const ProcessLog log = ReadLog(file);
    CheckSets(log, &findings);
    losses = losses || file.ring_found || !log.losses.empty();
  }
  if (trace != nullptr) {
    CheckTrace(*trace, losses, &findings);
    return findings.Take();
  }
  findings.Add(Rule::kNoTrace, 1, [&] { return trace_error; });
  for (auto rule = static_cast<uint8_t>(Rule::kRowOwnership);
       rule < static_cast<uint8_t>(Rule::kCount); ++rule) {
    findings.Skip(static_cast<Rule>(rule), "needs a trace");
  }
  findings.Skip(Rule::kConstantLayer, "needs a trace");
  return findings.Take();
}

}  // namespace moetap
