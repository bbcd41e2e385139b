#include "analysis/studies/set_pairs.h"

#include <algorithm>

#include "analysis/studies/set_pairs_kernel.h"
#include "schema/block_format.h"

namespace moetap {
namespace {

const PairKernel& KernelOf([[maybe_unused]] PairPath path) {
#ifdef __x86_64__
  if (path == PairPath::kAvx2) return kAvx2Kernel;
  if (path == PairPath::kAvx512) return kAvx512Kernel;
#endif
  return kScalarKernel;
}

std::vector<PairPath> FindPaths() {
  std::vector<PairPath> paths{PairPath::kScalar};
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("popcnt")) {
    paths.push_back(PairPath::kAvx2);
    if (__builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vpopcntdq")) {
      paths.push_back(PairPath::kAvx512);
    }
  }
#endif
  return paths;
}

}  // namespace

void SetColumn::Reset(uint32_t rows, uint32_t experts) {
  for (uint32_t row = 0; row < rows_; ++row) Erase(row, slots(row));
  slots_.clear();
  rows_ = rows;
  experts_ = experts;
  words_ = (size_t{rows} + 63) / 64;
  usable_.assign(words_, 0);
  sets_.assign(rows, {});
  bits_.resize(std::max(bits_.size(), words_ + kSlack));
}

SetState SetColumn::Write(uint32_t row, std::span<const uint16_t> ids) {
  if (std::ranges::find(ids, kNoRoute) != ids.end()) {
    return SetState::kUnrouted;
  }
  if (ids.size() > kMaxSetSize) return SetState::kMalformed;
  const size_t first = slots_.size();
  const uint64_t bit = uint64_t{1} << row % 64;
  for (const uint16_t id : ids) {
    uint64_t* word = id < experts_ ? WordOf(id, row) : nullptr;
    if (word == nullptr || *word & bit) {
      Erase(row, {slots_.begin() + first, slots_.end()});
      slots_.resize(first);
      return SetState::kMalformed;
    }
    *word |= bit;
    slots_.push_back(static_cast<uint16_t>(id + 1));
  }
  while ((slots_.size() - first) % kSlotStep != 0) slots_.push_back(0);
  sets_[row] = {first, static_cast<uint32_t>(slots_.size() - first)};
  usable_[row / 64] |= bit;
  return SetState::kUsable;
}

uint64_t* SetColumn::WordOf(uint16_t id, uint32_t row) {
  const size_t slot = size_t{id} + 1;
  const size_t needed = (slot + 1) * words_ + kSlack;
  if (bits_.size() < needed) bits_.resize(needed);
  return bits_.data() + slot * words_ + row / 64;
}

void SetColumn::Erase(uint32_t row, std::span<const uint16_t> slots) {
  const uint64_t bit = uint64_t{1} << row % 64;
  for (const uint16_t slot : slots) {
    bits_[slot * words_ + row / 64] &= ~bit;
  }
}

const std::vector<PairPath>& PairPaths() {
  static const std::vector<PairPath> paths = FindPaths();
  return paths;
}

PairPath BestPairPath() { return PairPaths().back(); }

void Intersect(const SetColumn& sets, uint32_t row, uint32_t begin,
               uint32_t end, uint8_t* sizes, PairPath path) {
  KernelOf(path).intersect(sets, row, begin, end, sizes);
}

void AddHistogram(const uint8_t* sizes, const uint64_t* usable, uint32_t n,
                  uint32_t k, std::span<const MaskedBins> outputs,
                  PairPath path) {
  KernelOf(path).add_histogram(sizes, usable, n, k, outputs);
}

}  // namespace moetap
