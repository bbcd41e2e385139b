// A made-up engine that serves made-up traffic and writes its capture, clean
// or with one planted fault.  Deterministic.
//
// The traffic has what real engines do: prefixes shared through a prefix
// cache, chunked prefill, batches of several requests, a preempted request
// that is computed again, n > 1 children, a stop string (tokens the client
// never saw), a row computed after its request had ended, warm-up steps and
// padding rows.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_CAPTURE_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_CAPTURE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace moetap {

struct SyntheticOptions {
  std::vector<uint32_t> layers = {1, 2, 4};  // decoder layers with experts
  uint32_t experts = 16;
  uint32_t k = 4;
  uint32_t prompts = 4;
  uint32_t requests_per_prompt = 3;
  uint32_t generated = 12;  // tokens per request
  uint32_t tp_size = 1;
  uint32_t steps_per_block = 8;
  bool token_ids = true;  // false: prefix hashes
  std::string fault;      // one of SyntheticFaults(), or ""
};

// Names of the faults that can be planted, each what `verify` must find:
//   zeros, out-of-range, repeated, constant, missing-layer, orphan, drops,
//   lost-block, damaged, torn, incompatible, ring, unhooked, no-shim
const std::vector<std::string>& SyntheticFaults();

// The step and the decoder layer that a fault is planted in.
inline constexpr uint64_t kFaultStep = 11;
inline constexpr uint32_t kFaultLayer = 2;

// Writes the capture into `directory`: one file per tensor-parallel rank and
// one of the front end.
void WriteSyntheticCapture(const SyntheticOptions& options,
                           const std::filesystem::path& directory);

// The set that the made-up router picks for a token at a position.
std::vector<uint16_t> SyntheticSet(const SyntheticOptions& options,
                                   uint32_t token, uint32_t position,
                                   uint32_t layer);

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_SYNTHETIC_CAPTURE_H_
