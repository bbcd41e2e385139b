#include "analysis/record/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "analysis/error.h"

namespace moetap {
namespace {

constexpr int kPassedOn[] = {SIGINT,  SIGTERM, SIGHUP,
                             SIGQUIT, SIGUSR1, SIGUSR2};

// In the child: becomes the command, or tells the parent why not.
[[noreturn]] void Execute(const std::vector<std::string>& argv,
                          const std::vector<Variable>& variables,
                          int report_fd) {
  for (const Variable& variable : variables) {
    setenv(variable.name.c_str(), variable.value.c_str(), 1);
  }
  std::vector<char*> arguments;
  for (const std::string& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  [[maybe_unused]] ssize_t n = write(report_fd, &error, sizeof error);
  _exit(127);
}

}  // namespace

ForegroundCommand::ForegroundCommand() {
  sigemptyset(&handled_);
  for (int signal : kPassedOn) sigaddset(&handled_, signal);
  sigaddset(&handled_, SIGCHLD);
  // An inherited "ignore" would make the kernel bury children unseen.
  signal(SIGCHLD, SIG_DFL);
  sigprocmask(SIG_BLOCK, &handled_, &original_);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
}

ForegroundCommand::~ForegroundCommand() {
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  sigprocmask(SIG_SETMASK, &original_, nullptr);
}

int ForegroundCommand::Start(const std::vector<std::string>& argv,
                             const std::vector<Variable>& variables) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    throw Error(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  pid_ = fork();
  if (pid_ < 0) {
    throw Error(fmt::format("cannot fork: {}", std::strerror(errno)));
  }
  if (pid_ == 0) {
    sigprocmask(SIG_SETMASK, &original_, nullptr);
    Execute(argv, variables, report[1]);
  }
  close(report[1]);
  int error = 0;
  ssize_t n;
  do {
    n = read(report[0], &error, sizeof error);
  } while (n < 0 && errno == EINTR);
  close(report[0]);
  if (n != sizeof error) return 0;
  waitpid(pid_, nullptr, 0);
  ended_ = true;
  std::fprintf(stderr, "moetap: cannot run '%s': %s\n", argv[0].c_str(),
               std::strerror(error));
  return error == ENOENT ? 127 : 126;
}

void ForegroundCommand::Wait(std::chrono::milliseconds timeout) {
  const timespec limit = {timeout.count() / 1000,
                          timeout.count() % 1000 * 1000000};
  siginfo_t info;
  if (sigtimedwait(&handled_, &info, &limit) > 0) Handle(info);
  Bury();
}

void ForegroundCommand::Handle(const siginfo_t& info) {
  if (info.si_signo == SIGCHLD) return;
  if (!running()) {
    interrupted_ = true;
    return;
  }
  // The terminal sends its signals to the whole group.
  if (info.si_code <= 0) kill(pid_, info.si_signo);
}

void ForegroundCommand::Bury() {
  int status;
  while (pid_t pid = waitpid(-1, &status, WNOHANG)) {
    if (pid < 0) return;
    if (pid != pid_) continue;
    ended_ = true;
    status_ =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

}  // namespace moetap
