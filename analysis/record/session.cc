#include "analysis/record/session.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/record/command.h"
#include "analysis/record/directory.h"
#include "analysis/record/environment.h"
#include "analysis/record/findings.h"
#include "analysis/record/library.h"
#include "analysis/record/processes.h"
#include "analysis/record/salvage.h"
#include "analysis/record/summary.h"

namespace moetap {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Programs come and go while a command starts; later they seldom do.
constexpr milliseconds kFirstLook{20};
constexpr milliseconds kSlowestLook{1000};
// How long processes that still capture may take to follow the command.
constexpr milliseconds kGrace{30000};

void Say(const Lines& lines) {
  for (const std::string& line : lines) {
    std::fprintf(stderr, "moetap: %s\n", line.c_str());
  }
}

void RefuseDisabled() {
  const char* disabled = std::getenv("MOETAP_DISABLE");
  if (disabled == nullptr || std::string_view(disabled) != "1") return;
  throw Error(
      "MOETAP_DISABLE=1 is set, so nothing would be recorded; unset it");
}

bool AnyWriterAlive(const fs::path& directory, const ProcessWatch& watch) {
  return std::ranges::any_of(watch.seen(), [&](const auto& entry) {
    const Watched& process = entry.second;
    if (!process.alive || !process.loaded) return false;
    const std::string prefix = std::to_string(process.pid) + "-";
    return std::ranges::any_of(
        fs::directory_iterator(directory), [&](const auto& file) {
          return file.path().filename().string().starts_with(prefix);
        });
  });
}

// Watches until the command has ended and those of its descendants that
// capture have too, or had time to.
void Follow(const fs::path& directory, ForegroundCommand* command,
            ProcessWatch* watch) {
  milliseconds pause = kFirstLook;
  Clock::time_point next = Clock::now();
  while (command->running()) {
    const auto left = std::chrono::ceil<milliseconds>(next - Clock::now());
    command->Wait(std::max(left, milliseconds{0}));
    if (Clock::now() < next) continue;
    watch->Look();
    pause = std::min(pause * 5 / 4, kSlowestLook);
    next = Clock::now() + pause;
  }
  const Clock::time_point end = Clock::now() + kGrace;
  for (watch->Look(); AnyWriterAlive(directory, *watch); watch->Look()) {
    if (command->interrupted() || Clock::now() > end) return;
    command->Wait(kFirstLook * 5);
  }
}

void SayStart(const fs::path& directory, const fs::path& library) {
  std::fprintf(stderr, "moetap: recording into %s\n", directory.c_str());
  if (!ShimPresent(library)) {
    std::fprintf(stderr,
                 "moetap: identity missing: no folder python/ with the shim "
                 "beside %s; rows will have no requests\n",
                 library.c_str());
  }
  if (const char* plugins = std::getenv("VLLM_PLUGINS")) {
    std::fprintf(stderr, "moetap: VLLM_PLUGINS is '%s': '%s' is added to it\n",
                 plugins, std::string(kShimPlugin).c_str());
  }
}

int ExitStatus(int command_status, Verdict verdict) {
  if (command_status != 0) return command_status;
  if (verdict == Verdict::kGood) return kExitOk;
  return verdict == Verdict::kLosses ? kExitLosses : kExitFailed;
}

int Report(const fs::path& directory, const ProcessWatch& watch,
           int command_status) {
  const auto salvaged = SalvageRings(directory);
  const Findings findings = ReadFindings(directory);
  const bool missing = !watch.seen().empty() && !watch.AnyLoaded();
  const Verdict verdict = Judge(findings, missing);
  Say(DescribeProcesses(watch, findings));
  Say(DescribeSalvage(salvaged));
  Say(DescribeFindings(directory, findings, verdict));
  if (command_status != 0) {
    std::fprintf(stderr, "moetap: the command's exit status was %d\n",
                 command_status);
  }
  return ExitStatus(command_status, verdict);
}

}  // namespace

int Record(const CaptureOptions& options,
           const std::vector<std::string>& argv) {
  RefuseDisabled();
  const fs::path library = FindLibrary();
  ProveLibraryLoads(library);
  const fs::path directory = PrepareDirectory(
      options.directory.empty()
          ? DefaultDirectoryName(argv.front(), std::time(nullptr))
          : options.directory);
  SayStart(directory, library);
  ForegroundCommand command;
  const int refused = command.Start(
      argv, ChildVariables(options, directory, RandomKey(), library, getenv));
  if (refused != 0) {
    fs::remove(directory);
    return refused;
  }
  ProcessWatch watch(library.filename());
  Follow(directory, &command, &watch);
  return Report(directory, watch, command.status());
}

}  // namespace moetap
