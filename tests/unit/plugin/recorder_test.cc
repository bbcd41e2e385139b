#include "plugin/recorder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "hooks/registry.h"
#include "plugin/moetap.h"
#include "plugin/process.h"
#include "schema/ring_reader.h"
#include "tests/unit/plugin/capture_files.h"
#include "tests/unit/plugin/guest.h"

namespace moetap {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

class RecorderTest : public GuestTest {};

// Expects exactly the rows of Dispatch(layer, number, rows, k) from
// `sets[*at]` on.
void ExpectRows(const std::vector<CapturedSet>& sets, size_t* at,
                uint32_t number, uint32_t rows, uint32_t k) {
  const std::vector<int32_t> ids = MakeIds(number, rows, k);
  ASSERT_LE(*at + rows, sets.size());
  for (uint32_t row = 0; row < rows; ++row, ++*at) {
    const CapturedSet& set = sets[*at];
    ASSERT_EQ(set.row, row);
    ASSERT_TRUE(std::equal(set.ids.begin(), set.ids.end(),
                           ids.begin() + size_t{row} * k,
                           ids.begin() + size_t{row + 1} * k))
        << "row " << row;
  }
}

TEST_F(RecorderTest, StoresRowsFactsAndLayers) {
  RunGuest([] {
    moetap_fact("role", "frontend");
    moetap_fact("role", "worker");
    Dispatch(0, 1, 5, 4);
    moetap_fact("late", "fact");
  });
  const Captured captured = ReadOnlyCapture(directory());
  size_t at = 0;
  ExpectRows(captured.sets, &at, 1, 5, 4);
  EXPECT_THAT(captured.sets, SizeIs(5));
  EXPECT_THAT(captured.facts, Contains(Pair("role", "worker")));
  EXPECT_THAT(captured.facts, Not(Contains(Pair("role", "frontend"))));
  EXPECT_THAT(captured.facts, Contains(Pair("late", "fact")));
  EXPECT_THAT(captured.facts, Contains(Pair("tokens", "none")));
  EXPECT_THAT(captured.layers, SizeIs(1));
  EXPECT_EQ(captured.hook, kCpuFusedMoe.symbol);
  EXPECT_EQ(captured.counters().dispatches, 1u);
  EXPECT_EQ(captured.counters().dropped_rows, 0u);
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(RecorderTest, BlocksSayWhatTheCaptureCosts) {
  RunGuest([] {
    moetap_shim_time(30);
    Dispatch(0, 1, 1, 8);  // starts the recorder, and adds a layer
    moetap_shim_time(12);
    moetap_fact("late", "fact");
  });
  const Captured captured = ReadOnlyCapture(directory());
  const auto size = std::filesystem::file_size(FilesIn(directory(), ".zst")[0]);
  Cost last;
  for (const BlockHeader& header : captured.headers) {
    ASSERT_TRUE(header.has_cost());
    EXPECT_GE(header.cost.engine_ns, last.engine_ns);
    EXPECT_GE(header.cost.writer_ns, last.writer_ns);
    last = header.cost;
  }
  const BlockHeader& end = captured.headers.back();
  EXPECT_EQ(last.bytes + end.header_size + end.packed_size, size);
  EXPECT_EQ(last.shim_ns, 42u);
  EXPECT_GT(last.engine_ns, 0u);
  EXPECT_GT(last.writer_ns, 0u);
}

// Waiting is what costs the engine most, and the sample may miss it.
TEST_F(RecorderTest, WaitsAreTimed) {
  config().block_on_full = true;
  RunGuest([] {
    Dispatch(0, 1, 1, 16);
    for (uint32_t number = 0; number < 65536 / 8; ++number) {
      Dispatch(0, number, 8, 16);
    }
  });
  const Captured captured = ReadOnlyCapture(directory());
  constexpr uint64_t kOneNap = 1'000'000;
  EXPECT_GT(captured.counters().stalls, 0u);
  EXPECT_GE(captured.headers.back().cost.engine_ns,
            captured.counters().stalls * kOneNap);
}

TEST_F(RecorderTest, FilesArePrivate) {
  RunGuest([] { Dispatch(0, 1, 1, 1); });
  struct stat st;
  ASSERT_EQ(stat(directory().c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700u);
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 1u);
  ASSERT_EQ(stat(files[0].c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
}

TEST_F(RecorderTest, IsDormantUntilThereIsSomethingToRecord) {
  RunGuest([this] {
    const size_t threads = FilesIn("/proc/self/task", "").size();
    moetap_fact("role", "worker");
    const moetap_layer layer = {0, 0, 8, 2, 0};
    moetap_expect(&layer, 1);
    EXPECT_EQ(moetap_abi_version(), uint32_t{MOETAP_ABI_VERSION});
    EXPECT_EQ(FilesIn("/proc/self/task", "").size(), threads);
    EXPECT_FALSE(std::filesystem::exists(directory()));
  });
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(RecorderTest, DoesNothingWhenDisabled) {
  config().enabled = false;
  RunGuest([] {
    Dispatch(0, 1, 5, 4);
    moetap_request(1, "r", 1, 1);
  });
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(RecorderTest, SplitsTheLargestDispatch) {
  config().ring_bytes = uint64_t{8} << 20;
  RunGuest([] { Dispatch(0, 3, 65536, 32); });
  const Captured captured = ReadOnlyCapture(directory());
  size_t at = 0;
  ExpectRows(captured.sets, &at, 3, 65536, 32);
  EXPECT_THAT(captured.sets, SizeIs(65536));
  EXPECT_EQ(captured.counters().dispatches, 1u);
}

TEST_F(RecorderTest, KeepsErrno) {
  RunGuest([] {
    for (uint32_t i = 0; i < 2; ++i) {
      errno = EDOM;
      Dispatch(0, i, 1, 1);
      EXPECT_EQ(errno, EDOM);
      moetap_request(1, "r", 1, 1);
      EXPECT_EQ(errno, EDOM);
    }
  });
}

TEST_F(RecorderTest, DispatchesOfAStepBelongToIt) {
  RunGuest([] {
    const moetap_layer layers[] = {{0, 4, 60, 2, 0}, {0, 6, 60, 2, 0}};
    moetap_expect(layers, 2);
    for (uint64_t step = 1; step <= 3; ++step) {
      const moetap_span span = {1, 0, 3, 0};
      moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
      Dispatch(0, 1, 3, 2);
      Dispatch(1, 2, 3, 2);
      moetap_step_end(step);
    }
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_EQ(captured.steps, 3u);
  ASSERT_THAT(captured.sets, SizeIs(18));
  EXPECT_EQ(captured.sets.front().step, 1u);
  EXPECT_EQ(captured.sets.back().step, 3u);
  EXPECT_THAT(captured.status, IsEmpty());
  EXPECT_EQ(captured.layers.at(0),
            std::make_pair(uint16_t{4}, log::LayerSource::Order));
  EXPECT_EQ(captured.layers.at(1),
            std::make_pair(uint16_t{6}, log::LayerSource::Order));
}

TEST_F(RecorderTest, MissingDispatchesAreSaidOnce) {
  RunGuest([] {
    const moetap_layer layers[] = {{0, 4, 60, 2, 0}, {0, 6, 60, 2, 0}};
    moetap_expect(layers, 2);
    const moetap_span span = {1, 0, 3, 0};
    moetap_step_begin(1, MOETAP_STEP_DUMMY, &span, 1);
    moetap_step_end(1);
    for (uint64_t step = 2; step <= 3; ++step) {
      moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
      Dispatch(0, 1, 3, 2);
      moetap_step_end(step);
    }
  });
  EXPECT_THAT(ReadOnlyCapture(directory()).status,
              testing::ElementsAre("unhooked"));
}

TEST_F(RecorderTest, UnreadableCallsAreCountedAndSaidOnce) {
  RunGuest([] {
    Recorder recorder;
    RoutingSink& sink = recorder;
    sink.OnUnreadable(kCpuFusedMoe, "no torch");
    sink.OnUnreadable(kCpuFusedMoe, "no torch");
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(captured.status, testing::ElementsAre("unreadable"));
  EXPECT_EQ(captured.counters().dispatches, 2u);
  EXPECT_EQ(captured.drop_records, 2u);
}

TEST_F(RecorderTest, SeveralThreadsLoseNothing) {
  config().block_on_full = true;
  constexpr uint32_t kDispatches = 2000;
  RunGuest([] {
    std::vector<std::thread> threads;
    for (uint32_t layer = 0; layer < 4; ++layer) {
      threads.emplace_back([layer] {
        for (uint32_t i = 0; i < kDispatches; ++i) {
          Dispatch(layer, i, i % 20 + 1, 8);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_EQ(captured.counters().rows, 4 * kDispatches / 20 * 210);
  EXPECT_EQ(captured.counters().dispatches, 4 * kDispatches);
  EXPECT_EQ(captured.counters().dropped_rows, 0u);
  EXPECT_THAT(captured.layers, SizeIs(4));
}

TEST_F(RecorderTest, BlockPolicyWaitsForRoom) {
  config().block_on_full = true;
  RunGuest([] { Dispatch(0, 1, 65536, 16); });  // eight times the ring
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(captured.sets, SizeIs(65536));
  EXPECT_GT(captured.counters().stalls, 0u);
  EXPECT_EQ(captured.counters().dropped_rows, 0u);
}

TEST_F(RecorderTest, DropPolicyCountsExactly) {
  RunGuest([] {
    const moetap_span span = {1, 0, 65536, 0};
    moetap_step_begin(5, MOETAP_STEP_REAL, &span, 1);
    Dispatch(0, 1, 65536, 32);  // sixteen times the ring
    moetap_step_end(5);
  });
  const Captured captured = ReadOnlyCapture(directory());
  const Counters& counters = captured.counters();
  EXPECT_EQ(counters.rows + counters.dropped_rows, 65536u);
  EXPECT_GT(counters.dropped_rows, 0u);
  EXPECT_EQ(captured.drop_rows, counters.dropped_rows);
  EXPECT_EQ(captured.drop_first_step, 5u);
  EXPECT_EQ(captured.drop_last_step, 5u);
}

TEST_F(RecorderTest, AForkedChildHasItsOwnCapture) {
  RunGuest([] {
    Dispatch(0, 1, 5, 4);
    const pid_t child = fork();
    if (child == 0) {
      Dispatch(0, 2, 7, 4);
      FinishProcess();
      _exit(0);
    }
    Dispatch(0, 3, 5, 4);
    EXPECT_EQ(WaitFor(child), 0);
  });
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 2u);
  std::vector<Captured> captures = {ReadCapture(files[0]),
                                    ReadCapture(files[1])};
  if (captures[0].sets.size() == 7) std::swap(captures[0], captures[1]);
  size_t at = 0;
  ExpectRows(captures[0].sets, &at, 1, 5, 4);
  ExpectRows(captures[0].sets, &at, 3, 5, 4);
  EXPECT_EQ(at, captures[0].sets.size());
  at = 0;
  ExpectRows(captures[1].sets, &at, 2, 7, 4);
  EXPECT_EQ(at, captures[1].sets.size());
  EXPECT_NE(captures[0].headers[0].file_uuid, captures[1].headers[0].file_uuid);
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(RecorderTest, AChildForkedAmidDispatchesOfOtherThreadsWorks) {
  config().block_on_full = true;
  RunGuest([] {
    std::atomic<bool> stop = false;
    std::thread busy([&] {
      for (uint32_t i = 0; !stop; ++i) Dispatch(i % 64, i, 50, 8);
    });
    for (uint32_t i = 0; i < 20; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        Dispatch(0, i, 3, 2);
        FinishProcess();
        _exit(0);
      }
      EXPECT_EQ(WaitFor(child), 0);
    }
    stop = true;
    busy.join();
  });
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 21u);
  size_t children = 0;
  for (const auto& file : files) {
    children += ReadCapture(file).counters().rows == 3;
  }
  EXPECT_EQ(children, 20u);
}

TEST_F(RecorderTest, AKilledProcessLeavesEverythingItPublished) {
  RunAndKillGuest([] {
    for (uint32_t i = 0; i < 100; ++i) Dispatch(i % 2, i, 3, 4);
  });
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 1u);
  uint64_t rows =
      ReadBytes(files[0]).empty() ? 0 : ReadCapture(files[0]).counters().rows;
  const auto rings = LeftoverRings();
  ASSERT_EQ(rings.size(), 1u);
  const std::vector<uint8_t> image = ReadBytes(rings[0]);
  RingReader reader;
  ASSERT_TRUE(reader.Open(image));
  RingRecord record;
  while (reader.Next(&record)) {
    if (record.type != RecordType::kDispatch) continue;
    DispatchRecord dispatch;
    memcpy(&dispatch, record.payload.data(), sizeof(dispatch));
    rows += dispatch.rows;
  }
  EXPECT_EQ(rows, 300u);
  EXPECT_EQ(reader.unpublished(), 0u);
  EXPECT_EQ(reader.info().counters.rows, 300u);
  EXPECT_EQ(std::filesystem::path(reader.info().capture_file), files[0]);
}

// What lies on the host's stack is nobody's business.
TEST_F(RecorderTest, NothingButItsPathIsInTheRingsHeader) {
  RunAndKillGuest([] { Dispatch(0, 1, 3, 4); });
  const auto rings = LeftoverRings();
  ASSERT_EQ(rings.size(), 1u);
  const std::vector<uint8_t> image = ReadBytes(rings[0]);
  RingReader reader;
  ASSERT_TRUE(reader.Open(image));
  const char* path = reader.info().capture_file;
  EXPECT_EQ(std::count(path, path + sizeof(RingInfo::capture_file), '\0'),
            static_cast<long>(sizeof(RingInfo::capture_file) - strlen(path)));
}

}  // namespace
}  // namespace moetap
