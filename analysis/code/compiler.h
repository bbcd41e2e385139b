// Compiles untrusted code to assembly, many at a time, under limits.
#ifndef MOETAP_ANALYSIS_CODE_COMPILER_H_
#define MOETAP_ANALYSIS_CODE_COMPILER_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moetap {

struct CompilerOptions {
  std::string compiler = "gcc";              // a name in $PATH, or a path
  std::vector<std::string> flags = {"-O0"};  // -S and the files are added
  std::string standard = "gnu17";            // -std=
  std::filesystem::path cache;               // folder; empty: none
  unsigned threads = 1;
};

// Why there is no assembly.  Names are stable.
enum class CompileStatus : uint8_t {
  kCompiled,  // "compiled"
  kSyntax,    // "syntax": the compiler refused it as no C
  kSemantic,  // "semantic": undeclared names, types, redefinitions ...
  kInclude,   // "include": a header that is not the toolchain's
  kTime,      // "time": ran into the limit
  kMemory,    // "memory"
  kOutput,    // "output": the code or what is written is over the limit
  kCrash,     // "crash": the compiler died or failed in itself
};
const char* CompileStatusName(CompileStatus status);

// A longer code is not compiled: kOutput.
inline constexpr size_t kMaxCodeBytes = size_t{1} << 20;

struct Compiled {
  CompileStatus status = CompileStatus::kCompiled;
  std::string assembly;  // as the compiler wrote it; empty unless compiled
  std::string message;   // its first error, one line, made safe to print
};

// One compiler with its options, found and tried once.  Safe to use from
// several threads.
class Compiler {
 public:
  // Throws Error if the compiler is not there, is no gcc or clang, does not
  // work, or cannot be confined on this system.
  explicit Compiler(CompilerOptions options);
  ~Compiler();
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;

  // Compiles each code as one C file of its own.  Equal codes are compiled
  // once; results come in the order of `codes`.  `progress` gets numbers of
  // codes done, from any thread; it may be empty.
  std::vector<Compiled> Compile(
      std::span<const std::string_view> codes,
      const std::function<void(uint64_t)>& progress) const;

  // First line of `compiler --version`.
  const std::string& version() const;
  // What confines it here: "namespaces", "landlock", "seccomp", "rlimits" ...
  const std::vector<std::string>& confinement() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_COMPILER_H_
