// The trace: what all studies read.  One effective row per (request,
// position), with one expert set per MoE layer.
//
// Row p of a sequence is the routing of the forward pass whose input is token
// p and whose output is token p + 1; P prompt and N sampled tokens have
// P + N - 1 rows (../docs/studies.md).
#ifndef MOETAP_ANALYSIS_TRACE_H_
#define MOETAP_ANALYSIS_TRACE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/spill_allocator.h"

namespace moetap {

inline constexpr uint32_t kNone = 0xFFFFFFFF;
// In Sequence::tokens: the record that named this token was lost.
inline constexpr uint64_t kUnknownToken = ~uint64_t{0};

enum class Source : uint8_t { kObserved, kInherited, kMissing };
const char* SourceName(Source source);  // "observed", ...

// Why a row is missing.  Names are stable: they are the `reason` of
// `dump --json`.
enum class MissingReason : uint8_t {
  kNotMissing,
  kNotExecuted,     // "not-executed": no step ran it (aborted, cut off)
  kDropped,         // "dropped": executed, but lost to a full ring or disk
  kIncomplete,      // "incomplete": executed, but some layer is missing
  kExternal,        // "external": a KV connector filled the cache
  kUnknownOwner,    // "unknown-owner": cached, nobody here wrote the slot
  kPrefixMismatch,  // "prefix-mismatch": the slot's writer had other tokens
  kNoIdentity,      // "no-identity": cached, and KV blocks were not reported
};
const char* MissingReasonName(MissingReason reason);

struct Position {
  uint32_t row = kNone;   // index into Trace rows; kNone when missing
  uint32_t from = kNone;  // inherited: index of the request that computed it;
                          // kNone if that was not selected (study_inputs.h)
  Source source = Source::kMissing;
  MissingReason reason = MissingReason::kNotMissing;
  // The input token was generated and is not among the first
  // Sequence::returned_tokens generated ones: it never reached the client.
  bool unreturned = false;
  // How often its request computed it, as far as the capture tells; once for
  // all ranks, at most 255.  More than once: preempted, then computed again.
  uint8_t executions = 0;
};

struct Sequence {
  std::string id;           // the engine's request id
  std::string external_id;  // the client's, "" if unknown
  std::string parent;       // engine id of the n>1 request it is part of, or
                            // of the request that a manifest says it forks
                            // from (analysis/manifest.h); "" if none
  std::string strategy;     // "sample", "tree", "beam", ...; "" if unknown
  std::string prompt;       // the client's prompt id, "" if unknown
  // By the key that was asked for (study_inputs.h) or a file of labels
  // (analysis/labels.h); "" if none was, or the request has no value.
  std::string category;
  std::string group;       // likewise: its template; "" if it has none
  bool ambiguous = false;  // labels contradict each other; no category
  uint32_t prompt_tokens = 0;
  uint32_t returned_tokens = kNone;  // kNone: the front end did not say
  std::string finish_reason;         // "" if unknown
  std::vector<uint64_t> tokens;      // ids, or prefix hashes (see Trace)
  std::vector<Position> positions;   // tokens.size() - 1, or 0
  uint32_t preemptions = 0;

  bool generated(uint32_t position) const { return position >= prompt_tokens; }
};

struct MoeLayer {
  uint32_t number = 0;  // decoder layer as the model numbers it
  uint32_t experts = 0;
  uint32_t k = 0;
  uint32_t offset = 0;  // of its ids within a row
};

struct TraceStats {
  uint64_t executions = 0;         // (rank, request, position) rows executed
  uint64_t replays = 0;            // executions that are not the effective one
  uint64_t replays_differing = 0;  // ... with another set in some layer
  uint64_t discarded = 0;   // rows computed after their request had ended
  uint64_t dummy_rows = 0;  // warm-up and profile rows
  uint64_t padding_rows = 0;
  uint64_t orphan_rows = 0;       // rows of a real step that no request owns
  uint64_t unannounced_rows = 0;  // rows without a step (no shim)
};

// One model's trace.  A capture of several data-parallel engines with the same
// model is one trace; of different models is refused with Error.
struct Trace {
  std::string model;                // fact "model", "" if unknown
  bool has_token_ids = false;       // false: tokens are prefix hashes
  std::vector<MoeLayer> layers;     // in forward order
  std::vector<Sequence> sequences;  // in order of first step
  uint32_t row_ids = 0;             // ids per row: sum of k over layers
  SpillVector<uint16_t> ids;        // rows x row_ids; each set ascending, with
                                    // kNoRoute at its end where not routed
  TraceStats stats;

  size_t rows() const { return row_ids == 0 ? 0 : ids.size() / row_ids; }
  std::span<const uint16_t> set(uint32_t row, size_t layer) const {
    return {ids.data() + size_t{row} * row_ids + layers[layer].offset,
            layers[layer].k};
  }
};

// Throws Error with the remedy when no trace can be made (no identity, no
// dispatches, two models), or there is no room.  Rows of more than `budget`
// bytes in all are kept in a temporary file (analysis/spill_allocator.h);
// everything else is in memory, linear in the tokens.
Trace BuildTrace(const Capture& capture, uint64_t budget = kSpillBudget);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_H_
