// Tries what a program in a sandbox must not do.  Each line of standard input
// is an attempt, WORD [ARGUMENT]; prints "ok" or the name of the error.
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <string>

extern char** environ;

namespace {

int Read(const std::string& path) {
  char byte;
  const int fd = open(path.c_str(), O_RDONLY);
  return fd < 0 ? -1 : static_cast<int>(read(fd, &byte, 1));
}

int Write(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_CREAT, 0600);
}

int Exec(const std::string& path) {
  char* argv[] = {const_cast<char*>(path.c_str()), nullptr};
  return execv(path.c_str(), argv);
}

int Fork(const std::string&) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  return pid;
}

int Kill(const std::string& pid) {
  return kill(static_cast<pid_t>(std::stol(pid)), 0);
}

int Socket(const std::string&) { return socket(AF_INET, SOCK_STREAM, 0); }

int Trace(const std::string&) {
  return static_cast<int>(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr));
}

int Mount(const std::string&) {
  return mount("tmpfs", "/usr", "tmpfs", 0, nullptr);
}

int Unshare(const std::string&) { return unshare(CLONE_NEWUSER); }

int Raise(const std::string&) {
  const rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(RLIMIT_FSIZE, &limit);
}

int Allocate(const std::string& megabytes) {
  const size_t size = std::stoul(megabytes) << 20;
  return mmap(nullptr, size, PROT_READ | PROT_WRITE,
              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
             ? -1
             : 0;
}

// An error if the process has any capability.
int Capabilities(const std::string&) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  errno = EPERM;
  if (syscall(SYS_capget, &header, data) != 0) return -1;
  return (data[0].effective | data[1].effective | data[0].permitted |
          data[1].permitted) != 0
             ? -1
             : 0;
}

int Privileges(const std::string&) {
  errno = EPERM;
  return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : -1;
}

int Environment(const std::string&) {
  for (char** entry = environ; *entry != nullptr; ++entry) std::puts(*entry);
  return 0;
}

int Descriptors(const std::string&) {
  for (int fd = 0; fd < 1024; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) std::printf("%d\n", fd);
  }
  return 0;
}

int Flood(const std::string& fd) {
  const std::string text(1 << 16, 'x');
  while (write(std::stoi(fd), text.data(), text.size()) > 0) {
  }
  return -1;
}

int Spin(const std::string&) {
  for (;;) asm volatile("");
}

int Sleep(const std::string& seconds) {
  return static_cast<int>(sleep(static_cast<unsigned>(std::stoul(seconds))));
}

int Die(const std::string&) { std::abort(); }

using Attempt = int (*)(const std::string&);
const std::map<std::string, Attempt> kAttempts = {
    {"read", Read},
    {"write", Write},
    {"exec", Exec},
    {"fork", Fork},
    {"kill", Kill},
    {"socket", Socket},
    {"trace", Trace},
    {"mount", Mount},
    {"unshare", Unshare},
    {"raise", Raise},
    {"allocate", Allocate},
    {"capabilities", Capabilities},
    {"privileges", Privileges},
    {"environment", Environment},
    {"descriptors", Descriptors},
    {"flood", Flood},
    {"spin", Spin},
    {"sleep", Sleep},
    {"die", Die},
};

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const size_t blank = line.find(' ');
    const std::string argument =
        blank == std::string::npos ? "" : line.substr(blank + 1);
    const int result = kAttempts.at(line.substr(0, blank))(argument);
    std::puts(result >= 0 ? "ok" : strerrorname_np(errno));
    std::fflush(stdout);
  }
  return 0;
}
