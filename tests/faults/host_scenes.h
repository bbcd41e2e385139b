// What a host does besides dispatching from its threads.
#ifndef MOETAP_TESTS_FAULTS_HOST_SCENES_H_
#define MOETAP_TESTS_FAULTS_HOST_SCENES_H_

#include "tests/faults/host_options.h"
#include "tests/faults/state.h"

namespace moetap {

// Handlers that dispatch; with --timer, SIGPROF at 1 kHz from now on.
void StartSignals(const HostOptions& options, FaultState* state);
void StopSignals();

// Sends SIGUSR1 to the process as often as asked.
void SendSignals(const HostOptions& options, FaultState* state);

// One child after the other: fork, clone, vfork and posix_spawn in turn.
// Each dispatches thrice as a writer of its own; 10 s are its limit.
void ForkChildren(const HostOptions& options, FaultState* state);

// Threads, one after the other, that dispatch once as writer 0.
void ChurnThreads(const HostOptions& options, FaultState* state);

// Threads that dispatch until they are cancelled, as writers 500 to 503.
void CancelThreads(const HostOptions& options, FaultState* state);

// Threads, one after the other, of which nothing but the thread is killed
// while it dispatches: SYS_exit wherever it is.  Writers from kFirstChild on.
void KillThreads(const HostOptions& options, FaultState* state);

// Prints what a guest may not change: descriptors, environment, signals,
// floating point; and how many threads there are.
void PrintReport();

// Ends the process as asked; returns for "exit" and "statics".
void EndProcess(const HostOptions& options, FaultState* state);

}  // namespace moetap

#endif  // MOETAP_TESTS_FAULTS_HOST_SCENES_H_
