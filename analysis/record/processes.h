// Watches the descendants of this process: which of them carry the library.
#ifndef MOETAP_ANALYSIS_RECORD_PROCESSES_H_
#define MOETAP_ANALYSIS_RECORD_PROCESSES_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace moetap {

// What /proc/PID/stat says.
struct ProcessStat {
  pid_t pid = 0;
  pid_t parent = 0;
  char state = 0;
  uint64_t start = 0;  // field 22: clock ticks after boot
  uint64_t stack = 0;  // field 28: another one after each exec
};

std::optional<ProcessStat> ParseStat(std::string_view text);
std::optional<ProcessStat> ReadStat(pid_t pid);

// True if some line of a /proc/PID/maps maps a file named `file_name`.
bool MapsFile(std::string_view maps, std::string_view file_name);

struct Watched {
  pid_t pid = 0;
  std::string program;  // base name of its executable
  uint64_t stack = 0;   // ProcessStat::stack of that program
  bool loaded = false;  // the library was mapped at some time
  bool alive = false;   // at the last look
  int looks = 0;        // at its maps, since it last changed its program

  bool python() const { return program.starts_with("python"); }
};

// Not thread-safe.  A process that lives shorter than the time between two
// looks may be missed; whoever captured leaves a file.
class ProcessWatch {
 public:
  // `library` is the base name of the library's file.
  explicit ProcessWatch(std::string library) : library_(std::move(library)) {}

  // Looks at every living descendant of this process.
  void Look();

  bool AnyPython() const;
  bool AnyLoaded() const;

  // By start time, so that a reused process id is another process.
  const std::map<std::pair<uint64_t, pid_t>, Watched>& seen() const {
    return seen_;
  }

 private:
  void LookAt(const ProcessStat& stat);

  std::string library_;
  std::map<std::pair<uint64_t, pid_t>, Watched> seen_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_PROCESSES_H_
