#include "schema/block_codec.h"

#define XXH_INLINE_ALL
#include <gtest/gtest.h>
#include <xxhash.h>
#include <zstd.h>

#include <cstring>
#include <memory>

#include "schema/block_builder.h"
#include "tests/unit/schema/records.h"

namespace moetap {
namespace {

class BlockCodecTest : public testing::Test {
 protected:
  BlockCodecTest() {
    arena_ = std::make_unique<uint8_t[]>(BlockBuilder::ArenaBytes());
    BlockBuilder builder({arena_.get(), BlockBuilder::ArenaBytes()});
    builder.Add(RecordType::kDispatch,
                Dispatch(1, 0, 8, std::vector<uint16_t>(8 * 100, 7)));
    const Bytes raw = builder.Finish();
    raw_.assign(raw.begin(), raw.end());
    header_.sequence = 42;
    header_.counters.rows = 100;
    header_.header_size = sizeof(BlockHeader);
    header_.cost = {1, 2, 3, 4};
    packed_.resize(PackedBound(raw_.size()));
    packed_.resize(PackBlock(compress_.get(), &header_, raw_, packed_));
  }

  // What a reader makes of `bytes`.
  BlockError Read(const ByteVector& bytes) {
    BlockHeader header;
    const BlockError error = CheckBlock(bytes, &header);
    if (error != BlockError::kOk) return error;
    ByteVector raw(header.raw_size);
    return UnpackBlock(decompress_.get(), header, bytes, raw);
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> compress_{
      ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> decompress_{
      ZSTD_createDCtx(), ZSTD_freeDCtx};
  std::unique_ptr<uint8_t[]> arena_;
  ByteVector raw_;
  BlockHeader header_;
  ByteVector packed_;
};

TEST_F(BlockCodecTest, WhatIsPackedComesBack) {
  BlockHeader header;
  ASSERT_EQ(CheckBlock(packed_, &header), BlockError::kOk);
  EXPECT_EQ(header.sequence, 42u);
  EXPECT_EQ(header.counters.rows, 100u);
  EXPECT_TRUE(header.has_cost());
  EXPECT_EQ(header.cost.bytes, 1u);
  EXPECT_EQ(header.cost.engine_ns, 2u);
  EXPECT_EQ(header.cost.shim_ns, 3u);
  EXPECT_EQ(header.cost.writer_ns, 4u);
  EXPECT_EQ(header.header_size + header.packed_size, packed_.size());
  ByteVector raw(header.raw_size);
  ASSERT_EQ(UnpackBlock(decompress_.get(), header, packed_, raw),
            BlockError::kOk);
  EXPECT_EQ(raw, raw_);
}

TEST_F(BlockCodecTest, AHeaderMayEndBeforeTheCost) {
  BlockHeader plain = header_;
  plain.header_size = kHeaderSizeWithoutCost;
  ByteVector bytes(PackedBound(raw_.size()));
  bytes.resize(PackBlock(compress_.get(), &plain, raw_, bytes));
  EXPECT_EQ(bytes.size() + sizeof(Cost), packed_.size());
  BlockHeader header = header_;
  ASSERT_EQ(CheckBlock(bytes, &header), BlockError::kOk);
  EXPECT_FALSE(header.has_cost());
  EXPECT_EQ(header.cost.writer_ns, 0u);
  EXPECT_EQ(header.counters.rows, 100u);
  EXPECT_EQ(Read(bytes), BlockError::kOk);
}

// What a later release may write: unknown fields behind the known ones.
TEST_F(BlockCodecTest, AHeaderMayGoOnBehindTheCost) {
  ByteVector bytes = packed_;
  const ByteVector more = {1, 2, 3, 4, 5, 6, 7, 8};
  bytes.insert(bytes.begin() + sizeof(BlockHeader), more.begin(), more.end());
  const auto seal = [&](uint32_t header_size) {
    BlockHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    header.header_size = header_size;
    header.skippable_size = header_size - 8;
    header.payload_checksum =
        XXH3_64bits(bytes.data() + kHeaderSizeWithoutCost,
                    bytes.size() - kHeaderSizeWithoutCost);
    header.header_checksum =
        XXH3_64bits(&header, offsetof(BlockHeader, header_checksum));
    std::memcpy(bytes.data(), &header, sizeof(header));
  };
  seal(sizeof(BlockHeader) + 8);
  BlockHeader header;
  ASSERT_EQ(CheckBlock(bytes, &header), BlockError::kOk);
  EXPECT_EQ(header.cost.writer_ns, 4u);
  EXPECT_EQ(Read(bytes), BlockError::kOk);
  for (const uint32_t size : {0u, 8u, 152u, 8192u, UINT32_MAX}) {
    seal(size);
    EXPECT_EQ(CheckBlock(bytes, &header), BlockError::kIncompatible) << size;
  }
}

TEST_F(BlockCodecTest, APlainZstdReaderSeesTheFlatBufferAlone) {
  ByteVector raw(raw_.size() * 2);
  const size_t n =
      ZSTD_decompress(raw.data(), raw.size(), packed_.data(), packed_.size());
  ASSERT_FALSE(ZSTD_isError(n));
  raw.resize(n);
  EXPECT_EQ(raw, raw_);
}

TEST_F(BlockCodecTest, EveryFlippedBitIsDetected) {
  for (size_t bit = 0; bit < packed_.size() * 8; ++bit) {
    ByteVector bytes = packed_;
    bytes[bit / 8] = static_cast<uint8_t>(bytes[bit / 8] ^ (1u << (bit % 8)));
    EXPECT_NE(Read(bytes), BlockError::kOk) << "bit " << bit;
  }
}

TEST_F(BlockCodecTest, EveryCutIsATornTail) {
  for (size_t size = 0; size < packed_.size(); ++size) {
    const ByteVector bytes(packed_.begin(),
                           packed_.begin() + static_cast<ptrdiff_t>(size));
    EXPECT_EQ(Read(bytes), BlockError::kTooShort) << size;
  }
}

TEST_F(BlockCodecTest, AChangedHeaderWithARightChecksumIsStillChecked) {
  const auto reseal = [&](auto change) {
    BlockHeader header = header_;
    change(&header);
    ByteVector bytes(PackedBound(raw_.size()));
    // PackBlock overwrites sizes, so only what it leaves alone can change.
    bytes.resize(PackBlock(compress_.get(), &header, raw_, bytes));
    return Read(bytes);
  };
  EXPECT_EQ(reseal([](BlockHeader* h) { h->compatible_flags = 0x80; }),
            BlockError::kOk);
  EXPECT_EQ(reseal([](BlockHeader* h) { h->incompatible_flags = 1; }),
            BlockError::kIncompatible);
}

TEST_F(BlockCodecTest, APayloadThatIsNoFlatBufferIsRefused) {
  const ByteVector junk(1000, 0xAB);
  ByteVector bytes(PackedBound(junk.size()));
  bytes.resize(PackBlock(compress_.get(), &header_, junk, bytes));
  EXPECT_EQ(Read(bytes), BlockError::kFlatBuffer);
}

TEST_F(BlockCodecTest, APayloadIsOneFrame) {
  const std::span<const uint8_t> raw(raw_);
  ByteVector bytes(2 * PackedBound(raw_.size()));
  const size_t first = PackBlock(compress_.get(), &header_, raw, bytes);
  const uint8_t skippable[] = {0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0};
  std::copy(std::begin(skippable), std::end(skippable),
            bytes.begin() + static_cast<ptrdiff_t>(first));
  BlockHeader header = header_;
  ByteVector out(raw_.size());
  EXPECT_EQ(UnpackBlock(decompress_.get(), header, bytes, out),
            BlockError::kOk);
  header.packed_size += sizeof(skippable);
  EXPECT_EQ(UnpackBlock(decompress_.get(), header, bytes, out),
            BlockError::kUnpack);
}

TEST_F(BlockCodecTest, TooSmallAnOutputIsRefused) {
  ByteVector bytes(PackedBound(raw_.size()) - 1);
  EXPECT_EQ(PackBlock(compress_.get(), &header_, raw_, bytes), 0u);
}

TEST_F(BlockCodecTest, TheNextBlockIsFoundBehindDamage) {
  ByteVector bytes(37, 0x11);
  bytes.insert(bytes.end(), packed_.begin(), packed_.end());
  EXPECT_EQ(FindBlock(bytes, 0), 37u);
  EXPECT_EQ(FindBlock(bytes, 37), 37u);
  EXPECT_EQ(FindBlock(bytes, 38), bytes.size());
  EXPECT_EQ(FindBlock({}, 0), 0u);
  EXPECT_EQ(FindBlock(bytes, bytes.size() + 5), bytes.size());
}

// docs/log_format.md prints these bytes.
TEST(BlockFormat, TheHeadOfAFileIsAsDocumented) {
  BlockHeader header;
  header.header_size = sizeof(BlockHeader);
  header.skippable_size = header.header_size - 8;
  const auto* bytes = reinterpret_cast<const uint8_t*>(&header);
  const ByteVector head(bytes, bytes + 24);
  EXPECT_EQ(head, (ByteVector{0x5D, 0x2A, 0x4D, 0x18, 0xB8, 0x00, 0x00, 0x00,
                              0x4D, 0x4F, 0x45, 0x54, 0x41, 0x50, 0x0D, 0x0A,
                              0x1A, 0x0A, 0xF3, 0x9C, 0xB1, 0x57, 0xE8, 0x42}));
  EXPECT_EQ(bytes[40], 192);
}

}  // namespace
}  // namespace moetap
