#include "tests/unit/analysis/synthetic_capture.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "schema/routing_log_generated.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/synthetic_traffic.h"

namespace moetap {
namespace {

constexpr uint32_t kBlockSize = 4;
constexpr uint32_t kMaxPrefillRows = 10;
constexpr uint32_t kBatch = 4;
constexpr uint32_t kDummyRows = 8;
constexpr uint32_t kUnknownRequest = 999;

constexpr auto kDummy = static_cast<uint16_t>(log::StepKind::Dummy);
constexpr auto kReal = static_cast<uint16_t>(log::StepKind::Real);
constexpr auto kPreempted = static_cast<uint16_t>(log::EventKind::Preempted);
constexpr auto kFinished = static_cast<uint16_t>(log::EventKind::Finished);

class SyntheticEngine {
 public:
  explicit SyntheticEngine(const SyntheticOptions& options)
      : options_(options) {
    for (uint32_t rank = 0; rank < options.tp_size; ++rank) {
      ranks_.push_back(std::make_unique<CaptureWriter>(rank));
    }
  }

  void Run();
  void Write(const std::filesystem::path& directory);

 private:
  bool Fault(const char* name) const { return options_.fault == name; }
  bool FaultNow(const char* name) const {
    return Fault(name) && step_ == kFaultStep;
  }
  // Calls `report` for the writer of each rank.
  template <typename Report>
  void All(const Report& report) {
    for (auto& rank : ranks_) report(*rank);
  }

  void Announce();
  void WarmUp();
  void Admit(SimRequest* request);
  void GrowBlocks(SimRequest* request, uint32_t positions);
  void Preempt(SimRequest* request);
  void Step(const std::vector<SimRequest*>& running);
  void DispatchLayers(const std::vector<SpanRecord>& spans,
                      const std::vector<SimRequest*>& owners);
  std::vector<uint16_t> LayerIds(uint32_t layer,
                                 const std::vector<SpanRecord>& spans,
                                 const std::vector<SimRequest*>& owners);
  void PlantInSet(uint32_t layer, std::vector<uint16_t>* ids) const;
  void Sample(const std::vector<SimRequest*>& running);
  void EndBlock();
  void ReportDeliveries(CaptureWriter* front_end) const;

