// What the intersection of two expert sets costs, by each path of
// analysis/studies/set_pairs.h and, where its header was found, by SimSIMD's
// kernel for the binary Jaccard distance.  bench/README.md says how to read
// the figures; pair_intersections_check.py compares them.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "analysis/studies/set_pairs.h"
#ifdef MOETAP_SIMSIMD
#include "bench/simsimd_jaccard.h"
#endif

namespace moetap {
namespace {

// The shape of the models that the studies are for.  Small enough for a core's
// own caches in either layout.
constexpr uint32_t kExperts = 256;
constexpr uint32_t kTop = 8;
constexpr uint32_t kRows = 1024;

using Ids = std::vector<uint16_t>;

// [row][rank], each row a uniform set.
std::vector<Ids> RandomRows() {
  std::mt19937 random(1);
  Ids experts(kExperts);
  std::iota(experts.begin(), experts.end(), uint16_t{0});
  std::vector<Ids> rows;
  for (uint32_t row = 0; row < kRows; ++row) {
    std::ranges::shuffle(experts, random);
    rows.emplace_back(experts.begin(), experts.begin() + kTop);
  }
  return rows;
}

void Fill(const std::vector<Ids>& rows, SetColumn* column) {
  column->Reset(kRows, kExperts);
  for (uint32_t row = 0; row < kRows; ++row) column->Write(row, rows[row]);
}

void CountPairs(benchmark::State* state) {
  state->SetItemsProcessed(state->iterations() * kRows);
}

void WriteSets(benchmark::State& state) {
  const std::vector<Ids> rows = RandomRows();
  SetColumn column;
  for (auto unused : state) Fill(rows, &column);
  CountPairs(&state);
}

void Intersect(benchmark::State& state, PairPath path) {
  SetColumn column;
  Fill(RandomRows(), &column);
  std::vector<uint8_t> sizes(kRows);
  uint32_t row = 0;
  for (auto unused : state) {
    Intersect(column, row++ % kRows, 0, kRows, sizes.data(), path);
    benchmark::DoNotOptimize(sizes.data());
    benchmark::ClobberMemory();
  }
  CountPairs(&state);
}

// Every pair belongs to one of the outputs, at random: no word of a mask is
// zero, which a real mask's often are.
void AddHistogram(benchmark::State& state, PairPath path) {
  const auto outputs = static_cast<uint32_t>(state.range(0));
  SetColumn column;
  Fill(RandomRows(), &column);
  std::vector<uint8_t> sizes(kRows);
  Intersect(column, 0, 0, kRows, sizes.data(), path);
  std::mt19937 random(2);
  std::vector<uint64_t> masks(outputs * kRows / 64);
  std::vector<uint64_t> bins(outputs * (kTop + 2));
  std::vector<MaskedBins> masked;
  for (uint32_t b = 0; b < kRows; ++b) {
    masks[random() % outputs * (kRows / 64) + b / 64] |= uint64_t{1} << b % 64;
  }
  for (uint32_t o = 0; o < outputs; ++o) {
    masked.push_back(
        {masks.data() + o * (kRows / 64), bins.data() + o * (kTop + 2)});
  }
  for (auto unused : state) {
    AddHistogram(sizes.data(), column.usable_mask(), kRows, kTop, masked, path);
    benchmark::ClobberMemory();
  }
  CountPairs(&state);
}

#ifdef MOETAP_SIMSIMD
void SimsimdJaccard(benchmark::State& state) {
  constexpr uint32_t kBytes = kExperts / 8;
  std::vector<uint8_t> bits(kRows * kBytes);
  const std::vector<Ids> rows = RandomRows();
  for (uint32_t row = 0; row < kRows; ++row) {
    for (const uint16_t id : rows[row]) {
      bits[row * kBytes + id / 8] |= static_cast<uint8_t>(1 << id % 8);
    }
  }
  std::vector<double> distances(kRows);
  uint32_t row = 0;
  for (auto unused : state) {
    SimsimdDistances(bits.data() + row++ % kRows * kBytes, bits.data(), kRows,
                     kBytes, distances.data());
    benchmark::ClobberMemory();
  }
  CountPairs(&state);
}
BENCHMARK(SimsimdJaccard);
#endif

const char* NameOf(PairPath path) {
  switch (path) {
    case PairPath::kScalar:
      return "scalar";
    case PairPath::kAvx2:
      return "avx2";
    case PairPath::kAvx512:
      return "avx512";
  }
  return "";
}

void RegisterPaths() {
  for (const PairPath path : PairPaths()) {
    const std::string name = NameOf(path);
    const auto intersect = [path](benchmark::State& state) {
      Intersect(state, path);
    };
    benchmark::RegisterBenchmark(("Intersect/" + name).c_str(), intersect);
    const auto histogram = [path](benchmark::State& state) {
      AddHistogram(state, path);
    };
    benchmark::RegisterBenchmark(("AddHistogram/" + name).c_str(), histogram)
        ->Arg(4)
        ->Arg(12);
  }
}

BENCHMARK(WriteSets);

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  moetap::RegisterPaths();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
