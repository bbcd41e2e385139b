#include "analysis/recover/plan.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <utility>

#include "analysis/block_content.h"
#include "analysis/block_scan.h"
#include "analysis/error.h"
#include "analysis/leftover_ring.h"
#include "analysis/output.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

// A loss and the file it is of, if that is known.
struct Placed {
  Loss loss;
  size_t file = 0;
  bool has_file = false;
  uint32_t part = 0;
};

void Raise(Counters* to, const Counters& by) {
  to->rows = std::max(to->rows, by.rows);
  to->dispatches = std::max(to->dispatches, by.dispatches);
  to->dropped_rows = std::max(to->dropped_rows, by.dropped_rows);
  to->dropped_records = std::max(to->dropped_records, by.dropped_records);
  to->stalls = std::max(to->stalls, by.stalls);
}

uint64_t LastStepOf(const log::Block& block) {
  uint64_t last = 0;
  const auto raise = [&last](const auto* items) {
    if (items == nullptr) return;
    for (const auto* item : *items) last = std::max(last, item->step());
  };
  raise(block.steps());
  raise(block.step_ends());
  raise(block.groups());
  return last;
}

// <pid>-<first 8 hex digits of the uuid>.moetap.zst, as the library names it.
bool IsOwnName(const std::string& name, const Uuid& uuid) {
  const size_t digits = name.find_first_not_of("0123456789");
  return digits > 0 && digits <= 10 &&
         name.substr(digits) == fmt::format("-{}{}",
                                            Hex(std::span(uuid).first(4)),
                                            kCaptureSuffix);
}

class Planner {
 public:
  explicit Planner(const fs::path& path) : path_(path) {}

  RecoveryPlan Plan();

 private:
  void AddInput(const fs::path& path);
  // Why `found` is no intact block of a capture, or null; adds it if it is.
  const char* AddBlock(const FoundBlock& found, uint32_t part);
  void AddLoss(const SkippedRegion& region, uint32_t part, const Uuid* uuid);
  void OrderBlocks(RecoveredFile* file);
  bool IsTail(const Placed& placed) const;
  void FindLostTails();
  void AddRings();
  void AddRing(const fs::path& path, const LeftoverRing& ring);
  void ForgetTail(size_t index);
  void FindGaps(RecoveredFile* file);
  void NameFiles();
  void Close();
  RecoveredFile& FileOf(const Uuid& uuid);

  const fs::path path_;
  RecoveryPlan plan_;
  std::map<Uuid, size_t> by_uuid_;
  std::vector<Placed> losses_;
  std::vector<BlockHeader> damaged_;  // headers of lost blocks
  // Payload checksum of each block that is kept, by file and sequence.
  std::map<std::pair<Uuid, uint64_t>, uint64_t> seen_;
  std::vector<uint8_t> raw_;
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                              ZSTD_freeDCtx};
};

RecoveredFile& Planner::FileOf(const Uuid& uuid) {
  const auto [it, is_new] = by_uuid_.try_emplace(uuid, plan_.files.size());
  if (is_new) plan_.files.emplace_back().uuid = uuid;
  return plan_.files[it->second];
}

const char* Planner::AddBlock(const FoundBlock& found, uint32_t part) {
  raw_.resize(found.header.raw_size);
  const BlockError error =
      UnpackBlock(context_.get(), found.header,
                  plan_.inputs[part].bytes().subspan(found.offset), raw_);
  if (error != BlockError::kOk) return BlockErrorText(error);
  const log::Block& content = *log::GetSizePrefixedBlock(raw_.data());
  if (const char* why = FindContradiction(content)) return why;
  RecoveredFile& file = FileOf(found.header.file_uuid);
  const auto [known, is_new] =
      seen_.try_emplace({found.header.file_uuid, found.header.sequence},
                        found.header.payload_checksum);
  if (!is_new) {
    return known->second == found.header.payload_checksum
               ? nullptr
               : "another block of the file has its number";
  }
  if (file.blocks.empty()) file.name = plan_.paths[part].filename().string();
  file.blocks.push_back({found.header, part, found.offset});
  file.stored_rows += RowsOf(content);
  file.last_step = std::max(file.last_step, LastStepOf(content));
  Raise(&file.counters, found.header.counters);
  return nullptr;
}

