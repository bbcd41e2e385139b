#include "analysis/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <random>
#include <span>
#include <string>

#include "analysis/block_scan.h"
#include "analysis/error.h"
#include "analysis/load_trace.h"
#include "analysis/verify/verify.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/synthetic_capture.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Three blocks of one process.
void AddThreeBlocks(CaptureWriter* writer) {
  for (uint32_t i = 1; i <= 3; ++i) {
    writer->Request(i, "request", 4, i);
    writer->CloseBlock();
  }
}

std::vector<uint8_t> ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const std::filesystem::path& path,
               const std::vector<uint8_t>& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
}

// Whatever the bytes are, all that reads a capture ends with a result or an
// Error, and every byte is accounted for.
void LookAtEverything(const std::filesystem::path& path) {
  try {
    const Capture capture = ReadCapture(path);
    const TraceOrError trace = TryBuildTrace(capture);
    Verify(capture, trace.get(), trace.error);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.filename().string()));
  }
}

TEST(Capture, ReadsBlocksInOrder) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  writer.Write(directory.path());
  const Capture capture = ReadCapture(directory.path());
  ASSERT_THAT(capture.files, SizeIs(1));
  const CaptureFile& file = capture.files[0];
  EXPECT_THAT(file.blocks, SizeIs(3));
  EXPECT_THAT(file.skipped, IsEmpty());
  EXPECT_EQ(file.uuid, writer.uuid());
  EXPECT_EQ(file.fact("pid"), "1000");
  EXPECT_EQ(file.fact("nothing"), "");
  EXPECT_EQ(file.blocks[2].content()->requests()->Get(0)->request(), 3u);
  EXPECT_FALSE(HasLosses(capture));
}

TEST(Capture, DamageCostsTheBlockItTouches) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  writer.bytes()[writer.offsets()[1] + 30] ^= 1;
  writer.Write(directory.path());
  const Capture capture = ReadCapture(directory.path());
  const CaptureFile& file = capture.files[0];
  EXPECT_THAT(file.blocks, SizeIs(2));
  ASSERT_THAT(file.skipped, SizeIs(1));
  EXPECT_EQ(file.skipped[0].begin, writer.offsets()[1]);
  EXPECT_EQ(file.skipped[0].end, writer.offsets()[2]);
  EXPECT_FALSE(file.skipped[0].torn_tail);
  EXPECT_THAT(file.missing_sequences, ElementsAre(1));
  EXPECT_TRUE(HasLosses(capture));
}

TEST(Capture, LostBlockIsAGapInTheSequence) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Request(1, "a", 1, 1);
  writer.CloseBlock();
  writer.Request(2, "b", 1, 1);
  writer.LoseBlock();
  writer.Request(3, "c", 1, 1);
  writer.Write(directory.path());
  const CaptureFile file = ReadCapture(directory.path()).files[0];
  EXPECT_THAT(file.missing_sequences, ElementsAre(1));
  EXPECT_EQ(file.missing_blocks, 1u);
  EXPECT_THAT(file.skipped, IsEmpty());
}

TEST(Capture, TornTailIsToldFromDamage) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  writer.bytes().resize(writer.bytes().size() - 3);
  writer.Write(directory.path());
  const CaptureFile file = ReadCapture(directory.path()).files[0];
  EXPECT_THAT(file.blocks, SizeIs(2));
  ASSERT_THAT(file.skipped, SizeIs(1));
  EXPECT_TRUE(file.skipped[0].torn_tail);
}

TEST(Capture, ConcatenatedFilesAreToldApart) {
  TemporaryDirectory directory;
  CaptureWriter first(0);
  AddThreeBlocks(&first);
  CaptureWriter second(1);
  AddThreeBlocks(&second);
  std::vector<uint8_t> both = first.bytes();
  both.insert(both.end(), second.bytes().begin(), second.bytes().end());
  const auto path = directory.path() / "both.moetap.zst";
  WriteFile(path, both);
  const Capture capture = ReadCapture(path);
  ASSERT_THAT(capture.files, SizeIs(2));
  EXPECT_EQ(capture.files[0].uuid, first.uuid());
  EXPECT_EQ(capture.files[1].uuid, second.uuid());
  EXPECT_THAT(capture.files[1].blocks, SizeIs(3));
}

