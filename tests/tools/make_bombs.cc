// make_bombs DIRECTORY: small captures that ask for much, each in a folder of
// its own.  All their checksums hold.
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "schema/block_codec.h"
#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

using Buffer = std::vector<uint8_t>;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

// A block around any payload, with any claim about its size.
Buffer Block(const Buffer& frame, uint64_t raw_size, uint64_t packed_size) {
  BlockHeader header;
  header.skippable_size = header.header_size - 8;
  header.raw_size = raw_size;
  header.packed_size = packed_size;
  header.payload_checksum = XXH3_64bits(frame.data(), frame.size());
  header.header_checksum =
      XXH3_64bits(&header, offsetof(BlockHeader, header_checksum));
  Buffer bytes(kHeaderSizeWithoutCost + frame.size());
  std::memcpy(bytes.data(), &header, kHeaderSizeWithoutCost);
  std::copy(frame.begin(), frame.end(), bytes.begin() + kHeaderSizeWithoutCost);
  return bytes;
}

Buffer Block(const Buffer& frame, uint64_t raw_size) {
  return Block(frame, raw_size, frame.size());
}

Buffer Frame(const Buffer& raw) {
  Buffer packed(ZSTD_compressBound(raw.size()));
  packed.resize(
      ZSTD_compress(packed.data(), packed.size(), raw.data(), raw.size(), 1));
  return packed;
}

Buffer Packed(FlatBufferBuilder* fbb, Offset<log::Block> block) {
  fbb->FinishSizePrefixed(block, log::BlockIdentifier());
  const Buffer raw(fbb->GetBufferPointer(),
                   fbb->GetBufferPointer() + fbb->GetSize());
  return Block(Frame(raw), raw.size());
}

// A frame header: content size `n`, window 2^window; then RLE blocks.
Buffer MadeUpFrame(uint64_t n, uint8_t window, size_t rle_blocks) {
  Buffer frame = {0x28, 0xB5, 0x2F, 0xFD};
  frame.push_back(n == 0 ? 0x00 : 0xC0);  // no size, or 8 bytes of it
  frame.push_back(static_cast<uint8_t>((window - 10) << 3));
  for (int i = 0; n != 0 && i < 8; ++i) {
    frame.push_back(static_cast<uint8_t>(n >> (8 * i)));
  }
  for (size_t i = 0; i < rle_blocks; ++i) {
    const uint32_t size = 128 << 10;
    const uint32_t header =
        (i + 1 == rle_blocks ? 1u : 0u) | 1u << 1 | size << 3;
    for (int byte = 0; byte < 3; ++byte) {
      frame.push_back(static_cast<uint8_t>(header >> (8 * byte)));
    }
    frame.push_back(0);
  }
  return frame;
}

// Tables that all name the same bytes.
Buffer SharedSpans() {
  FlatBufferBuilder fbb;
  const std::vector<log::Span> spans(30000, log::Span(1, 0, 0, 0));
  const auto shared = fbb.CreateVectorOfStructs(spans);
  std::vector<Offset<log::Step>> steps;
  for (uint64_t i = 1; i <= 30000; ++i) {
    steps.push_back(log::CreateStep(fbb, i, log::StepKind::Real, 0, shared));
  }
  const auto vector = fbb.CreateVector(steps);
  log::BlockBuilder block(fbb);
  block.add_steps(vector);
  return Packed(&fbb, block.Finish());
}

Buffer SharedStrings() {
  FlatBufferBuilder fbb;
  const auto shared = fbb.CreateString(std::string(4 << 20, 'a'));
  std::vector<Offset<log::Request>> requests;
  for (uint32_t i = 1; i <= 30000; ++i) {
    requests.push_back(log::CreateRequest(fbb, i, shared, 1, 1));
  }
  const auto vector = fbb.CreateVector(requests);
  log::BlockBuilder block(fbb);
  block.add_requests(vector);
  return Packed(&fbb, block.Finish());
}

Buffer OneTableManyTimes() {
  FlatBufferBuilder fbb;
  const auto step = log::CreateStep(fbb, 1);
  const std::vector<Offset<log::Step>> steps(1'900'000, step);
  const auto vector = fbb.CreateVector(steps);
  log::BlockBuilder block(fbb);
  block.add_steps(vector);
  return Packed(&fbb, block.Finish());
}

