#include "analysis/code/sandbox.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "analysis/code/sandbox_plan.h"
#include "analysis/code/sandbox_server.h"
#include "analysis/error.h"

namespace moetap {
namespace {

constexpr size_t kErrorBytes = size_t{64} << 10;

[[noreturn]] void Fail(const std::string& what, int error) {
  throw Error("a sandbox for the compiler: " + what + ": " +
              std::strerror(error));
}

// Above the descriptors that the server moves these to.
Descriptor Above(int fd) {
  const Descriptor low(fd);
  Descriptor high(fcntl(fd, F_DUPFD_CLOEXEC, 4));
  if (high.get() < 0) Fail("making descriptors", errno);
  return high;
}

Descriptor MemoryFile(const char* name) {
  return Above(memfd_create(name, MFD_CLOEXEC));
}

void Empty(const Descriptor& file) {
  if (ftruncate(file.get(), 0) != 0 || lseek(file.get(), 0, SEEK_SET) != 0) {
    Fail("emptying its files", errno);
  }
}

void Fill(const Descriptor& file, std::string_view bytes) {
  Empty(file);
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t written =
        pwrite(file.get(), bytes.data() + done, bytes.size() - done,
               static_cast<off_t>(done));
    if (written <= 0) Fail("writing its input", errno);
    done += static_cast<size_t>(written);
  }
}

size_t SizeOf(const Descriptor& file) {
  struct stat status = {};
  if (fstat(file.get(), &status) != 0) Fail("reading its files", errno);
  return static_cast<size_t>(status.st_size);
}

std::string Contents(const Descriptor& file, size_t bytes) {
  std::string contents(std::min(bytes, SizeOf(file)), '\0');
  const ssize_t got = pread(file.get(), contents.data(), contents.size(), 0);
  contents.resize(got < 0 ? 0 : static_cast<size_t>(got));
  return contents;
}

// A new process as by fork, but that no handler runs in it.
pid_t Clone(Confinement confinement) {
  unsigned long flags = SIGCHLD;
  if (confinement == Confinement::kNamespaces) {
    flags |= CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
             CLONE_NEWIPC | CLONE_NEWUTS;
  }
  return static_cast<pid_t>(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

pid_t StartServer(const SandboxPlan& plan,
                  const SandboxDescriptors& descriptors) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = Clone(plan.confinement);
  if (pid == 0) ServeSandbox(plan, descriptors);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) Fail("starting a process", error);
  return pid;
}

// False: the other side has gone, or nothing came within `millis`.
template <typename Message>
bool Receive(const Descriptor& socket, int millis, Message* message) {
  pollfd wanted = {socket.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&wanted, 1, millis);
  } while (ready < 0 && errno == EINTR);
  return ready == 1 && recv(socket.get(), message, sizeof *message,
                            MSG_WAITALL) == sizeof *message;
}

// The kernel's clock of the limit is not the one that reports the time.
bool RanOut(const SandboxReply& reply, const SandboxLimits& limits) {
  const bool signalled =
      WIFSIGNALED(reply.wait_status) && WTERMSIG(reply.wait_status) == SIGXCPU;
  const auto seconds = static_cast<int64_t>(limits.cpu_seconds);
  return signalled || reply.cpu_micros >= seconds * 1'000'000;
}

}  // namespace

const char* ConfinementName(Confinement confinement) {
  return confinement == Confinement::kNamespaces ? "namespaces" : "landlock";
}

Sandbox::Sandbox(const SandboxProgram& program, Confinement confinement)
    : program_(program), confinement_(confinement) {
  Start();
}

Sandbox::~Sandbox() { Stop(); }

void Sandbox::Start() {
  const SandboxPlan plan = MakeSandboxPlan(program_, confinement_);
  // New ones each time: a process that was killed may still be writing.
  input_ = MemoryFile("moetap-input");
  output_ = MemoryFile("moetap-output");
  errors_ = MemoryFile("moetap-errors");
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    Fail("making a socket", errno);
  }
  socket_ = Descriptor(ends[0]);
  const Descriptor other = Above(ends[1]);
  server_ = StartServer(
      plan, {input_.get(), output_.get(), errors_.get(), other.get()});
  constexpr int kMillis = 30'000;
  SandboxHello hello;
  if (!Receive(socket_, kMillis, &hello)) {
    hello.error = EPIPE;
    std::strcpy(hello.failed_step, "confining itself");
  }
  if (hello.error == 0) return;
  Stop();
  Fail(std::string(ConfinementName(confinement_)) + ": " + hello.failed_step,
       hello.error);
}

void Sandbox::Stop() {
  if (server_ == 0) return;
  kill(-server_, SIGKILL);
  kill(server_, SIGKILL);
  while (waitpid(server_, nullptr, 0) < 0 && errno == EINTR) {
  }
  server_ = 0;
}

SandboxRun Sandbox::Run(std::string_view input) {
  if (server_ == 0) Start();
  Fill(input_, input);
  Empty(output_);
  Empty(errors_);
  const char go = 0;
  SandboxReply reply;
  const auto wall = static_cast<int>(program_.limits.wall_seconds * 1000);
  const bool answered = send(socket_.get(), &go, 1, MSG_NOSIGNAL) == 1 &&
                        Receive(socket_, wall, &reply);
  if (!answered) Stop();
  if (reply.exec_error != 0) {
    Fail("starting " + program_.argv[0], reply.exec_error);
  }
  SandboxRun run = Collect();
  run.wait_status = reply.wait_status;
  run.timed_out = !answered || RanOut(reply, program_.limits);
  return run;
}

SandboxRun Sandbox::Collect() const {
  const size_t limit = program_.limits.output_bytes;
  SandboxRun run;
  run.too_long = SizeOf(output_) >= limit || SizeOf(errors_) >= limit;
  if (!run.too_long) run.output = Contents(output_, limit);
  run.errors = Contents(errors_, kErrorBytes);
  return run;
}

}  // namespace moetap
