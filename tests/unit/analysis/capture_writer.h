// Writes the capture file of one made-up process, record by record, through
// BlockBuilder and PackBlock as the library does.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_CAPTURE_WRITER_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_CAPTURE_WRITER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/block_builder.h"
#include "schema/ring_format.h"
#include "schema/routing_log_generated.h"
#include "tests/unit/schema/records.h"

namespace moetap {

class CaptureWriter {
 public:
  // `number` tells the processes of one capture apart.
  explicit CaptureWriter(uint32_t number);

  void Fact(std::string_view key, std::string_view value);
  void Layer(uint16_t slot, uint16_t number, uint32_t experts,
             log::LayerSource source = log::LayerSource::Pointer);
  void Request(uint32_t request, std::string_view id, uint32_t prompt,
               uint64_t step);
  void Tokens(uint32_t request, uint32_t start,
              const std::vector<uint32_t>& ids);
  void Hashes(uint32_t request, uint32_t start,
              const std::vector<uint64_t>& hashes);
  void Samples(const std::vector<SampleRecord>& samples, bool hashed);
  // Of the tokens from `first_id` on.
  void Vocabulary(uint32_t first_id, const std::vector<std::string>& tokens);
  void Kv(uint32_t request, uint64_t step, uint32_t first_index,
          const std::vector<uint32_t>& blocks);
  // `kind` is a log::StepKind.
  void StepBegin(uint64_t step, uint16_t kind,
                 const std::vector<SpanRecord>& spans);
  // One row per k ids.
  void Dispatch(uint64_t step, uint16_t slot, uint16_t k,
                const std::vector<uint16_t>& ids);
  void StepEnd(uint64_t step, uint32_t dispatches, uint32_t expected);
  // `kind` is a log::EventKind.
  void Event(uint32_t request, uint64_t step, uint16_t kind, uint32_t value,
             std::string_view text);
  void Delivery(std::string_view id, std::string_view external,
                std::string_view parent, uint32_t prompt, uint32_t returned,
                std::string_view reason);
  void Drop(uint64_t first_step, uint64_t last_step, uint64_t rows);
  void Status(std::string_view code, std::string_view text);

  // Ends the open block.  Does nothing if it is empty.
  void CloseBlock();
  // As if the open block had been written and then lost.
  void LoseBlock();
  // As if the open block, of `rows` token-layers, could not be written.
  void DiscardBlock(uint64_t rows);
  // From now on records stay in the ring, as when the process is killed.
  void KeepInRing();
  // As releases before the cost was told.
  void LeaveOutCost() { header_.header_size = kHeaderSizeWithoutCost; }
  void SetIncompatible() { header_.incompatible_flags = 1; }

  // The file so far.  Tests may damage it.
  std::vector<uint8_t>& bytes() { return bytes_; }
  // Offset of each block in bytes().
  const std::vector<size_t>& offsets() const { return offsets_; }
  const Uuid& uuid() const { return header_.file_uuid; }

  // Closes the block and writes the file, and the ring if there is one, into
  // `directory`, which is made.  Returns the file's path.
  std::filesystem::path Write(const std::filesystem::path& directory);

 private:
  void Add(RecordType type, const ByteVector& payload);
  void AddToRing(RecordType type, const ByteVector& payload);
  void WriteRing(const std::filesystem::path& path) const;

  struct alignas(16) Unit {
    uint8_t bytes[16];
  };
  const uint32_t number_;
  std::vector<Unit> arena_;
  std::unique_ptr<BlockBuilder> builder_;
  BlockHeader header_;
  std::vector<uint8_t> bytes_;
  std::vector<size_t> offsets_;
  bool in_ring_ = false;
  uint64_t position_ = 0;      // of the next record in the ring
  uint64_t ring_begin_ = 0;    // first position not in the file
  std::vector<uint8_t> ring_;  // records from ring_begin_ on
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_CAPTURE_WRITER_H_
