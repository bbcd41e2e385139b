#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "analysis/code/sandbox_confine.h"

namespace moetap {
namespace {

constexpr uint64_t kReadFile =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
constexpr uint64_t kReadFolder = kReadFile | LANDLOCK_ACCESS_FS_READ_DIR;

// All rights to files that this version of the kernel knows.
uint64_t AllRights(long version) {
  constexpr int kRights[] = {13, 14, 15, 15, 16};
  const int rights = kRights[version > 5 ? 4 : version - 1];
  return (uint64_t{1} << rights) - 1;
}

int MakeRules() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0,
                               LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return -1;
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = AllRights(version);
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes,
                                  sizeof attributes.handled_access_fs, 0));
}

bool Allow(int rules, const SandboxMount& file) {
  const int fd = open(file.source.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) return false;
  landlock_path_beneath_attr beneath = {};
  beneath.allowed_access = file.folder ? kReadFolder : kReadFile;
  beneath.parent_fd = fd;
  const bool ok = syscall(SYS_landlock_add_rule, rules,
                          LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
  close(fd);
  return ok;
}

// So that no exec gives root its capabilities back.  A plain user has none.
bool DropCapabilities() {
  if (geteuid() == 0 &&
      prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED) != 0 &&
      errno != EPERM) {
    return false;
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

}  // namespace

const char* EnterLandlock(const SandboxPlan& plan) {
  if (!DropCapabilities()) return "dropping capabilities";
  const int rules = MakeRules();
  if (rules < 0) return "making access rules";
  for (const SandboxMount& file : plan.mounts) {
    if (!Allow(rules, file)) return "allowing the program's files";
  }
  if (syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
    return "restricting itself";
  }
  close(rules);
  if (chdir("/") != 0) return "entering the root";
  return nullptr;
}

}  // namespace moetap
