#include <algorithm>
#include <bit>
#include <cstring>

#include "schema/weighted_sets.h"

namespace moetap {
namespace {

// The integer part of 2 log2 x, for x from 1 on: exponent and mantissa, as the
// library may not have libm.
uint32_t HalvingsTwice(double x) {
  constexpr uint64_t kRootOfTwo = 0x6A09E667F3BCD;  // mantissa
  const auto bits = std::bit_cast<uint64_t>(x);
  const auto exponent = static_cast<uint32_t>(bits >> 52) - 1023;
  const bool half = (bits & ((uint64_t{1} << 52) - 1)) >= kRootOfTwo;
  return 2 * exponent + (half ? 1 : 0);
}

class Encoder {
 public:
  Encoder(SetGroups groups, const uint16_t* sets, WeightedWorkspace* work)
      : groups_(groups), sets_(sets), work_(*work) {}

  bool Begin();
  bool AddLayers();
  size_t Write(std::span<uint8_t> out);

 private:
  bool Count(std::span<const uint32_t> offsets);
  bool WorthWeights(size_t sets) const;
  void ChooseLevels(size_t sets);
  void AddLevels();
  void AddSets(std::span<const uint32_t> offsets);

  SetGroups groups_;
  const uint16_t* sets_;
  WeightedWorkspace& work_;
  WeightedHeader header_;
  RangeEncoder streams_[kStreams];
  size_t k_ = 0;
  size_t layers_ = 0;
};

bool Encoder::Begin() {
  if (groups_.empty()) return false;
  k_ = groups_.front().k;
  size_t ids = 0;
  for (const SetGroup& group : groups_) {
    if (group.k != k_) return false;
    ids += group.rows * group.row_ids();
  }
  if (ids == 0) return false;
  header_.symbols = *std::max_element(sets_, sets_ + ids) + 1u;
  layers_ = NumberLayers(groups_, work_.dense);
  if (!WeightModel::Fits(layers_, header_.symbols, k_)) return false;
  OrderByLayer(groups_, layers_, &work_);
  for (size_t i = 0; i < kStreams; ++i) streams_[i].Begin(work_.words[i]);
  work_.levels.Reset();
  return true;
}

bool Encoder::AddLayers() {
  for (size_t layer = 0; layer < layers_; ++layer) {
    const std::span<const uint32_t> offsets(
        work_.offset + work_.first[layer],
        work_.first[layer + 1] - work_.first[layer]);
    if (!Count(offsets)) return false;
    ChooseLevels(offsets.size());
    AddLevels();
    work_.model.Build(work_.level, header_.symbols, k_);
    AddSets(offsets);
  }
  return true;
}

// False: an id is there twice.
bool Encoder::Count(std::span<const uint32_t> offsets) {
  std::fill_n(work_.count, header_.symbols, 0u);
  bool distinct = true;
  for (const uint32_t offset : offsets) {
    const uint16_t* set = sets_ + offset;
    ++work_.count[set[0]];
    for (size_t j = 1; j < k_; ++j) {
      distinct &= set[j - 1] < set[j];
      ++work_.count[set[j]];
    }
  }
  return distinct;
}

// Levels take two bits or so per id; counts that are no more uneven than
// chance makes them are not worth it.
bool Encoder::WorthWeights(size_t sets) const {
  const double mean = static_cast<double>(sets * k_) / header_.symbols;
  double squares = 0;
  for (size_t s = 0; s < header_.symbols; ++s) {
    const double more = work_.count[s] - mean;
    squares += more * more;
  }
  constexpr double kSquaresPerBit = 1.4;  // 2 ln 2
  return squares / mean > 2 * kSquaresPerBit * header_.symbols;
}

// The odds of being in a set, which are the weights as long as these are small.
void Encoder::ChooseLevels(size_t sets) {
  if (!WorthWeights(sets)) {
    std::fill_n(work_.level, header_.symbols, uint8_t{0});
    return;
  }
  const auto odds = [&](uint32_t count) {
    return (count + 0.5) / (static_cast<double>(sets) - count + 0.5);
  };
  const double best =
      odds(*std::max_element(work_.count, work_.count + header_.symbols));
  constexpr double kHalfLevel = 1.189207115002721;  // 2^(1/4)
  for (size_t s = 0; s < header_.symbols; ++s) {
    const uint32_t level =
        HalvingsTwice(best / odds(work_.count[s]) * kHalfLevel);
    work_.level[s] = static_cast<uint8_t>(std::min(level, kWeightLevels - 1));
  }
}

void Encoder::AddLevels() {
  LevelModel& model = work_.levels;
  for (size_t begin = 0; begin < header_.symbols; begin += kLevelRun) {
    const size_t end = std::min<size_t>(begin + kLevelRun, header_.symbols);
    const uint64_t inverse = Inverse(model.total());
    for (size_t s = begin; s < end; ++s) {
      const uint32_t level = work_.level[s];
      streams_[0].Add(inverse, model.low(level), model.frequency(level));
    }
    model.Count(work_.level + begin, end - begin);
  }
}

void Encoder::AddSets(std::span<const uint32_t> offsets) {
  RangeEncoder streams[kStreams];
  std::copy_n(streams_, kStreams, streams);
  for (size_t i = 0; i < offsets.size(); i += kStreams) {
    const size_t n = std::min(kStreams, offsets.size() - i);
    size_t from[kStreams] = {};
    for (size_t j = 0; j < k_; ++j) {
      const uint32_t* tail = work_.model.tails(k_ - j);
      const uint64_t* inverse = work_.model.inverses(k_ - j);
      for (size_t l = 0; l < n; ++l) {
        const size_t id = sets_[offsets[i + l] + j];
        streams[l].Add(inverse[from[l]], tail[id + 1], tail[id] - tail[id + 1]);
        from[l] = id + 1;
      }
    }
  }
  std::copy_n(streams, kStreams, streams_);
}

size_t Encoder::Write(std::span<uint8_t> out) {
  size_t size = sizeof(header_);
  for (size_t i = 0; i < kStreams; ++i) {
    header_.words[i] = static_cast<uint32_t>(streams_[i].Finish());
    size += header_.words[i] * sizeof(uint32_t);
  }
  if (size > out.size()) return 0;
  std::memcpy(out.data(), &header_, sizeof(header_));
  uint8_t* at = out.data() + sizeof(header_);
  for (size_t i = 0; i < kStreams; ++i) {
    std::memcpy(at, work_.words[i], header_.words[i] * sizeof(uint32_t));
    at += header_.words[i] * sizeof(uint32_t);
  }
  return size;
}

}  // namespace

// A counting sort, with `first` one place ahead while it fills.
void OrderByLayer(SetGroups groups, size_t layers, WeightedWorkspace* work) {
  uint32_t* first = work->first;
  std::fill_n(first, layers + 1, 0u);
  for (const SetGroup& group : groups) {
    if (group.rows == 0) continue;
    for (size_t i = 0; i < group.layers; ++i) {
      first[work->dense[group.slots[i]] + 1] += group.rows;
    }
  }
  for (size_t l = 0; l < layers; ++l) first[l + 1] += first[l];
  uint32_t at = 0;
  for (const SetGroup& group : groups) {
    for (uint32_t row = 0; row < group.rows; ++row) {
      for (size_t i = 0; i < group.layers; ++i, at += group.k) {
        work->offset[first[work->dense[group.slots[i]]]++] = at;
      }
    }
  }
  for (size_t l = layers; l > 0; --l) first[l] = first[l - 1];
  first[0] = 0;
}

size_t EncodeWeightedSets(SetGroups groups, const uint16_t* sets,
                          WeightedWorkspace* work, std::span<uint8_t> out) {
  Encoder encoder(groups, sets, work);
  if (!encoder.Begin() || !encoder.AddLayers()) return 0;
  return encoder.Write(out);
}

}  // namespace moetap