TEST(Capture, PartsOfOneProcessArePutTogether) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  const auto split =
      writer.bytes().begin() + static_cast<ptrdiff_t>(writer.offsets()[2]);
  WriteFile(directory.path() / "b.moetap.zst", {writer.bytes().begin(), split});
  WriteFile(directory.path() / "a.moetap.zst", {split, writer.bytes().end()});
  const Capture capture = ReadCapture(directory.path());
  ASSERT_THAT(capture.files, SizeIs(1));
  const CaptureFile& file = capture.files[0];
  EXPECT_THAT(file.blocks, SizeIs(3));
  EXPECT_THAT(file.missing_sequences, IsEmpty());
  EXPECT_EQ(file.Where(file.blocks[0]), "b.moetap.zst");
  EXPECT_EQ(file.Where(file.blocks[2]), "a.moetap.zst");
}

TEST(Capture, CostIsOfTheLastBlockThatTellsIt) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Dispatch(0, 0, 2, {3, 4});
  writer.CloseBlock();
  writer.Dispatch(0, 0, 2, {3, 4, 5, 6});
  writer.CloseBlock();
  writer.LeaveOutCost();  // as `recover` and a leftover ring do
  writer.Dispatch(0, 0, 2, {3, 4});
  writer.CloseBlock();
  const size_t told = writer.offsets()[2];
  writer.Write(directory.path());
  const CaptureFile file = ReadCapture(directory.path()).files[0];
  ASSERT_THAT(file.blocks, SizeIs(3));
  ASSERT_TRUE(file.cost);
  EXPECT_EQ(file.cost->rows, 3u);
  EXPECT_EQ(file.cost->cost.bytes, told);
  EXPECT_EQ(file.cost->cost.engine_ns, 100u);
  EXPECT_EQ(file.counters.rows, 4u);
}

TEST(Capture, BlocksWithoutCostAreRead) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.LeaveOutCost();
  writer.Dispatch(0, 0, 2, {3, 4});
  writer.Write(directory.path());
  const CaptureFile file = ReadCapture(directory.path()).files[0];
  ASSERT_THAT(file.blocks, SizeIs(1));
  EXPECT_EQ(file.blocks[0].header.header_size, kHeaderSizeWithoutCost);
  EXPECT_FALSE(file.cost);
  EXPECT_THAT(file.skipped, IsEmpty());
}

TEST(Capture, RingOfADeadProcessIsReadOnce) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Request(1, "in the file", 4, 1);
  writer.KeepInRing();
  writer.Request(2, "in the ring", 4, 2);
  writer.Dispatch(0, 0, 2, {3, 4});
  writer.Write(directory.path());
  const CaptureFile file = ReadCapture(directory.path()).files[0];
  EXPECT_TRUE(file.ring_found);
  EXPECT_FALSE(file.writer_alive);
  ASSERT_THAT(file.blocks, SizeIs(2));
  EXPECT_FALSE(file.blocks[0].from_ring);
  EXPECT_TRUE(file.blocks[1].from_ring);
  const auto* requests = file.blocks[1].content()->requests();
  ASSERT_EQ(requests->size(), 1u);
  EXPECT_EQ(requests->Get(0)->id()->str(), "in the ring");
  EXPECT_EQ(file.counters.rows, 1u);
}

TEST(Capture, WhatTheDiskRefusedIsNoDamageIfItIsCounted) {
  for (const bool counted : {true, false}) {
    TemporaryDirectory directory;
    CaptureWriter writer(0);
    writer.Dispatch(0, 0, 2, {1, 2});
    writer.CloseBlock();
    writer.Dispatch(0, 0, 2, {3, 4, 5, 6});
    counted ? writer.DiscardBlock(2) : writer.LoseBlock();
    writer.KeepInRing();
    writer.Dispatch(0, 0, 2, {7, 8});
    writer.Write(directory.path());
    const CaptureFile file = ReadCapture(directory.path()).files[0];
    EXPECT_THAT(file.blocks, SizeIs(2));
    EXPECT_THAT(file.skipped, SizeIs(counted ? 0 : 1));
    EXPECT_EQ(file.counters.dropped_rows, counted ? 2u : 0u);
  }
}

