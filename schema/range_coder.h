// A range coder: symbols of any frequencies take the bits that these are worth.
// Integers only, so that every machine reads and writes the same words.
//
// A symbol is the interval [low, low + frequency) of [0, total), with total
// below 2^25.  Nothing here throws or allocates.  Not thread-safe.
#ifndef MOETAP_SCHEMA_RANGE_CODER_H_
#define MOETAP_SCHEMA_RANGE_CODER_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace moetap {

// What both sides multiply by instead of dividing by a total.
inline uint64_t Inverse(uint32_t total) { return UINT64_MAX / total; }

inline uint64_t MulHigh(uint64_t a, uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>(Wide{a} * b >> 64);
}

class RangeEncoder {
 public:
  // At most one word per symbol, and two for Finish().  `out` is not owned.
  void Begin(uint32_t* out) {
    low_ = 0;
    range_ = UINT64_MAX;
    begin_ = next_ = out;
  }
  void Add(uint64_t inverse, uint32_t low, uint32_t frequency) {
    const uint64_t unit = MulHigh(range_, inverse);
    low_ += unit * low;
    if (low_ < unit * low) Carry();
    range_ = unit * frequency;
    // No branch: there would be no telling which way it goes.
    const uint64_t full = range_ >> 32 == 0 ? 32 : 0;
    *next_ = static_cast<uint32_t>(low_ >> 32);
    next_ += full / 32;
    low_ <<= full;
    range_ <<= full;
  }
  // The words written.
  size_t Finish() {
    Put();
    Put();
    return static_cast<size_t>(next_ - begin_);
  }

 private:
  void Put() {
    *next_++ = static_cast<uint32_t>(low_ >> 32);
    low_ <<= 32;
  }
  void Carry() {
    uint32_t* at = next_;
    while (++*--at == 0) {
    }
  }

  uint64_t low_ = 0;
  uint64_t range_ = 0;
  uint32_t* begin_ = nullptr;
  uint32_t* next_ = nullptr;
};

class RangeDecoder {
 public:
  // `words` are not owned; a zero must stand behind them, and is read for any
  // that are missing.
  void Begin(std::span<const uint32_t> words) {
    next_ = words.data();
    end_ = next_ + words.size();
    range_ = UINT64_MAX;
    code_ = uint64_t{*next_} << 32;
    next_ += next_ != end_;
    code_ |= *next_;
    next_ += next_ != end_;
  }
  // Where in [0, total) the next symbol lies; not below the total: the words
  // are damaged.
  uint64_t Find(uint64_t inverse) {
    unit_ = MulHigh(range_, inverse);
    return code_ / unit_;
  }
  // The interval that Find() fell into.
  void Remove(uint32_t low, uint32_t frequency) {
    code_ -= unit_ * low;
    range_ = unit_ * frequency;
    // A branch, unlike Add(): what follows need not wait for the range, and
    // gains more by that than wrong guesses take.
    if (range_ >> 32 == 0) {
      range_ <<= 32;
      code_ = code_ << 32 | *next_;
      next_ += next_ != end_;
    }
  }
  // Whether all words were read and nothing is left of them.
  bool AtEnd() const { return next_ == end_ && code_ == 0; }

 private:
  const uint32_t* next_ = nullptr;
  const uint32_t* end_ = nullptr;
  uint64_t range_ = 0;
  uint64_t code_ = 0;
  uint64_t unit_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RANGE_CODER_H_
