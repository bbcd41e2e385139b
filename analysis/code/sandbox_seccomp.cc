#include "analysis/code/sandbox_seccomp.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "analysis/code/sandbox.h"

namespace moetap {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture do system calls have here?"
#endif

constexpr uint32_t kRefused[] = {
#if defined(__x86_64__)
    SYS_fork,
    SYS_vfork,
#endif
    // signals, sessions and memory of others
    SYS_kill,
    SYS_tkill,
    SYS_tgkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
    SYS_setpgid,
    SYS_setsid,
    SYS_setpriority,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    // sockets, queues, shared memory
    SYS_socket,
    SYS_socketpair,
    SYS_mq_open,
    SYS_msgget,
    SYS_semget,
    SYS_shmget,
    // mounts and namespaces
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_mount_setattr,
    SYS_unshare,
    SYS_setns,
    SYS_open_by_handle_at,
    // keys and the kernel itself
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_reboot,
    SYS_personality,
};

constexpr uint32_t Return(int error) {
  return SECCOMP_RET_ERRNO | static_cast<uint32_t>(error);
}

sock_filter Load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset));
}

// Skips `no` instructions unless the test with `value` holds.
sock_filter Test(uint16_t kind, uint32_t value, uint8_t no) {
  return BPF_JUMP(static_cast<uint16_t>(BPF_JMP | kind | BPF_K), value, 0, no);
}

sock_filter Answer(uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}

}  // namespace

bool SeccompAvailable() {
  const uint32_t action = SECCOMP_RET_ERRNO;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

std::vector<sock_filter> SandboxFilter() {
  std::vector<sock_filter> filter = {
      Load(offsetof(seccomp_data, arch)),
      Test(BPF_JEQ, kArchitecture, 1),
      Load(offsetof(seccomp_data, nr)),
      // What is neither this architecture nor its own numbers (x32).
      Test(BPF_JGE, 0x40000000, 1),
      Answer(SECCOMP_RET_KILL_PROCESS),
      // libc then uses clone, whose flags can be seen here.
      Test(BPF_JEQ, SYS_clone3, 1),
      Answer(Return(ENOSYS)),
  };
  for (const uint32_t call : kRefused) {
    filter.push_back(Test(BPF_JEQ, call, 1));
    filter.push_back(Answer(Return(EPERM)));
  }
  filter.push_back(Test(BPF_JEQ, SYS_clone, 3));
  filter.push_back(Load(offsetof(seccomp_data, args)));
  filter.push_back(Test(BPF_JSET, CLONE_THREAD, 2));
  filter.push_back(Answer(SECCOMP_RET_ALLOW));
  filter.push_back(Answer(SECCOMP_RET_ALLOW));
  filter.push_back(Answer(Return(EPERM)));
  return filter;
}

}  // namespace moetap
