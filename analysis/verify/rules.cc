#include "analysis/commands.h"
#include "analysis/verify/findings.h"
#include "analysis/verify/verify.h"

namespace moetap {
namespace {

constexpr Level kError = Level::kError;
constexpr Level kWarning = Level::kWarning;
constexpr Level kInfo = Level::kInfo;

}  // namespace

const char* LevelName(Level level) {
  switch (level) {
    case Level::kError:
      return "error";
    case Level::kWarning:
      return "warning";
    case Level::kInfo:
      return "info";
  }
  return "";
}

const std::vector<VerifyRule>& VerifyRules() {
  static const std::vector<VerifyRule> rules = {
      {"damaged-block", kError, 0, "Bytes of a file could not be read."},
      {"incompatible", kError, 0, "A block needs a newer moetap."},
      {"lost-block", kError, 0, "A block sequence number is missing."},
      {"torn-tail", kWarning, 0,
       "A file ends inside a block: its process was killed."},
      {"leftover-ring", kWarning, 0,
       "A process died without closing its capture; its ring was read."},
      {"still-writing", kWarning, 0, "A process still adds to the capture."},
      {"dropped", kWarning, 0,
       "Token-layers or records were lost to a full ring or disk."},
      {"unhooked", kError, 0, "The engine ran without passing the hook."},
      {"unreadable", kError, 0, "A dispatch's arguments could not be read."},
      {"shim-degraded", kWarning, 0, "The shim could not report something."},
      {"status", kWarning, 0, "The library reported some other trouble."},
      {"no-dispatch", kError, 0, "The capture holds no rows at all."},
      {"no-trace", kWarning, 0, "Rows cannot be attributed to requests."},
      {"id-out-of-range", kError, 1,
       "A set has an id that is no expert of its layer."},
      {"repeated-id", kError, 1, "A set names an expert twice."},
      {"all-zero", kError, 1, "All ids of a set of two or more are 0."},
      {"constant-layer", kError, 64,
       "A layer routes 64 or more rows of 16 or more distinct tokens alike."},
      {"missing-layer", kError, 1, "A row lacks one of the MoE layers."},
      {"missing-dispatch", kError, 0,
       "A step ended with fewer dispatches than the model has MoE layers."},
      {"layer-unknown", kError, 0,
       "A step had more dispatches than MoE layers known by their order."},
      {"orphan-rows", kError, 1, "Rows of a real step belong to no request."},
      {"unannounced-rows", kWarning, 1, "Rows came outside any step."},
      {"row-ownership", kError, 1,
       "A request does not own one row for each of its P+N-1 positions."},
      {"unexplained-missing", kError, 1,
       "A row must have run, is not there, and nothing is known to be lost."},
      {"prefix-mismatch", kError, 1,
       "A cached position was computed from other tokens."},
      {"unknown-owner", kWarning, 1,
       "A cached position was computed by nobody in the capture."},
      {"lost-rows", kWarning, 1, "Rows are missing because of known losses."},
      {"replays-differ", kWarning, 1,
       "The same position, computed again, was routed differently."},
      {"not-executed", kInfo, 0, "Positions that no step ran."},
      {"unreturned", kInfo, 0,
       "Positions whose token never reached the client."},
      {"discarded", kInfo, 0, "Rows computed after their request had ended."},
  };
  return rules;
}

Findings::Findings() {
  for (const VerifyRule& rule : VerifyRules())
    results_.push_back({&rule, 0, "", ""});
}

int VerifyStatus(const std::vector<VerifyResult>& results) {
  int status = kExitOk;
  for (const VerifyResult& result : results) {
    if (result.count == 0) continue;
    if (result.rule->level == kError) return kExitFailed;
    if (result.rule->level == kWarning) status = kExitLosses;
  }
  return status;
}

}  // namespace moetap
