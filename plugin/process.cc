#include "plugin/process.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "plugin/keep_errno.h"
#include "plugin/say.h"
#include "plugin/start.h"

namespace moetap {
namespace {

constexpr int kFinishMilliseconds = 2000;
constexpr size_t kProcessBytes = (sizeof(Process) + 4095) / 4096 * 4096;

constinit Config g_config;
constinit Announced g_announced;
constinit std::atomic<bool> g_unusable = false;

void Nap() {
  const timespec t = {0, 50'000};
  nanosleep(&t, nullptr);
}

Process* MapProcess() {
  void* map = mmap(nullptr, kProcessBytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  if (madvise(map, kProcessBytes, MADV_WIPEONFORK) == 0) {
    return static_cast<Process*>(map);
  }
  munmap(map, kProcessBytes);
  return nullptr;
}

Process* MakeProcess() {
  Process* made = MapProcess();
  if (made == nullptr) {
    if (!g_unusable.exchange(true)) {
      Say("off: this kernel cannot wipe memory on fork (needs Linux 4.14)");
    }
    return nullptr;
  }
  Process* other = nullptr;
  if (g_process.compare_exchange_strong(other, made)) return made;
  munmap(made, kProcessBytes);
  return other;
}

// One thread starts the process, the others wait for it.
Process* Start(Process* process) {
  const Undisturbed undisturbed;
  RunState state = RunState::kNew;
  if (process->state.compare_exchange_strong(state, RunState::kStarting)) {
    char why[320];
    const bool started = StartProcess(process, g_config, g_announced, why);
    if (!started) Say("off: %s", why);
    state = started ? RunState::kRunning : RunState::kOff;
    process->state.store(state, std::memory_order_release);
  }
  while (state == RunState::kStarting) {
    Nap();
    state = process->state.load(std::memory_order_acquire);
  }
  return state == RunState::kRunning ? process : nullptr;
}

}  // namespace

constinit std::atomic<Process*> g_process = nullptr;

ProcessLock::ProcessLock(Process* process) : process_(process) {
  while (process_->lock.exchange(1, std::memory_order_acquire) != 0) Nap();
}

ProcessLock::~ProcessLock() {
  process_->lock.store(0, std::memory_order_release);
}

void Configure(const Config& config) { g_config = config; }

const Config& GetConfig() { return g_config; }

std::span<const uint8_t, 16> PrefixKey() {
  return std::span<const uint8_t, 16>(g_config.key);
}

Announced& GetAnnounced() { return g_announced; }

Process* ProcessMemory() {
  Process* process = g_process.load(std::memory_order_acquire);
  if (process != nullptr) return process;
  if (!g_config.enabled || g_unusable.load(std::memory_order_relaxed)) {
    return nullptr;
  }
  return MakeProcess();
}

Process* StartedOrNew() {
  const KeepErrno keep;
  Process* process = ProcessMemory();
  if (process == nullptr ||
      process->state.load(std::memory_order_acquire) == RunState::kOff) {
    return nullptr;
  }
  return Start(process);
}

void FinishProcess() {
  Process* process = StartedProcess();
  if (process == nullptr) return;
  RunState running = RunState::kRunning;
  if (!process->state.compare_exchange_strong(running, RunState::kOff)) return;
  if (process->writer->Finish(kFinishMilliseconds)) unlink(process->ring_path);
}

}  // namespace moetap
