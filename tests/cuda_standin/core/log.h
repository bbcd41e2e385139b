// The two logs: what was launched, captured and replayed (STANDIN_LAUNCH_LOG),
// and what routers decided (STANDIN_ROUTER_LOG).  Each process appends to
// files of its own, <path>.<pid>.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_LOG_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_LOG_H_

#include <string>

namespace standin {

// Lines are built only if somebody wants them.
bool LaunchLogWanted();
// Appends "<sequence number> <line>\n".
void LogLaunch(const std::string& line);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_LOG_H_
