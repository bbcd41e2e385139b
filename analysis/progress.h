// A progress bar on a terminal, for work that takes longer than a moment.
#ifndef MOETAP_ANALYSIS_PROGRESS_H_
#define MOETAP_ANALYSIS_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

namespace moetap {

// Prints on stderr, and only if that is a terminal.  Add may be called from
// any thread.  The line is erased on destruction.
class Progress {
 public:
  Progress(std::string label, uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Add(uint64_t done);

 private:
  void Draw();

  const std::string label_;
  const uint64_t total_;
  const bool enabled_;
  std::mutex mutex_;
  uint64_t done_ = 0;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_PROGRESS_H_
