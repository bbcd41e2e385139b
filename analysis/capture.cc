#include "analysis/capture.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <thread>

#include "analysis/block_content.h"
#include "analysis/block_scan.h"
#include "analysis/error.h"
#include "analysis/leftover_ring.h"
#include "analysis/mapped_file.h"
#include "analysis/output.h"
#include "analysis/progress.h"
#include "schema/normal_form.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

constexpr size_t kListedSequences = 1000;

// Where the bytes of a block are until it is unpacked.
struct Packed {
  size_t file;   // index into Capture::files
  size_t block;  // index into CaptureFile::blocks
  Bytes bytes;
};

// FlatBuffers are read in place and must be aligned.
constexpr uint64_t kRawAlign = 16;

uint64_t Aligned(uint64_t size) {
  return (size + kRawAlign - 1) / kRawAlign * kRawAlign;
}

bool IsNormal(const CaptureBlock& block) {
  return block.content()->layout() == log::Layout::SortedTokenMajor;
}

class CaptureReader {
 public:
  explicit CaptureReader(const fs::path& path) { capture_.path = path; }

  void AddFile(const fs::path& path);
  void Unpack(uint64_t budget);
  void AddRings();
  Capture Finish();

 private:
  CaptureFile& FileOf(const Uuid& uuid, const fs::path& path);
  void AddScan(const fs::path& path, const MappedFile& mapped);
  void AddRing(const LeftoverRing& ring);
  void Normalize(uint64_t budget);
  void SkipWrong();
  CaptureBlock& BlockOf(const Packed& p) {
    return capture_.files[p.file].blocks[p.block];
  }

  Capture capture_;
  std::map<Uuid, size_t> by_uuid_;
  std::vector<MappedFile> mapped_;
  std::vector<Packed> packed_;
  std::vector<const char*> wrong_;  // what is, with each of packed_
};

// The entry for `uuid`, new or not, with `path` as its last part.
CaptureFile& CaptureReader::FileOf(const Uuid& uuid, const fs::path& path) {
  const auto [it, is_new] = by_uuid_.try_emplace(uuid, capture_.files.size());
  if (is_new) {
    capture_.files.emplace_back();
    capture_.files.back().uuid = uuid;
    capture_.files.back().path = path;
  }
  CaptureFile& file = capture_.files[it->second];
  if (file.parts.empty() || file.parts.back() != path) {
    file.parts.push_back(path);
  }
  return file;
}

void CaptureReader::AddFile(const fs::path& path) {
  mapped_.emplace_back(path);
  AddScan(path, mapped_.back());
}

void CaptureReader::AddScan(const fs::path& path, const MappedFile& mapped) {
  const Scan scan = ScanBlocks(mapped.bytes());
  size_t current = 0;
  for (const FoundBlock& found : scan.blocks) {
    CaptureFile& file = FileOf(found.header.file_uuid, path);
    if (&found == &scan.blocks.front()) file.bytes += mapped.bytes().size();
    current = static_cast<size_t>(&file - capture_.files.data());
    packed_.push_back(
        {current, file.blocks.size(), mapped.bytes().subspan(found.offset)});
    CaptureBlock& block = file.blocks.emplace_back();
    block.header = found.header;
    block.offset = found.offset;
    block.part = static_cast<uint32_t>(file.parts.size() - 1);
  }
  if (scan.blocks.empty()) {  // no uuid: an entry of its own
    current = capture_.files.size();
    CaptureFile& file = capture_.files.emplace_back();
    file.path = path;
    file.parts = {path};
    file.bytes = mapped.bytes().size();
  }
  CaptureFile& file = capture_.files[current];
  file.skipped.insert(file.skipped.end(), scan.skipped.begin(),
                      scan.skipped.end());
}

// Runs `work(i)` for all i < n on all cores.
template <typename Work>
void ParallelFor(size_t n, const Work& work) {
  std::atomic<size_t> next{0};
  const auto loop = [&] {
    for (size_t i = next++; i < n; i = next++) work(i);
  };
  std::vector<std::jthread> threads;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  for (size_t i = 1; i < std::min(cores, n); ++i) threads.emplace_back(loop);
  loop();
}

// Unpacks `block` to `raw`; what is wrong with it, or null.
const char* UnpackOne(Bytes bytes, std::span<uint8_t> raw,
                      CaptureBlock* block) {
  struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  thread_local std::unique_ptr<ZSTD_DCtx, FreeContext> context(
      ZSTD_createDCtx());
  const BlockError error =
      UnpackBlock(context.get(), block->header, bytes, raw);
  if (error != BlockError::kOk) return BlockErrorText(error);
  block->raw = raw;
  return IsNormal(*block) ? FindContradiction(*block->content()) : nullptr;
}

