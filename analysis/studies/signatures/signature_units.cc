#include "analysis/studies/signatures/signature_units.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "analysis/selection.h"

namespace moetap {
namespace {

// Of rows that count, at most this share may be missing.
constexpr double kMostMissing = 0.01;

using Prompt = std::vector<uint64_t>;

// Whether requests are grouped by their labels, or by prompts alone.
enum class GroupBy : uint8_t { kLabels, kPrompts };

// A group, or a prompt where that is empty.
using UnitKey = std::pair<std::string, Prompt>;

// Of members of one unit; but with kPrompt each request is one of its own.
using MemberKey = std::pair<Prompt, uint64_t>;

struct Candidate {
  SequenceRef at;
  UnitKey unit;
  MemberKey member;
};

// Why the labels of a request leave it out.
std::optional<LeftOutReason> LabelObstacle(const Sequence& sequence) {
  if (sequence.ambiguous) return LeftOutReason::kAmbiguous;
  if (sequence.category.empty()) return LeftOutReason::kUnlabelled;
  return std::nullopt;
}

// Why its rows do.
std::optional<LeftOutReason> RowObstacle(const Sequence& sequence,
                                         Phase phase) {
  const PositionRange range = PhaseRange(sequence, phase);
  const auto rows = static_cast<double>(range.end - range.begin);
  if (rows == 0) return LeftOutReason::kEmpty;
  const auto begin = sequence.positions.begin();
  const auto missing = std::count_if(
      begin + range.begin, begin + range.end,
      [](const Position& position) { return position.row == kNone; });
  if (static_cast<double>(missing) <= kMostMissing * rows) return std::nullopt;
  return LeftOutReason::kMissing;
}

// `group`: "" if the unit is the prompt.
Candidate CandidateOf(const Sequence& sequence, const std::string& group,
                      SequenceRef at, Phase phase, uint64_t number) {
  const auto tokens = PromptTokens(sequence);
  Prompt prompt(tokens.begin(), tokens.end());
  UnitKey unit{group, {}};
  if (group.empty()) unit.second = prompt;
  if (phase == Phase::kPrompt) {
    return {at, std::move(unit), {std::move(prompt), 0}};
  }
  return {at, std::move(unit), {{}, number}};
}

struct Candidates {
  std::vector<Candidate> requests;
  std::vector<LeftOut> left_out;
};

Candidates FindCandidates(std::span<const Trace> traces, Phase phase,
                          GroupBy by) {
  const bool labels = by == GroupBy::kLabels;
  Candidates found;
  for (uint32_t t = 0; t < traces.size(); ++t) {
    for (uint32_t s = 0; s < traces[t].sequences.size(); ++s) {
      const Sequence& sequence = traces[t].sequences[s];
      std::optional<LeftOutReason> reason;
      if (labels) reason = LabelObstacle(sequence);
      if (!reason) reason = RowObstacle(sequence, phase);
      if (reason) {
        found.left_out.push_back({ClientId(sequence), *reason});
        continue;
      }
      found.requests.push_back(CandidateOf(sequence,
                                           labels ? sequence.group : "", {t, s},
                                           phase, found.requests.size()));
    }
  }
  return found;
}

// Units that are being grouped, in order of their first request.
class Grouping {
 public:
  Grouping(std::span<const Trace> traces, const std::set<UnitKey>& conflicting)
      : traces_(traces), conflicting_(conflicting) {}

  void Add(const Candidate& candidate) {
    const Sequence& sequence =
        traces_[candidate.at.trace].sequences[candidate.at.sequence];
    if (conflicting_.contains(candidate.unit)) {
      result_.left_out.push_back(
          {ClientId(sequence), LeftOutReason::kConflicting});
      return;
    }
    const auto [at, is_new] =
        units_.try_emplace(candidate.unit, result_.units.size());
    if (is_new) {
      const std::string& group = candidate.unit.first;
      result_.units.emplace_back().name =
          group.empty() ? ClientId(sequence) : group;
      labels_.push_back(sequence.category);
    }
    AddMember(at->second, candidate);
  }

