#include "analysis/studies/pair_worker.h"

namespace moetap {
namespace {

uint32_t ExpertBits(const MoeLayer& layer) {
  // 65,535 ids exist; a capture that does not know the number of experts
  // gets room for all.
  return layer.experts == 0 ? 65535 : layer.experts;
}

}  // namespace

LoadedRows::LoadedRows(const PairWork& work)
    : work_(work), columns_(work.layers.size()) {}

void LoadedRows::Load(std::span<const TrieRow> rows) {
  const Trace& trace = work_.source.rows->trace();
  rows_.clear();
  labels_.clear();
  unknown_outputs_ = unrouted_ = malformed_ = 0;
  for (const TrieRow& row : rows) {
    rows_.push_back(row.row);
    unknown_outputs_ += !row.output_known;
    labels_.push_back(work_.source.breakdown->Labels(work_.source.trace, row));
  }
  for (size_t l = 0; l < columns_.size(); ++l) {
    columns_[l].Reset(static_cast<uint32_t>(rows.size()),
                      ExpertBits(work_.layers[l]));
    for (uint32_t r = 0; r < rows.size(); ++r) {
      const SetState state = columns_[l].Write(r, trace.set(rows_[r], l));
      unrouted_ += state == SetState::kUnrouted;
      malformed_ += state == SetState::kMalformed;
    }
  }
}

void LoadedRows::CountExperts(PairCounts* counts) const {
  const Trace& trace = work_.source.rows->trace();
  counts->rows += rows_.size();
  counts->unknown_outputs += unknown_outputs_;
  counts->unrouted_sets += unrouted_;
  counts->malformed_sets += malformed_;
  counts->expert_rows.resize(columns_.size());
  for (size_t l = 0; l < columns_.size(); ++l) {
    auto& experts = counts->expert_rows[l];
    for (uint32_t r = 0; r < rows_.size(); ++r) {
      if (!columns_[l].usable(r)) continue;
      for (const uint16_t id : trace.set(rows_[r], l)) {
        if (id >= experts.size()) experts.resize(size_t{id} + 1);
        ++experts[id];
      }
    }
  }
}

}  // namespace moetap
