// Everything one process logged, put in order of steps: what the trace and
// verify work on.  Points into the CaptureFile, which must outlive it.
#ifndef MOETAP_ANALYSIS_PROCESS_LOG_H_
#define MOETAP_ANALYSIS_PROCESS_LOG_H_

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/capture.h"

namespace moetap {

struct LayerSlot {
  bool seen = false;
  uint32_t number = 0;
  uint32_t experts = 0;
  bool by_order = false;  // known by its place among a step's dispatches
};

// Rows of one forward pass, all with the same layers, and their ids.
struct GroupRef {
  const CaptureBlock* block = nullptr;
  const log::Group* group = nullptr;
  const uint8_t* ids = nullptr;
  uint32_t layers = 0;    // elements of slots()
  uint32_t id_bytes = 0;  // of each of `ids`: 1 or 2

  const flatbuffers::Vector<uint16_t>& slots() const;
  // Copies the set of row `row` (of the group) in the layer at index `layer`
  // of slots() to `set`, group->k() ids, ascending.
  void ReadSet(uint32_t row, uint32_t layer, uint16_t* set) const;
};

struct StepLog {
  uint64_t step = 0;
  log::StepKind kind = log::StepKind::Unannounced;
  bool announced = false;               // a Step record is there
  const CaptureBlock* block = nullptr;  // of the Step record, or of a group
  uint64_t time_ns = 0;                 // CLOCK_REALTIME
  std::vector<log::Span> spans;         // in row order
  std::vector<GroupRef> groups;
  uint32_t dispatches = 0;  // from its StepEnd
  uint32_t expected = 0;
  bool ended = false;
  // More dispatches than layers that are known by their order: which row went
  // through which layer is not known, and `groups` is empty.
  bool layer_unknown = false;

  uint32_t span_rows() const;   // rows that its spans announce
  uint32_t group_rows() const;  // rows up to the last one in any group
  // Some rows of as many as were expected, which only its end tells.
  bool has_all_layers() const;
};

// Steps first..last may have lost records.
struct LossRange {
  uint64_t first = 0;
  uint64_t last = 0;
};

struct ProcessLog {
  const CaptureFile* file = nullptr;
  std::vector<LayerSlot> layers;  // by slot
  std::vector<const log::Request*> requests;
  std::unordered_map<uint32_t, uint32_t> request_index;  // number -> above
  std::vector<StepLog> steps;             // by step; 0 (unannounced) first
  std::vector<const log::KvRun*> kv;      // by step
  std::vector<const log::Event*> events;  // by step
  std::vector<LossRange> losses;  // by first; `last` is the latest so far

  bool IsWorker() const { return !requests.empty() || !steps.empty(); }
  bool Lost(uint64_t step) const;
};

// Never fails: `file` has only blocks that passed FindContradiction.
ProcessLog ReadLog(const CaptureFile& file);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_PROCESS_LOG_H_
