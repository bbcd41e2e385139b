#include "analysis/repack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "analysis/block_content.h"
#include "analysis/block_scan.h"
#include "analysis/error.h"
#include "analysis/mapped_file.h"
#include "analysis/progress.h"
#include "schema/layout_choice.h"
#include "schema/normal_form.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

struct NewBlock {
  std::vector<uint8_t> bytes;
  bool kept = true;
  log::Layout layout = log::Layout::SortedTokenMajor;  // if not kept
};

// What one thread needs.
class Repacker {
 public:
  explicit Repacker(int level)
      : level_(level), scratch_(ZSTD_compressBound(kMaxRawBlock)) {}

  // `bytes` begin with the block.
  NewBlock Repack(const BlockHeader& header, Bytes bytes);

 private:
  bool ReadNormal(const BlockHeader& header, Bytes bytes);
  std::vector<uint8_t> Smallest(log::Layout* layout);
  bool ReadsTheSame(const std::vector<uint8_t>& raw);

  int level_;
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> pack_{ZSTD_createCCtx(),
                                                           ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> unpack_{ZSTD_createDCtx(),
                                                             ZSTD_freeDCtx};
  std::unique_ptr<LayoutChoice> choice_{new LayoutChoice};
  NormalForm form_;
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> raw_;     // the block, in normal form
  std::vector<uint8_t> normal_;  // room for Make()
};

bool Repacker::ReadNormal(const BlockHeader& header, Bytes bytes) {
  raw_.resize(header.raw_size);
  if (UnpackBlock(unpack_.get(), header, bytes, raw_) != BlockError::kOk) {
    return false;
  }
  const auto* block = log::GetSizePrefixedBlock(raw_.data());
  if (block->layout() != log::Layout::SortedTokenMajor) {
    normal_.resize(NormalForm::Room(raw_));
    Bytes normal;
    if (form_.Make(raw_, normal_, &normal) != nullptr) return false;
    raw_.assign(normal.begin(), normal.end());
    block = log::GetSizePrefixedBlock(raw_.data());
  }
  return FindContradiction(*block) == nullptr;
}

bool Repacker::ReadsTheSame(const std::vector<uint8_t>& raw) {
  if (!VerifyBlock(raw)) return false;
  if (log::GetSizePrefixedBlock(raw.data())->layout() ==
      log::Layout::SortedTokenMajor) {
    return raw == raw_;
  }
  normal_.resize(NormalForm::Room(raw));
  Bytes normal;
  return form_.Make(raw, normal_, &normal) == nullptr &&
         std::equal(normal.begin(), normal.end(), raw_.begin(), raw_.end());
}

// The block with its sets in the best layout.
std::vector<uint8_t> Repacker::Smallest(log::Layout* layout) {
  *layout = log::Layout::SortedTokenMajor;
  const auto& block = *log::GetSizePrefixedBlock(raw_.data());
  const auto sets = form_.Sets(block);
  if (sets.empty()) return raw_;
  const ArrangedIds best =
      choice_->Arrange(form_.groups(), sets, block.id_bytes(),
                       {.context = pack_.get(),
                        .level = level_,
                        .scratch = scratch_,
                        .every_block = true});
  if (best.layout == log::Layout::SortedTokenMajor) return raw_;
  const Bytes rebuilt = form_.Rebuild(raw_, best.layout, best.bytes);
  const std::vector<uint8_t> raw(rebuilt.begin(), rebuilt.end());
  if (raw.size() > kMaxRawBlock || !ReadsTheSame(raw)) return raw_;
  *layout = best.layout;
  return raw;
}

NewBlock Repacker::Repack(const BlockHeader& header, Bytes bytes) {
  const size_t size = header.header_size + header.packed_size;
  NewBlock block;
  if (ReadNormal(header, bytes)) {
    const std::vector<uint8_t> raw = Smallest(&block.layout);
    BlockHeader changed = header;
    block.bytes.resize(PackedBound(raw.size()));
    block.bytes.resize(
        PackBlock(pack_.get(), &changed, raw, block.bytes, level_));
    block.kept = block.bytes.empty() || block.bytes.size() >= size;
  }
  if (block.kept) {
    block.bytes.assign(bytes.begin(),
                       bytes.begin() + static_cast<ptrdiff_t>(size));
  }
  return block;
}

// A file that is put in its place once it is whole.
class NewFile {
 public:
  explicit NewFile(const fs::path& path)
      : path_(path), part_(path.string() + ".part") {
    fd_ = open(part_.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd_ < 0) Fail();
  }
  ~NewFile() {
    if (fd_ < 0) return;
    close(fd_);
    unlink(part_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void Write(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) Fail();
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
  }

  void Finish() {
    if (fsync(fd_) != 0 || rename(part_.c_str(), path_.c_str()) != 0) Fail();
    close(fd_);
    fd_ = -1;
  }

 private:
  [[noreturn]] void Fail() const {
    throw Error(fmt::format("cannot write '{}': {}", path_.string(),
                            std::strerror(errno)));
  }

  fs::path path_;
  fs::path part_;
  int fd_ = -1;
};

// Repacks blocks on all cores, a few at a time so that memory stays small.
class Blocks {
 public:
  Blocks(Bytes file, const std::vector<FoundBlock>& found, int level)
      : file_(file), found_(found) {
    const size_t cores = std::max(1u, std::thread::hardware_concurrency());
    for (size_t i = 0; i < std::min(cores, found.size()); ++i) {
      repackers_.push_back(std::make_unique<Repacker>(level));
    }
  }