Buffer ManyStructs() {
  FlatBufferBuilder fbb;
  std::vector<log::StepEnd> ends;
  for (uint64_t i = 1; i <= 500'000; ++i) ends.emplace_back(i, 1, 1);
  const auto vector = fbb.CreateVectorOfStructs(ends);
  log::BlockBuilder block(fbb);
  block.add_step_ends(vector);
  return Packed(&fbb, block.Finish());
}

// A request of 2^24 tokens in few bytes, many times, and steps of as many rows.
Buffer HugeCounts(bool rows) {
  FlatBufferBuilder fbb;
  const auto fact = log::CreateFact(fbb, fbb.CreateString("num_layers"),
                                    fbb.CreateString("1"));
  const auto facts = fbb.CreateVector(&fact, 1);
  const auto layer = log::CreateLayer(fbb, 0, 0, log::LayerSource::Pointer, 8);
  const auto layers = fbb.CreateVector(&layer, 1);
  std::vector<Offset<log::Request>> requests;
  std::vector<Offset<log::Step>> steps;
  const uint32_t length = rows ? 1 << 19 : 1 << 24;
  for (uint32_t i = 1; i <= 200; ++i) {
    const auto id = fbb.CreateString(std::to_string(i));
    if (i == 1 || !rows) {
      requests.push_back(log::CreateRequest(fbb, i, id, length, 1));
    }
    const std::vector<log::Span> spans(1, log::Span(1, 0, length, 0));
    const auto vector = fbb.CreateVectorOfStructs(spans);
    if (i == 1 || rows) {
      steps.push_back(log::CreateStep(fbb, i, log::StepKind::Real, 0, vector));
    }
  }
  const auto request_vector = fbb.CreateVector(requests);
  const auto step_vector = fbb.CreateVector(steps);
  const auto slots = fbb.CreateVector(std::vector<uint16_t>{0});
  const auto list = log::CreateLayerList(fbb, slots);
  const auto lists = fbb.CreateVector(&list, 1);
  const log::Group group(1, 1, 0, 1, 0, 2);
  const auto groups = fbb.CreateVectorOfStructs(&group, 1);
  const auto ids = fbb.CreateVector(std::vector<uint8_t>{1, 2});
  log::BlockBuilder block(fbb);
  block.add_facts(facts);
  block.add_layers(layers);
  block.add_requests(request_vector);
  if (rows) block.add_steps(step_vector);
  block.add_layer_lists(lists);
  block.add_groups(groups);
  block.add_ids(ids);
  block.add_id_bytes(1);
  return Packed(&fbb, block.Finish());
}

// A table whose vtable and field offsets point at itself, over and over.
Buffer SelfReference() {
  Buffer raw(1 << 20, 0);
  const uint32_t head[] = {(1 << 20) - 4, 8, 0x5041544D};
  std::memcpy(raw.data(), head, sizeof(head));
  for (size_t at = 12; at + 4 <= raw.size(); at += 4) {
    const uint32_t back = 4;
    std::memcpy(&raw[at], &back, sizeof(back));
  }
  return Block(Frame(raw), raw.size());
}

// Each header claims everything behind it, with a checksum that fails.
Buffer OverlappingHeaders() {
  constexpr size_t kHeaders = 40000;
  Buffer bytes;
  const Buffer none;
  for (size_t i = 0; i < kHeaders; ++i) {
    const Buffer header =
        Block(none, 1000, (kHeaders - 1 - i) * kHeaderSizeWithoutCost);
    bytes.insert(bytes.end(), header.begin(), header.end());
  }
  return bytes;
}

std::vector<std::pair<std::string, Buffer>> Bombs() {
  const uint64_t most = kMaxRawBlock;
  Buffer two = Frame(Buffer(1000, 0));
  const Buffer one = two;
  two.insert(two.end(), one.begin(), one.end());
  return {
      {"claims-2-63", Block(MadeUpFrame(uint64_t{1} << 63, 20, 1), 1000)},
      {"header-claims-2-63", Block(one, uint64_t{1} << 63)},
      {"packed-claims-2-63", Block(one, 1000, uint64_t{1} << 63)},
      {"ratio", Block(MadeUpFrame(most, 23, 64), most)},
      {"ratio-unannounced", Block(MadeUpFrame(0, 23, 100000), most)},
      {"unknown-size", Block(MadeUpFrame(0, 20, 3), 1000)},
      {"window-2-31", Block(MadeUpFrame(1000, 31, 1), 1000)},
      {"window-2-41", Block(MadeUpFrame(1000, 41, 1), 1000)},
      {"two-frames", Block(two, 2000)},
      {"nested", Block(Frame(one), one.size())},
      {"shared-spans", SharedSpans()},
      {"shared-strings", SharedStrings()},
      {"one-table", OneTableManyTimes()},
      {"many-structs", ManyStructs()},
      {"huge-requests", HugeCounts(false)},
      {"huge-steps", HugeCounts(true)},
      {"self-reference", SelfReference()},
      {"overlapping", OverlappingHeaders()},
  };
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_bombs DIRECTORY\n");
    return 2;
  }
  for (const auto& [name, bytes] : moetap::Bombs()) {
    const auto folder = std::filesystem::path(argv[1]) / name;
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "1-00000000.moetap.zst", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  return 0;
}
