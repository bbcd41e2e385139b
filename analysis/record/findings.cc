#include "analysis/record/findings.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "analysis/block_scan.h"
#include "analysis/mapped_file.h"
#include "schema/routing_log_generated.h"

namespace moetap {
namespace fs = std::filesystem;
namespace {

void SetOnce(std::string* to, const log::Fact& fact) {
  if (to->empty()) *to = fact.value()->str();
}

void ReadContent(const log::Block& block, FoundFile* file) {
  if (block.facts() != nullptr) {
    for (const log::Fact* fact : *block.facts()) {
      const std::string_view key = fact->key()->string_view();
      if (key == "pid") SetOnce(&file->pid, *fact);
      if (key == "process") SetOnce(&file->process, *fact);
      if (key == "role") file->role = fact->value()->str();  // the last one
    }
  }
  if (block.status() == nullptr) return;
  for (const log::Status* status : *block.status()) {
    file->status.push_back(
        {status->code()->str(), status->text() ? status->text()->str() : ""});
  }
}

FoundFile ReadFile(const fs::path& path) {
  FoundFile file;
  file.path = path;
  const MappedFile mapped(path);
  file.bytes = mapped.bytes().size();
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(),
                                                             ZSTD_freeDCtx);
  std::vector<uint8_t> raw;
  const Scan scan = ScanBlocks(mapped.bytes());
  for (const FoundBlock& block : scan.blocks) {
    raw.resize(block.header.raw_size);
    const Bytes bytes = mapped.bytes().subspan(block.offset);
    if (UnpackBlock(context.get(), block.header, bytes, raw) ==
        BlockError::kOk) {
      ReadContent(*log::GetSizePrefixedBlock(raw.data()), &file);
    }
    file.counters = block.header.counters;
  }
  file.blocks = scan.blocks.size();
  for (const SkippedRegion& region : scan.skipped) {
    file.damaged_bytes += region.end - region.begin;
  }
  return file;
}

void Sum(const Counters& from, Counters* to) {
  to->rows += from.rows;
  to->dispatches += from.dispatches;
  to->dropped_rows += from.dropped_rows;
  to->dropped_records += from.dropped_records;
  to->stalls += from.stalls;
}

}  // namespace

bool Findings::HasStatus(const std::string& code) const {
  return std::ranges::any_of(files, [&](const FoundFile& file) {
    return std::ranges::any_of(file.status, [&](const StatusText& status) {
      return status.code == code;
    });
  });
}

bool Findings::identity() const {
  return std::ranges::any_of(files, [](const FoundFile& file) {
    return file.role == "worker" && file.counters.rows > 0;
  });
}

Findings ReadFindings(const fs::path& directory) {
  Findings findings;
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().string().ends_with(".moetap.zst")) {
      paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    findings.files.push_back(ReadFile(path));
    findings.bytes += findings.files.back().bytes;
    Sum(findings.files.back().counters, &findings.total);
  }
  return findings;
}

Verdict Judge(const Findings& findings, bool library_missing) {
  if (findings.HasStatus("unhooked")) return Verdict::kUnhooked;
  if (findings.total.dispatches == 0) {
    return library_missing && findings.files.empty() ? Verdict::kNotLoaded
                                                     : Verdict::kNoDispatch;
  }
  const bool damaged =
      std::ranges::any_of(findings.files, [](const FoundFile& file) {
        return file.damaged_bytes > 0 || file.blocks == 0;
      });
  const bool lost =
      findings.total.dropped_rows > 0 || findings.total.dropped_records > 0;
  return damaged || lost || !findings.identity() ? Verdict::kLosses
                                                 : Verdict::kGood;
}

}  // namespace moetap
