// Prints synthetic captures or random subsets, for tests.
//   null_draws KIND SEED REPLICATES THREADS < TRACES (trace_json.h)
// prints the values of each replicate's matrix, with the phase "prompt"; null
// if a design cannot be fitted.
//   null_draws sampler SEED < {"odds", "k", "draws"}
// prints each set that came, ascending, and how often.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/signatures/null_models.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/studies/signatures/subset_sampler.h"
#include "analysis/studies/workers.h"
#include "tests/tools/trace_json.h"

namespace moetap {
namespace {

PositionRange Prompt(const Sequence& sequence) {
  return PhaseRange(sequence, Phase::kPrompt);
}

Json DrawAll(const NullModel& model, uint64_t seed, size_t replicates,
             unsigned threads) {
  std::vector<Json> draws(replicates);
  std::atomic<size_t> next = 0;
  RunWorkers(threads, [&] {
    for (size_t r = next++; r < replicates; r = next++) {
      draws[r] = model.Draw(seed, r).values;
    }
  });
  return draws;
}

int PrintNull(const std::string& name, uint64_t seed, size_t replicates,
              unsigned threads) {
  const std::vector<Trace> traces = ReadTraces(Json::parse(std::cin));
  NullKind kind = NullKind::kUniform;
  for (const NullKind one : {NullKind::kPopularity, NullKind::kPermuted}) {
    if (name == NullKindName(one)) kind = one;
  }
  const auto units = FindSignatureUnits(traces, Phase::kPrompt).units;
  const auto model = NullModel::Make(traces, units, Prompt, kind);
  Json draws;
  if (model) draws = DrawAll(*model, seed, replicates, threads);
  std::cout << draws.dump() << '\n';
  return 0;
}

int PrintSampler(uint64_t seed) {
  const Json input = Json::parse(std::cin);
  const SubsetSampler sampler(input.at("odds").get<std::vector<double>>(),
                              input.at("k"));
  const uint64_t draws = input.at("draws");
  std::map<std::vector<uint32_t>, uint64_t> sets;
  std::vector<uint64_t> bits(sampler.k());
  std::vector<uint32_t> chosen(sampler.k());
  for (uint64_t i = 0; i < draws; ++i) {
    for (size_t d = 0; d < bits.size(); ++d) {
      bits[d] = Draw(seed, kStreamNullUniform, i * bits.size() + d);
    }
    sampler.Draw(bits, chosen);
    std::sort(chosen.begin(), chosen.end());
    ++sets[chosen];
  }
  Json result = Json::array();
  for (const auto& [set, times] : sets) result.push_back({set, times});
  std::cout << result.dump() << '\n';
  return 0;
}

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string what = argv[1];
  const uint64_t seed = std::stoull(argv[2]);
  if (what == "sampler") return PrintSampler(seed);
  if (argc != 5) return 2;
  return PrintNull(what, seed, std::stoull(argv[3]),
                   static_cast<unsigned>(std::atoi(argv[4])));
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
