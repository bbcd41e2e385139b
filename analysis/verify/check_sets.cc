#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "analysis/trace/engines.h"
#include "analysis/verify/findings.h"

namespace moetap {
namespace {

class SetChecker {
 public:
  SetChecker(const ProcessLog& log, Findings* findings)
      : log_(log),
        findings_(*findings),
        experts_(
            static_cast<uint32_t>(NumberFact(*log.file, "num_experts", 0))) {
    FindNumbers();
  }

  void Run() {
    for (const StepLog& step : log_.steps) {
      if (step.kind == log::StepKind::Dummy) continue;
      for (const GroupRef& ref : step.groups) CheckGroup(step, ref);
      if (step.announced) {
        CheckOwners(step);
        CheckLayers(step);
        CheckDispatches(step);
      } else {
        CheckUnannounced(step);
      }
    }
  }

 private:
  void FindNumbers();
  void CheckGroup(const StepLog& step, const GroupRef& ref);
  void CheckSet(const uint16_t* set, uint32_t k, uint32_t experts,
                const std::string& place);
  void CheckOwners(const StepLog& step);
  void CheckLayers(const StepLog& step);
  void CheckDispatches(const StepLog& step);
  void CheckUnannounced(const StepLog& step);
  uint32_t NumberOf(uint16_t slot) const;
  uint32_t ExpertsOf(uint16_t slot) const;
  std::string Place(const StepLog& step, const CaptureBlock& block,
                    uint32_t row) const;

