// What a host under faults says of itself, in a file that outlives it, and the
// ids it dispatches, from which each row can be told.
#ifndef MOETAP_TESTS_FAULTS_STATE_H_
#define MOETAP_TESTS_FAULTS_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace moetap {

inline constexpr size_t kMaxWriters = 65536;
inline constexpr uint32_t kFirstChild = 1000;  // writer number of child 0
inline constexpr uint32_t kHandler = 900;      // ... of the signal handlers
inline constexpr uint32_t kFaultTopK = 8;

// Mapped shared by the host and its children; all-zero at first.  Python reads
// the first words (tests/faults/faults.py).
struct FaultState {
  std::atomic<uint64_t> ready;          // 1: every thread has dispatched
  std::atomic<uint64_t> errno_changed;  // dispatches that changed errno
  std::atomic<uint64_t> late_children;  // ended by their watchdog, or failed
  std::atomic<uint64_t> median_ns;      // of a dispatch by thread 0 ...
  std::atomic<uint64_t> p999_ns;
  std::atomic<uint64_t> max_ns;
  std::atomic<uint64_t> resident_before;    // pages, after the first quarter
  std::atomic<uint64_t> resident_after;     // of the churning threads, and all
  std::atomic<uint64_t> handled;            // signals
  uint64_t max_rows;                        // of a dispatch
  std::atomic<uint64_t> done[kMaxWriters];  // calls that have returned
};

struct FaultRow {
  uint32_t writer;
  uint64_t number;  // of the dispatch among those of its writer
  uint32_t row;
};

inline uint32_t RowsOf(uint32_t writer, uint64_t number, uint64_t max_rows) {
  return static_cast<uint32_t>(1 + (number * 7 + writer) % max_rows);
}

// 24 bits that no torn row has by accident.
inline uint32_t Seal(const FaultRow& row) {
  uint64_t h = (row.number + 1) * 0x9E3779B97F4A7C15u;
  h ^= (uint64_t{row.writer} << 32 | row.row) * 0xC2B2AE3D27D4EB4Fu;
  h ^= h >> 29;
  return static_cast<uint32_t>(h * 0xFF51AFD7ED558CCDu >> 40);
}

// Eight ascending ids below 32,768: id j is 4096 j plus 12 bits.  Writers are
// below 2^24, dispatches below 2^36, rows below 2^12.
inline void MakeRow(const FaultRow& row, int32_t* ids) {
  const uint32_t seal = Seal(row);
  const uint64_t digits[kFaultTopK] = {
      row.number, row.number >> 12, row.number >> 24,
      row.row,    row.writer,       row.writer >> 12,
      seal,       seal >> 12};
  for (uint32_t j = 0; j < kFaultTopK; ++j) {
    ids[j] = static_cast<int32_t>(j * 4096 + (digits[j] & 4095));
  }
}

// Nothing if these are not the ids of any row.
inline std::optional<FaultRow> ReadRow(const uint16_t* ids) {
  uint32_t digit[kFaultTopK];
  for (uint32_t j = 0; j < kFaultTopK; ++j) {
    if (ids[j] / 4096 != j) return std::nullopt;
    digit[j] = ids[j] % 4096;
  }
  const FaultRow row = {
      digit[4] | digit[5] << 12,
      digit[0] | uint64_t{digit[1]} << 12 | uint64_t{digit[2]} << 24, digit[3]};
  if (Seal(row) != (digit[6] | digit[7] << 12)) return std::nullopt;
  return row;
}

}  // namespace moetap

#endif  // MOETAP_TESTS_FAULTS_STATE_H_
