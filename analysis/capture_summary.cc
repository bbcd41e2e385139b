#include "analysis/capture_summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "analysis/output.h"

namespace moetap {
namespace {

using Json = nlohmann::ordered_json;

Json CountersJson(const Counters& counters) {
  return {{"rows", counters.rows},
          {"dispatches", counters.dispatches},
          {"dropped_rows", counters.dropped_rows},
          {"dropped_records", counters.dropped_records},
          {"stalls", counters.stalls}};
}

Json CostJson(const std::optional<CaptureCost>& cost) {
  if (!cost) return nullptr;
  const Cost& c = cost->cost;
  return {{"rows", cost->rows},
          {"bytes", c.bytes},
          {"stalls", cost->stalls},
          {"dropped_rows", cost->dropped_rows},
          {"engine_ns", c.engine_ns},
          {"shim_ns", c.shim_ns},
          {"writer_ns", c.writer_ns},
          {"engine_ns_per_row", PerRow(c.engine_ns, *cost)},
          {"shim_ns_per_row", PerRow(c.shim_ns, *cost)},
          {"writer_ns_per_row", PerRow(c.writer_ns, *cost)}};
}

void Add(const CaptureCost& cost, std::optional<CaptureCost>* total) {
  if (!*total) total->emplace();
  CaptureCost& sum = **total;
  sum.rows += cost.rows;
  sum.stalls += cost.stalls;
  sum.dropped_rows += cost.dropped_rows;
  sum.cost.bytes += cost.cost.bytes;
  sum.cost.engine_ns += cost.cost.engine_ns;
  sum.cost.shim_ns += cost.cost.shim_ns;
  sum.cost.writer_ns += cost.cost.writer_ns;
}

// First value of each fact; the vocabulary of keys is open.
std::map<std::string, std::string> FactsOf(const CaptureFile& file) {
  std::map<std::string, std::string> facts;
  for (const CaptureBlock& block : file.blocks) {
    if (block.content()->facts() == nullptr) continue;
    for (const log::Fact* fact : *block.content()->facts()) {
      facts.try_emplace(fact->key()->str(), fact->value()->str());
    }
  }
  return facts;
}

Json FileJson(const CaptureFile& file) {
  const std::string uuid = Hex(file.uuid);
  Json skipped = Json::array();
  for (const SkippedRegion& region : file.skipped) {
    skipped.push_back({{"begin", region.begin},
                       {"end", region.end},
                       {"message", region.message},
                       {"torn_tail", region.torn_tail}});
  }
  return {{"file", file.path.filename().string()},
          {"uuid", uuid},
          {"bytes", file.bytes},
          {"blocks", file.blocks.size()},
          {"missing_blocks", file.missing_blocks},
          {"leftover_ring", file.ring_found},
          {"writer_alive", file.writer_alive},
          {"counters", CountersJson(file.counters)},
          {"cost", CostJson(file.cost)},
          {"facts", FactsOf(file)},
          {"skipped", skipped}};
}

Json TraceJson(const Trace& trace) {
  const Provenance p = CountProvenance(trace);
  const TraceStats& s = trace.stats;
  Json layers = Json::array();
  for (const MoeLayer& layer : trace.layers) {
    layers.push_back(
        {{"layer", layer.number}, {"experts", layer.experts}, {"k", layer.k}});
  }
  return {{"model", trace.model},
          {"token_ids", trace.has_token_ids},
          {"layers", layers},
          {"requests", p.requests},
          {"prompt_tokens", p.prompt_tokens},
          {"generated_tokens", p.generated_tokens},
          {"observed", p.observed},
          {"inherited", p.inherited},
          {"missing", p.missing},
          {"unreturned", p.unreturned},
          {"executions", s.executions},
          {"replays", s.replays},
          {"replays_differing", s.replays_differing},
          {"discarded", s.discarded},
          {"dummy_rows", s.dummy_rows},
          {"padding_rows", s.padding_rows},
          {"orphan_rows", s.orphan_rows},
          {"unannounced_rows", s.unannounced_rows}};
}

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

}  // namespace

double PerRow(uint64_t nanoseconds, const CaptureCost& cost) {
  return Ratio(nanoseconds, cost.rows);
}

Provenance CountProvenance(const Trace& trace) {
  Provenance p;
  p.requests = trace.sequences.size();
  for (const Sequence& sequence : trace.sequences) {
    const uint64_t prompt =
        std::min<uint64_t>(sequence.prompt_tokens, sequence.tokens.size());
    p.prompt_tokens += prompt;
    p.generated_tokens += sequence.tokens.size() - prompt;
    for (const Position& position : sequence.positions) {
      p.observed += position.source == Source::kObserved;
      p.inherited += position.source == Source::kInherited;
      p.missing += position.source == Source::kMissing;
      p.unreturned += position.unreturned;
    }
  }
  return p;
}

CaptureTotals CountTotals(const Capture& capture) {
  CaptureTotals totals;
  for (const CaptureFile& file : capture.files) {
    totals.bytes += file.bytes;
    totals.blocks += file.blocks.size();
    totals.counters.rows += file.counters.rows;
    totals.counters.dispatches += file.counters.dispatches;
    totals.counters.dropped_rows += file.counters.dropped_rows;
    totals.counters.dropped_records += file.counters.dropped_records;
    totals.counters.stalls += file.counters.stalls;
    if (file.cost) Add(*file.cost, &totals.cost);
    totals.missing_blocks += file.missing_blocks;
    totals.skipped_regions += file.skipped.size();
    totals.rings += file.ring_found ? 1 : 0;
    uint64_t rows = 0;
    for (const CaptureBlock& block : file.blocks) {
      if (block.from_ring) break;
      rows = block.header.counters.rows;
      totals.raw_bytes += block.raw.size();
      const uint64_t time = block.header.time_ns;
      if (time == 0) continue;
      totals.first_ns =
          totals.first_ns == 0 ? time : std::min(totals.first_ns, time);
      totals.last_ns = std::max(totals.last_ns, time);
    }
    totals.file_rows += rows;
  }
  return totals;
}

Json SummaryJson(const Capture& capture, const TraceOrError& trace) {
  const CaptureTotals totals = CountTotals(capture);
  Json files = Json::array();
  for (const CaptureFile& file : capture.files) {
    files.push_back(FileJson(file));
  }
  return {{"schema_version", 1},
          {"capture", capture.path.string()},
          {"bytes", totals.bytes},
          {"blocks", totals.blocks},
          {"counters", CountersJson(totals.counters)},
          {"cost", CostJson(totals.cost)},
          {"bytes_per_token_layer", Ratio(totals.bytes, totals.file_rows)},
          {"compression_ratio", Ratio(totals.raw_bytes, totals.bytes)},
          {"first_ns", totals.first_ns},
          {"last_ns", totals.last_ns},
          {"missing_blocks", totals.missing_blocks},
          {"leftover_rings", totals.rings},
          {"files", files},
          {"trace", trace.get() == nullptr ? Json() : TraceJson(*trace.get())},
          {"trace_error", trace.error}};
}

}  // namespace moetap
