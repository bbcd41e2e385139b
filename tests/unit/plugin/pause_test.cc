// moetap_pause: what the hooks do meanwhile, and what the capture then holds.
#include <gmock/gmock.h>

#include "hooks/event_sink.h"
#include "plugin/moetap.h"
#include "plugin/process.h"
#include "plugin/recorder.h"
#include "tests/unit/plugin/capture_files.h"
#include "tests/unit/plugin/guest.h"

namespace moetap {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class PauseTest : public GuestTest {};

Recorder g_recorder;

struct NoRecords final : RecordSource {
  void Pump(RingBuffer*) override {}
};

TEST_F(PauseTest, TakesTheSinkFromTheHooksAndGivesItBack) {
  RunGuest([] {
    SetRoutingSink(&g_recorder);
    EXPECT_EQ(moetap_pause(1), 1);
    EXPECT_EQ(GetRoutingSink(), nullptr);
    EXPECT_EQ(moetap_pause(1), 1);
    EXPECT_EQ(GetRoutingSink(), nullptr);
    EXPECT_EQ(moetap_pause(0), 1);
    EXPECT_EQ(GetRoutingSink(), &g_recorder);
    EXPECT_EQ(moetap_pause(0), 1);
    EXPECT_EQ(GetRoutingSink(), &g_recorder);
  });
}

TEST_F(PauseTest, SaysWhenThereIsNothingToPause) {
  RunGuest([] {
    EXPECT_EQ(moetap_pause(1), 0);
    EXPECT_EQ(moetap_pause(0), 0);
    EXPECT_EQ(GetRoutingSink(), nullptr);
  });
}

TEST_F(PauseTest, RefusesWhileADeviceWritesRecords) {
  RunGuest([] {
    SetRoutingSink(&g_recorder);
    Dispatch(0, 1, 1, 4);
    static NoRecords source;  // the writer thread looks at it
    StartedProcess()->source.store(&source);
    EXPECT_EQ(moetap_pause(1), 0);
    EXPECT_EQ(GetRoutingSink(), &g_recorder);
  });
}

// A step of the engine whose one layer dispatches through the hooks.
void Step(uint64_t step) {
  const moetap_span span = {1, static_cast<uint32_t>(step), 1, 0};
  moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
  if (GetRoutingSink() != nullptr) {
    Dispatch(0, static_cast<uint32_t>(step), 1, 4);
  }
  moetap_step_end(step);
}

TEST_F(PauseTest, StepsAroundAPauseAreWhole) {
  RunGuest([] {
    SetRoutingSink(&g_recorder);
    const moetap_layer layer = {0, 0, 60, 4, 0};
    moetap_expect(&layer, 1);
    Step(1);
    moetap_pause(1);
    moetap_pause(0);
    Step(2);
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(captured.sets, SizeIs(2));
  EXPECT_THAT(captured.status, IsEmpty());
}

}  // namespace
}  // namespace moetap
