#include "analysis/record/processes.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

namespace moetap {
namespace fs = std::filesystem;
namespace {

// A new program needs a moment until its libraries are mapped.
constexpr int kLooksPerProgram = 4;

// "" if it cannot be read: the process has gone, or is not ours.
std::string ReadProc(pid_t pid, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, name));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::string ProgramOf(pid_t pid) {
  std::error_code error;
  const fs::path program =
      fs::read_symlink(fmt::format("/proc/{}/exe", pid), error);
  return error ? "" : program.filename().string();
}

// Every process there is, in order of their ids.
std::vector<ProcessStat> AllProcesses() {
  std::vector<ProcessStat> all;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [end, bad] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    if (auto stat = ReadStat(pid)) all.push_back(*stat);
  }
  return all;
}

// Those of `all` that descend from this process.
std::vector<ProcessStat> Descendants(std::vector<ProcessStat> all) {
  std::vector<ProcessStat> found;
  std::set<pid_t> family = {getpid()};
  for (bool grown = true; grown;) {
    grown = false;
    std::erase_if(all, [&](const ProcessStat& stat) {
      if (!family.contains(stat.parent)) return false;
      family.insert(stat.pid);
      found.push_back(stat);
      return grown = true;
    });
  }
  return found;
}

}  // namespace

std::optional<ProcessStat> ParseStat(std::string_view text) {
  // The second field is the name in parentheses, which may hold anything.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(text.substr(name_end + 1))};
  ProcessStat stat;
  stat.pid = std::atoi(std::string(text.substr(0, text.find(' '))).c_str());
  rest >> stat.state >> stat.parent;
  std::string skipped;
  for (int field = 5; field < 22; ++field) rest >> skipped;
  rest >> stat.start;
  for (int field = 23; field < 28; ++field) rest >> skipped;
  rest >> stat.stack;
  if (!rest || stat.pid <= 0) return std::nullopt;
  return stat;
}

std::optional<ProcessStat> ReadStat(pid_t pid) {
  return ParseStat(ReadProc(pid, "stat"));
}

bool MapsFile(std::string_view maps, std::string_view file_name) {
  const std::string ending = fmt::format("/{}\n", file_name);
  return maps.find(ending) != std::string_view::npos;
}

void ProcessWatch::Look() {
  for (auto& [key, process] : seen_) process.alive = false;
  for (const ProcessStat& stat : Descendants(AllProcesses())) LookAt(stat);
}

bool ProcessWatch::AnyPython() const {
  return std::ranges::any_of(
      seen_, [](const auto& entry) { return entry.second.python(); });
}

bool ProcessWatch::AnyLoaded() const {
  return std::ranges::any_of(
      seen_, [](const auto& entry) { return entry.second.loaded; });
}

void ProcessWatch::LookAt(const ProcessStat& stat) {
  if (stat.state == 'Z' || stat.state == 'X') return;
  Watched& process = seen_[{stat.start, stat.pid}];
  process.pid = stat.pid;
  process.alive = true;
  const std::string program = ProgramOf(stat.pid);
  const bool changed =
      program != process.program || stat.stack != process.stack;
  if (changed && !program.empty()) {
    process.program = program;
    process.stack = stat.stack;
    process.loaded = false;
    process.looks = 0;
  }
  if (process.loaded || process.looks >= kLooksPerProgram) return;
  ++process.looks;
  process.loaded = MapsFile(ReadProc(stat.pid, "maps"), library_);
}

}  // namespace moetap
