#include "tests/faults/host_scenes.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cfenv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "tests/faults/dispatcher.h"

extern char** environ;

namespace moetap {
namespace {

constexpr unsigned kWatchdogSeconds = 10;
constexpr int kChildDispatches = 3;

Dispatcher* g_handler_dispatcher = nullptr;
FaultState* g_state = nullptr;
std::atomic_flag g_in_handler;

// One at a time: a second thread's handler, or the other signal's, only counts.
void OnSignal(int) {
  const int saved = errno;
  ++g_state->handled;
  if (!g_in_handler.test_and_set()) {
    g_handler_dispatcher->Dispatch();
    g_in_handler.clear();
  }
  errno = saved;
}

void OnFatal(int number) {
  const char text[] = "the host's handler ran\n";
  const bool said = write(STDOUT_FILENO, text, strlen(text)) > 0;
  signal(number, SIG_DFL);
  if (said) raise(number);
}

void Handle(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags | SA_ONSTACK;
  sigaction(number, &action, nullptr);
}

uint64_t ResidentPages() {
  uint64_t size = 0;
  uint64_t resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  if (fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  fclose(file);
  return resident;
}

void* DispatchOnce(void* dispatcher) {
  static_cast<Dispatcher*>(dispatcher)->Dispatch();
  return nullptr;
}

// Where the thread stands: in the host, in a hook, or amid a record.
void EndThisThread(int) { syscall(SYS_exit, 0); }

// The host's objects outlive main(); what they dispatch is of the host's.
class DispatchesAtTheEnd {
 public:
  explicit DispatchesAtTheEnd(FaultState* state) : dispatcher_(state, 0) {}
  ~DispatchesAtTheEnd() { dispatcher_.Dispatch(); }

 private:
  Dispatcher dispatcher_;
};

void* DispatchForever(void* dispatcher) {
  for (;;) {
    static_cast<Dispatcher*>(dispatcher)->Dispatch();
    pthread_testcancel();
  }
}

void BeChild(Dispatcher* dispatcher) {
  alarm(kWatchdogSeconds);
  for (int i = 0; i < kChildDispatches; ++i) dispatcher->Dispatch();
}

// The kinds that only copy the process.
pid_t Copy(uint64_t child, Dispatcher* dispatcher) {
  const bool raw = child % 4 == 1;  // no handler of pthread_atfork runs
  const auto pid = static_cast<pid_t>(
      raw ? syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0) : fork());
  if (pid != 0) return pid;
  BeChild(dispatcher);
  if (raw || child % 32 == 0) _exit(0);
  exit(0);
}

// The kinds that run another program, this one again.
pid_t Run(uint64_t child, const HostOptions& options) {
  const std::string writer = std::to_string(kFirstChild + child);
  const std::string rows = std::to_string(options.rows);
  const char* words[] = {
      options.program, options.state.c_str(), "--child", writer.c_str(),
      "--rows",        rows.c_str(),          nullptr};
  auto** argv = const_cast<char**>(words);
  pid_t pid = -1;
  if (child % 4 == 2) {
    pid = vfork();
    if (pid == 0) {
      execv(argv[0], argv);
      _exit(127);
    }
    return pid;
  }
  return posix_spawn(&pid, argv[0], nullptr, nullptr, argv, environ) == 0 ? pid
                                                                          : -1;
}

void PrintSignals() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  for (int number = 1; number < SIGRTMAX; ++number) {
    struct sigaction action;
    if (sigaction(number, nullptr, &action) != 0) continue;
    printf("signal %d: masked %d, default %d\n", number,
           sigismember(&mask, number), action.sa_handler == SIG_DFL);
  }
}

// The library's own threads, by name: which signals they let through.
void PrintThreads() {
  DIR* tasks = opendir("/proc/self/task");
  int threads = 0;
  while (const dirent* task = readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    ++threads;
    const std::string path =
        std::string("/proc/self/task/") + task->d_name + "/status";
    FILE* file = fopen(path.c_str(), "r");
    char line[256];
    bool ours = false;
    while (file != nullptr && fgets(line, sizeof(line), file) != nullptr) {
      ours |= strcmp(line, "Name:\tmoetap\n") == 0;
      if (ours && strncmp(line, "SigBlk:", 7) == 0) printf("writer %s", line);
    }
    if (file != nullptr) fclose(file);
  }
  closedir(tasks);
  printf("threads: %d\n", threads);
}

}  // namespace

