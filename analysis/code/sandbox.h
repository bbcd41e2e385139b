// Runs one program many times over, each time on one untrusted input, where it
// reaches nothing but the files it was given and can write nothing but its two
// outputs.
#ifndef MOETAP_ANALYSIS_CODE_SANDBOX_H_
#define MOETAP_ANALYSIS_CODE_SANDBOX_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/descriptor.h"

namespace moetap {

// What keeps other files away.
enum class Confinement : uint8_t {
  kNamespaces,  // "namespaces": a root of its own, no network, no processes
  kLandlock,    // "landlock": access rules of the kernel
};
const char* ConfinementName(Confinement confinement);

// True if the kernel can filter system calls.  Every sandbox then does.
bool SeccompAvailable();

// A file or folder that may be read: `path` inside is `source` outside.  Both
// are absolute; `source` has no symbolic links.
struct ReadablePath {
  std::string path;
  std::string source;
};

struct SandboxLimits {
  uint64_t cpu_seconds = 5;
  uint64_t wall_seconds = 30;
  uint64_t memory_bytes = uint64_t{1} << 30;   // address space
  uint64_t stack_bytes = uint64_t{64} << 20;   // of it
  uint64_t output_bytes = uint64_t{16} << 20;  // of each output
};

struct SandboxProgram {
  std::vector<std::string> argv;         // argv[0] is an absolute path
  std::vector<std::string> environment;  // all of it, NAME=value
  std::vector<ReadablePath> readable;    // argv[0] and its libraries too
  SandboxLimits limits;
};

struct SandboxRun {
  int wait_status = 0;     // of waitpid
  bool timed_out = false;  // on either clock; wait_status says nothing then
  bool too_long = false;   // an output reached its limit
  std::string output;      // what it wrote to standard output
  std::string errors;      // the first 64 KiB of its standard error
};

// For one thread: the one that made it must use it, and outlive it.
class Sandbox {
 public:
  // Throws Error if the system does not offer this confinement.  `program`
  // must outlive the sandbox.
  Sandbox(const SandboxProgram& program, Confinement confinement);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // Runs the program in a new process whose standard input is `input`.
  // Throws Error if it cannot be started.
  SandboxRun Run(std::string_view input);

 private:
  void Start();
  void Stop();
  SandboxRun Collect() const;

  const SandboxProgram& program_;
  const Confinement confinement_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  Descriptor socket_;
  pid_t server_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_SANDBOX_H_
