#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "analysis/trace.h"
#include "tests/unit/analysis/small_engine.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

// Two engines, so that the rows of one are added behind those of another.
TEST(TraceSpillTest, IsTheSameWhenNothingFitsIntoMemory) {
  TemporaryDirectory directory;
  SmallEngine first(0);
  SmallEngine second(1);
  for (SmallEngine* engine : {&first, &second}) {
    const uint16_t base = engine == &first ? 0 : 3;
    const std::string id = engine == &first ? "a" : "b";
    engine->Request(1, id, {10, 11, 12}, 1);
    engine->Step(1, {{1, 0, 3, 0}}, base);
    engine->writer().CloseBlock();
    engine->writer().Samples({{1, 3, 20}}, false);
    engine->Step(2, {{1, 2, 2, 0}}, 1);  // position 2 again
    engine->writer().Write(directory.path());
  }
  const Trace in_memory = BuildTrace(ReadCapture(directory.path()));
  const Trace in_file = BuildTrace(ReadCapture(directory.path(), 0), 0);
  EXPECT_FALSE(in_memory.ids.get_allocator().spills(in_memory.ids.capacity()));
  EXPECT_TRUE(in_file.ids.get_allocator().spills(in_file.ids.capacity()));
  EXPECT_EQ(in_file.ids.capacity(), in_file.ids.size());  // not grown twice
  EXPECT_EQ(in_file.rows(), 6u);
  EXPECT_TRUE(std::ranges::equal(in_file.ids, in_memory.ids));
  ASSERT_EQ(in_file.sequences.size(), 2u);
  for (size_t s = 0; s < 2; ++s) {
    ASSERT_EQ(in_file.sequences[s].positions.size(), 3u);
    for (size_t p = 0; p < 3; ++p) {
      EXPECT_EQ(in_file.sequences[s].positions[p].row,
                in_memory.sequences[s].positions[p].row);
    }
  }
  EXPECT_EQ(in_file.stats.replays, 2u);
  EXPECT_EQ(in_file.stats.replays_differing, in_memory.stats.replays_differing);
}

}  // namespace
}  // namespace moetap
