// All that the process of a sandbox needs, made before it is cloned: there it
// may only make system calls, for the program that started it has threads.
#ifndef MOETAP_ANALYSIS_CODE_SANDBOX_PLAN_H_
#define MOETAP_ANALYSIS_CODE_SANDBOX_PLAN_H_

#include <linux/filter.h>

#include <string>
#include <vector>

#include "analysis/code/sandbox.h"

namespace moetap {

struct SandboxMount {
  std::string source;                // outside
  std::string moved_source;          // the same once the root is kOldRoot
  std::string path;                  // inside
  std::vector<std::string> parents;  // of `path`, outermost first
  bool folder = false;
};

inline constexpr char kNewRoot[] = "/tmp";
inline constexpr char kOldRootOutside[] = "/tmp/outside";
inline constexpr char kOldRoot[] = "/outside";

struct SandboxPlan {
  Confinement confinement;
  SandboxLimits limits;
  std::vector<SandboxMount> mounts;
  std::string user_map;   // of /proc/self/uid_map
  std::string group_map;  // of /proc/self/gid_map
  std::vector<char*> argv;
  std::vector<char*> environment;
  std::vector<sock_filter> filter;  // empty: no seccomp
};

// `program` must outlive the plan.
SandboxPlan MakeSandboxPlan(const SandboxProgram& program,
                            Confinement confinement);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_SANDBOX_PLAN_H_
