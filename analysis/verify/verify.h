// Finds silent failure in a capture.  docs/verify.md lists every rule; the
// table in verify/rules.cc is the same (a test compares them).
#ifndef MOETAP_ANALYSIS_VERIFY_VERIFY_H_
#define MOETAP_ANALYSIS_VERIFY_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/trace.h"

namespace moetap {

enum class Level : uint8_t { kError, kWarning, kInfo };
const char* LevelName(Level level);  // "error", "warning", "info"

struct VerifyRule {
  const char* name;  // stable, e.g. "repeated-id"
  Level level;
  uint32_t least_rows;  // rows a layer needs before the rule applies; 0 = any
  const char* text;     // what an offence is, one sentence
};
// Every rule, in the order of the results of Verify.
const std::vector<VerifyRule>& VerifyRules();

struct VerifyResult {
  const VerifyRule* rule = nullptr;
  uint64_t count = 0;   // offences; 0 = the rule holds
  std::string place;    // of the first: file, block, step, request, layer
  std::string skipped;  // why the rule could not be checked, or ""
};

// One result per rule.  `trace` may be null, with the reason in
// `trace_error`: rules that need it are then skipped.
std::vector<VerifyResult> Verify(const Capture& capture, const Trace* trace,
                                 const std::string& trace_error = "");

// Exit status of `moetap verify`: 1 with an error, 3 with a warning, else 0.
int VerifyStatus(const std::vector<VerifyResult>& results);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_VERIFY_VERIFY_H_
