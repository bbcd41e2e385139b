#include "tests/unit/analysis/capture_writer.h"

#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace moetap {
namespace {

constexpr uint64_t kNonce = 0x5EED;
constexpr uint64_t kTime = 1'700'000'000'000'000'000;
constexpr uint32_t kFirstPid = 1000;
constexpr uint64_t kDispatchNs = 50;

std::string Hex(const uint8_t* bytes, size_t n) {
  std::string hex;
  for (size_t i = 0; i < n; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", bytes[i]);
    hex += digits;
  }
  return hex;
}

ByteVector Strings(const std::vector<std::string_view>& texts) {
  ByteVector bytes;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) bytes.push_back(0);
    Append(&bytes, texts[i]);
  }
  return bytes;
}

void WriteFile(const std::filesystem::path& path, const ByteVector& bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (out.fail()) {
    std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
    std::abort();
  }
}

}  // namespace

CaptureWriter::CaptureWriter(uint32_t number)
    : number_(number),
      arena_(BlockBuilder::ArenaBytes() / sizeof(Unit) + 1),
      builder_(std::make_unique<BlockBuilder>(
          std::span(reinterpret_cast<uint8_t*>(arena_.data()),
                    arena_.size() * sizeof(Unit)))) {
  for (size_t i = 0; i < header_.file_uuid.size(); ++i) {
    header_.file_uuid[i] = static_cast<uint8_t>(0xA0 + 16 * number + i);
  }
  header_.time_ns = kTime;
  header_.header_size = sizeof(BlockHeader);
  Fact("moetap_version", "0.1.0");
  Fact("pid", std::to_string(kFirstPid + number));
}

void CaptureWriter::Add(RecordType type, const ByteVector& payload) {
  const uint64_t size =
      (sizeof(RecordHeader) + payload.size() + kRecordAlign - 1) /
      kRecordAlign * kRecordAlign;
  if (in_ring_) {
    AddToRing(type, payload);
  } else {
    auto added = builder_->Add(type, payload);
    if (added == BlockBuilder::Added::kFull) {
      CloseBlock();
      added = builder_->Add(type, payload);
    }
    if (added != BlockBuilder::Added::kYes) std::abort();
  }
  position_ += size;
}

void CaptureWriter::AddToRing(RecordType type, const ByteVector& payload) {
  const size_t at = ring_.size();
  const size_t end = at + sizeof(RecordHeader) + payload.size();
  ring_.resize((end + kRecordAlign - 1) / kRecordAlign * kRecordAlign, 0);
  const uint64_t commit = CommitWord(position_, kNonce);
  const auto size = static_cast<uint32_t>(ring_.size() - at);
  const auto raw_type = static_cast<uint16_t>(type);
  const auto padding = static_cast<uint16_t>(ring_.size() - end);
  std::memcpy(&ring_[at + offsetof(RecordHeader, commit)], &commit, 8);
  std::memcpy(&ring_[at + offsetof(RecordHeader, size)], &size, 4);
  std::memcpy(&ring_[at + offsetof(RecordHeader, type)], &raw_type, 2);
  std::memcpy(&ring_[at + offsetof(RecordHeader, padding)], &padding, 2);
  if (!payload.empty()) {
    std::memcpy(&ring_[at + sizeof(RecordHeader)], payload.data(),
                payload.size());
  }
}

void CaptureWriter::Fact(std::string_view key, std::string_view value) {
  Add(RecordType::kFact, Strings({key, value}));
}

void CaptureWriter::Layer(uint16_t slot, uint16_t number, uint32_t experts,
                          log::LayerSource source) {
  Add(RecordType::kLayer,
      Record(LayerRecord{slot, number, static_cast<uint16_t>(source), 0,
                         experts, 0},
             "cpu_fused_moe"));
}

void CaptureWriter::Request(uint32_t request, std::string_view id,
                            uint32_t prompt, uint64_t step) {
  Add(RecordType::kRequest, Record(RequestRecord{request, prompt, step}, id));
}

void CaptureWriter::Tokens(uint32_t request, uint32_t start,
                           const std::vector<uint32_t>& ids) {
  const auto n = static_cast<uint32_t>(ids.size());
  Add(RecordType::kTokens, Record(TokensRecord{request, start, n, 0}, ids));
}

void CaptureWriter::Hashes(uint32_t request, uint32_t start,
                           const std::vector<uint64_t>& hashes) {
  const auto n = static_cast<uint32_t>(hashes.size());
  Add(RecordType::kTokens, Record(TokensRecord{request, start, n, 1}, hashes));
}

void CaptureWriter::Samples(const std::vector<SampleRecord>& samples,
                            bool hashed) {
  const auto n = static_cast<uint32_t>(samples.size());
  Add(RecordType::kSamples, Record(SamplesRecord{n, hashed}, samples));
}

void CaptureWriter::Vocabulary(uint32_t first_id,
                               const std::vector<std::string>& tokens) {
  std::vector<uint16_t> lengths;
  std::string text;
  for (const std::string& token : tokens) {
    lengths.push_back(static_cast<uint16_t>(token.size()));
    text += token;
  }
  const auto n = static_cast<uint32_t>(tokens.size());
  ByteVector bytes = Record(VocabularyRecord{first_id, n}, lengths);
  Append(&bytes, std::string_view(text));
  Add(RecordType::kVocabulary, bytes);
}

