#include "analysis/trace/effective_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "analysis/error.h"
#include "analysis/output.h"
#include "analysis/trace/kv_replay.h"

namespace moetap {
namespace {

struct Execution {
  uint32_t rank;
  uint32_t step;  // index into ProcessLog::steps
  uint32_t row;   // of the step's batch
  uint32_t sequence;
  uint32_t position;
  bool complete;
};

// What is known of one position besides its rows.
struct Progressed {
  uint32_t winner = kNone;  // index into executions_
  uint16_t rank = 0;        // the first that ran it; the others do the same
  uint8_t executions = 0;   // by that rank, at most 255
  bool partial = false;     // some execution has some of its layers
};

// Calls visit(group, row of the group, index into its slots, trace layer) for
// each set that was captured of row `row` of `step`'s batch.
template <typename Visit>
void ForEachSet(const Rank& rank, const StepLog& step, uint32_t row,
                const Visit& visit) {
  for (const GroupRef& ref : step.groups) {
    const log::Group& group = *ref.group;
    if (row < group.first_row() || row >= group.first_row() + group.rows()) {
      continue;
    }
    const auto& slots = ref.slots();
    for (uint32_t l = 0; l < ref.layers; ++l) {
      const uint32_t layer = rank.layer_of[slots[l]];
      if (layer != kNone) visit(ref, row - group.first_row(), l, layer);
    }
  }
}

// Rows that no group has cost their step's groups all the same.
constexpr uint64_t kLeastEffort = uint64_t{1} << 24;

class RowChooser {
 public:
  RowChooser(const Engine& engine, Trace* trace)
      : engine_(engine),
        trace_(*trace),
        row_(trace->row_ids),
        seen_(trace->layers.size()),
        effort_(64 * RawBytes(engine) + kLeastEffort) {}

  // Decides on all rows; how many there are.
  size_t Choose();
  // Adds them to the trace, which has room.
  void Add() {
    CopyWinners();
    CountReplays();
    Resolve(KvReplay(engine_.ranks.front(), trace_).Run());
  }

 private:
  void AddRank(uint32_t rank);
  void AddStep(uint32_t rank, uint32_t step);
  void AddSpan(const log::Span& span, Execution first);
  void Spend(uint64_t rows, const StepLog& step);
  void AddExecution(Execution execution);
  uint32_t CountLayers(const Rank& rank, const StepLog& step, uint32_t row);
  void CopyWinners();
  void CountReplays();
  void Resolve(const CacheHits& hits);
  Position ResolveOne(uint32_t sequence, uint32_t position,
                      const CacheHit& hit) const;
  std::vector<Progressed>& ProgressOf(uint32_t sequence);
  MissingReason WhyMissing(uint32_t sequence, uint32_t position) const;