  NewBlock Take(size_t i) {
    if (i >= begin_ + batch_.size()) Fill(i);
    return std::move(batch_[i - begin_]);
  }

 private:
  static constexpr size_t kBatch = 64;

  void Fill(size_t begin) {
    begin_ = begin;
    batch_.assign(std::min(kBatch, found_.size() - begin), {});
    std::atomic<size_t> next{0};
    std::vector<std::jthread> threads;
    for (const auto& repacker : repackers_) {
      threads.emplace_back([this, &next, &repacker] {
        for (size_t i = next++; i < batch_.size(); i = next++) {
          const FoundBlock& block = found_[begin_ + i];
          batch_[i] =
              repacker->Repack(block.header, file_.subspan(block.offset));
        }
      });
    }
  }

  Bytes file_;
  const std::vector<FoundBlock>& found_;
  std::vector<std::unique_ptr<Repacker>> repackers_;
  std::vector<NewBlock> batch_;
  size_t begin_ = 0;
};

}  // namespace

void RepackFile(const fs::path& from, const fs::path& to, int level,
                Repacked* total) {
  const MappedFile mapped(from);
  const Bytes file = mapped.bytes();
  const Scan scan = ScanBlocks(file);
  NewFile out(to);
  Blocks blocks(file, scan.blocks, level);
  Progress progress("repacking", scan.blocks.size());
  uint64_t at = 0;
  for (size_t i = 0; i < scan.blocks.size(); ++i) {
    const FoundBlock& found = scan.blocks[i];
    out.Write(file.subspan(at, found.offset - at));  // no block, if anything
    total->bytes_after += found.offset - at;
    at = found.offset + found.header.header_size + found.header.packed_size;
    const NewBlock block = blocks.Take(i);
    out.Write(block.bytes);
    total->bytes_after += block.bytes.size();
    ++total->blocks;
    total->kept += block.kept ? 1 : 0;
    if (!block.kept) {
      total->ranked += block.layout == log::Layout::RankedDifferences;
      total->weighted += block.layout == log::Layout::WeightedSets;
    }
    progress.Add(1);
  }
  out.Write(file.subspan(at));
  mapped.RequireWhole();
  out.Finish();
  total->bytes_after += file.size() - at;
  total->bytes_before += file.size();
  ++total->files;
}

}  // namespace moetap
