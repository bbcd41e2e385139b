#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>

#include "analysis/code/sandbox_confine.h"

namespace moetap {
namespace {

bool WriteFile(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return ok;
}

bool MapIds(const SandboxPlan& plan) {
  return WriteFile("/proc/self/setgroups", "deny") &&
         WriteFile("/proc/self/uid_map", plan.user_map) &&
         WriteFile("/proc/self/gid_map", plan.group_map);
}

bool MakeFolder(const char* path) {
  return mkdir(path, 0755) == 0 || errno == EEXIST;
}

bool EnterEmptyRoot() {
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("tmpfs", kNewRoot, "tmpfs", MS_NOSUID | MS_NODEV,
               "size=256k,mode=0755") == 0 &&
         MakeFolder(kOldRootOutside) &&
         syscall(SYS_pivot_root, kNewRoot, kOldRootOutside) == 0 &&
         chdir("/") == 0;
}

bool MakePlace(const SandboxMount& mount) {
  for (const std::string& parent : mount.parents) {
    if (!MakeFolder(parent.c_str())) return false;
  }
  if (mount.folder) return MakeFolder(mount.path.c_str());
  const int fd = open(mount.path.c_str(), O_CREAT | O_CLOEXEC, 0644);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool MountFiles(const SandboxPlan& plan) {
  for (const SandboxMount& file : plan.mounts) {
    // Recursive, or the kernel refuses folders with mounts in them.
    if (!MakePlace(file) || mount(file.moved_source.c_str(), file.path.c_str(),
                                  nullptr, MS_BIND | MS_REC, nullptr) != 0) {
      return false;
    }
  }
  return true;
}

// struct mount_attr of linux/mount.h, which not every libc has and which does
// not go together with sys/mount.h.
struct MountAttributes {
  uint64_t set = 0;
  uint64_t clear = 0;
  uint64_t propagation = 0;
  uint64_t user_namespace = 0;
};
constexpr uint64_t kReadOnly = 1;
constexpr uint64_t kNoSetuid = 2;
constexpr uint64_t kNoDevices = 4;
constexpr int kRecursive = 0x8000;

bool MakeReadOnly() {
  const MountAttributes attributes{.set = kReadOnly | kNoSetuid | kNoDevices};
  return syscall(SYS_mount_setattr, -1, "/", kRecursive, &attributes,
                 sizeof attributes) == 0;
}

}  // namespace

const char* EnterNamespaces(const SandboxPlan& plan) {
  if (!MapIds(plan)) return "mapping user ids";
  if (!EnterEmptyRoot()) return "entering an empty root";
  if (!MountFiles(plan)) return "mounting the program's files";
  if (umount2(kOldRoot, MNT_DETACH) != 0) return "leaving the old root";
  rmdir(kOldRoot);
  if (!MakeReadOnly()) return "making mounts read-only";
  return nullptr;
}

}  // namespace moetap