  const Engine& engine_;
  Trace& trace_;
  std::vector<uint16_t> row_;  // scratch
  std::vector<uint8_t> seen_;  // scratch, by layer
  uint64_t effort_;            // rows times groups left to look at
  std::vector<Execution> executions_;
  std::unordered_map<uint32_t, std::vector<Progressed>> progress_;
};

size_t RowChooser::Choose() {
  for (uint32_t r = 0; r < engine_.ranks.size(); ++r) AddRank(r);
  size_t rows = 0;
  for (const auto& [sequence, positions] : progress_) {
    rows += static_cast<size_t>(
        std::count_if(positions.begin(), positions.end(),
                      [](const auto& p) { return p.winner != kNone; }));
  }
  return rows;
}

std::vector<Progressed>& RowChooser::ProgressOf(uint32_t sequence) {
  auto& progress = progress_[sequence];
  if (progress.empty()) {
    progress.resize(trace_.sequences[sequence].positions.size());
  }
  return progress;
}

// Forward passes of a process nobody announced: their groups carry step 0 and
// a pass ordinal.
uint64_t UnannouncedRows(const StepLog& step) {
  std::set<std::pair<uint32_t, uint32_t>> counted;  // pass, first row
  uint64_t rows = 0;
  for (const GroupRef& ref : step.groups) {
    if (counted.emplace(ref.group->pass(), ref.group->first_row()).second) {
      rows += ref.group->rows();
    }
  }
  return rows;
}

void RowChooser::AddRank(uint32_t rank) {
  const auto& steps = engine_.ranks[rank].log.steps;
  for (uint32_t s = 0; s < steps.size(); ++s) {
    const StepLog& step = steps[s];
    if (step.step == 0) {
      trace_.stats.unannounced_rows += UnannouncedRows(step);
    } else if (step.kind == log::StepKind::Dummy) {
      trace_.stats.dummy_rows += step.group_rows();
    } else if (!step.announced) {
      trace_.stats.orphan_rows += step.group_rows();
    } else {
      AddStep(rank, s);
    }
  }
}

void RowChooser::AddStep(uint32_t rank, uint32_t s) {
  const StepLog& step = engine_.ranks[rank].log.steps[s];
  Execution next{rank, s, 0, kNone, 0, false};
  for (const log::Span& span : step.spans) {
    AddSpan(span, next);
    next.row += span.rows();
  }
  const uint32_t rows = step.group_rows();
  if (rows > next.row) trace_.stats.padding_rows += rows - next.row;
}

// Damaged steps may announce any rows: no more than a multiple of what the
// capture holds is looked for.
void RowChooser::Spend(uint64_t rows, const StepLog& step) {
  const uint64_t effort = rows * (16 + step.groups.size());
  if (effort > effort_) {
    throw Error(fmt::format(
        "{}: its steps announce far more rows than it can hold; it is damaged",
        Printable(engine_.ranks.front().log.file->path.string())));
  }
  effort_ -= effort;
}

void RowChooser::AddSpan(const log::Span& span, Execution first) {
  const Rank& rank = engine_.ranks[first.rank];
  const auto known = rank.log.request_index.find(span.request());
  if (known == rank.log.request_index.end()) {
    trace_.stats.orphan_rows += span.rows();
    return;
  }
  first.sequence = rank.sequence_of[known->second];
  const uint32_t kept = span.rows() - span.discard();
  trace_.stats.discarded += span.discard();
  Spend(kept, rank.log.steps[first.step]);
  for (uint32_t r = 0; r < kept; ++r) {
    Execution execution = first;
    execution.row = first.row + r;
    execution.position = span.start() + r;
    AddExecution(execution);
  }
}

void RowChooser::AddExecution(Execution execution) {
  auto& progress = ProgressOf(execution.sequence);
  if (execution.position >= progress.size()) {
    ++trace_.stats.discarded;
    return;
  }
  ++trace_.stats.executions;
  const Rank& rank = engine_.ranks[execution.rank];
  const uint32_t layers =
      CountLayers(rank, rank.log.steps[execution.step], execution.row);
  execution.complete = layers == trace_.layers.size();
  Progressed& at = progress[execution.position];
  const auto rank_bits = static_cast<uint16_t>(execution.rank);
  if (at.executions == 0) at.rank = rank_bits;
  if (at.rank == rank_bits && at.executions < 255) ++at.executions;
  at.partial = at.partial || layers > 0;
  const auto index = static_cast<uint32_t>(executions_.size());
  executions_.push_back(execution);
  // Ranks come lowest first, steps in order: a later execution replaces one
  // of the same rank only.
  if (execution.complete &&
      (at.winner == kNone || executions_[at.winner].rank == execution.rank)) {
    at.winner = index;
  }
}

// What ReadRow returns, without reading the sets unless a layer comes twice.
uint32_t RowChooser::CountLayers(const Rank& rank, const StepLog& step,
                                 uint32_t row) {
  std::fill(seen_.begin(), seen_.end(), false);
  uint32_t found = 0;
  bool twice = false;
  ForEachSet(rank, step, row,
             [&](const GroupRef&, uint32_t, uint32_t, uint32_t layer) {
               twice = twice || seen_[layer];
               seen_[layer] = true;
               ++found;
             });
  return twice ? ReadRow(rank, step, row, trace_, row_.data()) : found;
}

void RowChooser::CopyWinners() {
  for (uint32_t i = 0; i < executions_.size(); ++i) {
    const Execution& e = executions_[i];
    if (progress_[e.sequence][e.position].winner != i) continue;
    Position& position = trace_.sequences[e.sequence].positions[e.position];
    position.row = static_cast<uint32_t>(trace_.rows());
    position.source = Source::kObserved;
    trace_.ids.resize(trace_.ids.size() + trace_.row_ids);
    const Rank& rank = engine_.ranks[e.rank];
    ReadRow(rank, rank.log.steps[e.step], e.row, trace_,
            trace_.ids.data() + trace_.ids.size() - trace_.row_ids);
  }
}

void RowChooser::CountReplays() {
  for (uint32_t i = 0; i < executions_.size(); ++i) {
    const Execution& e = executions_[i];
    const uint32_t winner = progress_[e.sequence][e.position].winner;
    if (winner == i || winner == kNone) continue;
    ++trace_.stats.replays;
    if (!e.complete) continue;
    const Rank& rank = engine_.ranks[e.rank];
    ReadRow(rank, rank.log.steps[e.step], e.row, trace_, row_.data());
    const uint32_t row = trace_.sequences[e.sequence].positions[e.position].row;
    const uint16_t* effective =
        trace_.ids.data() + size_t{row} * trace_.row_ids;
    if (!std::equal(row_.begin(), row_.end(), effective)) {
      ++trace_.stats.replays_differing;
    }
  }
}

MissingReason RowChooser::WhyMissing(uint32_t sequence,
                                     uint32_t position) const {
  const auto it = progress_.find(sequence);
  if (it != progress_.end() && it->second[position].executions > 0) {
    return it->second[position].partial ? MissingReason::kIncomplete
                                        : MissingReason::kDropped;
  }
  // A token was sampled, so every row before it must have run.
  const Sequence& s = trace_.sequences[sequence];
  return s.tokens.size() > s.prompt_tokens ? MissingReason::kDropped
                                           : MissingReason::kNotExecuted;
}

Position RowChooser::ResolveOne(uint32_t sequence, uint32_t position,
                                const CacheHit& hit) const {
  Position result = trace_.sequences[sequence].positions[position];
  if (result.source == Source::kObserved) return result;
  if (hit.from != kNone) {
    const auto& owned = trace_.sequences[hit.from].positions;
    if (position >= owned.size()) {  // a discarded row filled the slot
      result.reason = MissingReason::kUnknownOwner;
      return result;
    }
    const Position& owner = owned[position];
    if (owner.source == Source::kObserved) {
      result.row = owner.row;
      result.from = hit.from;
      result.source = Source::kInherited;
    } else {
      result.reason = WhyMissing(hit.from, position);
    }
    return result;
  }
  result.reason =
      result.executions == 0 && hit.reason != MissingReason::kNotMissing
          ? hit.reason
          : WhyMissing(sequence, position);
  return result;
}

void RowChooser::Resolve(const CacheHits& hits) {
  std::set<uint32_t> sequences;
  for (const Rank& rank : engine_.ranks) {
    sequences.insert(rank.sequence_of.begin(), rank.sequence_of.end());
  }
  for (const uint32_t index : sequences) {
    Sequence& sequence = trace_.sequences[index];
    const auto it = hits.find(index);
    const auto ran = progress_.find(index);
    for (uint32_t p = 0; p < sequence.positions.size(); ++p) {
      const CacheHit hit = it == hits.end() ? CacheHit{} : it->second[p];
      Position& position = sequence.positions[p];
      if (ran != progress_.end()) {
        position.executions = ran->second[p].executions;
      }
      position = ResolveOne(index, p, hit);
    }
  }
}

}  // namespace

uint32_t ReadRow(const Rank& rank, const StepLog& step, uint32_t row,
                 const Trace& trace, uint16_t* out) {
  std::fill_n(out, trace.row_ids, kNoRoute);
  uint32_t found = 0;
  ForEachSet(rank, step, row,
             [&](const GroupRef& ref, uint32_t r, uint32_t l, uint32_t layer) {
               uint16_t* const set = out + trace.layers[layer].offset;
               found += set[0] == kNoRoute ? 1 : 0;
               ref.ReadSet(r, l, set);
             });
  return found;
}

void AddEffectiveRows(const std::vector<Engine>& engines, Trace* trace) {
  std::vector<RowChooser> choosers;
  size_t rows = 0;
  for (const Engine& engine : engines) {
    rows += choosers.emplace_back(engine, trace).Choose();
  }
  trace->ids.reserve(rows * trace->row_ids);  // grows once: it may be a file
  for (RowChooser& chooser : choosers) chooser.Add();
}

}  // namespace moetap
