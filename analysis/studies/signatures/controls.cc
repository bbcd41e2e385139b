#include "analysis/studies/signatures/controls.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace moetap {
namespace {

std::span<const uint64_t> Prompt(std::span<const Trace> traces,
                                 const UnitMember& member) {
  const SequenceRef& at = member.requests.front();
  return PromptTokens(traces[at.trace].sequences[at.sequence]);
}

template <typename Iterator>
size_t EqualTokens(Iterator a, Iterator b, size_t most) {
  size_t equal = 0;
  while (equal < most && a[equal] == b[equal] && a[equal] != kUnknownToken) {
    ++equal;
  }
  return equal;
}

// The distinct prompts of all units, as members of a unit.
std::vector<UnitMember> Members(std::span<const SignatureUnit> units) {
  std::vector<UnitMember> members;
  for (const SignatureUnit& unit : units) {
    members.insert(members.end(), unit.members.begin(), unit.members.end());
  }
  return members;
}

// Units of one class in ascending order of length.
using Queue = std::vector<std::pair<double, size_t>>;

std::vector<Queue> QueuesOf(std::span<const double> lengths,
                            std::span<const uint32_t> labels, size_t classes) {
  std::vector<Queue> queues(classes);
  for (size_t u = 0; u < lengths.size(); ++u) {
    queues[labels[u]].emplace_back(lengths[u], u);
  }
  for (Queue& queue : queues) std::sort(queue.begin(), queue.end());
  return queues;
}

}  // namespace

CommonParts FindCommonParts(std::span<const Trace> traces,
                            std::span<const SignatureUnit> units) {
  const std::vector<UnitMember> members = Members(units);
  CommonParts common;
  if (members.empty()) return common;
  const auto first = Prompt(traces, members.front());
  size_t prefix = std::numeric_limits<size_t>::max();
  size_t suffix = prefix;
  size_t shortest = prefix;
  for (const UnitMember& member : members) {
    const auto prompt = Prompt(traces, member);
    shortest = std::min(shortest, prompt.size());
    prefix = EqualTokens(first.begin(), prompt.begin(),
                         std::min({prefix, first.size(), prompt.size()}));
    suffix = EqualTokens(first.rbegin(), prompt.rbegin(),
                         std::min({suffix, first.size(), prompt.size()}));
  }
  const size_t most = shortest == 0 ? 0 : shortest - 1;
  common.prefix = static_cast<uint32_t>(std::min(prefix, most));
  if (std::all_of(traces.begin(), traces.end(),
                  [](const Trace& trace) { return trace.has_token_ids; })) {
    common.suffix =
        static_cast<uint32_t>(std::min(suffix, most - common.prefix));
  }
  return common;
}

PositionRange WithoutCommonParts(const Sequence& sequence,
                                 const CommonParts& common) {
  const PositionRange prompt = PhaseRange(sequence, Phase::kPrompt);
  const uint32_t tokens = sequence.prompt_tokens;
  const uint32_t end =
      std::min(prompt.end, tokens - std::min(tokens, common.suffix));
  return {std::min(common.prefix, end), end};
}

uint64_t CountedRows(const Sequence& sequence, PositionRange range) {
  const auto begin = sequence.positions.begin();
  return static_cast<uint64_t>(std::count_if(
      begin + range.begin, begin + range.end,
      [](const Position& position) { return position.row != kNone; }));
}

std::vector<double> UnitLengths(std::span<const Trace> traces,
                                std::span<const SignatureUnit> units,
                                Phase phase) {
  std::vector<double> lengths;
  for (const SignatureUnit& unit : units) {
    uint64_t rows = 0;
    for (const UnitMember& member : unit.members) {
      for (const SequenceRef& at : member.requests) {
        const Sequence& sequence = traces[at.trace].sequences[at.sequence];
        rows += CountedRows(sequence, PhaseRange(sequence, phase));
      }
    }
    lengths.push_back(static_cast<double>(rows) /
                      static_cast<double>(unit.requests()));
  }
  return lengths;
}

std::vector<size_t> MatchLengths(std::span<const double> lengths,
                                 std::span<const uint32_t> labels,
                                 size_t classes) {
  const std::vector<Queue> queues = QueuesOf(lengths, labels, classes);
  std::vector<size_t> at(classes, 0);
  const auto length = [&](size_t c) { return queues[c][at[c]].first; };
  const auto left = [&](size_t c) { return at[c] < queues[c].size(); };
  std::vector<size_t> matched;
  std::vector<size_t> all(classes);
  for (size_t c = 0; c < classes; ++c) all[c] = c;
  // The shortest front fits nothing later if it does not fit the others'
  // fronts.
  while (!all.empty() && std::all_of(all.begin(), all.end(), left)) {
    const auto [shortest, longest] = std::minmax_element(
        all.begin(), all.end(),
        [&](size_t a, size_t b) { return length(a) < length(b); });
    if (length(*longest) > (1 + kLengthCaliper) * length(*shortest)) {
      ++at[*shortest];
      continue;
    }
    for (const size_t c : all) matched.push_back(queues[c][at[c]++].second);
  }
  std::sort(matched.begin(), matched.end());
  return matched;
}

}  // namespace moetap
