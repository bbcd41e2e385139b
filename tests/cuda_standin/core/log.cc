#include "tests/cuda_standin/core/log.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "tests/cuda_standin/runtime.h"

namespace standin {
namespace {

// A file of numbered lines, opened anew in a forked child.
class LogFile {
 public:
  explicit LogFile(const char* variable) : path_(std::getenv(variable)) {}

  bool wanted() const { return path_ != nullptr; }

  void Write(const std::string& line) {
    const std::lock_guard lock(mutex_);
    if (pid_ != getpid()) Open();
    std::fprintf(file_, "%llu %s\n", ++sequence_, line.c_str());
    std::fflush(file_);
  }

 private:
  void Open() {
    pid_ = getpid();
    sequence_ = 0;
    const std::string name = std::string(path_) + "." + std::to_string(pid_);
    file_ = std::fopen(name.c_str(), "a");
    if (file_ != nullptr) return;
    std::perror(("standin: cannot write " + name).c_str());
    std::exit(2);
  }

  const char* const path_;
  std::mutex mutex_;
  pid_t pid_ = 0;
  std::FILE* file_ = nullptr;
  unsigned long long sequence_ = 0;
};

LogFile& LaunchLog() {
  static auto* const file = new LogFile("STANDIN_LAUNCH_LOG");
  return *file;
}

LogFile& RouterLog() {
  static auto* const file = new LogFile("STANDIN_ROUTER_LOG");
  return *file;
}

}  // namespace

bool LaunchLogWanted() { return LaunchLog().wanted(); }

void LogLaunch(const std::string& line) {
  if (LaunchLogWanted()) LaunchLog().Write(line);
}

void LogRouter(const char* kernel, uint32_t rows, uint32_t k, uint32_t experts,
               const int64_t* ids) {
  if (!RouterLog().wanted()) return;
  const Execution where = CurrentExecution();
  std::string line = std::to_string(where.device) + " " +
                     std::to_string(where.stream) +
                     (where.replay ? " replay " : " eager ") +
                     std::to_string(where.graph) + " " + kernel;
  for (const uint32_t number : {rows, k, experts}) {
    line += " " + std::to_string(number);
  }
  for (size_t i = 0; i < size_t{rows} * k; ++i) {
    line += " " + std::to_string(ids[i]);
  }
  RouterLog().Write(line);
}

}  // namespace standin
