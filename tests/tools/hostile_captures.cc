// Reads one capture file over and over, each time damaged in another way, and
// holds the reader to what it promises: it ends, every byte is in a block or
// in a region that it lists, and a block that it returns is one that was
// written.  The long form of tests/cli/test_hostile.py; see
// ci/hostile_campaign.
#include <sys/resource.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "analysis/block_content.h"
#include "analysis/block_scan.h"
#include "schema/block_codec.h"
#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

constexpr size_t kSector = 512;

class Reader {
 public:
  explicit Reader(const std::vector<uint8_t>& whole) {
    for (const FoundBlock& block : ScanBlocks(whole).blocks) {
      originals_[block.header.payload_checksum] = block.header.header_checksum;
    }
    blocks_ = originals_.size();
  }

  size_t blocks() const { return blocks_; }
  uint64_t reads() const { return reads_; }
  uint64_t found() const { return found_; }

  // Blocks that are intact in `bytes`.
  size_t Read(Bytes bytes) {
    ++reads_;
    const Scan scan = ScanBlocks(bytes);
    uint64_t covered = 0;
    for (const FoundBlock& block : scan.blocks) {
      covered += block.header.header_size + block.header.packed_size;
      CheckBlock(bytes, block);
    }
    for (const SkippedRegion& region : scan.skipped) {
      covered += region.end - region.begin;
    }
    if (covered != bytes.size()) Fail("bytes are unaccounted for");
    found_ += scan.blocks.size();
    return scan.blocks.size();
  }

 private:
  [[noreturn]] static void Fail(const char* what) {
    std::fprintf(stderr, "hostile_captures: %s\n", what);
    std::exit(1);
  }

  void CheckBlock(Bytes bytes, const FoundBlock& block) {
    const auto original = originals_.find(block.header.payload_checksum);
    if (original == originals_.end() ||
        original->second != block.header.header_checksum) {
      Fail("a block that nobody wrote");
    }
    // The unpacked form of equal bytes is equal: once is enough.
    if (!unpacked_.emplace(original->first, true).second) return;
    std::vector<uint8_t> raw(block.header.raw_size);
    if (UnpackBlock(context_.get(), block.header, bytes.subspan(block.offset),
                    raw) != BlockError::kOk ||
        FindContradiction(*log::GetSizePrefixedBlock(raw.data())) != nullptr) {
      Fail("an intact block is refused");
    }
  }

  std::map<uint64_t, uint64_t> originals_;  // payload to header checksum
  std::map<uint64_t, bool> unpacked_;
  size_t blocks_ = 0;
  uint64_t reads_ = 0;
  uint64_t found_ = 0;
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context_{ZSTD_createDCtx(),
                                                              ZSTD_freeDCtx};
};

void Truncate(const std::vector<uint8_t>& bytes, size_t stride,
              Reader* reader) {
  size_t before = 0;
  for (size_t n = 0; n <= bytes.size(); n += stride) {
    const size_t found = reader->Read(Bytes(bytes).first(n));
    if (found < before) {
      std::fprintf(stderr, "hostile_captures: a longer file lost a block\n");
      std::exit(1);
    }
    before = found;
  }
}

// Every bit of the first `n` bytes; one flip costs exactly one block.
void Flip(std::vector<uint8_t> bytes, size_t n, size_t stride, Reader* reader) {
  for (size_t bit = 0; bit < std::min(n, bytes.size()) * 8; bit += stride) {
    const auto mask = static_cast<uint8_t>(1u << bit % 8);
    bytes[bit / 8] ^= mask;
    if (reader->Read(bytes) + 1 != reader->blocks()) {
      std::fprintf(stderr, "hostile_captures: bit %zu was not noticed\n", bit);
      std::exit(1);
    }
    bytes[bit / 8] ^= mask;
  }
}

void Mutate(std::vector<uint8_t>* bytes, std::minstd_rand* random) {
  const auto place = [&] { return (*random)() % bytes->size(); };
  const size_t at = place();
  const size_t to = place();
  const size_t n = std::min({kSector, bytes->size() - at, bytes->size() - to});
  const auto a = bytes->begin() + static_cast<ptrdiff_t>(at);
  const auto b = bytes->begin() + static_cast<ptrdiff_t>(to);
  const auto size = static_cast<ptrdiff_t>(n);
  switch ((*random)() % 5) {
    case 0:  // several bits
      for (uint32_t i = 0; i <= (*random)() % 16; ++i) {
        (*bytes)[place()] ^= static_cast<uint8_t>(1u << (*random)() % 8);
      }
      break;
    case 1:  // a sector of zeros
      std::fill(a, a + size, 0);
      break;
    case 2:  // a sector written twice
      std::memmove(&*b, &*a, n);
      break;
    case 3:  // two sectors exchanged
      if (std::max(at, to) - std::min(at, to) >= n) {
        std::swap_ranges(a, a + size, b);
      }
      break;
    default:  // a sector missing, or there twice
      if ((*random)() % 2 == 0 && bytes->size() > 2 * kSector) {
        bytes->erase(a, a + size);
      } else {
        const std::vector<uint8_t> sector(a, a + size);
        bytes->insert(b, sector.begin(), sector.end());
      }
  }
}

int Run(int argc, char** argv) {
  std::string path;
  size_t truncate_stride = 1;
  size_t flip_bytes = 0;
  size_t flip_stride = 1;
  uint64_t mutations = 0;
  uint32_t seed = 1;
  bool truncate = false;
  CLI::App app{"Damages a capture file in every way and reads it."};
  app.add_option("FILE", path)->required();
  app.add_flag("--truncate", truncate, "at every length");
  app.add_option("--truncate-stride", truncate_stride);
  app.add_option("--flip", flip_bytes, "every bit of this many bytes");
  app.add_option("--flip-stride", flip_stride);
  app.add_option("--mutations", mutations, "random ones, of the whole file");
  app.add_option("--seed", seed);
  CLI11_PARSE(app, argc, argv);
  std::ifstream in(path, std::ios::binary);
  const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  Reader reader(bytes);
  if (truncate) Truncate(bytes, truncate_stride, &reader);
  if (flip_bytes > 0) Flip(bytes, flip_bytes, flip_stride, &reader);
  std::minstd_rand random(seed);
  for (uint64_t i = 0; i < mutations; ++i) {
    std::vector<uint8_t> damaged = bytes;
    for (uint32_t j = 0; j <= random() % 3; ++j) Mutate(&damaged, &random);
    reader.Read(damaged);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("%zu bytes, %zu blocks: %llu reads, %llu blocks found, %ld KiB\n",
              bytes.size(), reader.blocks(),
              static_cast<unsigned long long>(reader.reads()),
              static_cast<unsigned long long>(reader.found()), usage.ru_maxrss);
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Run(argc, argv); }
