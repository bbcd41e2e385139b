#include <fmt/format.h>

#include "analysis/studies/tree_study.h"

namespace moetap {
namespace {

constexpr size_t kIdWidth = 32;
constexpr size_t kDonorWidth = 48;
constexpr size_t kReasonWidth = 16;

bool SameProvenance(const Position& a, const Position& b) {
  return a.source == b.source && a.from == b.from && a.reason == b.reason &&
         a.executions == b.executions && a.unreturned == b.unreturned;
}

std::string RunText(const Trace& trace, const ProvenanceRun& run) {
  const Position& position = *run.position;
  std::string text = fmt::format("[{}..{}) {}", run.begin, run.end,
                                 SourceName(position.source));
  if (position.source == Source::kInherited && position.from == kNone) {
    text += " from a request not selected";
  } else if (position.source == Source::kInherited) {
    // The engine's id: samples of one request share that of the client.
    const std::string& id = trace.sequences[position.from].id;
    text += " from " + Shorten(EscapeLine(id), kDonorWidth);
  } else if (position.source == Source::kMissing) {
    text += fmt::format(" ({})", MissingReasonName(position.reason));
  }
  if (position.executions > 1) {
    text += fmt::format(", computed {} times", position.executions);
  }
  if (position.unreturned) text += ", not returned";
  return text;
}

}  // namespace

std::vector<ProvenanceRun> ProvenanceRuns(const Sequence& sequence) {
  std::vector<ProvenanceRun> runs;
  const auto& positions = sequence.positions;
  for (uint32_t p = 0; p < positions.size(); ++p) {
    if (runs.empty() || !SameProvenance(*runs.back().position, positions[p])) {
      runs.push_back({p, p, &positions[p]});
    }
    runs.back().end = p + 1;
  }
  return runs;
}

std::string ProvenanceText(const Trace& trace, const Sequence& sequence,
                           size_t max_runs) {
  const auto runs = ProvenanceRuns(sequence);
  std::string text;
  for (size_t i = 0; i < runs.size() && i < max_runs; ++i) {
    text += (i == 0 ? "" : "; ") + RunText(trace, runs[i]);
  }
  if (runs.size() > max_runs) {
    text += fmt::format("; and {} more runs", runs.size() - max_runs);
  }
  return text;
}

std::string RowsText(const RowCounts& rows) {
  std::string text;
  const auto add = [&](char letter, uint64_t count) {
    if (count == 0) return;
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", letter, count);
  };
  add('o', rows.observed);
  add('i', rows.inherited);
  add('m', rows.missing);
  add('r', rows.replayed);
  return text;
}

std::string EndName(const Sequence& sequence) {
  const std::string& id =
      sequence.external_id.empty() ? sequence.id : sequence.external_id;
  return Shorten(EscapeLine(id), kIdWidth);
}

std::string EndState(const Sequence& sequence) {
  std::string text = Shorten(EscapeLine(sequence.finish_reason), kReasonWidth);
  const auto add = [&](uint64_t count, const char* format) {
    if (count == 0) return;
    text +=
        (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(format), count);
  };
  uint64_t replayed = 0;
  for (const Position& position : sequence.positions) {
    replayed += position.executions > 1 ? position.executions - 1u : 0u;
  }
  add(sequence.preemptions, "preempted {}x");
  add(replayed, "{} rows again");
  add(UnreturnedTokens(sequence), "{} not returned");
  return text;
}

std::string NodeText(const Trace& trace, const TreeNode& node,
                     const Vocabulary& vocabulary, size_t width) {
  const auto& tokens = trace.sequences[node.sequence].tokens;
  const std::span<const uint64_t> run(tokens.data() + node.begin,
                                      node.end - node.begin);
  if (!trace.has_token_ids) return fmt::format("#{:016x}", run.back());
  if (!vocabulary.empty()) {
    return Shorten(EscapeLine(vocabulary.Text(run)), width);
  }
  std::string ids;
  for (const uint64_t token : run) ids += fmt::format("{} ", token);
  ids.pop_back();
  return Shorten(ids, width);
}

}  // namespace moetap
