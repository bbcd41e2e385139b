#include "analysis/trace/kv_replay.h"

#include <algorithm>

namespace moetap {
namespace {

constexpr uint64_t kMaxBlockSize = uint64_t{1} << 16;

// One step of a 64-bit hash chain (the finisher of SplitMix64); never 0.
uint64_t Chain(uint64_t chain, uint64_t token) {
  uint64_t x = (chain ^ token) + 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  x ^= x >> 31;
  return x == 0 ? 1 : x;
}

}  // namespace

KvReplay::KvReplay(const Rank& rank, const Trace& trace)
    : rank_(rank),
      trace_(trace),
      block_size_(static_cast<uint32_t>(std::min(
          NumberFact(*rank.log.file, "kv_block_size", 0), kMaxBlockSize))) {}

CacheHits KvReplay::Run() {
  for (const StepLog& step : rank_.log.steps) {
    ApplyEvents(step.step);
    ApplyKv(step.step);
    if (step.kind != log::StepKind::Real) continue;
    // A request may hit what another one computes in the very same step.
    Write(step);
    FindHits(step);
  }
  return std::move(hits_);
}

void KvReplay::ApplyEvents(uint64_t step) {
  const auto& events = rank_.log.events;
  for (; next_event_ < events.size() && events[next_event_]->step() <= step;
       ++next_event_) {
    const log::Event& event = *events[next_event_];
    Request& request = requests_[event.request()];
    if (event.kind() == log::EventKind::Preempted) {
      request = {};
    } else if (event.kind() == log::EventKind::ExternalPrefix) {
      request.external = event.value();
    }
  }
}

void KvReplay::ApplyKv(uint64_t step) {
  const auto& kv = rank_.log.kv;
  for (; next_kv_ < kv.size() && kv[next_kv_]->step() <= step; ++next_kv_) {
    const log::KvRun& run = *kv[next_kv_];
    auto& table = requests_[run.request()].table;
    table.resize(run.first_index(), kNone);
    if (run.blocks() == nullptr) continue;
    table.insert(table.end(), run.blocks()->begin(), run.blocks()->end());
  }
}

KvReplay::Owner* KvReplay::Slot(const Request& request, uint32_t position) {
  if (block_size_ == 0) return nullptr;
  const uint32_t index = position / block_size_;
  if (index >= request.table.size() || request.table[index] == kNone) {
    return nullptr;
  }
  auto& block = blocks_[request.table[index]];
  if (block.empty()) block.resize(block_size_);
  return &block[position % block_size_];
}

void KvReplay::Write(const StepLog& step) {
  for (const log::Span& span : step.spans) {
    const auto known = rank_.log.request_index.find(span.request());
    if (known == rank_.log.request_index.end()) continue;
    const uint32_t sequence = rank_.sequence_of[known->second];
    const Request& request = requests_[span.request()];
    const uint32_t end = span.start() + span.rows() - span.discard();
    for (uint32_t p = span.start(); p < end; ++p) {
      if (Owner* owner = Slot(request, p)) *owner = {sequence, p};
    }
  }
}

void KvReplay::FindHits(const StepLog& step) {
  for (const log::Span& span : step.spans) {
    const auto known = rank_.log.request_index.find(span.request());
    if (known == rank_.log.request_index.end()) continue;
    const uint32_t sequence = rank_.sequence_of[known->second];
    Request& request = requests_[span.request()];
    for (uint32_t p = request.covered; p < span.start(); ++p) {
      const bool external = p + uint64_t{request.external} >= span.start();
      auto& hits = hits_[sequence];
      if (hits.empty())
        hits.resize(trace_.sequences[sequence].positions.size());
      if (p >= hits.size()) break;
      hits[p] = external ? CacheHit{kNone, MissingReason::kExternal}
                         : Hit(request, sequence, p);
    }
    request.external = 0;
    request.covered = span.start() + span.rows() - span.discard();
  }
}

CacheHit KvReplay::Hit(const Request& request, uint32_t sequence,
                       uint32_t position) {
  if (block_size_ == 0 || request.table.empty()) {
    return {kNone, MissingReason::kNoIdentity};
  }
  const Owner* owner = Slot(request, position);
  if (owner == nullptr || owner->sequence == kNone) {
    return {kNone, MissingReason::kUnknownOwner};
  }
  const uint64_t prefix = Prefix(sequence, position);
  if (owner->position != position || prefix == 0 ||
      prefix != Prefix(owner->sequence, position)) {
    return {kNone, MissingReason::kPrefixMismatch};
  }
  return {owner->sequence, MissingReason::kNotMissing};
}

uint64_t KvReplay::Prefix(uint32_t sequence, uint32_t position) {
  const auto& tokens = trace_.sequences[sequence].tokens;
  if (position >= tokens.size()) return 0;
  if (!trace_.has_token_ids) {  // tokens are prefix hashes already
    return tokens[position] == kUnknownToken ? 0 : tokens[position];
  }
  auto& prefix = prefixes_[sequence];
  if (prefix.empty()) {
    prefix.resize(tokens.size(), 0);
    uint64_t chain = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (tokens[i] == kUnknownToken) break;
      prefix[i] = chain = Chain(chain, tokens[i]);
    }
  }
  return prefix[position];
}

}  // namespace moetap