// Brings `block` into the normal form, in `room`.
const char* NormalizeOne(std::span<uint8_t> room, CaptureBlock* block) {
  thread_local NormalForm form;
  const char* wrong = form.Make(block->raw, room, &block->raw);
  return wrong != nullptr ? wrong : FindContradiction(*block->content());
}

// Sizes come from the files, which may lie: room for all blocks is taken
// before any is unpacked.
void CaptureReader::Unpack(uint64_t budget) {
  std::vector<uint64_t> offsets{0};
  for (const Packed& p : packed_) {
    offsets.push_back(offsets.back() + Aligned(BlockOf(p).header.raw_size));
  }
  const auto room = std::make_shared<SpillVector<uint8_t>>(
      offsets.back(), SpillAllocator<uint8_t>(budget));
  wrong_.assign(packed_.size(), nullptr);
  Progress progress("reading", packed_.size());
  ParallelFor(packed_.size(), [&](size_t i) {
    CaptureBlock& block = BlockOf(packed_[i]);
    block.raw_owner = room;
    wrong_[i] = UnpackOne(
        packed_[i].bytes,
        std::span(*room).subspan(offsets[i], block.header.raw_size), &block);
    progress.Add(1);
  });
  Normalize(budget);
  SkipWrong();
}

// Blocks of other layouts get memory of their own.
void CaptureReader::Normalize(uint64_t budget) {
  std::vector<size_t> others;
  std::vector<uint64_t> offsets{0};
  for (size_t i = 0; i < packed_.size(); ++i) {
    const CaptureBlock& block = BlockOf(packed_[i]);
    if (wrong_[i] != nullptr || IsNormal(block)) continue;
    others.push_back(i);
    offsets.push_back(offsets.back() + Aligned(NormalForm::Room(block.raw)));
  }
  if (others.empty()) return;
  const auto room = std::make_shared<SpillVector<uint8_t>>(
      offsets.back(), SpillAllocator<uint8_t>(budget));
  ParallelFor(others.size(), [&](size_t i) {
    CaptureBlock& block = BlockOf(packed_[others[i]]);
    wrong_[others[i]] = NormalizeOne(
        std::span(*room).subspan(offsets[i], offsets[i + 1] - offsets[i]),
        &block);
    block.raw_owner = room;
  });
}

void CaptureReader::SkipWrong() {
  for (size_t i = 0; i < packed_.size(); ++i) {
    if (wrong_[i] == nullptr) continue;
    CaptureFile& file = capture_.files[packed_[i].file];
    CaptureBlock& block = file.blocks[packed_[i].block];
    block.raw = {};
    file.skipped.push_back(
        {block.offset,
         block.offset + block.header.header_size + block.header.packed_size,
         wrong_[i], false, wrong_[i] == kUnknownLayout});
  }
}

std::optional<CaptureCost> FindCost(const std::vector<CaptureBlock>& blocks) {
  const auto last = std::find_if(
      blocks.rbegin(), blocks.rend(),
      [](const CaptureBlock& block) { return block.header.has_cost(); });
  if (last == blocks.rend()) return std::nullopt;
  const BlockHeader& header = last->header;
  CaptureCost told = {.rows = header.counters.rows,
                      .stalls = header.counters.stalls,
                      .dropped_rows = header.counters.dropped_rows,
                      .cost = header.cost};
  told.cost.bytes += header.header_size + header.packed_size;
  return told;
}

// Orders the blocks, drops unreadable and repeated ones, finds gaps.
void OrderBlocks(CaptureFile* file) {
  auto& blocks = file->blocks;
  std::erase_if(blocks, [](const auto& block) { return block.raw.empty(); });
  std::stable_sort(blocks.begin(), blocks.end(),
                   [](const auto& a, const auto& b) {
                     return a.header.sequence < b.header.sequence;
                   });
  const auto same = std::unique(blocks.begin(), blocks.end(),
                                [](const auto& a, const auto& b) {
                                  return a.header.sequence == b.header.sequence;
                                });
  blocks.erase(same, blocks.end());
  uint64_t expected = 0;
  for (const CaptureBlock& block : blocks) {
    const uint64_t sequence = block.header.sequence;
    file->missing_blocks += sequence - expected;
    for (; expected < sequence &&
           file->missing_sequences.size() < kListedSequences;
         ++expected) {
      file->missing_sequences.push_back(expected);
    }
    expected = sequence + 1;
  }
  if (!blocks.empty()) file->counters = blocks.back().header.counters;
  file->cost = FindCost(blocks);
}