void Planner::AddLoss(const SkippedRegion& region, uint32_t part,
                      const Uuid* uuid) {
  Placed placed;
  placed.loss = {plan_.paths[part].filename().string(), region.begin,
                 region.end, false, region.message};
  placed.part = part;
  const auto file = uuid == nullptr ? by_uuid_.end() : by_uuid_.find(*uuid);
  placed.has_file = file != by_uuid_.end();
  if (placed.has_file) placed.file = file->second;
  losses_.push_back(std::move(placed));
}

void Planner::AddInput(const fs::path& path) {
  const auto part = static_cast<uint32_t>(plan_.inputs.size());
  try {
    plan_.inputs.emplace_back(path);
  } catch (const Error& error) {
    losses_.push_back({{path.filename().string(), 0, 0, false, error.what()}});
    return;
  }
  plan_.paths.push_back(path);
  const Scan scan = ScanBlocks(plan_.inputs.back().bytes());
  std::vector<std::pair<uint64_t, const FoundBlock*>> kept;
  std::vector<SkippedRegion> skipped = scan.skipped;
  for (const FoundBlock& found : scan.blocks) {
    const char* why = AddBlock(found, part);
    if (why == nullptr) {
      kept.emplace_back(found.offset, &found);
    } else {
      skipped.push_back(
          {found.offset,
           found.offset + found.header.header_size + found.header.packed_size,
           why});
      damaged_.push_back(found.header);
    }
  }
  for (const FoundBlock& found : scan.damaged) damaged_.push_back(found.header);
  for (const SkippedRegion& region : skipped) {
    auto after = std::upper_bound(
        kept.begin(), kept.end(), region.begin,
        [](uint64_t at, const auto& block) { return at < block.first; });
    if (after != kept.begin()) --after;
    AddLoss(region, part,
            after == kept.end() ? nullptr : &after->second->header.file_uuid);
  }
}

void Planner::OrderBlocks(RecoveredFile* file) {
  std::sort(file->blocks.begin(), file->blocks.end(),
            [](const KeptBlock& a, const KeptBlock& b) {
              return a.header.sequence < b.header.sequence;
            });
  if (!file->blocks.empty()) {
    file->end_sequence = file->blocks.back().header.sequence + 1;
  }
}

// Whether a loss is behind the last intact block of its file.
bool Planner::IsTail(const Placed& placed) const {
  if (!placed.has_file) return false;
  const auto& blocks = plan_.files[placed.file].blocks;
  return !blocks.empty() && placed.part == blocks.back().part &&
         placed.loss.begin > blocks.back().offset;
}

void Planner::FindLostTails() {
  for (const Placed& placed : losses_) {
    if (IsTail(placed)) plan_.files[placed.file].tail_lost = true;
  }
  for (const BlockHeader& header : damaged_) {
    const auto known = by_uuid_.find(header.file_uuid);
    if (known == by_uuid_.end()) continue;
    RecoveredFile& file = plan_.files[known->second];
    Raise(&file.counters, header.counters);
    if (header.sequence < file.end_sequence) continue;
    file.tail_lost = true;
    file.tail_end = std::max(file.tail_end, header.sequence + 1);
  }
}

// The ring still has all that the damaged end of the file had.
void Planner::ForgetTail(size_t index) {
  std::erase_if(losses_, [&](const Placed& placed) {
    return IsTail(placed) && placed.file == index;
  });
  plan_.files[index].tail_lost = false;
}