void StartSignals(const HostOptions& options, FaultState* state) {
  static char stack[1 << 16];
  const stack_t alternative = {
      .ss_sp = stack, .ss_flags = 0, .ss_size = sizeof(stack)};
  sigaltstack(&alternative, nullptr);
  g_state = state;
  g_handler_dispatcher = new Dispatcher(state, kHandler);
  Handle(SIGUSR1, OnSignal, SA_RESTART);
  Handle(SIGPROF, OnSignal, SA_RESTART);
  for (int number : {SIGSEGV, SIGABRT, SIGTERM}) Handle(number, OnFatal, 0);
  if (options.timer == 0) return;
  const itimerval timer = {{0, 1000}, {0, 1000}};
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void StopSignals() {
  const itimerval none{};
  setitimer(ITIMER_PROF, &none, nullptr);
}

void SendSignals(const HostOptions& options, FaultState*) {
  for (uint64_t i = 0; i < options.signals; ++i) {
    kill(getpid(), SIGUSR1);
    usleep(100);
  }
}

void ForkChildren(const HostOptions& options, FaultState* state) {
  for (uint64_t child = 0; child < options.forks; ++child) {
    const auto writer = static_cast<uint32_t>(kFirstChild + child);
    Dispatcher dispatcher(state, writer);
    const bool copy = child % 4 < 2;
    const pid_t pid = copy ? Copy(child, &dispatcher) : Run(child, options);
    int status = -1;
    if (pid > 0) waitpid(pid, &status, 0);
    if (status != 0) ++state->late_children;
  }
}

void ChurnThreads(const HostOptions& options, FaultState* state) {
  Dispatcher dispatcher(state, 0);
  for (uint64_t i = 0; i < options.churn; ++i) {
    if (i == options.churn / 4) state->resident_before = ResidentPages();
    pthread_t thread;
    if (pthread_create(&thread, nullptr, DispatchOnce, &dispatcher) != 0) {
      exit(2);
    }
    pthread_join(thread, nullptr);
  }
  state->resident_after = ResidentPages();
}

void CancelThreads(const HostOptions& options, FaultState* state) {
  constexpr uint32_t kAtOnce = 4;
  std::unique_ptr<Dispatcher> dispatchers[kAtOnce];
  for (uint32_t i = 0; i < kAtOnce; ++i) {
    dispatchers[i] = std::make_unique<Dispatcher>(state, 500 + i);
  }
  for (uint64_t done = 0; done < options.cancel; done += kAtOnce) {
    pthread_t threads[kAtOnce];
    for (uint32_t i = 0; i < kAtOnce; ++i) {
      pthread_create(&threads[i], nullptr, DispatchForever,
                     dispatchers[i].get());
    }
    usleep(static_cast<useconds_t>(done * 37 % 400));
    for (pthread_t thread : threads) pthread_cancel(thread);
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
  }
}

void KillThreads(const HostOptions& options, FaultState* state) {
  Handle(SIGUSR2, EndThisThread, 0);
  for (uint64_t i = 0; i < options.die; ++i) {
    const auto writer = static_cast<uint32_t>(kFirstChild + i);
    Dispatcher dispatcher(state, writer);
    pthread_t thread;
    pthread_create(&thread, nullptr, DispatchForever, &dispatcher);
    while (state->done[writer] == 0) usleep(10);
    usleep(static_cast<useconds_t>(i * 37 % 400));
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, nullptr);
  }
}

void PrintReport() {
  for (int fd = 0; fd < 1024; ++fd) {
    struct stat st;
    if (fstat(fd, &st) != 0) continue;
    printf("descriptor %d: %o\n", fd, st.st_mode & S_IFMT);
  }
  for (char** variable = environ; *variable != nullptr; ++variable) {
    printf("environment %s\n", *variable);
  }
  PrintSignals();
  printf("rounding %d, exceptions %d\n", fegetround(),
         fetestexcept(FE_ALL_EXCEPT));
#ifdef __x86_64__
  printf("mxcsr %x\n", __builtin_ia32_stmxcsr());
#endif
  const mode_t mask = umask(0);
  umask(mask);
  printf("umask %o, nice %d\n", mask, getpriority(PRIO_PROCESS, 0));
  PrintThreads();
}

void EndProcess(const HostOptions& options, FaultState* state) {
  fflush(stdout);
  if (options.ending == "statics") {
    static DispatchesAtTheEnd last(state);
    DispatchAtUnload(new Dispatcher(state, 1));
  }
  if (options.ending == "_exit") _exit(5);
  if (options.ending == "quick_exit") quick_exit(6);
  if (options.ending == "abort") abort();
  if (options.ending == "segv") raise(SIGSEGV);
  if (options.ending == "term") raise(SIGTERM);
}

}  // namespace moetap
