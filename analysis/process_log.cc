#include "analysis/process_log.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>

#include "schema/ring_format.h"

namespace moetap {
namespace {

// Calls `visit` with each element of a FlatBuffer vector that may be absent.
template <typename T, typename Visit>
void ForEach(const flatbuffers::Vector<T>* vector, const Visit& visit) {
  if (vector == nullptr) return;
  for (const auto item : *vector) visit(item);
}

class LogReader {
 public:
  explicit LogReader(const CaptureFile& file) { log_.file = &file; }

  ProcessLog Read() {
    for (const CaptureBlock& block : log_.file->blocks) AddBlock(block);
    Order();
    DropUnknownLayers();
    AddInFlight();
    AddLosses();
    return std::move(log_);
  }

 private:
  void AddBlock(const CaptureBlock& block);
  void AddGroups(const CaptureBlock& block);
  void AddStep(const CaptureBlock& block, const log::Step& step);
  void NoteStep(uint64_t step);
  void Order();
  bool LayersByOrder() const;
  void DropUnknownLayers();
  void AddInFlight();
  void AddLosses();

  ProcessLog log_;
  std::map<uint64_t, StepLog> steps_;
  uint64_t last_step_ = 0;  // highest in the blocks so far
  uint64_t first_of_block_ = 0;
  uint64_t next_sequence_ = 0;
  uint64_t located_drops_ = 0;  // rows and records that Drop records name
};

void LogReader::NoteStep(uint64_t step) {
  if (step == 0) return;
  first_of_block_ = std::min(first_of_block_, step);
}

void LogReader::AddStep(const CaptureBlock& block, const log::Step& step) {
  StepLog& to = steps_[step.step()];
  to.announced = true;
  to.kind = step.kind();
  to.time_ns = step.time_ns();
  to.block = &block;
  ForEach(step.spans(),
          [&](const log::Span* span) { to.spans.push_back(*span); });
  NoteStep(step.step());
}

void LogReader::AddGroups(const CaptureBlock& block) {
  const log::Block& content = *block.content();
  const uint8_t* ids =
      content.ids() == nullptr ? nullptr : content.ids()->data();
  ForEach(content.groups(), [&](const log::Group* group) {
    StepLog& to = steps_[group->step()];
    if (to.block == nullptr) to.block = &block;
    GroupRef& ref = to.groups.emplace_back(
        GroupRef{&block, group, ids, 0, content.id_bytes()});
    ref.layers = ref.slots().size();
    ids += size_t{group->rows()} * ref.layers * group->k() * ref.id_bytes;
    NoteStep(group->step());
  });
}

void LogReader::AddBlock(const CaptureBlock& block) {
  const log::Block& content = *block.content();
  first_of_block_ = std::numeric_limits<uint64_t>::max();
  ForEach(content.layers(), [&](const log::Layer* layer) {
    if (log_.layers.size() <= layer->slot()) {
      log_.layers.resize(layer->slot() + 1u);
    }
    const uint32_t number =
        layer->number() == kUnknownLayer ? layer->slot() : layer->number();
    log_.layers[layer->slot()] = {true, number, layer->experts(),
                                  layer->source() == log::LayerSource::Order};
  });
  ForEach(content.requests(), [&](const log::Request* request) {
    const auto index = static_cast<uint32_t>(log_.requests.size());
    if (log_.request_index.try_emplace(request->request(), index).second) {
      log_.requests.push_back(request);
    }
  });
  ForEach(content.steps(),
          [&](const log::Step* step) { AddStep(block, *step); });
  ForEach(content.step_ends(), [&](const log::StepEnd* end) {
    StepLog& to = steps_[end->step()];
    if (to.block == nullptr) to.block = &block;
    to.dispatches = end->dispatches();
    to.expected = end->expected();
    to.ended = true;
    NoteStep(end->step());
  });
  AddGroups(block);
  ForEach(content.kv(), [&](const log::KvRun* run) { log_.kv.push_back(run); });
  ForEach(content.events(),
          [&](const log::Event* event) { log_.events.push_back(event); });
  ForEach(content.drops(), [&](const log::Drop* drop) {
    log_.losses.push_back({drop->first_step(), drop->last_step()});
    located_drops_ += drop->rows() + drop->records();
  });
  // Behind a gap: whatever ran between the blocks before and after it.
  const bool has_steps =
      first_of_block_ != std::numeric_limits<uint64_t>::max();
  if (block.header.sequence != next_sequence_) {
    log_.losses.push_back(
        {last_step_, has_steps ? first_of_block_ : last_step_ + 1});
  }
  next_sequence_ = block.header.sequence + 1;
  if (has_steps && !steps_.empty()) {
    last_step_ = std::max(last_step_, steps_.rbegin()->first);
  }
}

void LogReader::Order() {
  log_.steps.reserve(steps_.size());
  for (auto& [number, step] : steps_) {
    step.step = number;
    log_.steps.push_back(std::move(step));
  }
  const auto by_step = [](const auto* a, const auto* b) {
    return a->step() < b->step();
  };
  std::stable_sort(log_.kv.begin(), log_.kv.end(), by_step);
  std::stable_sort(log_.events.begin(), log_.events.end(), by_step);
}

bool LogReader::LayersByOrder() const {
  return std::any_of(log_.layers.begin(), log_.layers.end(),
                     [](const LayerSlot& layer) { return layer.by_order; });
}

void LogReader::DropUnknownLayers() {
  if (!LayersByOrder()) return;
  for (StepLog& step : log_.steps) {
    if (step.expected == 0 || step.dispatches <= step.expected) continue;
    step.layer_unknown = true;
    step.groups.clear();
    log_.losses.push_back({step.step, step.step});
  }
}

// Rows of a GPU come later than the record of their step.  If the process was
// killed, those of its last moments never came.
void LogReader::AddInFlight() {
  constexpr uint64_t kMoment = 1'000'000'000;
  if (log_.steps.empty() || !LayersByOrder()) return;
  const StepLog& last = log_.steps.back();
  for (auto it = log_.steps.rbegin(); it != log_.steps.rend(); ++it) {
    if (it->kind != log::StepKind::Real || it->layer_unknown) continue;
    if (it->time_ns + kMoment < last.time_ns || it->has_all_layers()) return;
    log_.losses.push_back({it->step, it->step});
  }
}

// The last step of a process that was killed, or whose file is cut, may be
// half there; and drops that no record locates may be anywhere.
void LogReader::AddLosses() {
  const Counters& counters = log_.file->counters;
  if (counters.dropped_rows + counters.dropped_records > located_drops_) {
    log_.losses.push_back({0, std::numeric_limits<uint64_t>::max()});
  }
  const uint64_t last = log_.steps.empty() ? 0 : log_.steps.back().step;
  if (!log_.file->skipped.empty()) {
    log_.losses.push_back({last, std::numeric_limits<uint64_t>::max()});
  } else if (last != 0 && !log_.steps.back().ended) {
    log_.losses.push_back({last, last});
  }
  std::sort(log_.losses.begin(), log_.losses.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 1; i < log_.losses.size(); ++i) {
    log_.losses[i].last =
        std::max(log_.losses[i].last, log_.losses[i - 1].last);
  }
}

}  // namespace

const flatbuffers::Vector<uint16_t>& GroupRef::slots() const {
  return *block->content()->layer_lists()->Get(group->layer_list())->slots();
}

void GroupRef::ReadSet(uint32_t row, uint32_t layer, uint16_t* set) const {
  const size_t k = group->k();
  const size_t index = (size_t{row} * layers + layer) * k;
  if (id_bytes == 1) {
    std::copy_n(ids + index, k, set);
  } else {
    std::memcpy(set, ids + 2 * index, 2 * k);
  }
  if (!std::is_sorted(set, set + k)) std::sort(set, set + k);
}

uint32_t StepLog::span_rows() const {
  uint32_t rows = 0;
  for (const log::Span& span : spans) rows += span.rows();
  return rows;
}

bool StepLog::has_all_layers() const {
  size_t layers = 0;
  for (const GroupRef& ref : groups) layers += ref.slots().size();
  return ended && layers >= expected;
}

uint32_t StepLog::group_rows() const {
  uint32_t rows = 0;
  for (const GroupRef& ref : groups) {
    rows = std::max(rows, ref.group->first_row() + ref.group->rows());
  }
  return rows;
}

bool ProcessLog::Lost(uint64_t step) const {
  const auto after = std::upper_bound(
      losses.begin(), losses.end(), step,
      [](uint64_t s, const LossRange& loss) { return s < loss.first; });
  return after != losses.begin() && step <= std::prev(after)->last;
}

ProcessLog ReadLog(const CaptureFile& file) { return LogReader(file).Read(); }

}  // namespace moetap
