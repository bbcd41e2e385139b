// Which position of which request filled each slot of the KV cache, replayed
// step by step: so a prefix-cache hit can name the request that computed it.
#ifndef MOETAP_ANALYSIS_TRACE_KV_REPLAY_H_
#define MOETAP_ANALYSIS_TRACE_KV_REPLAY_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analysis/trace.h"
#include "analysis/trace/engines.h"

namespace moetap {

// A position that a request found in the cache.
struct CacheHit {
  uint32_t from = kNone;  // sequence that computed it, or kNone and ...
  MissingReason reason = MissingReason::kNotMissing;  // ... why unknown
};

// The hits of an engine's sequences: [sequence][position], by sequence index.
// A position without a hit has neither `from` nor `reason`.
using CacheHits = std::unordered_map<uint32_t, std::vector<CacheHit>>;

class KvReplay {
 public:
  // `rank` and `trace` (with its sequences) must outlive the replay.
  KvReplay(const Rank& rank, const Trace& trace);

  // Replays all real steps.
  CacheHits Run();

 private:
  struct Owner {
    uint32_t sequence = kNone;
    uint32_t position = 0;
  };
  struct Request {
    std::vector<uint32_t> table;  // physical blocks
    uint32_t covered = 0;         // positions computed or cached so far
    uint32_t external = 0;        // of the next hit, from a KV connector
  };

  void ApplyEvents(uint64_t step);
  void ApplyKv(uint64_t step);
  void Write(const StepLog& step);
  void FindHits(const StepLog& step);
  CacheHit Hit(const Request& request, uint32_t sequence, uint32_t position);
  // Hash of tokens 0..position, 0 if one of them is unknown.
  uint64_t Prefix(uint32_t sequence, uint32_t position);
  Owner* Slot(const Request& request, uint32_t position);

  const Rank& rank_;
  const Trace& trace_;
  const uint32_t block_size_;  // 0 = not reported
  size_t next_event_ = 0;
  size_t next_kv_ = 0;
  std::unordered_map<uint32_t, Request> requests_;
  std::unordered_map<uint32_t, std::vector<Owner>> blocks_;
  std::unordered_map<uint32_t, std::vector<uint64_t>> prefixes_;
  CacheHits hits_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_KV_REPLAY_H_
