#include "analysis/code/sandbox_plan.h"

#include <unistd.h>

#include <filesystem>

#include "analysis/code/sandbox_seccomp.h"

namespace moetap {
namespace {

SandboxMount MountOf(const ReadablePath& readable) {
  SandboxMount mount;
  mount.source = readable.source;
  mount.moved_source = kOldRoot + readable.source;
  mount.path = readable.path;
  for (size_t i = 1; i < mount.path.size(); ++i) {
    if (mount.path[i] == '/') mount.parents.push_back(mount.path.substr(0, i));
  }
  std::error_code ignored;
  mount.folder = std::filesystem::is_directory(readable.source, ignored);
  return mount;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) {
    pointers.push_back(const_cast<char*>(string.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Any id but 0, which would keep capabilities over an exec.
std::string Map(uint32_t outside) {
  return "1000 " + std::to_string(outside) + " 1";
}

}  // namespace

SandboxPlan MakeSandboxPlan(const SandboxProgram& program,
                            Confinement confinement) {
  SandboxPlan plan;
  plan.confinement = confinement;
  plan.limits = program.limits;
  for (const ReadablePath& readable : program.readable) {
    plan.mounts.push_back(MountOf(readable));
  }
  plan.user_map = Map(geteuid());
  plan.group_map = Map(getegid());
  plan.argv = Pointers(program.argv);
  plan.environment = Pointers(program.environment);
  if (SeccompAvailable()) plan.filter = SandboxFilter();
  return plan;
}

}  // namespace moetap
