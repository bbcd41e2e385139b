#include <algorithm>
#include <cstring>

#include "schema/weighted_sets.h"

namespace moetap {
namespace {

class Decoder {
 public:
  Decoder(SetGroups groups, Bytes in, int id_bytes, WeightedWorkspace* work,
          uint16_t* sets)
      : groups_(groups),
        in_(in),
        most_symbols_(id_bytes == 2 ? kNoRoute : 256),
        work_(*work),
        sets_(sets) {}

  bool Begin();
  bool ReadLayers();

 private:
  bool Measure();
  bool Split();
  bool ReadLevels();
  bool ReadLevelRun(std::span<uint8_t> levels);
  bool ReadSets(std::span<const uint32_t> offsets);
  bool ReadSideBySide(const uint32_t* offsets, size_t n,
                      RangeDecoder (&streams)[kStreams]);

  SetGroups groups_;
  Bytes in_;
  size_t most_symbols_;
  WeightedWorkspace& work_;
  uint16_t* sets_;
  WeightedHeader header_;
  RangeDecoder streams_[kStreams];
  size_t k_ = 0;
  size_t layers_ = 0;
};

bool Decoder::Measure() {
  if (groups_.empty()) return false;
  k_ = groups_.front().k;
  size_t ids = 0;
  for (const SetGroup& group : groups_) {
    if (group.k != k_ || k_ == 0) return false;
    ids += group.rows * group.row_ids();
    if (ids > kMaxBlockIds) return false;
  }
  layers_ = NumberLayers(groups_, work_.dense);
  return true;
}

// Finds where each stream begins; together they must be all of the bytes.
bool Decoder::Split() {
  if (in_.size() < sizeof(header_)) return false;
  std::memcpy(&header_, in_.data(), sizeof(header_));
  Bytes rest = in_.subspan(sizeof(header_));
  for (size_t i = 0; i < kStreams; ++i) {
    const size_t size = size_t{header_.words[i]} * sizeof(uint32_t);
    if (size > rest.size() || size >= sizeof(work_.words[i])) return false;
    std::memcpy(work_.words[i], rest.data(), size);
    rest = rest.subspan(size);
    work_.words[i][header_.words[i]] = 0;
    streams_[i].Begin({work_.words[i], header_.words[i]});
  }
  return rest.empty();
}

bool Decoder::Begin() {
  if (!Measure() || !Split() || header_.symbols > most_symbols_ ||
      !WeightModel::Fits(layers_, header_.symbols, k_)) {
    return false;
  }
  OrderByLayer(groups_, layers_, &work_);
  work_.levels.Reset();
  return true;
}

bool Decoder::ReadLayers() {
  for (size_t layer = 0; layer < layers_; ++layer) {
    if (!ReadLevels()) return false;
    work_.model.Build(work_.level, header_.symbols, k_);
    work_.model.BuildCells();
    if (!ReadSets({work_.offset + work_.first[layer],
                   work_.first[layer + 1] - work_.first[layer]})) {
      return false;
    }
  }
  return std::all_of(std::begin(streams_), std::end(streams_),
                     [](const RangeDecoder& s) { return s.AtEnd(); });
}

bool Decoder::ReadLevels() {
  for (size_t begin = 0; begin < header_.symbols; begin += kLevelRun) {
    const size_t end = std::min<size_t>(begin + kLevelRun, header_.symbols);
    if (!ReadLevelRun({work_.level + begin, end - begin})) return false;
  }
  return true;
}

bool Decoder::ReadLevelRun(std::span<uint8_t> levels) {
  LevelModel& model = work_.levels;
  const uint64_t inverse = Inverse(model.total());
  for (uint8_t& level : levels) {
    const uint64_t place = streams_[0].Find(inverse);
    if (place >= model.total()) return false;
    level = static_cast<uint8_t>(model.Find(static_cast<uint32_t>(place)));
    streams_[0].Remove(model.low(level), model.frequency(level));
  }
  model.Count(levels.data(), levels.size());
  return true;
}

bool Decoder::ReadSets(std::span<const uint32_t> offsets) {
  RangeDecoder streams[kStreams];
  std::copy_n(streams_, kStreams, streams);
  const uint32_t* at = offsets.data();
  size_t left = offsets.size();
  for (; left >= kStreams; left -= kStreams, at += kStreams) {
    if (!ReadSideBySide(at, kStreams, streams)) return false;
  }
  if (!ReadSideBySide(at, left, streams)) return false;
  std::copy_n(streams, kStreams, streams_);
  return true;
}

// A set from each of the first `n` streams.
[[gnu::always_inline]] inline bool Decoder::ReadSideBySide(
    const uint32_t* offsets, size_t n, RangeDecoder (&streams)[kStreams]) {
  const WeightModel& model = work_.model;
  size_t from[kStreams] = {};
  for (size_t j = 0; j < k_; ++j) {
    const uint32_t* tail = model.tails(k_ - j);
    const uint64_t* inverse = model.inverses(k_ - j);
#pragma GCC unroll 4
    for (size_t l = 0; l < n; ++l) {
      const uint64_t place = streams[l].Find(inverse[from[l]]);
      if (place >= tail[from[l]]) return false;
      const size_t id =
          model.Find(k_ - j, from[l], static_cast<uint32_t>(place));
      streams[l].Remove(tail[id + 1], tail[id] - tail[id + 1]);
      sets_[offsets[l] + j] = static_cast<uint16_t>(id);
      from[l] = id + 1;
    }
  }
  return true;
}

}  // namespace

bool DecodeWeightedSets(SetGroups groups, Bytes in, int id_bytes,
                        WeightedWorkspace* work, uint16_t* sets) {
  Decoder decoder(groups, in, id_bytes, work, sets);
  return decoder.Begin() && decoder.ReadLayers();
}

}  // namespace moetap
