#include "analysis/studies/alignment.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/code/least_edit.h"
#include "analysis/error.h"
#include "analysis/studies/assembly_alignment.h"

namespace moetap {
namespace {

class PositionAlignment : public Alignment {
 public:
  std::string_view name() const override { return "position"; }
  bool by_position() const override { return true; }
  uint64_t Cost(const Sequence& a, const Sequence& b,
                uint32_t fork) const override {
    return std::min(TailRows(a, fork), TailRows(b, fork));
  }

  AlignedTails Align(const Sequence& a, const Sequence& b,
                     uint32_t fork) const override {
    const uint32_t rows_a = TailRows(a, fork);
    const uint32_t rows_b = TailRows(b, fork);
    AlignedTails aligned;
    for (uint32_t i = 0; i < std::min(rows_a, rows_b); ++i) {
      aligned.rows.emplace_back(i, i);
    }
    aligned.unaligned[Unaligned::kEnded] =
        std::max(rows_a, rows_b) - std::min(rows_a, rows_b);
    return aligned;
  }
};

class EditAlignment : public Alignment {
 public:
  std::string_view name() const override { return "edit"; }
  uint64_t Cost(const Sequence& a, const Sequence& b,
                uint32_t fork) const override {
    return LeastEditCells(TailRows(a, fork), TailRows(b, fork));
  }

  AlignedTails Align(const Sequence& a, const Sequence& b,
                     uint32_t fork) const override {
    const auto tail_a = TailTokens(a, fork);
    const auto tail_b = TailTokens(b, fork);
    if (Cost(a, b, fork) > kMostCells) {
      throw Error(fmt::format(
          "{} and {}: {} and {} rows behind their fork are too many for "
          "--alignment edit; use --alignment position",
          a.id, b.id, tail_a.size(), tail_b.size()));
    }
    AlignedTails aligned;
    aligned.rows = LeastEdit(tail_a, tail_b, Unequal::kPaired);
    aligned.unaligned[Unaligned::kGap] =
        tail_a.size() + tail_b.size() - 2 * aligned.rows.size();
    return aligned;
  }

 private:
  static constexpr uint64_t kMostCells = uint64_t{1} << 30;  // a byte each
};

}  // namespace

const std::vector<std::string_view>& AlignmentNames() {
  static const std::vector<std::string_view> names = {"position", "edit",
                                                      "assembly"};
  return names;
}

std::unique_ptr<Alignment> MakeAlignment(std::string_view name,
                                         const LeafCodes* codes) {
  if (name == "assembly") return std::make_unique<AssemblyAlignment>(*codes);
  if (name == "edit") return std::make_unique<EditAlignment>();
  return std::make_unique<PositionAlignment>();
}

}  // namespace moetap
