#include "analysis/studies/signatures/null_models.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "analysis/studies/conditional_poisson.h"
#include "analysis/studies/counter_rng.h"
#include "analysis/studies/token_paths.h"

namespace moetap {

const char* NullKindName(NullKind kind) {
  switch (kind) {
    case NullKind::kUniform:
      return "uniform";
    case NullKind::kPopularity:
      return "popularity";
    case NullKind::kPermuted:
      return "permuted";
  }
  return "";
}

std::optional<NullModel> NullModel::Make(std::span<const Trace> traces,
                                         std::span<const SignatureUnit> units,
                                         const CountedPositions& counted,
                                         NullKind kind) {
  NullModel model(traces, kind);
  if (traces.empty()) return model;
  model.blocks_ = FeatureBlocks(traces.front().layers);
  for (const SignatureUnit& unit : units) model.AddUnit(unit, counted);
  if (!model.FitDesigns()) return std::nullopt;
  return model;
}

void NullModel::AddUnit(const SignatureUnit& unit,
                        const CountedPositions& counted) {
  const auto requests = static_cast<double>(unit.requests());
  for (const UnitMember& member : unit.members) {
    const SequenceRef first = member.requests.front();
    const Sequence& sequence = traces_[first.trace].sequences[first.sequence];
    const PositionRange range = counted(sequence);
    const size_t begin = rows_.size();
    for (uint32_t p = range.begin; p < range.end; ++p) {
      const uint32_t row = sequence.positions[p].row;
      if (row != kNone) rows_.push_back({first.trace, row});
    }
    members_.push_back({units_,
                        static_cast<double>(member.requests.size()) / requests,
                        begin, rows_.size() - begin});
  }
  ++units_;
}

bool NullModel::FitDesigns() {
  if (kind_ == NullKind::kPermuted) return true;
  for (size_t l = 0; l < blocks_.size(); ++l) {
    auto design =
        kind_ == NullKind::kUniform ? UniformDesign(blocks_[l]) : FitDesign(l);
    if (!design) return false;
    designs_.push_back(std::move(*design));
  }
  return true;
}

NullModel::Design NullModel::UniformDesign(const FeatureBlock& block) const {
  Design design;
  design.items.resize(block.experts);
  std::iota(design.items.begin(), design.items.end(), 0);
  design.sampler = SubsetSampler(std::vector<double>(block.experts, 1.0),
                                 std::min(block.k, block.experts));
  return design;
}

std::optional<NullModel::Design> NullModel::FitDesign(size_t layer) const {
  std::vector<uint64_t> counts(blocks_[layer].experts);
  if (counts.empty()) return Design();
  uint64_t sets = 0;
  for (const RowRef& row : rows_) {
    const auto set = traces_[row.trace].set(row.row, layer);
    if (!IsUsable(set, blocks_[layer].experts)) continue;
    ++sets;
    for (const uint16_t id : set) ++counts[id];
  }
  if (sets == 0) return Design();
  auto fitted = FitPopularity(counts, sets, blocks_[layer].k);
  if (!fitted) return std::nullopt;
  std::vector<double> odds;
  for (const double p : fitted->p) odds.push_back(p / (1 - p));
  return Design{std::move(fitted->always), std::move(fitted->items),
                SubsetSampler(odds, fitted->k)};
}

// One replicate, of which one layer after the other is drawn.
class NullModel::Drawing {
 public:
  Drawing(const NullModel& model, uint64_t seed, uint64_t replicate)
      : model_(model), seed_(seed), replicate_(replicate) {
    for (const FeatureBlock& block : model.blocks_) {
      offsets_.push_back(row_ids_);
      row_ids_ += block.k;
      result_.features += block.experts;
    }
    result_.blocks = model.blocks_;
    result_.values.resize(model.units_ * result_.features);
  }

  void AddDrawn(size_t layer, Stream stream) {
    const Design& design = model_.designs_[layer];
    const uint32_t k = design.sampler.k();
    std::vector<uint64_t> bits(k);
    std::vector<uint32_t> chosen(k);
    AddLayer(layer, [&](size_t i) {
      const uint64_t first =
          (replicate_ * model_.rows_.size() + i) * row_ids_ + offsets_[layer];
      for (uint32_t d = 0; d < k; ++d) {
        bits[d] = moetap::Draw(seed_, stream, first + d);
      }
      design.sampler.Draw(bits, chosen);
      for (const uint32_t at : chosen) ++counts_[design.items[at]];
      for (const uint32_t id : design.always) ++counts_[id];
    });
  }

  void AddPermuted(size_t layer) {
    std::vector<RowRef> rows = model_.rows_;
    const uint64_t first =
        (replicate_ * model_.blocks_.size() + layer) * rows.size();
    for (size_t i = rows.size(); i-- > 1;) {
      std::swap(rows[i],
                rows[Below(seed_, kStreamNullPermuted, first + i, i + 1)]);
    }
    AddLayer(layer, [&](size_t i) {
      CountSet(model_.traces_[rows[i].trace].set(rows[i].row, layer), counts_);
    });
  }

  SignatureMatrix Take() { return std::move(result_); }

 private:
  // count_set(i) adds the set of pooled row i to counts_.
  template <typename CountSet>
  void AddLayer(size_t layer, const CountSet& count_set) {
    const FeatureBlock& block = model_.blocks_[layer];
    for (const Member& member : model_.members_) {
      counts_.assign(block.experts, 0);
      for (size_t i = 0; i < member.rows; ++i) count_set(member.first_row + i);
      AddShares(counts_, member.weight,
                std::span(result_.values)
                    .subspan(member.unit * result_.features + block.offset,
                             block.experts));
    }
  }

  const NullModel& model_;
  const uint64_t seed_;
  const uint64_t replicate_;
  std::vector<uint64_t> offsets_;  // by layer: of its ids in a row
  uint64_t row_ids_ = 0;
  SignatureMatrix result_;
  std::vector<uint32_t> counts_;  // of one member and layer
};

SignatureMatrix NullModel::Draw(uint64_t seed, uint64_t replicate) const {
  Drawing drawing(*this, seed, replicate);
  for (size_t l = 0; l < blocks_.size(); ++l) {
    if (kind_ == NullKind::kPermuted) {
      drawing.AddPermuted(l);
    } else {
      drawing.AddDrawn(l, kind_ == NullKind::kUniform ? kStreamNullUniform
                                                      : kStreamNullPopularity);
    }
  }
  return drawing.Take();
}

}  // namespace moetap
