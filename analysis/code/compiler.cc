#include "analysis/code/compiler.h"

#include <fmt/format.h>

#include <atomic>
#include <optional>
#include <unordered_map>

#include "analysis/code/code_cache.h"
#include "analysis/code/diagnostics.h"
#include "analysis/code/sandbox.h"
#include "analysis/code/toolchain.h"
#include "analysis/error.h"
#include "analysis/studies/workers.h"

namespace moetap {
namespace {

// One for each thread's share of a call, started when first needed.
class Worker {
 public:
  Worker(const SandboxProgram& program, Confinement confinement)
      : program_(program), confinement_(confinement) {}

  Compiled Compile(std::string_view code) {
    if (code.size() > kMaxCodeBytes) {
      return {CompileStatus::kOutput, "",
              fmt::format("a code of {} bytes; at most {} are compiled",
                          code.size(), kMaxCodeBytes)};
    }
    if (!sandbox_) sandbox_.emplace(program_, confinement_);
    return CompiledOf(sandbox_->Run(code));
  }

 private:
  const SandboxProgram& program_;
  const Confinement confinement_;
  std::optional<Sandbox> sandbox_;
};

// The first that this system offers.  Throws Error if it offers none, or the
// compiler does not work there.
Confinement TryConfinements(const SandboxProgram& program) {
  std::string refusals;
  for (const Confinement confinement :
       {Confinement::kNamespaces, Confinement::kLandlock}) {
    try {
      Worker worker(program, confinement);
      const Compiled tried = worker.Compile("#include <stddef.h>\nsize_t n;\n");
      if (tried.status == CompileStatus::kCompiled) return confinement;
      refusals += "; it fails on two lines of C: " + tried.message;
    } catch (const Error& refusal) {
      refusals += std::string("; ") + refusal.what();
    }
  }
  throw Error(program.argv[0] +
              " cannot be run where it reaches only its own files, so no "
              "untrusted code is compiled" +
              refusals);
}

struct UniqueCodes {
  std::vector<std::string_view> codes;
  std::vector<size_t> of;  // each code's number in `codes`
};

UniqueCodes Unique(std::span<const std::string_view> codes) {
  UniqueCodes unique;
  std::unordered_map<std::string_view, size_t> numbers;
  for (const std::string_view code : codes) {
    const auto [entry, added] = numbers.emplace(code, numbers.size());
    if (added) unique.codes.push_back(code);
    unique.of.push_back(entry->second);
  }
  return unique;
}

}  // namespace

struct Compiler::State {
  CompilerOptions options;
  Toolchain toolchain;
  Confinement confinement;
  std::vector<std::string> confinement_names;
  std::optional<CodeCache> cache;

  Compiled CompileOne(std::string_view code, Worker* worker) const {
    if (cache) {
      if (std::optional<Compiled> known = cache->Find(code)) return *known;
    }
    Compiled compiled = worker->Compile(code);
    if (cache) cache->Add(code, compiled);
    return compiled;
  }
};

const char* CompileStatusName(CompileStatus status) {
  constexpr const char* kNames[] = {"compiled", "syntax", "semantic", "include",
                                    "time",     "memory", "output",   "crash"};
  return kNames[static_cast<size_t>(status)];
}

Compiler::Compiler(CompilerOptions options)
    : state_(std::make_unique<State>()) {
  state_->toolchain = FindToolchain(options);
  state_->confinement = TryConfinements(state_->toolchain.program);
  state_->confinement_names = {ConfinementName(state_->confinement)};
  if (SeccompAvailable()) state_->confinement_names.push_back("seccomp");
  state_->confinement_names.push_back("rlimits");
  if (!options.cache.empty()) {
    state_->cache.emplace(options.cache, state_->toolchain.identity);
  }
  state_->options = std::move(options);
}

Compiler::~Compiler() = default;

std::vector<Compiled> Compiler::Compile(
    std::span<const std::string_view> codes,
    const std::function<void(uint64_t)>& progress) const {
  const UniqueCodes unique = Unique(codes);
  std::vector<Compiled> compiled(unique.codes.size());
  std::vector<uint64_t> copies(unique.codes.size(), 0);
  for (const size_t number : unique.of) ++copies[number];
  std::atomic<size_t> next = 0;
  RunWorkers(state_->options.threads, [&] {
    Worker worker(state_->toolchain.program, state_->confinement);
    for (size_t i; (i = next++) < unique.codes.size();) {
      compiled[i] = state_->CompileOne(unique.codes[i], &worker);
      if (progress) progress(copies[i]);
    }
  });
  std::vector<Compiled> results;
  results.reserve(codes.size());
  for (const size_t number : unique.of) results.push_back(compiled[number]);
  return results;
}

const std::string& Compiler::version() const {
  return state_->toolchain.version;
}

const std::vector<std::string>& Compiler::confinement() const {
  return state_->confinement_names;
}

}  // namespace moetap
