#include "analysis/leftover_ring.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "analysis/block_content.h"
#include "analysis/error.h"
#include "analysis/mapped_file.h"
#include "schema/block_builder.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

std::optional<LeftoverRing> OpenRing(const fs::path& path) {
  try {
    const MappedFile file(path);
    RingReader reader;
    if (!reader.Open(file.bytes())) return std::nullopt;
    return LeftoverRing{path, reader.info()};
  } catch (const Error&) {
    return std::nullopt;  // gone since it was listed, or not ours to read
  }
}

std::vector<LeftoverRing> RingsIn(const fs::path& directory) {
  std::vector<LeftoverRing> rings;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".ring") continue;
    if (auto ring = OpenRing(entry.path())) rings.push_back(std::move(*ring));
  }
  return rings;
}

bool IsIn(const fs::path& directory, const RingInfo& info) {
  std::error_code error;
  const fs::path a =
      fs::weakly_canonical(fs::path(info.capture_file).parent_path(), error);
  return !error && a == fs::weakly_canonical(directory, error) && !error;
}

// Collects a ring's records into blocks.
class Drain {
 public:
  Drain(const RingInfo& info, uint64_t begin, uint64_t sequence)
      : arena_(BlockBuilder::ArenaBytes() / sizeof(Unit) + 1),
        builder_({reinterpret_cast<uint8_t*>(arena_.data()),
                  arena_.size() * sizeof(Unit)}) {
    header_.file_uuid = info.file_uuid;
    header_.sequence = sequence;
    header_.ring_begin = begin;
    header_.ring_end = begin;
    header_.counters = info.counters;
  }

  void Add(const RingRecord& record) {
    if (!open_) header_.ring_begin = record.position;
    open_ = true;
    auto added = builder_.Add(record.type, record.payload);
    if (added == BlockBuilder::Added::kFull) {
      Close();
      header_.ring_begin = record.position;
      open_ = true;
      added = builder_.Add(record.type, record.payload);
    }
    header_.ring_end = record.end;
  }

  // Nothing was added, and yet there is something to say: the counters.
  void AddLosses() {
    const Counters& counters = header_.counters;
    open_ = blocks_.empty() &&
            (counters.dropped_rows > 0 || counters.dropped_records > 0);
  }

  void Close() {
    if (!open_) return;
    open_ = false;
    const Bytes finished = builder_.Finish();
    const auto raw = std::make_shared<std::vector<uint8_t>>(finished.begin(),
                                                            finished.end());
    CaptureBlock block;
    block.header = header_;
    block.header.raw_size = raw->size();
    block.from_ring = true;
    block.raw = *raw;
    block.raw_owner = raw;
    ++header_.sequence;
    if (const char* why = FindContradiction(*block.content())) {
      skipped_.push_back({header_.ring_begin, header_.ring_end,
                          fmt::format("leftover ring: {}", why), false});
      return;
    }
    blocks_.push_back(std::move(block));
  }

  std::vector<CaptureBlock> TakeBlocks() { return std::move(blocks_); }
  std::vector<SkippedRegion> TakeSkipped() { return std::move(skipped_); }
  uint64_t malformed() const { return builder_.malformed(); }

 private:
  struct alignas(16) Unit {
    uint8_t bytes[16];
  };
  std::vector<Unit> arena_;
  BlockBuilder builder_;
  BlockHeader header_;
  bool open_ = false;  // the builder holds records
  std::vector<CaptureBlock> blocks_;
  std::vector<SkippedRegion> skipped_;
};

}  // namespace

std::vector<LeftoverRing> FindRings(const fs::path& directory, uid_t owner,
                                    const std::vector<Uuid>& uuids) {
  std::vector<LeftoverRing> rings = RingsIn(directory);
  for (auto& ring : RingsIn(fmt::format("/dev/shm/moetap-{}", owner))) {
    if (IsIn(directory, ring.info) ||
        std::find(uuids.begin(), uuids.end(), ring.info.file_uuid) !=
            uuids.end()) {
      rings.push_back(std::move(ring));
    }
  }
  std::sort(rings.begin(), rings.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return rings;
}

std::vector<CaptureBlock> DrainRing(const LeftoverRing& ring, uint64_t from,
                                    uint64_t sequence,
                                    std::vector<SkippedRegion>* skipped) {
  const MappedFile file(ring.path);
  RingReader reader;
  if (!reader.Open(file.bytes())) {
    throw Error(
        fmt::format("{}: is no ring file of this version", ring.path.string()));
  }
  const uint64_t begin = std::max(from, reader.info().persisted);
  reader.Seek(begin);
  Drain drain(reader.info(), begin, sequence);
  RingRecord record;
  while (reader.Next(&record)) drain.Add(record);
  file.RequireWhole();
  drain.Close();
  drain.AddLosses();
  drain.Close();
  for (auto& region : drain.TakeSkipped()) skipped->push_back(region);
  if (drain.malformed() > 0) {
    skipped->push_back(
        {begin, reader.info().reserved,
         fmt::format("leftover ring: {} malformed records", drain.malformed()),
         false});
  }
  if (reader.unpublished() > 0) {
    skipped->push_back(
        {begin, reader.info().reserved,
         fmt::format("leftover ring: {} bytes were being written when the "
                     "process died",
                     reader.unpublished() * kRecordAlign),
         true});
  }
  return drain.TakeBlocks();
}

}  // namespace moetap