  const SyntheticOptions options_;
  std::vector<std::unique_ptr<CaptureWriter>> ranks_;
  std::vector<SimRequest> requests_;
  std::map<uint64_t, uint32_t> cache_;  // prefix hash -> physical block
  uint32_t next_block_ = 1;
  uint64_t step_ = 0;
  uint32_t blocks_closed_ = 0;
};

void SyntheticEngine::Announce() {
  std::string layers;
  for (const uint32_t layer : options_.layers) {
    layers += (layers.empty() ? "" : ",") + std::to_string(layer);
  }
  for (uint32_t rank = 0; rank < ranks_.size(); ++rank) {
    CaptureWriter& writer = *ranks_[rank];
    if (!Fault("no-shim")) {
      writer.Fact("role", "worker");
      writer.Fact("engine", "vllm");
      writer.Fact("engine_version", "0.32.0");
      writer.Fact("model", "synthetic-moe");
      writer.Fact("moe_layers", layers);
      writer.Fact("num_experts", std::to_string(options_.experts));
      writer.Fact("top_k", std::to_string(options_.k));
      writer.Fact("kv_block_size", std::to_string(kBlockSize));
      writer.Fact("tp_rank", std::to_string(rank));
      writer.Fact("tp_size", std::to_string(options_.tp_size));
    }
    for (uint16_t slot = 0; slot < options_.layers.size(); ++slot) {
      writer.Layer(slot, static_cast<uint16_t>(options_.layers[slot]),
                   options_.experts,
                   Fault("extra-dispatch") ? log::LayerSource::Order
                                           : log::LayerSource::Pointer);
    }
    if (Fault("unhooked")) {
      writer.Status("unhooked",
                    "no dispatch in step 1; _C.abi3.so defines "
                    "cpu_fused_mog, which looks like cpu_fused_moe");
    }
  }
}

void SyntheticEngine::WarmUp() {
  ++step_;
  const std::vector<SpanRecord> none;
  All([&](CaptureWriter& w) { w.StepBegin(step_, kDummy, none); });
  const std::vector<uint16_t> zeros(kDummyRows * options_.k, 0);
  for (uint16_t slot = 0; slot < options_.layers.size(); ++slot) {
    All([&](CaptureWriter& w) {
      w.Dispatch(step_, slot, static_cast<uint16_t>(options_.k), zeros);
    });
  }
  All([&](CaptureWriter& w) { w.StepEnd(step_, 0, 0); });
}

void SyntheticEngine::GrowBlocks(SimRequest* request, uint32_t positions) {
  const uint32_t need = (positions + kBlockSize - 1) / kBlockSize;
  const auto have = static_cast<uint32_t>(request->blocks.size());
  if (need <= have) return;
  std::vector<uint32_t> added;
  while (have + added.size() < need) added.push_back(next_block_++);
  request->blocks.insert(request->blocks.end(), added.begin(), added.end());
  All([&](CaptureWriter& w) { w.Kv(request->number, step_, have, added); });
}

// Takes what the prefix cache has: whole blocks, but never the last token.
void SyntheticEngine::Admit(SimRequest* request) {
  for (uint32_t end = kBlockSize; end < request->known; end += kBlockSize) {
    const auto hit = cache_.find(request->Prefix(end));
    if (hit == cache_.end()) break;
    request->blocks.push_back(hit->second);
    request->computed = end;
  }
  if (request->blocks.empty()) return;
  All([&](CaptureWriter& w) {
    w.Kv(request->number, step_, 0, request->blocks);
  });
}

void SyntheticEngine::Preempt(SimRequest* request) {
  request->preempt = false;
  request->blocks.clear();
  request->computed = 0;
  All([&](CaptureWriter& w) {
    w.Event(request->number, step_, kPreempted, 0, "");
  });
  GrowBlocks(request, request->known);
}

void SyntheticEngine::PlantInSet(uint32_t layer,
                                 std::vector<uint16_t>* ids) const {
  if (layer != kFaultLayer) return;
  if (Fault("constant")) {
    for (size_t i = 0; i < ids->size(); ++i) {
      (*ids)[i] = static_cast<uint16_t>(i % options_.k);
    }
  }
  if (FaultNow("zeros")) std::fill(ids->begin(), ids->end(), 0);
  if (FaultNow("out-of-range")) {
    (*ids)[0] = static_cast<uint16_t>(options_.experts);
  }
  if (FaultNow("repeated")) (*ids)[0] = (*ids)[1];
}

std::vector<uint16_t> SyntheticEngine::LayerIds(
    uint32_t layer, const std::vector<SpanRecord>& spans,
    const std::vector<SimRequest*>& owners) {
  std::vector<uint16_t> ids;
  for (size_t s = 0; s < spans.size(); ++s) {
    for (uint32_t r = 0; r < spans[s].rows; ++r) {
      const uint32_t position = spans[s].start + r;
      const auto& tokens = owners[s]->tokens;
      const uint32_t token =
          tokens[std::min<size_t>(position, tokens.size() - 1)];
      const auto set = SyntheticSet(options_, token, position, layer);
      ids.insert(ids.end(), set.begin(), set.end());
    }
  }
  PlantInSet(layer, &ids);
  const bool padded = step_ % 3 == 0 && !Fault("no-shim");
  ids.resize(ids.size() + (padded ? options_.k : 0), 0);
  return ids;
}

void SyntheticEngine::DispatchLayers(const std::vector<SpanRecord>& spans,
                                     const std::vector<SimRequest*>& owners) {
  uint32_t dispatches = 0;
  const auto expected = static_cast<uint32_t>(options_.layers.size());
  for (uint16_t slot = 0; slot < expected; ++slot) {
    const uint32_t layer = options_.layers[slot];
    if (Fault("unhooked")) continue;
    if (FaultNow("missing-layer") && layer == kFaultLayer) continue;
    ++dispatches;
    const auto ids = LayerIds(layer, spans, owners);
    All([&](CaptureWriter& w) {
      if (FaultNow("drops")) {
        w.Drop(step_, step_, ids.size() / options_.k);
      } else {
        w.Dispatch(Fault("no-shim") ? 0 : step_, slot,
                   static_cast<uint16_t>(options_.k), ids);
      }
    });
  }
  if (Fault("no-shim")) return;
  if (FaultNow("extra-dispatch")) ++dispatches;
  All([&](CaptureWriter& w) { w.StepEnd(step_, dispatches, expected); });
}

void SyntheticEngine::Step(const std::vector<SimRequest*>& running) {
  std::vector<SpanRecord> spans;
  for (SimRequest* request : running) {
    const uint32_t rows =
        std::clamp(request->known - request->computed, 1u, kMaxPrefillRows);
    GrowBlocks(request, request->computed + rows);
    spans.push_back({request->number, request->computed, rows, 0});
    request->computed += rows;
  }
  std::vector<SpanRecord> announced = spans;
  if (FaultNow("orphan")) announced.back().request = kUnknownRequest;
  if (!Fault("no-shim")) {
    All([&](CaptureWriter& w) { w.StepBegin(step_, kReal, announced); });
  }
  DispatchLayers(spans, running);
}

void SyntheticEngine::Sample(const std::vector<SimRequest*>& running) {
  std::vector<SampleRecord> samples;
  for (SimRequest* request : running) {
    for (uint32_t end = kBlockSize; end <= request->computed;
         end += kBlockSize) {
      cache_.try_emplace(request->Prefix(end),
                         request->blocks[end / kBlockSize - 1]);
    }
    if (request->computed < request->known) continue;  // chunked prefill
    const auto total = static_cast<uint32_t>(request->tokens.size());
    if (request->known < total) {
      const uint32_t position = request->known++;
      const uint64_t value = options_.token_ids ? request->tokens[position]
                                                : request->Prefix(position + 1);
      samples.push_back({request->number, position, value});
      if (request->known < total || request->overshoot) continue;
    }
    request->finished = true;
    All([&](CaptureWriter& w) {
      w.Event(request->number, step_, kFinished, 0, "length");
    });
  }
  if (samples.empty()) return;
  All([&](CaptureWriter& w) { w.Samples(samples, !options_.token_ids); });
}

void SyntheticEngine::EndBlock() {
  const bool lose = Fault("lost-block") && blocks_closed_ == 1;
  All([&](CaptureWriter& w) { lose ? w.LoseBlock() : w.CloseBlock(); });
  ++blocks_closed_;
  if (Fault("ring") && blocks_closed_ == 2) {
    All([](CaptureWriter& w) { w.KeepInRing(); });
  }
}

void SyntheticEngine::Run() {
  if (Fault("incompatible")) {
    All([](CaptureWriter& w) { w.SetIncompatible(); });
  }
  Announce();
  requests_ = MakeTraffic(options_);
  if (!Fault("no-shim") && !Fault("unhooked")) WarmUp();
  size_t next = 0;
  std::vector<SimRequest*> running;
  while (next < requests_.size() || !running.empty()) {
    ++step_;
    while (running.size() < kBatch && next < requests_.size()) {
      SimRequest& request = requests_[next++];
      request.known = request.prompt;
      running.push_back(&request);
      if (Fault("no-shim")) continue;
      std::vector<uint64_t> hashes;
      for (uint32_t i = 1; i <= request.prompt; ++i) {
        hashes.push_back(request.Prefix(i));
      }
      const std::vector<uint32_t> prompt(
          request.tokens.begin(), request.tokens.begin() + request.prompt);
      All([&](CaptureWriter& w) {
        w.Request(request.number, request.id, request.prompt, step_);
        options_.token_ids ? w.Tokens(request.number, 0, prompt)
                           : w.Hashes(request.number, 0, hashes);
      });
      Admit(&request);
    }
    for (SimRequest* request : running) {
      const bool halfway = request->known > request->prompt + 4;
      if (request->preempt && halfway) Preempt(request);
    }
    Step(running);
    if (!Fault("no-shim")) Sample(running);
    if (Fault("no-shim")) {
      for (SimRequest* r : running) r->finished = r->known++ > r->prompt + 3;
    }
    std::erase_if(running, [](SimRequest* r) { return r->finished; });
    if (step_ % options_.steps_per_block == 0) EndBlock();
  }
}

void SyntheticEngine::ReportDeliveries(CaptureWriter* front_end) const {
  front_end->Fact("role", "frontend");
  front_end->Fact("engine", "vllm");
  for (const SimRequest& request : requests_) {
    const std::string parent = request.id.substr(2);
    const bool stopped = request.number % 4 == 0;
    const uint32_t returned =
        stopped ? options_.generated - 3 : options_.generated;
    front_end->Delivery(request.id, "client-" + parent, parent, request.prompt,
                        returned, stopped ? "stop" : "length");
  }
}

void SyntheticEngine::Write(const std::filesystem::path& directory) {
  for (auto& rank : ranks_) {
    rank->CloseBlock();
    std::vector<uint8_t>& bytes = rank->bytes();
    if (Fault("torn")) bytes.resize(bytes.size() - 10);
    if (Fault("damaged")) bytes[rank->offsets()[1] + 200] ^= 0x40;
    rank->Write(directory);
  }
  if (Fault("no-shim")) return;
  CaptureWriter front_end(static_cast<uint32_t>(ranks_.size()));
  ReportDeliveries(&front_end);
  front_end.Write(directory);
}

}  // namespace

const std::vector<std::string>& SyntheticFaults() {
  static const std::vector<std::string> faults = {
      "zeros",         "out-of-range", "repeated",      "constant",
      "missing-layer", "orphan",       "drops",         "lost-block",
      "damaged",       "torn",         "incompatible",  "ring",
      "unhooked",      "no-shim",      "extra-dispatch"};
  return faults;
}

void WriteSyntheticCapture(const SyntheticOptions& options,
                           const std::filesystem::path& directory) {
  SyntheticEngine engine(options);
  engine.Run();
  engine.Write(directory);
}

}  // namespace moetap