// Whether nothing is missing between the file and its ring's `blocks` but what
// the process could not write, and so counted as dropped.
bool IsCounted(const Counters& file, const std::vector<CaptureBlock>& blocks,
               const Counters& ring) {
  uint64_t rows = file.rows;
  for (const CaptureBlock& block : blocks) rows += RowsOf(*block.content());
  return rows == ring.rows && (ring.dropped_rows > file.dropped_rows ||
                               ring.dropped_records > file.dropped_records);
}

void CaptureReader::AddRing(const LeftoverRing& ring) {
  const auto known = by_uuid_.find(ring.info.file_uuid);
  size_t at = known == by_uuid_.end() ? capture_.files.size() : known->second;
  for (size_t i = 0; i < capture_.files.size(); ++i) {
    CaptureFile& candidate = capture_.files[i];
    if (at == capture_.files.size() && candidate.blocks.empty() &&
        candidate.path.filename() ==
            fs::path(ring.info.capture_file).filename()) {
      at = i;
    }
  }
  if (at == capture_.files.size()) {
    capture_.files.emplace_back();
    capture_.files[at].path = ring.path;
    capture_.files[at].parts = {ring.path};
  }
  CaptureFile& file = capture_.files[at];
  file.uuid = ring.info.file_uuid;
  file.ring_found = true;
  file.writer_alive = WriterAlive(ring.info);
  if (file.writer_alive) return;
  uint64_t from = 0;
  for (const CaptureBlock& block : file.blocks) {
    from = std::max(from, block.header.ring_end);
  }
  const uint64_t sequence =
      file.blocks.empty() ? 0 : file.blocks.back().header.sequence + 1;
  std::vector<CaptureBlock> blocks =
      DrainRing(ring, from, sequence, &file.skipped);
  if (ring.info.persisted > from &&
      !IsCounted(file.counters, blocks, ring.info.counters)) {
    file.skipped.push_back({from, ring.info.persisted,
                            "leftover ring: its process wrote blocks of these "
                            "positions that the file lacks"});
  }
  for (CaptureBlock& block : blocks) file.blocks.push_back(std::move(block));
  file.counters = ring.info.counters;
}

void CaptureReader::AddRings() {
  const fs::path& path = capture_.path;
  const bool is_directory = fs::is_directory(path);
  std::vector<Uuid> uuids;
  for (CaptureFile& file : capture_.files) {
    OrderBlocks(&file);
    uuids.push_back(file.uuid);
  }
  const fs::path directory =
      is_directory ? path : fs::absolute(path).parent_path();
  const uid_t owner = mapped_.empty() ? getuid() : mapped_.front().owner();
  for (const LeftoverRing& ring : FindRings(directory, owner, uuids)) {
    if (is_directory || by_uuid_.contains(ring.info.file_uuid)) AddRing(ring);
  }
}

Capture CaptureReader::Finish() {
  for (const MappedFile& file : mapped_) file.RequireWhole();
  if (capture_.files.empty()) {
    throw Error(fmt::format(
        "{}: holds no capture file (*{}) and no process left a ring; record "
        "one with: moetap record -o DIR -- COMMAND",
        Printable(capture_.path.string()), kCaptureSuffix));
  }
  return std::move(capture_);
}

}  // namespace

std::vector<fs::path> ListCaptureFiles(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(
        fmt::format("{}: there is no such capture", Printable(path.string())));
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().filename().string().ends_with(kCaptureSuffix)) {
      files.push_back(entry.path());
    }
  }
  if (error) {
    throw Error(fmt::format("{}: cannot be listed: {}",
                            Printable(path.string()), error.message()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

const log::Block* CaptureBlock::content() const {
  return log::GetSizePrefixedBlock(raw.data());
}

std::string CaptureFile::fact(std::string_view key) const {
  for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
    const auto* facts = block->content()->facts();
    for (auto i = facts == nullptr ? 0 : facts->size(); i-- > 0;) {
      const log::Fact* fact = facts->Get(i);
      if (fact->key()->string_view() == key) return fact->value()->str();
    }
  }
  return "";
}

std::string CaptureFile::Where(const CaptureBlock& block) const {
  const fs::path& part = parts[std::min<size_t>(block.part, parts.size() - 1)];
  return part.filename().string() + (block.from_ring ? " (ring)" : "");
}

bool HasLosses(const Capture& capture) {
  return std::any_of(
      capture.files.begin(), capture.files.end(), [](const auto& file) {
        return !file.skipped.empty() || file.missing_blocks > 0 ||
               file.counters.dropped_rows > 0 ||
               file.counters.dropped_records > 0;
      });
}

Capture ReadCapture(const fs::path& path, uint64_t budget) {
  CaptureReader reader(path);
  for (const fs::path& file : ListCaptureFiles(path)) reader.AddFile(file);
  reader.Unpack(budget);
  reader.AddRings();
  return reader.Finish();
}

}  // namespace moetap