  const ProcessLog& log_;
  Findings& findings_;
  const uint32_t experts_;
  std::vector<uint32_t> numbers_;  // decoder layers each real row needs
  std::vector<uint16_t> set_;
};

uint32_t SetChecker::NumberOf(uint16_t slot) const {
  const bool seen = slot < log_.layers.size() && log_.layers[slot].seen;
  return seen ? log_.layers[slot].number : slot;
}

uint32_t SetChecker::ExpertsOf(uint16_t slot) const {
  const bool known =
      slot < log_.layers.size() && log_.layers[slot].experts != 0;
  return known ? log_.layers[slot].experts : experts_;
}

// What the shim listed and whatever else real steps went through.  A stage of
// a pipeline has only some of the listed layers.
void SetChecker::FindNumbers() {
  if (NumberFact(*log_.file, "pp_size", 1) <= 1) {
    numbers_ = ListedLayers(*log_.file);
  }
  for (const StepLog& step : log_.steps) {
    if (step.kind != log::StepKind::Real) continue;
    for (const GroupRef& ref : step.groups) {
      for (const uint16_t slot : ref.slots()) {
        numbers_.push_back(NumberOf(slot));
      }
    }
    std::sort(numbers_.begin(), numbers_.end());
    numbers_.erase(std::unique(numbers_.begin(), numbers_.end()),
                   numbers_.end());
  }
}

std::string SetChecker::Place(const StepLog& step, const CaptureBlock& block,
                              uint32_t row) const {
  std::string place =
      fmt::format("{}, block {}, step {}", log_.file->Where(block),
                  block.header.sequence, step.step);
  uint32_t begin = 0;
  for (const log::Span& span : step.spans) {
    if (row >= begin && row - begin < span.rows()) {
      const auto it = log_.request_index.find(span.request());
      place += fmt::format(", request {}, position {}",
                           it == log_.request_index.end()
                               ? fmt::format("#{} (unknown)", span.request())
                               : log_.requests[it->second]->id()->str(),
                           span.start() + (row - begin));
      return place;
    }
    begin += span.rows();
  }
  return place + fmt::format(", row {}", row);
}

void SetChecker::CheckSet(const uint16_t* set, uint32_t k, uint32_t experts,
                          const std::string& place) {
  const auto where = [&] { return place; };
  const uint32_t limit = experts == 0 ? kNoRoute : experts;
  if (set[k - 1] >= limit) findings_.Add(Rule::kIdOutOfRange, 1, where);
  if (k < 2) return;
  if (set[k - 1] == 0) {
    findings_.Add(Rule::kAllZero, 1, where);
    return;
  }
  for (uint32_t j = 1; j < k && set[j] != kNoRoute; ++j) {
    if (set[j] != set[j - 1]) continue;
    findings_.Add(Rule::kRepeatedId, 1, where);
    return;
  }
}

// True if the set is as sets should be, which nearly all are.
bool IsSound(const uint16_t* set, uint32_t k, uint32_t experts) {
  const uint32_t limit = experts == 0 ? kNoRoute : experts;
  for (uint32_t j = 1; j < k; ++j) {
    if (set[j] <= set[j - 1]) return false;
  }
  return set[k - 1] < limit;
}

void SetChecker::CheckGroup(const StepLog& step, const GroupRef& ref) {
  const log::Group& group = *ref.group;
  const uint32_t real =
      step.announced ? step.span_rows() : group.first_row() + group.rows();
  const auto& slots = ref.slots();
  set_.resize(group.k());
  for (uint32_t r = 0; r < group.rows(); ++r) {
    const uint32_t row = group.first_row() + r;
    if (row >= real) break;  // padding
    for (uint32_t l = 0; l < slots.size(); ++l) {
      const uint16_t slot = slots[l];
      ref.ReadSet(r, l, set_.data());
      if (IsSound(set_.data(), group.k(), ExpertsOf(slot))) continue;
      CheckSet(set_.data(), group.k(), ExpertsOf(slot),
               Place(step, *ref.block, row) +
                   fmt::format(", layer {}", NumberOf(slot)));
    }
  }
}

// Records that are known to be lost may have been the owner's.
void SetChecker::CheckOwners(const StepLog& step) {
  if (!log_.losses.empty()) return;
  uint32_t row = 0;
  for (const log::Span& span : step.spans) {
    if (!log_.request_index.contains(span.request())) {
      findings_.Add(Rule::kOrphanRows, span.rows(),
                    [&] { return Place(step, *step.block, row); });
    }
    row += span.rows();
  }
}

void SetChecker::CheckLayers(const StepLog& step) {
  if (log_.Lost(step.step)) return;
  const uint32_t rows = step.span_rows();
  std::map<uint32_t, uint64_t> rows_of;  // decoder layer -> rows it has
  for (const GroupRef& ref : step.groups) {
    const uint32_t begin = std::min(ref.group->first_row(), rows);
    const uint32_t end =
        std::min(ref.group->first_row() + ref.group->rows(), rows);
    for (const uint16_t slot : ref.slots()) {
      rows_of[NumberOf(slot)] += end - begin;
    }
  }
  for (const uint32_t number : numbers_) {
    const uint64_t have = rows_of[number];
    if (have >= rows) continue;
    findings_.Add(Rule::kMissingLayer, rows - have, [&] {
      return Place(step, *step.block, 0) + fmt::format(", layer {}", number);
    });
  }
}

void SetChecker::CheckDispatches(const StepLog& step) {
  if (!step.ended) return;
  const bool missing = step.dispatches < step.expected;
  if (!missing && !step.layer_unknown) return;
  const Rule rule = missing ? Rule::kMissingDispatch : Rule::kLayerUnknown;
  findings_.Add(rule, 1, [&] {
    return fmt::format(
        "{}, block {}, step {}: {} of {}", log_.file->Where(*step.block),
        step.block->header.sequence, step.step, step.dispatches, step.expected);
  });
}

// Step 0: the library saw no step around these rows.  Another number: the
// step's record is not there.
void SetChecker::CheckUnannounced(const StepLog& step) {
  if (step.groups.empty() || log_.Lost(step.step)) return;
  uint64_t rows = 0;
  for (const GroupRef& ref : step.groups) rows += ref.group->rows();
  findings_.Add(step.step == 0 ? Rule::kUnannouncedRows : Rule::kOrphanRows,
                rows,
                [&] { return Place(step, *step.groups.front().block, 0); });
}

}  // namespace

void CheckSets(const ProcessLog& log, Findings* findings) {
  SetChecker(log, findings).Run();
}

}  // namespace moetap
