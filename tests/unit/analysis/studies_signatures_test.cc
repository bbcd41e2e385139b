#include <gmock/gmock.h>

#include <chrono>
#include <numeric>
#include <thread>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/signature_units.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

TEST(SignatureStreamTest, AThreadThatIsAheadWaitsForItsTurn) {
  Trace trace = MakeTrace({{0, 4, 1, 0}});
  for (uint64_t i = 0; i < 50; ++i) {
    AddSequence(&trace, {i, 0});
    trace.sequences.back().category = "a";
  }
  const std::vector<Trace> traces = {trace};
  const auto units = FindSignatureUnits(traces, Phase::kPrompt).units;
  // The first unit takes long, so that the other threads are ahead.
  const auto counted = [](const Sequence& sequence) {
    if (sequence.tokens[0] == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return PhaseRange(sequence, Phase::kPrompt);
  };
  std::vector<size_t> order;
  ForEachSignature(traces, units, counted, 3,
                   [&](size_t unit, std::span<const double> signature) {
                     order.push_back(unit);
                     EXPECT_EQ(signature[unit % 4], 1);
                   });
  std::vector<size_t> expected(50);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
}

}  // namespace
}  // namespace moetap
