// The process of a sandbox: confines itself once, then starts the program anew
// whenever it is told to.
#ifndef MOETAP_ANALYSIS_CODE_SANDBOX_SERVER_H_
#define MOETAP_ANALYSIS_CODE_SANDBOX_SERVER_H_

#include <cstdint>

#include "analysis/code/sandbox_plan.h"

namespace moetap {

// Its first message.
struct SandboxHello {
  char failed_step[40] = {};  // empty: confined
  int32_t error = 0;          // errno of it
};

// Answers each byte that it gets.
struct SandboxReply {
  int32_t exec_error = 0;  // errno; the program did not start
  int32_t wait_status = 0;
  int64_t cpu_micros = 0;
};

// What becomes its descriptors 0 to 3.  All are above 3.
struct SandboxDescriptors {
  int input;
  int output;
  int errors;
  int socket;
};

// The body of the cloned process, which must have all signals blocked.  Makes
// only system calls.  Ends when the socket closes.
[[noreturn]] void ServeSandbox(const SandboxPlan& plan,
                               const SandboxDescriptors& descriptors);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_SANDBOX_SERVER_H_