void Planner::AddRing(const fs::path& path, const LeftoverRing& ring) {
  const std::string name = path.filename().string();
  RecoveredFile& file = FileOf(ring.info.file_uuid);
  const size_t index = by_uuid_.at(ring.info.file_uuid);
  uint64_t from = 0;
  for (const KeptBlock& b : file.blocks)
    from = std::max(from, b.header.ring_end);
  for (const CaptureBlock& b : file.ring)
    from = std::max(from, b.header.ring_end);
  const auto lose = [&](uint64_t begin, uint64_t end, std::string why) {
    losses_.push_back({{name, begin, end, true, std::move(why)},
                       index,
                       true,
                       static_cast<uint32_t>(plan_.inputs.size())});
  };
  if (WriterAlive(ring.info)) {
    lose(std::max(from, ring.info.persisted), ring.info.reserved,
         "its process still writes; run this again when it has ended");
    return;
  }
  if (file.blocks.empty()) {
    file.name = fs::path(ring.info.capture_file).filename().string();
  }
  Raise(&file.counters, ring.info.counters);
  if (ring.info.persisted > from) {
    lose(from, ring.info.persisted, "was in blocks that the file lacks");
    file.end_sequence = std::max(file.end_sequence + 1, file.tail_end);
    file.tail_lost = false;  // the gap in the sequence shows it
  } else if (!file.blocks.empty()) {
    ForgetTail(index);
  }
  std::vector<SkippedRegion> skipped;
  for (CaptureBlock& block :
       DrainRing(ring, from, file.end_sequence, &skipped)) {
    const log::Block& content = *block.content();
    file.end_sequence = block.header.sequence + 1;
    file.stored_rows += RowsOf(content);
    file.last_step = std::max(file.last_step, LastStepOf(content));
    file.ring.push_back(std::move(block));
  }
  for (SkippedRegion& region : skipped) {
    lose(region.begin, region.end, std::move(region.message));
  }
}

void Planner::AddRings() {
  const bool is_directory = fs::is_directory(path_);
  std::vector<Uuid> uuids;
  for (const RecoveredFile& file : plan_.files) uuids.push_back(file.uuid);
  const fs::path directory =
      is_directory ? path_ : fs::absolute(path_).parent_path();
  const uid_t owner =
      plan_.inputs.empty() ? getuid() : plan_.inputs.front().owner();
  for (const LeftoverRing& ring : FindRings(directory, owner, uuids)) {
    if (is_directory || by_uuid_.contains(ring.info.file_uuid)) {
      AddRing(ring.path, ring);
    }
  }
}

void Planner::FindGaps(RecoveredFile* file) {
  uint64_t expected = 0;
  const auto visit = [&](const BlockHeader& header) {
    if (header.sequence > expected) {
      file->missing.push_back({expected, header.sequence - 1});
    }
    expected = header.sequence + 1;
  };
  for (const KeptBlock& block : file->blocks) visit(block.header);
  for (const CaptureBlock& block : file->ring) visit(block.header);
  // Only a gap in front of what comes next shows that the end is lost.
  if (file->tail_lost) {
    file->end_sequence = std::max(expected + 1, file->tail_end);
    file->missing.push_back({expected, file->end_sequence - 1});
  }
}

// Names of inputs are kept only where they cannot be anything else's.
void Planner::NameFiles() {
  std::set<std::string> taken;
  for (RecoveredFile& file : plan_.files) {
    if (!IsOwnName(file.name, file.uuid) || !taken.insert(file.name).second) {
      file.name = fmt::format("recovered-{}{}", Hex(file.uuid), kCaptureSuffix);
    }
  }
}

void Planner::Close() {
  for (const Placed& placed : losses_) {
    if (placed.has_file) plan_.files[placed.file].lossy = true;
    plan_.losses.push_back(placed.loss);
  }
  for (RecoveredFile& file : plan_.files) {
    FindGaps(&file);
    file.lossy = file.lossy || !file.missing.empty() || file.lost_rows() > 0;
  }
  std::erase_if(plan_.files, [](const RecoveredFile& file) {
    return file.blocks.empty() && file.ring.empty();
  });
  NameFiles();
}

RecoveryPlan Planner::Plan() {
  for (const fs::path& path : ListCaptureFiles(path_)) AddInput(path);
  for (RecoveredFile& file : plan_.files) OrderBlocks(&file);
  FindLostTails();
  AddRings();
  Close();
  return std::move(plan_);
}

}  // namespace

uint64_t RecoveryPlan::blocks() const {
  uint64_t n = 0;
  for (const RecoveredFile& file : files) {
    n += file.blocks.size() + file.ring.size();
  }
  return n;
}

bool RecoveryPlan::lossy() const {
  return !losses.empty() ||
         std::any_of(files.begin(), files.end(), [](const auto& file) {
           return file.lossy || file.counters.dropped_rows > 0 ||
                  file.counters.dropped_records > 0;
         });
}

RecoveryPlan PlanRecovery(const fs::path& path) { return Planner(path).Plan(); }

}  // namespace moetap
