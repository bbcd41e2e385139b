#include <fmt/format.h>

#include <string>
#include <string_view>

#include "analysis/verify/findings.h"

namespace moetap {
namespace {

Rule RuleOfStatus(std::string_view code) {
  if (code == "unhooked" || code == "unknown-kernel" || code == "cuda-off") {
    return Rule::kUnhooked;
  }
  if (code == "unreadable") return Rule::kUnreadable;
  if (code == "shim-degraded") return Rule::kShimDegraded;
  return Rule::kStatus;
}

Rule RuleOfRegion(const SkippedRegion& region) {
  if (region.torn_tail) return Rule::kTornTail;
  return region.incompatible ? Rule::kIncompatible : Rule::kDamagedBlock;
}

void CheckStatus(const CaptureFile& file, const CaptureBlock& block,
                 Findings* findings) {
  const auto* statuses = block.content()->status();
  if (statuses == nullptr) return;
  for (const log::Status* status : *statuses) {
    const std::string_view code = status->code()->string_view();
    findings->Add(RuleOfStatus(code), 1, [&] {
      return fmt::format(
          "{}: {}: {}", file.Where(block), code,
          status->text() == nullptr ? "" : status->text()->string_view());
    });
  }
}

void CheckFile(const CaptureFile& file, Findings* findings) {
  const std::string name = file.path.filename().string();
  for (const SkippedRegion& region : file.skipped) {
    findings->Add(RuleOfRegion(region), 1, [&] {
      return fmt::format("{}, bytes {} to {}: {}", name, region.begin,
                         region.end, region.message);
    });
  }
  findings->Add(Rule::kLostBlock, file.missing_blocks, [&] {
    return fmt::format("{}, block {}", name, file.missing_sequences.front());
  });
  if (file.ring_found) {
    const Rule rule =
        file.writer_alive ? Rule::kStillWriting : Rule::kLeftoverRing;
    findings->Add(rule, 1, [&] { return name; });
  }
  const Counters& c = file.counters;
  findings->Add(Rule::kDropped, c.dropped_rows + c.dropped_records, [&] {
    return fmt::format("{}: {} token-layers, {} other records", name,
                       c.dropped_rows, c.dropped_records);
  });
  for (const CaptureBlock& block : file.blocks) {
    CheckStatus(file, block, findings);
  }
}

bool HasRows(const CaptureFile& file) {
  for (const CaptureBlock& block : file.blocks) {
    if (block.content()->groups() != nullptr) return true;
  }
  return false;
}

}  // namespace

void CheckFiles(const Capture& capture, Findings* findings) {
  bool rows = false;
  for (const CaptureFile& file : capture.files) {
    CheckFile(file, findings);
    rows = rows || HasRows(file);
  }
  findings->Add(Rule::kNoDispatch, rows ? 0 : 1,
                [&] { return capture.path.string(); });
}

}  // namespace moetap
