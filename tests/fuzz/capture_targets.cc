#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "analysis/block_content.h"
#include "analysis/block_json.h"
#include "analysis/block_scan.h"
#include "analysis/capture.h"
#include "analysis/error.h"
#include "analysis/load_trace.h"
#include "analysis/verify/verify.h"
#include "schema/block_builder.h"
#include "schema/normal_form.h"
#include "schema/record_view.h"
#include "schema/ring_reader.h"
#include "tests/fuzz/targets.h"

namespace moetap::fuzz {
namespace {

ZSTD_DCtx* Context() {
  static const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(
      ZSTD_createDCtx(), ZSTD_freeDCtx);
  return context.get();
}

bool MakeNormal(CaptureBlock* block) {
  static NormalForm form;
  const auto room =
      std::make_shared<std::vector<uint8_t>>(NormalForm::Room(block->raw));
  if (form.Make(block->raw, *room, &block->raw) != nullptr) return false;
  block->raw_owner = room;
  return true;
}

// `raw` as a reader has it, or no block: verified, aligned, consistent.
bool MakeBlock(Bytes raw, CaptureBlock* block) {
  if (raw.size() > kMaxRawBlock) return false;
  const auto copy = std::make_shared<std::vector<uint8_t>>(raw.size());
  std::vector<uint8_t> packed(PackedBound(raw.size()));
  static const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(
      ZSTD_createCCtx(), ZSTD_freeCCtx);
  const size_t size = PackBlock(context.get(), &block->header, raw, packed);
  BlockHeader header;
  const Bytes bytes = Bytes(packed).first(size);
  Require(CheckBlock(bytes, &header) == BlockError::kOk, "packed block");
  if (UnpackBlock(Context(), header, bytes, *copy) != BlockError::kOk) {
    return false;
  }
  block->raw = *copy;
  block->raw_owner = copy;
  if (block->content()->layout() != log::Layout::SortedTokenMajor &&
      !MakeNormal(block)) {
    return false;
  }
  return FindContradiction(*block->content()) == nullptr;
}

struct alignas(16) Unit {
  uint8_t bytes[16];
};

BlockBuilder MakeBuilder() {
  static std::vector<Unit> arena(BlockBuilder::ArenaBytes() / sizeof(Unit) + 1);
  return BlockBuilder(
      {reinterpret_cast<uint8_t*>(arena.data()), arena.size() * sizeof(Unit)});
}

void FinishAndCheck(BlockBuilder* builder) {
  const Bytes raw = builder->Finish();
  Require(raw.size() <= kMaxRawBlock, "block size");
  flatbuffers::Verifier verifier(raw.data(), raw.size(), 16, 250'000);
  Require(log::VerifySizePrefixedBlockBuffer(verifier), "own FlatBuffer");
  FindContradiction(*log::GetSizePrefixedBlock(raw.data()));
}

void Build(BlockBuilder* builder, RecordType type, Bytes payload) {
  const bool fits = RecordFits(type, payload);
  auto added = builder->Add(type, payload);
  if (added == BlockBuilder::Added::kFull) {
    FinishAndCheck(builder);
    added = builder->Add(type, payload);
    Require(added != BlockBuilder::Added::kFull, "room in an empty block");
  }
  Require(fits || added == BlockBuilder::Added::kMalformed, "record refused");
}

void ReadRing(Bytes bytes) {
  RingReader reader;
  if (!reader.Open(bytes)) return;
  BlockBuilder builder = MakeBuilder();
  RingRecord record;
  uint64_t end = reader.info().persisted;
  while (reader.Next(&record)) {
    Require(record.position >= end, "positions ascend");
    end = record.end;
    Build(&builder, record.type, record.payload);
  }
  Require(end <= reader.info().reserved, "records within the ring");
  FinishAndCheck(&builder);
}

}  // namespace

bool NextRecord(Bytes* rest, RecordOf* record) {
  if (rest->size() < 3) return false;
  record->type = (*rest)[0];
  const size_t size = (*rest)[1] + 256u * (*rest)[2];
  *rest = rest->subspan(3);
  record->payload = rest->first(std::min(size, rest->size()));
  *rest = rest->subspan(record->payload.size());
  return true;
}

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void BlockScan(Bytes input) {
  const Scan scan = ScanBlocks(input);
  uint64_t covered = 0;
  for (const FoundBlock& block : scan.blocks) {
    covered += block.header.header_size + block.header.packed_size;
  }
  for (const SkippedRegion& region : scan.skipped) {
    Require(region.begin < region.end, "region");
    covered += region.end - region.begin;
  }
  Require(covered == input.size(), "every byte is accounted for");
}

void BlockUnpack(Bytes input) {
  uint32_t raw_size = 0;
  if (input.size() < sizeof(raw_size)) return;
  std::memcpy(&raw_size, input.data(), sizeof(raw_size));
  raw_size %= 1 << 16;
  BlockHeader header;
  header.packed_size = input.size() - sizeof(raw_size);
  header.raw_size = raw_size;
  std::vector<uint8_t> bytes(header.header_size);
  bytes.insert(bytes.end(), input.begin() + sizeof(raw_size), input.end());
  std::vector<uint8_t> raw(raw_size);
  if (UnpackBlock(Context(), header, bytes, raw) == BlockError::kOk) {
    FindContradiction(*log::GetSizePrefixedBlock(raw.data()));
  }
}

void BlockJson(Bytes input) {
  static const moetap::BlockJson json;
  CaptureBlock block;
  if (MakeBlock(input, &block)) json.Content(block);
}

void TraceOf(Bytes input) {
  Capture capture;
  capture.path = "fuzz";
  CaptureFile& file = capture.files.emplace_back();
  file.path = "fuzz.moetap.zst";
  file.parts = {file.path};
  while (input.size() >= 4 && file.blocks.size() < 8) {
    uint32_t size = 0;
    std::memcpy(&size, input.data(), sizeof(size));
    const Bytes raw =
        input.first(std::min<uint64_t>(uint64_t{size} + 4, input.size()));
    input = input.subspan(raw.size());
    CaptureBlock block;
    block.header.sequence = file.blocks.size();
    if (MakeBlock(raw, &block)) file.blocks.push_back(std::move(block));
  }
  const TraceOrError trace = TryBuildTrace(capture);
  Verify(capture, trace.get(), trace.error);
}

void Ring(Bytes input) { ReadRing(input); }

void RingRecords(Bytes input) {
  RingHeader header;
  header.nonce = 77;
  std::vector<uint8_t> data;
  RecordOf record;
  while (NextRecord(&input, &record) && data.size() < (1 << 20)) {
    const size_t at = data.size();
    const size_t end = at + sizeof(RecordHeader) + record.payload.size();
    data.resize((end + kRecordAlign - 1) / kRecordAlign * kRecordAlign);
    RecordHeader made;
    made.commit = CommitWord(at, header.nonce);
    made.size = static_cast<uint32_t>(data.size() - at);
    made.type = record.type;
    made.padding = static_cast<uint16_t>(data.size() - end);
    std::memcpy(&data[at], static_cast<const void*>(&made), sizeof(made));
    std::copy(record.payload.begin(), record.payload.end(),
              data.begin() + static_cast<ptrdiff_t>(at + sizeof(made)));
  }
  header.capacity = (data.size() + 4095) / 4096 * 4096;
  header.reserved = data.size();
  std::vector<uint8_t> ring(kRingHeaderBytes);
  std::memcpy(ring.data(), static_cast<const void*>(&header), sizeof(header));
  ring.insert(ring.end(), data.begin(), data.end());
  ring.resize(kRingHeaderBytes + header.capacity);
  ReadRing(ring);
}

void Records(Bytes input) {
  BlockBuilder builder = MakeBuilder();
  RecordOf record;
  while (NextRecord(&input, &record)) {
    Build(&builder, static_cast<RecordType>(record.type), record.payload);
  }
  FinishAndCheck(&builder);
}

}  // namespace moetap::fuzz
