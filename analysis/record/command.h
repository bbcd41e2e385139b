// Runs a command in the foreground of this process's terminal.
#ifndef MOETAP_ANALYSIS_RECORD_COMMAND_H_
#define MOETAP_ANALYSIS_RECORD_COMMAND_H_

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "analysis/record/environment.h"

namespace moetap {

// One at a time, on the main thread: it takes over the process's signals and
// makes it a child subreaper, so that no descendant is lost from sight.
//
// The command stays in this process's group.  Signals from the terminal reach
// it without help; those sent to this process alone are passed on.
class ForegroundCommand {
 public:
  ForegroundCommand();
  ForegroundCommand(const ForegroundCommand&) = delete;
  ForegroundCommand& operator=(const ForegroundCommand&) = delete;
  // Gives the signals back; the command, if it lives, goes on.
  ~ForegroundCommand();

  // Starts `argv` (not empty) with `variables` set.  0, or what a shell
  // returns for a command it cannot run (127 not found, 126 not executable),
  // having said why on standard error.
  [[nodiscard]] int Start(const std::vector<std::string>& argv,
                          const std::vector<Variable>& variables);

  // Waits for a signal or a dead child, at most `timeout`; passes signals on
  // and buries the dead.
  void Wait(std::chrono::milliseconds timeout);

  bool running() const { return pid_ > 0 && !ended_; }

  // Its exit status, or 128 + the signal that killed it.
  int status() const { return status_; }

  // A signal arrived that there was no command left to pass on to.
  bool interrupted() const { return interrupted_; }

 private:
  void Handle(const siginfo_t& info);
  void Bury();

  sigset_t handled_;
  sigset_t original_;
  pid_t pid_ = 0;
  bool ended_ = false;
  bool interrupted_ = false;
  int status_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_COMMAND_H_
