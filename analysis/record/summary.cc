#include "analysis/record/summary.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

namespace moetap {
namespace {

// 12,345,678
std::string Grouped(uint64_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string Count(uint64_t n, const char* what) {
  return fmt::format("{} {}{}", Grouped(n), what, n == 1 ? "" : "s");
}

std::string Size(uint64_t bytes) {
  if (bytes < 1024) return Count(bytes, "byte");
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (size >= 1024 && unit + 1 < kUnits.size()) {
    size /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", size, kUnits[unit]);
}

std::string WhatItDid(const FoundFile& file) {
  if (file.counters.dispatches > 0) {
    return "captured " + Count(file.counters.rows, "token-layer");
  }
  return file.role == "frontend" ? "reported requests" : "loaded, no dispatch";
}

const char* Remedy(Verdict verdict) {
  switch (verdict) {
    case Verdict::kUnhooked:
      return "the engine ran MoE layers that this library does not see; see "
             "docs/engines.md for the versions it knows";
    case Verdict::kNoDispatch:
      return "no dispatch seen: no known MoE operator ran.  Is the model a "
             "mixture of experts, did a request reach it, and is the engine in "
             "docs/engines.md?";
    case Verdict::kNotLoaded:
      return "no dispatch seen: no process of this command carried the "
             "library.  Static or set-user-id programs, containers and remote "
             "hosts do not inherit LD_PRELOAD: run 'moetap env' where the "
             "engine starts";
    case Verdict::kGood:
    case Verdict::kLosses:
      break;
  }
  return nullptr;
}

Lines DescribeLosses(const Findings& findings) {
  Lines lines;
  if (findings.total.dropped_rows + findings.total.dropped_records > 0) {
    lines.push_back(fmt::format(
        "lost: {} and {} dropped; a larger ring (MOETAP_RING_BYTES), more "
        "room on the disk (--max-bytes) or --on-full block (CPU only) avoids "
        "it",
        Count(findings.total.dropped_rows, "token-layer"),
        Count(findings.total.dropped_records, "other record")));
  }
  for (const FoundFile& file : findings.files) {
    if (file.damaged_bytes == 0 && file.blocks > 0) continue;
    lines.push_back(fmt::format("damaged: {}: {} of {} are no intact block",
                                file.path.filename().string(),
                                Grouped(file.damaged_bytes),
                                Count(file.bytes, "byte")));
  }
  if (findings.total.rows > 0 && !findings.identity()) {
    lines.push_back(
        "identity missing: rows were captured, but not which request they "
        "belong to; isolated Python (-I, -E) or an engine other than vLLM "
        "keeps the shim out");
  }
  return lines;
}

// Each thing the library said, once, however many processes said it.
Lines DescribeStatus(const Findings& findings) {
  Lines lines;
  std::set<std::pair<std::string, std::string>> said;
  for (const FoundFile& file : findings.files) {
    for (const StatusText& status : file.status) {
      if (!said.insert({status.code, status.text}).second) continue;
      lines.push_back(fmt::format("{}: {}", status.code, status.text));
    }
  }
  return lines;
}

}  // namespace

Lines DescribeProcesses(const ProcessWatch& watch, const Findings& findings) {
  Lines lines;
  std::set<std::string> captured;
  for (const FoundFile& file : findings.files) {
    captured.insert(file.pid);
    lines.push_back(fmt::format(
        "{} (pid {}{}{}): {}", file.process.empty() ? "process" : file.process,
        file.pid.empty() ? "unknown" : file.pid, file.role.empty() ? "" : ", ",
        file.role, WhatItDid(file)));
  }
  for (const auto& [key, process] : watch.seen()) {
    if (captured.contains(std::to_string(process.pid))) continue;
    const bool matters =
        process.python() || (findings.files.empty() && !watch.AnyPython());
    if (!matters) continue;
    lines.push_back(
        fmt::format("{} (pid {}): {}", process.program, process.pid,
                    process.loaded ? "loaded, no dispatch" : "not loaded"));
  }
  return lines;
}

Lines DescribeSalvage(const std::vector<Salvaged>& salvaged) {
  Lines lines;
  for (const Salvaged& ring : salvaged) {
    if (ring.alive) {
      lines.push_back(fmt::format(
          "pid {} still runs and goes on capturing into this directory",
          ring.pid));
    } else if (!ring.problem.empty()) {
      lines.push_back(fmt::format(
          "the ring {} stays where it is: {}; every moetap command reads it "
          "from there",
          ring.ring.string(), ring.problem));
    } else {
      lines.push_back(fmt::format(
          "pid {} ended abruptly; what its ring held is now in {} ({})",
          ring.pid, ring.file.filename().string(),
          Count(ring.blocks, "block")));
    }
    for (const std::string& note : ring.notes) lines.push_back(note);
  }
  return lines;
}

Lines DescribeFindings(const std::filesystem::path& directory,
                       const Findings& findings, Verdict verdict) {
  Lines lines;
  lines.push_back(
      fmt::format("{}: {}, {}, {} in {}, {} dropped", directory.string(),
                  Count(findings.files.size(), "file"), Size(findings.bytes),
                  Count(findings.total.rows, "token-layer"),
                  Count(findings.total.dispatches, "dispatch call"),
                  Grouped(findings.total.dropped_rows)));
  for (std::string& line : DescribeStatus(findings)) lines.push_back(line);
  for (std::string& line : DescribeLosses(findings)) lines.push_back(line);
  if (const char* remedy = Remedy(verdict)) lines.push_back(remedy);
  if (findings.files.empty()) return lines;
  lines.push_back(fmt::format("next: moetap verify {}", directory.string()));
  lines.push_back(
      fmt::format("      moetap report {} -o report.html", directory.string()));
  return lines;
}

}  // namespace moetap
