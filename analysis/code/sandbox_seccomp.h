// The system calls that no program in a sandbox may make.
#ifndef MOETAP_ANALYSIS_CODE_SANDBOX_SECCOMP_H_
#define MOETAP_ANALYSIS_CODE_SANDBOX_SECCOMP_H_

#include <linux/filter.h>

#include <vector>

namespace moetap {

// Refuses with EPERM: new processes (threads are allowed), signals to others,
// sockets, tracing, mounts, namespaces, keys, the kernel's own programs.
std::vector<sock_filter> SandboxFilter();

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_SANDBOX_SECCOMP_H_
