// Command line of fault_host: STATE [--NAME VALUE]...
#ifndef MOETAP_TESTS_FAULTS_HOST_OPTIONS_H_
#define MOETAP_TESTS_FAULTS_HOST_OPTIONS_H_

#include <cstdint>
#include <string>

namespace moetap {

struct HostOptions {
  const char* program = nullptr;
  std::string state;
  uint64_t threads = 1;     // 0: the main thread dispatches
  uint64_t dispatches = 0;  // of each thread; 0: until killed, or until the
                            // scene is over
  uint64_t rows = 4;        // most rows of a dispatch
  uint64_t steps = 0;       // 1: each dispatch is a step (one thread only)
  uint64_t pause_us = 0;    // between dispatches
  std::string unlink;       // file to remove after half of the dispatches
  uint64_t fsize = 0;       // RLIMIT_FSIZE in the first half
  uint64_t settle_ms = 0;   // wait at that half, and at the end
  uint64_t forks = 0;       // children, of every kind in turn
  uint64_t churn = 0;       // threads that dispatch once
  uint64_t cancel = 0;      // threads that are cancelled while they dispatch
  uint64_t die = 0;         // threads that are killed while they dispatch
  uint64_t timer = 0;       // 1: SIGPROF at 1 kHz, whose handler dispatches
  uint64_t signals = 0;     // SIGUSR1 sent to the process, likewise handled
  uint64_t report = 0;      // 1: print what a guest could have changed
  uint64_t child = 0;       // dispatch thrice as this writer, and end
  // exit, statics (which dispatch), _exit, quick_exit, abort, segv, term
  std::string ending = "exit";
};

// Ends the program with 2 if they make no sense.
HostOptions ReadHostOptions(int argc, char** argv);

}  // namespace moetap

#endif  // MOETAP_TESTS_FAULTS_HOST_OPTIONS_H_
