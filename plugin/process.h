// What one process has: its ring, layers, current step and writer.
#ifndef MOETAP_PLUGIN_PROCESS_H_
#define MOETAP_PLUGIN_PROCESS_H_

#include <atomic>
#include <cstdint>
#include <span>

#include "hooks/undisturbed.h"
#include "plugin/announced.h"
#include "plugin/config.h"
#include "plugin/host_time.h"
#include "plugin/layer_table.h"
#include "plugin/record_source.h"
#include "plugin/ring_buffer.h"
#include "plugin/writer.h"

namespace moetap {

enum class RunState : uint32_t {
  kNew = 0,  // dormant, or a child that was just forked
  kStarting,
  kRunning,
  kOff,  // could not start, or has ended; for good
};

// Lives in memory that the kernel wipes in a forked child (MADV_WIPEONFORK):
// all-zero bytes are a process that has not started.  That makes `state` the
// generation that every call reads before it touches the ring, and the lock
// free in a child whatever the parent's threads were doing.
struct Process {
  std::atomic<RunState> state;
  std::atomic<uint32_t> lock;
  Writer* writer;
  char ring_path[kMaxPath];
  RingBuffer ring;
  LayerTable layers;
  std::atomic<bool> layers_untold;
  std::atomic<RecordSource*> source;  // null: no device writes records
  HostTime host_time;

  // The step under way; 0 = none was announced.
  std::atomic<uint64_t> step;
  std::atomic<bool> stepped;        // one was, ever
  std::atomic<uint64_t> step_rows;  // that must be dispatched; 0 = no claim
  std::atomic<uint64_t> dispatches_before;
  std::atomic<bool> control_failed;

  // Ring position at which waiting for room last proved useless, plus 1.
  std::atomic<uint64_t> stuck_at;

  std::atomic<bool> unreadable_said;
  char codes_said[32][32];
};

// Holds Process::lock, undisturbed.  Never taken on the way of a dispatch of a
// known layer.
class ProcessLock {
 public:
  explicit ProcessLock(Process* process);
  ~ProcessLock();
  ProcessLock(const ProcessLock&) = delete;
  ProcessLock& operator=(const ProcessLock&) = delete;

 private:
  const Undisturbed undisturbed_;
  Process* process_;
};

// Takes the configuration; call once before anything else below.  Without it
// everything here does nothing.
void Configure(const Config& config);
const Config& GetConfig();

// Key of the prefix hash; the running process has one.
std::span<const uint8_t, 16> PrefixKey();

Announced& GetAnnounced();

// This process's memory, started or not.  Null: disabled, or the kernel lacks
// MADV_WIPEONFORK (said once).
Process* ProcessMemory();

extern std::atomic<Process*> g_process;  // null: no memory was made yet

// The running process if it has started, else null.
inline Process* StartedProcess() {
  Process* process = g_process.load(std::memory_order_acquire);
  if (process == nullptr ||
      process->state.load(std::memory_order_acquire) != RunState::kRunning) {
    return nullptr;
  }
  return process;
}

// The same, but starts a new process.  Keeps errno.
Process* StartedOrNew();

// The running process: starts it at the first call in a process.  Null if it
// is off.  Lock-free and without a system call once it runs.
inline Process* RunningProcess() {
  Process* process = StartedProcess();
  return process != nullptr ? process : StartedOrNew();
}

// Ends the capture: no more records, everything written, ring removed unless
// something is left in it.  Waits at most two seconds.
void FinishProcess();

}  // namespace moetap

#endif  // MOETAP_PLUGIN_PROCESS_H_
