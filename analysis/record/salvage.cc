#include "analysis/record/salvage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "analysis/block_scan.h"
#include "analysis/error.h"
#include "analysis/leftover_ring.h"
#include "analysis/mapped_file.h"

namespace moetap {
namespace fs = std::filesystem;
namespace {

// Where the records of a ring continue their capture file.
struct Tail {
  uint64_t offset = 0;    // in the file
  uint64_t sequence = 0;  // of the next block
  uint64_t ring_position = 0;
};

Tail FindTail(const fs::path& path, const RingInfo& ring) {
  Tail tail;
  if (!fs::exists(fs::symlink_status(path))) return tail;
  const MappedFile file(path);
  uint64_t blocks_end = 0;
  for (const FoundBlock& block : ScanBlocks(file.bytes()).blocks) {
    const BlockHeader& header = block.header;
    blocks_end = block.offset + header.header_size + header.packed_size;
    tail.sequence = header.sequence + 1;
    tail.ring_position = std::max(tail.ring_position, header.ring_end);
  }
  file.RequireWhole();
  // What follows the last block is half a block.  It may go if the ring still
  // has all of it.
  const bool replaceable = ring.persisted <= tail.ring_position;
  tail.offset = replaceable ? blocks_end : file.bytes().size();
  return tail;
}

uint64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 +
         static_cast<uint64_t>(now.tv_nsec);
}

std::vector<uint8_t> Pack(std::vector<CaptureBlock> blocks) {
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                             ZSTD_freeCCtx);
  std::vector<uint8_t> packed;
  for (CaptureBlock& block : blocks) {
    block.header.time_ns = NowNs();
    const size_t begin = packed.size();
    packed.resize(begin + PackedBound(block.raw.size()));
    const size_t size =
        PackBlock(context.get(), &block.header, block.raw,
                  {packed.data() + begin, packed.size() - begin});
    if (size == 0) throw Error("zstd cannot compress its records");
    packed.resize(begin + size);
  }
  return packed;
}

bool WriteAll(int fd, const std::vector<uint8_t>& bytes, uint64_t offset) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = pwrite(fd, bytes.data() + done, bytes.size() - done,
                             static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<size_t>(n);
  }
  return true;
}

// Makes `bytes` the end of the file, from `offset` on, and puts it on disk.
void WriteTail(const fs::path& path, uint64_t offset,
               const std::vector<uint8_t>& bytes) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  const bool ok = fd >= 0 && ftruncate(fd, static_cast<off_t>(offset)) == 0 &&
                  WriteAll(fd, bytes, offset) && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!ok) {
    throw Error(fmt::format("cannot write '{}': {}", path.string(),
                            std::strerror(error)));
  }
}

void MoveRecords(const LeftoverRing& ring, Salvaged* result) {
  const Tail tail = FindTail(result->file, ring.info);
  std::vector<SkippedRegion> skipped;
  auto blocks = DrainRing(ring, tail.ring_position, tail.sequence, &skipped);
  result->blocks = blocks.size();
  for (SkippedRegion& region : skipped) {
    result->notes.push_back(std::move(region.message));
  }
  if (!blocks.empty()) {
    WriteTail(result->file, tail.offset, Pack(std::move(blocks)));
  }
  fs::remove(ring.path);
}

Salvaged SalvageRing(const fs::path& directory, const LeftoverRing& ring) {
  Salvaged result;
  result.ring = ring.path;
  result.file = directory / fs::path(ring.info.capture_file).filename();
  result.pid = ring.info.pid;
  result.alive = WriterAlive(ring.info);
  if (result.alive) return result;
  if (!result.file.string().ends_with(kCaptureSuffix)) {
    result.problem = "names no capture file to put its records into";
    return result;
  }
  try {
    MoveRecords(ring, &result);
  } catch (const std::exception& error) {
    result.problem = error.what();
  }
  return result;
}

}  // namespace

std::vector<Salvaged> SalvageRings(const fs::path& directory) {
  std::vector<Salvaged> results;
  for (const LeftoverRing& ring : FindRings(directory, geteuid(), {})) {
    results.push_back(SalvageRing(directory, ring));
  }
  return results;
}

}  // namespace moetap
