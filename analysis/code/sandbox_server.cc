#include "analysis/code/sandbox_server.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "analysis/code/sandbox_confine.h"

namespace moetap {
namespace {

constexpr int kSocket = 3;

bool TakeDescriptors(const SandboxDescriptors& descriptors) {
  return dup2(descriptors.input, STDIN_FILENO) >= 0 &&
         dup2(descriptors.output, STDOUT_FILENO) >= 0 &&
         dup2(descriptors.errors, STDERR_FILENO) >= 0 &&
         dup3(descriptors.socket, kSocket, O_CLOEXEC) >= 0 &&
         syscall(SYS_close_range, kSocket + 1, ~0U, 0) == 0;
}

// Ignored signals stay ignored over an exec, and the program that started us
// may ignore those of the limits.
void ResetSignals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) {
    sigaction(signal, &standard, nullptr);
  }
}

bool SetLimit(int resource, rlim_t soft, rlim_t hard) {
  const rlimit limit = {soft, hard};
  return setrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0;
}

bool SetLimits(const SandboxLimits& limits) {
  constexpr rlim_t kProcesses = 16;
  constexpr rlim_t kOpenFiles = 256;
  return SetLimit(RLIMIT_CPU, limits.cpu_seconds, limits.cpu_seconds + 1) &&
         SetLimit(RLIMIT_AS, limits.memory_bytes, limits.memory_bytes) &&
         SetLimit(RLIMIT_STACK, limits.stack_bytes, limits.stack_bytes) &&
         SetLimit(RLIMIT_FSIZE, limits.output_bytes, limits.output_bytes) &&
         SetLimit(RLIMIT_NPROC, kProcesses, kProcesses) &&
         SetLimit(RLIMIT_NOFILE, kOpenFiles, kOpenFiles) &&
         SetLimit(RLIMIT_CORE, 0, 0);
}

bool FilterCalls(const SandboxPlan& plan) {
  if (plan.filter.empty()) return true;
  const sock_fprog program = {static_cast<unsigned short>(plan.filter.size()),
                              const_cast<sock_filter*>(plan.filter.data())};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct Start {
  const SandboxPlan& plan;
  int error = 0;
};

// Shares the server's memory until the exec.
int StartProgram(void* argument) {
  Start& start = *static_cast<Start*>(argument);
  const SandboxPlan& plan = start.plan;
  sigset_t none;
  sigemptyset(&none);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && SetLimits(plan.limits) &&
      sigprocmask(SIG_SETMASK, &none, nullptr) == 0 && FilterCalls(plan)) {
    execve(plan.argv[0], plan.argv.data(), plan.environment.data());
  }
  start.error = errno;
  _exit(127);
}

SandboxReply RunProgram(const SandboxPlan& plan) {
  alignas(16) static char stack[65536];
  Start start{plan};
  SandboxReply reply;
  const pid_t pid = clone(StartProgram, stack + sizeof stack,
                          CLONE_VM | CLONE_VFORK | SIGCHLD, &start);
  if (pid < 0) {
    reply.exec_error = errno;
    return reply;
  }
  rusage usage = {};
  while (wait4(pid, &reply.wait_status, 0, &usage) < 0 && errno == EINTR) {
  }
  reply.exec_error = start.error;
  const auto micros = [](const timeval& time) {
    return int64_t{time.tv_sec} * 1'000'000 + time.tv_usec;
  };
  reply.cpu_micros = micros(usage.ru_utime) + micros(usage.ru_stime);
  return reply;
}

const char* Confine(const SandboxPlan& plan,
                    const SandboxDescriptors& descriptors) {
  ResetSignals();
  if (!TakeDescriptors(descriptors)) return "taking descriptors";
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return "following its parent";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return "giving up privileges";
  if (setsid() < 0) return "making a session";
  return plan.confinement == Confinement::kNamespaces ? EnterNamespaces(plan)
                                                      : EnterLandlock(plan);
}

}  // namespace

void ServeSandbox(const SandboxPlan& plan,
                  const SandboxDescriptors& descriptors) {
  SandboxHello hello;
  if (const char* step = Confine(plan, descriptors)) {
    hello.error = errno;
    std::strncpy(hello.failed_step, step, sizeof hello.failed_step - 1);
  }
  bool ok = write(kSocket, &hello, sizeof hello) == sizeof hello;
  char byte;
  while (ok && hello.error == 0 && read(kSocket, &byte, 1) == 1) {
    const SandboxReply reply = RunProgram(plan);
    ok = write(kSocket, &reply, sizeof reply) == sizeof reply;
  }
  _exit(0);
}

}  // namespace moetap
