// Which processes of a capture worked together, and on which model.
#ifndef MOETAP_ANALYSIS_TRACE_ENGINES_H_
#define MOETAP_ANALYSIS_TRACE_ENGINES_H_

#include <string_view>
#include <vector>

#include "analysis/process_log.h"
#include "analysis/trace.h"

namespace moetap {

// One process of an engine.
struct Rank {
  ProcessLog log;
  std::vector<uint32_t> sequence_of;  // request index -> Trace::sequences
  std::vector<uint32_t> layer_of;     // slot -> Trace::layers, or kNone
};

// The tensor-parallel ranks of one engine, lowest first.
struct Engine {
  std::vector<Rank> ranks;
};

// Bytes of all blocks of the engine, unpacked: no engine names many more tokens
// or rows than these, however much of its capture is lost.
uint64_t RawBytes(const Engine& engine);

// A fact that is a number; `otherwise` if absent or no number.
uint64_t NumberFact(const CaptureFile& file, std::string_view key,
                    uint64_t otherwise);

// The decoder layers of fact "moe_layers", in its order; empty if absent.
std::vector<uint32_t> ListedLayers(const CaptureFile& file);

// Engines in order of data-parallel rank and file.  Throws Error if no trace
// can be made of the capture: no rows, no identity, two models, layers split
// over pipeline stages.
std::vector<Engine> FindEngines(const Capture& capture);

// The model's MoE layers in forward order; fills Rank::layer_of.  Throws Error
// if engines disagree.
std::vector<MoeLayer> FindLayers(std::vector<Engine>* engines);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_TRACE_ENGINES_H_