void CaptureWriter::Kv(uint32_t request, uint64_t step, uint32_t first_index,
                       const std::vector<uint32_t>& blocks) {
  const auto n = static_cast<uint32_t>(blocks.size());
  Add(RecordType::kKv,
      Record(KvRecord{step, request, first_index, n, 0}, blocks));
}

void CaptureWriter::StepBegin(uint64_t step, uint16_t kind,
                              const std::vector<SpanRecord>& spans) {
  const auto n = static_cast<uint32_t>(spans.size());
  Add(RecordType::kStepBegin,
      Record(StepBeginRecord{step, kTime + step, kind, 0, n}, spans));
}

void CaptureWriter::Dispatch(uint64_t step, uint16_t slot, uint16_t k,
                             const std::vector<uint16_t>& ids) {
  Add(RecordType::kDispatch, moetap::Dispatch(step, slot, k, ids));
  ++header_.counters.dispatches;
  header_.cost.engine_ns += kDispatchNs;
  header_.counters.rows += ids.size() / k;
}

void CaptureWriter::StepEnd(uint64_t step, uint32_t dispatches,
                            uint32_t expected) {
  Add(RecordType::kStepEnd,
      Record(StepEndRecord{step, dispatches, expected}, ""));
}

void CaptureWriter::Event(uint32_t request, uint64_t step, uint16_t kind,
                          uint32_t value, std::string_view text) {
  Add(RecordType::kEvent,
      Record(EventRecord{step, request, kind, 0, value, 0}, text));
}

void CaptureWriter::Delivery(std::string_view id, std::string_view external,
                             std::string_view parent, uint32_t prompt,
                             uint32_t returned, std::string_view reason) {
  ByteVector bytes = Record(DeliveryRecord{prompt, returned}, "");
  const ByteVector strings = Strings({id, external, parent, reason});
  bytes.insert(bytes.end(), strings.begin(), strings.end());
  Add(RecordType::kDelivery, bytes);
}

void CaptureWriter::Drop(uint64_t first_step, uint64_t last_step,
                         uint64_t rows) {
  Add(RecordType::kDrop,
      Record(DropRecord{first_step, last_step, rows, 0}, ""));
  header_.counters.dropped_rows += rows;
}

void CaptureWriter::Status(std::string_view code, std::string_view text) {
  Add(RecordType::kStatus, Strings({code, text}));
}

void CaptureWriter::CloseBlock() {
  if (ring_begin_ == position_ || in_ring_) return;
  const Bytes raw = builder_->Finish();
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                             ZSTD_freeCCtx);
  header_.ring_begin = ring_begin_;
  header_.ring_end = position_;
  ring_begin_ = position_;
  const size_t at = bytes_.size();
  header_.cost.bytes = at;
  header_.cost.writer_ns += raw.size();
  bytes_.resize(at + PackedBound(raw.size()));
  const size_t packed =
      PackBlock(context.get(), &header_, raw, std::span(bytes_).subspan(at));
  if (packed == 0) std::abort();
  bytes_.resize(at + packed);
  offsets_.push_back(at);
  ++header_.sequence;
}

void CaptureWriter::KeepInRing() {
  CloseBlock();
  in_ring_ = true;
}

void CaptureWriter::LoseBlock() {
  const size_t before = bytes_.size();
  CloseBlock();
  if (bytes_.size() == before) return;
  bytes_.resize(before);
  offsets_.pop_back();
}

void CaptureWriter::DiscardBlock(uint64_t rows) {
  LoseBlock();
  --header_.sequence;
  header_.counters.rows -= rows;
  header_.counters.dropped_rows += rows;
}

void CaptureWriter::WriteRing(const std::filesystem::path& path) const {
  RingHeader header;
  header.pid = kFirstPid + number_;
  header.file_uuid = header_.file_uuid;  // boot id 0: of no running process
  header.nonce = kNonce;
  // Records keep their place in the ring; none of them wraps.
  header.capacity = (position_ + 4095) / 4096 * 4096;
  header.reserved = position_;
  header.persisted = ring_begin_;
  header.rows = header_.counters.rows;
  header.dispatches = header_.counters.dispatches;
  header.dropped_rows = header_.counters.dropped_rows;
  ByteVector bytes(kRingHeaderBytes + header.capacity, 0);
  std::memcpy(bytes.data(), static_cast<const void*>(&header), sizeof(header));
  std::copy(
      ring_.begin(), ring_.end(),
      bytes.begin() + static_cast<ptrdiff_t>(kRingHeaderBytes + ring_begin_));
  WriteFile(path, bytes);
}

std::filesystem::path CaptureWriter::Write(
    const std::filesystem::path& directory) {
  CloseBlock();
  std::filesystem::create_directories(directory);
  const std::string hex = Hex(header_.file_uuid.data(), 16);
  const std::string pid = std::to_string(kFirstPid + number_);
  const auto path = directory / (pid + "-" + hex.substr(0, 8) + ".moetap.zst");
  WriteFile(path, bytes_);
  if (in_ring_) WriteRing(directory / (hex + ".ring"));
  return path;
}

}  // namespace moetap
