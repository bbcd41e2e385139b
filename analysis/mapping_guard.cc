#include "analysis/mapping_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>

namespace moetap {

// Never freed and never used for another mapping, so that the signal's handler
// can read the list while other threads add to it.
struct MappingGuard::Watched {
  const uintptr_t begin;
  const uintptr_t end;
  Watched* next = nullptr;
  std::atomic<bool> live{true};
  std::atomic<bool> lost{false};
};

namespace {

constinit std::atomic<MappingGuard::Watched*> g_watched = nullptr;

// Zeros from the page of `address` to the end of its mapping: what stands
// behind the end of a file is gone as well.  False: it is in no mapping.
bool Replace(uintptr_t address) {
  for (auto* watched = g_watched.load(std::memory_order_acquire);
       watched != nullptr; watched = watched->next) {
    if (!watched->live.load(std::memory_order_acquire) ||
        address < watched->begin || address >= watched->end) {
      continue;
    }
    watched->lost.store(true, std::memory_order_release);
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = address / page * page;
    return mmap(reinterpret_cast<void*>(begin), watched->end - begin, PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  }
  return false;
}

void OnBusError(int, siginfo_t* info, void*) {
  const int saved = errno;
  // Not ours: the instruction runs again and ends the program.
  if (!Replace(reinterpret_cast<uintptr_t>(info->si_addr))) {
    signal(SIGBUS, SIG_DFL);
  }
  errno = saved;
}

void InstallHandler() {
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGBUS, &action, nullptr);
}

MappingGuard::Watched* Watch(Bytes mapping) {
  [[maybe_unused]] static const bool installed = (InstallHandler(), true);
  const auto begin = reinterpret_cast<uintptr_t>(mapping.data());
  auto* watched = new MappingGuard::Watched{begin, begin + mapping.size()};
  watched->next = g_watched.load(std::memory_order_relaxed);
  while (!g_watched.compare_exchange_weak(watched->next, watched,
                                          std::memory_order_release)) {
  }
  return watched;
}

}  // namespace

MappingGuard::MappingGuard(Bytes mapping) : watched_(Watch(mapping)) {}

MappingGuard::~MappingGuard() {
  watched_->live.store(false, std::memory_order_release);
}

bool MappingGuard::lost() const {
  return watched_->lost.load(std::memory_order_acquire);
}

}  // namespace moetap