TEST(Capture, RingWithoutAnyBlockIsRead) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.KeepInRing();
  writer.Request(2, "in the ring", 4, 2);
  const auto path = writer.Write(directory.path());
  WriteFile(path, {});
  const Capture capture = ReadCapture(directory.path());
  size_t blocks = 0;
  for (const CaptureFile& file : capture.files) blocks += file.blocks.size();
  EXPECT_GE(blocks, 1u);
}

TEST(Capture, NoCaptureIsAnErrorWithTheRemedy) {
  TemporaryDirectory directory;
  EXPECT_THROW(ReadCapture(directory.path() / "none"), Error);
  try {
    ReadCapture(directory.path());
    FAIL() << "an empty directory was read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("moetap record"));
  }
}

TEST(Capture, EveryByteIsInABlockOrSkipped) {
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  std::vector<uint8_t> bytes = writer.bytes();
  std::minstd_rand random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> damaged = bytes;
    for (int i = 0; i <= round % 4; ++i) {
      damaged[random() % damaged.size()] ^=
          static_cast<uint8_t>(1u << random() % 8);
    }
    const Scan scan = ScanBlocks(damaged);
    uint64_t covered = 0;
    for (const FoundBlock& block : scan.blocks) {
      covered += block.header.header_size + block.header.packed_size;
    }
    for (const SkippedRegion& region : scan.skipped) {
      covered += region.end - region.begin;
    }
    EXPECT_EQ(covered, damaged.size());
    EXPECT_GE(scan.blocks.size() + 4, 3u);
  }
}

// A whole small capture, cut at every length.
TEST(TotalReader, SurvivesTruncationAtEveryByte) {
  SyntheticOptions options;
  options.prompts = 1;
  options.requests_per_prompt = 1;
  options.generated = 3;
  options.layers = {1};
  options.steps_per_block = 2;
  TemporaryDirectory directory;
  WriteSyntheticCapture(options, directory.path());
  std::vector<uint8_t> bytes;
  for (const auto& e : std::filesystem::directory_iterator(directory.path())) {
    const auto file = ReadFile(e.path());
    bytes.insert(bytes.end(), file.begin(), file.end());
  }
  const auto path = directory.path() / "cut.moetap.zst";
  for (size_t n = 0; n <= bytes.size(); ++n) {
    WriteFile(path, {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(n)});
    LookAtEverything(path);
  }
}

// Random bytes of the file changed.
TEST(TotalReader, SurvivesRandomFlips) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  AddThreeBlocks(&writer);
  writer.Write(directory.path());
  const auto path = directory.path() / "flipped.moetap.zst";
  std::minstd_rand random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<uint8_t> damaged = writer.bytes();
    for (uint32_t i = 0; i < 1 + random() % 16; ++i) {
      damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    }
    WriteFile(path, damaged);
    LookAtEverything(path);
  }
}

// Random bytes of the FlatBuffers changed and the blocks packed again, so that
// all checksums hold.
TEST(TotalReader, SurvivesHostileContent) {
  TemporaryDirectory directory;
  SyntheticOptions options;
  options.prompts = 2;
  options.requests_per_prompt = 2;
  options.generated = 4;
  WriteSyntheticCapture(options, directory.path());
  const Capture capture = ReadCapture(directory.path());
  const auto path = directory.path() / "hostile" / "a.moetap.zst";
  std::filesystem::create_directory(path.parent_path());
  std::minstd_rand random(13);
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                             ZSTD_freeCCtx);
  size_t accepted = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<uint8_t> bytes;
    for (CaptureBlock block : capture.files[0].blocks) {
      std::vector<uint8_t> raw(block.raw.begin(), block.raw.end());
      for (uint32_t i = 0; i < random() % 4; ++i) {
        raw[random() % raw.size()] = static_cast<uint8_t>(random());
      }
      const size_t at = bytes.size();
      bytes.resize(at + PackedBound(raw.size()));
      bytes.resize(at + PackBlock(context.get(), &block.header, raw,
                                  std::span(bytes).subspan(at)));
    }
    WriteFile(path, bytes);
    LookAtEverything(path);
    accepted += ReadCapture(path).files[0].blocks.size();
  }
  EXPECT_GT(accepted, 0u);
}

}  // namespace
}  // namespace moetap
