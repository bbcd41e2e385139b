#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "analysis/verify/findings.h"

namespace moetap {
namespace {

constexpr size_t kLeastTokens = 16;  // of the rule constant-layer

std::string Place(const Sequence& sequence, size_t position) {
  return fmt::format("request {}, position {}", sequence.id, position);
}

bool IsOwnedOnce(const Position& position, std::vector<bool>* taken) {
  if (position.source == Source::kMissing) {
    return position.row == kNone &&
           position.reason != MissingReason::kNotMissing;
  }
  if (position.row >= taken->size()) return false;
  if (position.source == Source::kInherited) return position.from != kNone;
  if ((*taken)[position.row]) return false;
  (*taken)[position.row] = true;
  return true;
}

void CheckOwnership(const Trace& trace, Findings* findings) {
  std::vector<bool> taken(trace.rows(), false);
  for (const Sequence& sequence : trace.sequences) {
    const size_t tokens = sequence.tokens.size();
    const size_t expected = tokens == 0 ? 0 : tokens - 1;
    findings->Add(Rule::kRowOwnership,
                  sequence.positions.size() == expected ? 0 : 1,
                  [&] { return Place(sequence, 0); });
    for (size_t p = 0; p < sequence.positions.size(); ++p) {
      const bool fine = IsOwnedOnce(sequence.positions[p], &taken);
      findings->Add(Rule::kRowOwnership, fine ? 0 : 1,
                    [&] { return Place(sequence, p); });
    }
  }
}

Rule RuleOfReason(MissingReason reason, bool losses) {
  switch (reason) {
    case MissingReason::kPrefixMismatch:
      return Rule::kPrefixMismatch;
    case MissingReason::kUnknownOwner:
    case MissingReason::kNoIdentity:
      return Rule::kUnknownOwner;
    case MissingReason::kDropped:
    case MissingReason::kIncomplete:
      return losses ? Rule::kLostRows : Rule::kUnexplainedMissing;
    default:
      return Rule::kNotExecuted;
  }
}

void CheckMissing(const Trace& trace, bool losses, Findings* findings) {
  for (const Sequence& sequence : trace.sequences) {
    for (size_t p = 0; p < sequence.positions.size(); ++p) {
      const Position& position = sequence.positions[p];
      const auto place = [&] { return Place(sequence, p); };
      findings->Add(Rule::kUnreturned, position.unreturned ? 1 : 0, place);
      if (position.source != Source::kMissing) continue;
      findings->Add(RuleOfReason(position.reason, losses), 1, place);
    }
  }
}

// Observed rows that have all the same set in a layer; input tokens of all
// observed rows.
void CheckConstant(const Trace& trace, Findings* findings) {
  const uint32_t least =
      VerifyRules()[static_cast<size_t>(Rule::kConstantLayer)].least_rows;
  std::unordered_set<uint64_t> tokens;
  for (const Sequence& sequence : trace.sequences) {
    for (size_t p = 0; p < sequence.positions.size(); ++p) {
      if (sequence.positions[p].source == Source::kObserved) {
        tokens.insert(sequence.tokens[p]);
      }
    }
  }
  if (trace.rows() < least || tokens.size() < kLeastTokens) {
    findings->Skip(Rule::kConstantLayer,
                   fmt::format("{} rows of {} distinct tokens are too few",
                               trace.rows(), tokens.size()));
    return;
  }
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    const MoeLayer& layer = trace.layers[l];
    if (layer.k >= layer.experts && layer.experts != 0) continue;
    const std::span<const uint16_t> first = trace.set(0, l);
    bool constant = true;
    for (uint32_t row = 1; row < trace.rows() && constant; ++row) {
      constant = std::ranges::equal(first, trace.set(row, l));
    }
    findings->Add(Rule::kConstantLayer, constant ? 1 : 0, [&] {
      return fmt::format("layer {}: {} rows of {} distinct tokens",
                         layer.number, trace.rows(), tokens.size());
    });
  }
}

}  // namespace

void CheckTrace(const Trace& trace, bool losses, Findings* findings) {
  CheckOwnership(trace, findings);
  CheckMissing(trace, losses, findings);
  CheckConstant(trace, findings);
  const TraceStats& stats = trace.stats;
  findings->Add(Rule::kReplaysDiffer, stats.replays_differing, [&] {
    return fmt::format("{} of {} replays", stats.replays_differing,
                       stats.replays);
  });
  findings->Add(Rule::kDiscarded, stats.discarded,
                [] { return std::string(); });
}

}  // namespace moetap
