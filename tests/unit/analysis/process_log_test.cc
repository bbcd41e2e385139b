#include "analysis/process_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "tests/unit/analysis/small_engine.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> LostSteps(const std::filesystem::path& directory) {
  const Capture capture = ReadCapture(directory);
  const ProcessLog log = ReadLog(capture.files[0]);
  std::vector<uint64_t> lost;
  for (uint64_t step = 1; step <= 20; ++step) {
    if (log.Lost(step)) lost.push_back(step);
  }
  return lost;
}

TEST(ProcessLogTest, LossesMayOverlap) {
  TemporaryDirectory directory;
  SmallEngine engine;
  engine.Request(1, "a", {10, 11}, 1);
  engine.Step(1, {{1, 0, 2, 0}}, 0);
  engine.writer().Drop(12, 12, 1);
  engine.writer().Drop(3, 9, 1);
  engine.writer().Drop(4, 5, 1);
  engine.Step(20, {{1, 1, 1, 0}}, 0);
  engine.writer().Write(directory.path());
  EXPECT_THAT(LostSteps(directory.path()),
              ElementsAre(3, 4, 5, 6, 7, 8, 9, 12));
}

// A GPU's rows come after the end of their step, which the host records.
TEST(ProcessLogTest, StepsWhoseRowsWereOnTheGpuAreLost) {
  for (const bool ended : {false, true}) {
    TemporaryDirectory directory;
    SmallEngine engine;
    engine.Request(1, "a", {10, 11, 12, 13}, 1);
    CaptureWriter& writer = engine.writer();
    writer.Layer(1, 4, 8, log::LayerSource::Order);
    engine.Step(1, {{1, 0, 1, 0}}, 0);
    const auto real = static_cast<uint16_t>(log::StepKind::Real);
    for (uint32_t step = 2; step <= 4; ++step) {
      writer.StepBegin(step, real, {{1, step - 1, 1, 0}});
      if (step < 4 || ended) writer.StepEnd(step, 1, 1);
    }
    writer.Write(directory.path());
    EXPECT_THAT(LostSteps(directory.path()), ElementsAre(2, 3, 4)) << ended;
  }
}

}  // namespace
}  // namespace moetap
