#include "analysis/studies/assembly_alignment.h"

namespace moetap {

uint64_t AssemblyAlignment::Cost(const Sequence& a, const Sequence& b,
                                 uint32_t fork) const {
  const uint64_t cells = LineCells(codes_.Lined(a), codes_.Lined(b));
  return TailRows(a, fork) + TailRows(b, fork) +
         (cells > kMostAlignedCells ? 0 : cells);
}

AlignedTails AssemblyAlignment::Align(const Sequence& a, const Sequence& b,
                                      uint32_t fork) const {
  AlignedTails tails;
  const auto none = [&](Unaligned cause) {
    tails.unaligned[cause] = TailRows(a, fork) + TailRows(b, fork);
    return tails;
  };
  if (const auto obstacle = codes_.Obstacle(a, b)) return none(*obstacle);
  const auto tokens_of = [&](const Sequence& sequence) {
    return LinedTokens{
        TailTokens(sequence, fork),
        codes_.TokenLines(sequence).subspan(fork, TailRows(sequence, fork))};
  };
  const auto lines = AlignLines(codes_.Lined(a), codes_.Lined(b));
  if (!lines) return none(Unaligned::kTooLong);
  auto tokens = AlignTokens(tokens_of(a), tokens_of(b), *lines);
  if (!tokens) return none(Unaligned::kTooLong);
  tails.rows = std::move(tokens->pairs);
  tails.unaligned[Unaligned::kNoCode] = tokens->no_line;
  tails.unaligned[Unaligned::kUnmatchedLine] = tokens->unmatched_line;
  tails.unaligned[Unaligned::kGap] = tokens->gaps;
  return tails;
}

}  // namespace moetap
