// Takes the calling process's sight of other files.  Async-signal-safe.
#ifndef MOETAP_ANALYSIS_CODE_SANDBOX_CONFINE_H_
#define MOETAP_ANALYSIS_CODE_SANDBOX_CONFINE_H_

#include "analysis/code/sandbox_plan.h"

namespace moetap {

// The step that failed, with errno; nullptr: confined.  The process must have
// been cloned with namespaces of its own for users and mounts.
const char* EnterNamespaces(const SandboxPlan& plan);

// Same.  Also gives up capabilities, for good.
const char* EnterLandlock(const SandboxPlan& plan);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_SANDBOX_CONFINE_H_