  // Labels the units by their categories.
  void SetLabels() {
    const std::set<std::string> labels(labels_.begin(), labels_.end());
    result_.labels.assign(labels.begin(), labels.end());
    for (size_t u = 0; u < labels_.size(); ++u) {
      const auto at = std::lower_bound(result_.labels.begin(),
                                       result_.labels.end(), labels_[u]);
      result_.units[u].label =
          static_cast<uint32_t>(at - result_.labels.begin());
    }
  }

  SignatureUnits Take() { return std::move(result_); }

  std::vector<LeftOut>& left_out() { return result_.left_out; }

 private:
  void AddMember(size_t unit, const Candidate& candidate) {
    auto& members = result_.units[unit].members;
    const auto [at, is_new] =
        members_.try_emplace({unit, candidate.member}, members.size());
    if (is_new) members.emplace_back();
    members[at->second].requests.push_back(candidate.at);
  }

  const std::span<const Trace> traces_;
  const std::set<UnitKey>& conflicting_;
  SignatureUnits result_;
  std::vector<std::string> labels_;  // by unit
  std::map<UnitKey, size_t> units_;
  std::map<std::pair<size_t, MemberKey>, size_t> members_;
};

std::set<UnitKey> FindConflicts(std::span<const Trace> traces,
                                const std::vector<Candidate>& candidates) {
  std::map<UnitKey, std::string> label_of;
  std::set<UnitKey> conflicting;
  for (const Candidate& one : candidates) {
    const std::string& label =
        traces[one.at.trace].sequences[one.at.sequence].category;
    const auto [at, is_new] = label_of.try_emplace(one.unit, label);
    if (at->second != label) conflicting.insert(one.unit);
  }
  return conflicting;
}

}  // namespace

const char* PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kPrompt:
      return "prompt";
    case Phase::kGenerated:
      return "generated";
    case Phase::kBoth:
      return "both";
  }
  return "";
}

const char* LeftOutReasonName(LeftOutReason reason) {
  switch (reason) {
    case LeftOutReason::kUnlabelled:
      return "unlabelled";
    case LeftOutReason::kAmbiguous:
      return "ambiguous";
    case LeftOutReason::kConflicting:
      return "conflicting";
    case LeftOutReason::kMissing:
      return "missing-rows";
    case LeftOutReason::kEmpty:
      return "no-rows";
  }
  return "";
}

uint64_t SignatureUnit::requests() const {
  uint64_t count = 0;
  for (const UnitMember& member : members) count += member.requests.size();
  return count;
}

std::vector<uint32_t> SignatureUnits::unit_labels() const {
  std::vector<uint32_t> result;
  for (const SignatureUnit& unit : units) result.push_back(unit.label);
  return result;
}

PositionRange PhaseRange(const Sequence& sequence, Phase phase) {
  const auto all = static_cast<uint32_t>(sequence.positions.size());
  const uint32_t prompt = std::min(sequence.prompt_tokens, all);
  switch (phase) {
    case Phase::kPrompt:
      return {0, prompt};
    case Phase::kGenerated:
      return {prompt, all};
    case Phase::kBoth:
      break;
  }
  return {0, all};
}

std::span<const uint64_t> PromptTokens(const Sequence& sequence) {
  return std::span(sequence.tokens)
      .first(std::min<size_t>(sequence.prompt_tokens, sequence.tokens.size()));
}

SignatureUnits FindSignatureUnits(std::span<const Trace> traces, Phase phase) {
  Candidates found = FindCandidates(traces, phase, GroupBy::kLabels);
  const std::set<UnitKey> conflicting = FindConflicts(traces, found.requests);
  Grouping grouping(traces, conflicting);
  grouping.left_out() = std::move(found.left_out);
  for (const Candidate& one : found.requests) grouping.Add(one);
  grouping.SetLabels();
  return grouping.Take();
}

SignatureUnits FindPromptUnits(std::span<const Trace> traces, Phase phase) {
  Candidates found = FindCandidates(traces, phase, GroupBy::kPrompts);
  const std::set<UnitKey> no_conflicts;
  Grouping grouping(traces, no_conflicts);
  grouping.left_out() = std::move(found.left_out);
  for (const Candidate& one : found.requests) grouping.Add(one);
  return grouping.Take();
}

}  // namespace moetap
