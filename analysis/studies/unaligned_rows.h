// Why rows behind the fork of two leaves are not compared.
#ifndef MOETAP_ANALYSIS_STUDIES_UNALIGNED_ROWS_H_
#define MOETAP_ANALYSIS_STUDIES_UNALIGNED_ROWS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace moetap {

enum class Unaligned : uint8_t {
  kEnded,       // past the end of the other leaf
  kGap,         // against a gap of the alignment
  kBeyondFork,  // aligned, but past a further fork of a branch
  kMissing,     // aligned, but one of the two has no routing
  // By assembly alone.
  kNoCode,         // a token outside the code, or blank
  kUnmatchedLine,  // its line corresponds to none of the other code
  kNotCompiled,    // one of the two codes does not compile
  kDebugDiffers,   // one has other instructions when compiled with -g
  kTooLong,        // the codes are too long to be aligned
};

struct UnalignedName {
  std::string_view unit;  // of a study's document; stable
  std::string_view text;  // behind "so many rows are"
};
inline constexpr std::array<UnalignedName, 9> kUnalignedNames = {{
    {"tail_rows_ended", "past the other's end"},
    {"tail_rows_in_gaps", "in gaps"},
    {"tail_rows_beyond_fork", "beyond a further fork"},
    {"tail_rows_missing", "without routing"},
    {"tail_rows_no_code", "no code"},
    {"tail_rows_unmatched_line", "in lines that match no other"},
    {"tail_rows_not_compiled", "of codes that do not compile"},
    {"tail_rows_debug_differs", "of codes that compile differently with -g"},
    {"tail_rows_too_long", "of codes that are too long"},
}};

// Numbers of rows, by cause.
class UnalignedRows {
 public:
  uint64_t& operator[](Unaligned cause) {
    return rows_[static_cast<size_t>(cause)];
  }
  uint64_t at(size_t cause) const { return rows_[cause]; }
  uint64_t all() const {
    return std::accumulate(rows_.begin(), rows_.end(), uint64_t{0});
  }
  void Add(const UnalignedRows& other) {
    for (size_t i = 0; i < rows_.size(); ++i) rows_[i] += other.rows_[i];
  }

 private:
  std::array<uint64_t, kUnalignedNames.size()> rows_ = {};
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_UNALIGNED_ROWS_H_
