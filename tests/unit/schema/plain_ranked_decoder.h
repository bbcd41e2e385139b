// RankedDifferences read as docs/log_format.md says it, id by id: what the
// decoder is compared with.
#ifndef MOETAP_TESTS_UNIT_SCHEMA_PLAIN_RANKED_DECODER_H_
#define MOETAP_TESTS_UNIT_SCHEMA_PLAIN_RANKED_DECODER_H_

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

#include "schema/ranked_sets.h"

namespace moetap {

class PlainRankedDecoder {
 public:
  using Set = std::vector<uint16_t>;

  // Nothing: refused.
  std::optional<Set> Decode(SetGroups groups, const std::vector<uint8_t>& in,
                            bool wide) {
    wide_ = wide;
    k_ = groups.front().k;
    for (const SetGroup& group : groups) {
      for (uint32_t row = 0; row < group.rows; ++row) rows_.push_back(&group);
    }
    if (!Split(in)) return std::nullopt;
    Set all;
    for (size_t row = 0; row < rows_.size(); ++row) {
      if (!ReadRow(row)) return std::nullopt;
      for (const Set& set : sets_[row]) {
        all.insert(all.end(), set.begin(), set.end());
      }
    }
    const bool used = flag_ == header_.flags && mask_ == header_.masks &&
                      whole_ == header_.whole && single_ == header_.single;
    return used ? std::optional(all) : std::nullopt;
  }

 private:
  struct Layer {
    std::vector<uint32_t> count;
    Set symbols;
    size_t total = 0;
    size_t next = 256;
  };

  bool Split(const std::vector<uint8_t>& in) {
    if (in.size() < sizeof(header_)) return false;
    std::memcpy(&header_, in.data(), sizeof(header_));
    if (header_.symbols == 0 || header_.symbols > (wide_ ? 65536u : 256u) ||
        header_.references > 1 || header_.masks > header_.flags) {
      return false;
    }
    auto at = in.begin() + sizeof(header_);
    auto end = in.end();
    const auto take = [&](size_t n) {
      n = std::min(n, static_cast<size_t>(end - at));
      const std::vector<uint8_t> part(at, at + static_cast<ptrdiff_t>(n));
      at += static_cast<ptrdiff_t>(n);
      return part;
    };
    const size_t references = header_.references * rows_.size();
    const size_t ranks = header_.whole * k_ + header_.single;
    low_distances_ = take(references);
    high_distances_ = take(references);
    flags_ = take((size_t{header_.flags} + 7) / 8);
    masks_ = take(header_.masks * MaskBytes());
    low_ = take(ranks);
    high_ = take(header_.symbols > 256 ? ranks : 0);
    return at == end &&
           in.size() == sizeof(header_) + 2 * references +
                            (size_t{header_.flags} + 7) / 8 +
                            header_.masks * MaskBytes() +
                            ranks * (header_.symbols > 256 ? 2 : 1);
  }

  size_t MaskBytes() const { return (k_ + 7) / 8; }

  bool ReadRow(size_t row) {
    const SetGroup& group = *rows_[row];
    const size_t distance =
        header_.references == 0
            ? 0
            : low_distances_[row] | size_t{high_distances_[row]} << 8;
    if (distance > row ||
        rows_[row - distance]->layer_list != group.layer_list) {
      return false;
    }
    std::vector<Set>& sets = sets_.emplace_back();
    for (size_t i = 0; i < group.layers; ++i) {
      Set set;
      if (distance != 0) {
        const Set& earlier = sets_[row - distance][i];
        if (flag_ == header_.flags) return false;
        const size_t flag = flag_++;
        if ((flags_[flag / 8] >> flag % 8 & 1) != 0) {
          sets.push_back(Set(earlier));
          continue;
        }
        if (mask_ == header_.masks) return false;
        const uint8_t* mask = masks_.data() + mask_++ * MaskBytes();
        for (size_t j = 0; j < k_; ++j) {
          if ((mask[j / 8] >> j % 8 & 1) != 0) set.push_back(earlier[j]);
        }
      }
      if (!ReadNew(group.slots[i], &set)) return false;
      std::sort(set.begin(), set.end());
      sets.push_back(set);
    }
    return true;
  }

  // What `set` lacks.
  bool ReadNew(uint16_t slot, Set* set) {
    Layer& layer = layers_[slot];
    if (layer.count.empty()) {
      layer.count.resize(header_.symbols);
      layer.symbols.resize(header_.symbols);
      std::iota(layer.symbols.begin(), layer.symbols.end(), uint16_t{0});
    }
    const bool whole = set->empty();
    const size_t n = k_ - set->size();
    if (whole ? whole_ == header_.whole : single_ + n > header_.single) {
      return false;
    }
    size_t rank = 0;
    for (size_t j = 0; j < n; ++j) {
      const size_t at =
          whole ? j * header_.whole + whole_ : header_.whole * k_ + single_ + j;
      rank += low_[at];
      if (!high_.empty()) rank += size_t{high_[at]} << 8;
      if (rank >= header_.symbols) return false;
      const uint16_t symbol = layer.symbols[rank];
      ++layer.count[symbol];
      set->push_back(wide_ && symbol == header_.symbols - 1 ? kNoRoute
                                                            : symbol);
    }
    whole ? ++whole_ : single_ += n;
    layer.total += n;
    if (layer.total >= layer.next) {
      std::iota(layer.symbols.begin(), layer.symbols.end(), uint16_t{0});
      std::stable_sort(layer.symbols.begin(), layer.symbols.end(),
                       [&](uint16_t a, uint16_t b) {
                         return layer.count[a] > layer.count[b];
                       });
      layer.next = std::max(2 * layer.next, layer.total + 1);
    }
    return true;
  }

  bool wide_ = false;
  size_t k_ = 0;
  std::vector<const SetGroup*> rows_;
  RankedHeader header_;
  std::vector<uint8_t> low_distances_, high_distances_, flags_, masks_, low_,
      high_;
  std::map<uint16_t, Layer> layers_;
  std::vector<std::vector<Set>> sets_;
  size_t flag_ = 0, mask_ = 0, whole_ = 0, single_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_SCHEMA_PLAIN_RANKED_DECODER_H_
