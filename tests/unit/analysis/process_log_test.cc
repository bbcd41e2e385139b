#include "analysis/process_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "tests/unit/analysis/small_engine.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

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
  const Capture capture = ReadCapture(directory.path());
  const ProcessLog log = ReadLog(capture.files[0]);
  std::vector<uint64_t> lost;
  for (uint64_t step = 1; step <= 20; ++step) {
    if (log.Lost(step)) lost.push_back(step);
  }
  EXPECT_THAT(lost, ElementsAre(3, 4, 5, 6, 7, 8, 9, 12));
}

}  // namespace
}  // namespace moetap
