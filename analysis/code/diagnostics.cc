#include "analysis/code/diagnostics.h"

#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

struct Rule {
  std::string_view begin;  // of the message, from its severity on
  std::string_view end;
  CompileStatus status;
};

// The first that holds; both compilers' messages in the C locale.
constexpr Rule kRules[] = {
    {"fatal error: ", ": No such file or directory", CompileStatus::kInclude},
    {"fatal error: ", ": Permission denied", CompileStatus::kInclude},
    {"fatal error: ", " file not found", CompileStatus::kInclude},
    {"fatal error: cannot open file", "", CompileStatus::kInclude},
    {"error: error opening file", "", CompileStatus::kInclude},
    {"fatal error: error opening file", "", CompileStatus::kInclude},
    {"internal compiler error: ", "", CompileStatus::kCrash},
    {"out of memory", "", CompileStatus::kMemory},
    {"virtual memory exhausted", "", CompileStatus::kMemory},
    {"LLVM ERROR: out of memory", "", CompileStatus::kMemory},
    {"LLVM ERROR: ", "", CompileStatus::kCrash},
    {"error: expected ", "", CompileStatus::kSyntax},
    {"error: stray ", "", CompileStatus::kSyntax},
    {"error: missing ", "", CompileStatus::kSyntax},
    {"error: unterminated ", "", CompileStatus::kSyntax},
    {"error: invalid suffix ", "", CompileStatus::kSyntax},
    {"error: invalid digit ", "", CompileStatus::kSyntax},
    {"error: invalid preprocessing directive", "", CompileStatus::kSyntax},
    {"error: too many decimal points", "", CompileStatus::kSyntax},
    {"error: exponent has no digits", "", CompileStatus::kSyntax},
    {"error: empty character constant", "", CompileStatus::kSyntax},
    {"error: extraneous ", "", CompileStatus::kSyntax},
    {"fatal error: bracket nesting level exceeded", "", CompileStatus::kSyntax},
    {"error: 'else' without a previous 'if'", "", CompileStatus::kSyntax},
    {"error: #else ", "", CompileStatus::kSyntax},
    {"error: #elif ", "", CompileStatus::kSyntax},
    {"error: #endif ", "", CompileStatus::kSyntax},
    {"error: #if ", "", CompileStatus::kSyntax},
    {"error: #include expects ", "", CompileStatus::kSyntax},
};

constexpr std::string_view kSeverities[] = {
    "internal compiler error: ",
    "fatal error: ",
    "error: ",
    "LLVM ERROR: ",
    "out of memory",
    "virtual memory exhausted",
};

// Where the severity of the line begins; npos: it is no error.  It follows a
// place that ends in ": ", or begins the line.
size_t SeverityOf(std::string_view line) {
  for (size_t at = 0; at != std::string_view::npos;) {
    for (const std::string_view severity : kSeverities) {
      if (line.substr(at).starts_with(severity)) return at;
    }
    at = line.find(": ", at);
    if (at != std::string_view::npos) at += 2;
  }
  return std::string_view::npos;
}

bool EndedWell(int wait_status) {
  return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
}

CompileStatus StatusOf(const SandboxRun& run, std::string_view error) {
  if (run.timed_out) return CompileStatus::kTime;
  if (run.too_long) return CompileStatus::kOutput;
  if (EndedWell(run.wait_status)) return CompileStatus::kCompiled;
  if (SeverityOf(error) != std::string_view::npos) return StatusOfError(error);
  // Only the system kills so, and only where memory is short.
  const bool killed =
      WIFSIGNALED(run.wait_status) && WTERMSIG(run.wait_status) == SIGKILL;
  return killed ? CompileStatus::kMemory : CompileStatus::kCrash;
}

}  // namespace

std::string_view FirstError(std::string_view messages) {
  std::string_view first = messages.substr(0, messages.find('\n'));
  for (std::string_view rest = messages; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (SeverityOf(line) != std::string_view::npos) {
      first = line;
      break;
    }
  }
  constexpr std::string_view kInput = "<stdin>:";
  if (first.starts_with(kInput)) first.remove_prefix(kInput.size());
  return first;
}

CompileStatus StatusOfError(std::string_view line) {
  const std::string_view message =
      line.substr(std::min(line.size(), SeverityOf(line)));
  for (const Rule& rule : kRules) {
    if (message.starts_with(rule.begin) && message.ends_with(rule.end)) {
      return rule.status;
    }
  }
  return CompileStatus::kSemantic;
}

Compiled CompiledOf(SandboxRun run) {
  const std::string_view error = FirstError(run.errors);
  Compiled compiled;
  compiled.status = StatusOf(run, error);
  if (compiled.status == CompileStatus::kCompiled) {
    compiled.assembly = std::move(run.output);
  } else {
    constexpr size_t kMessageBytes = 400;
    compiled.message = EscapeLine(error.substr(0, kMessageBytes));
  }
  return compiled;
}

}  // namespace moetap
