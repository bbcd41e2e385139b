#include "plugin/recorder.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
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
    moetap_fact("role", "worker");
    Dispatch(0, 1, 5, 4);
    moetap_fact("late", "fact");
  });
  const Captured captured = ReadOnlyCapture(directory());
  size_t at = 0;
  ExpectRows(captured.sets, &at, 1, 5, 4);
  EXPECT_THAT(captured.sets, SizeIs(5));
  EXPECT_THAT(captured.facts, Contains(Pair("role", "worker")));
  EXPECT_THAT(captured.facts, Contains(Pair("late", "fact")));
  EXPECT_THAT(captured.facts, Contains(Pair("tokens", "none")));
  EXPECT_THAT(captured.layers, SizeIs(1));
  EXPECT_EQ(captured.hook, kCpuFusedMoe.symbol);
  EXPECT_EQ(captured.counters().dispatches, 1u);
  EXPECT_EQ(captured.counters().dropped_rows, 0u);
  EXPECT_TRUE(LeftoverRings().empty());
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

TEST_F(RecorderTest, AFullDiskEndsInCounts) {
  config().block_on_full = true;  // what is dropped is the disk's doing
  config().max_bytes = 2000;
  RunGuest([] {
    for (uint32_t step = 1; step <= 50; ++step) {
      const moetap_span span = {1, 0, 500, 0};
      moetap_step_begin(step, MOETAP_STEP_REAL, &span, 1);
      Dispatch(0, step * 977, 500, 8);
      moetap_step_end(step);
    }
  });
  const Captured captured = ReadOnlyCapture(directory());
  const Counters& counters = captured.counters();
  EXPECT_EQ(counters.rows + counters.dropped_rows, 50u * 500);
  EXPECT_GT(counters.dropped_rows, 0u);
  EXPECT_EQ(captured.drop_rows, counters.dropped_rows);
  EXPECT_EQ(captured.drop_records, counters.dropped_records);
  EXPECT_GE(captured.drop_first_step, 1u);
  EXPECT_LE(captured.drop_last_step, 50u);
  EXPECT_THAT(captured.status, Contains("disk"));
}

void LimitFileSize(rlim_t bytes) {
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST_F(RecorderTest, AFailingDiskThatRecoversLeavesACleanFile) {
  config().block_on_full = true;  // what is dropped is the disk's doing
  RunGuest([] {
    moetap_step_begin(1, MOETAP_STEP_REAL, nullptr, 0);
    Dispatch(0, 1, 5, 4);
    LimitFileSize(100);
    const RingHeader* ring = StartedProcess()->ring.header();
    for (uint32_t i = 0; ring->dropped_rows.load() == 0; ++i) {
      Dispatch(0, i, 1000, 8);
    }
    LimitFileSize(RLIM_INFINITY);
    Dispatch(0, 1, 5, 4);
  });
  const Captured captured = ReadOnlyCapture(directory());
  const Counters& counters = captured.counters();
  EXPECT_EQ((counters.rows + counters.dropped_rows) % 1000, 10u);
  EXPECT_EQ(captured.drop_rows, counters.dropped_rows);
  EXPECT_GT(captured.drop_rows, 0u);
  EXPECT_THAT(captured.status, Contains("disk"));
  EXPECT_EQ(captured.sets.back().ids[0], MakeIds(1, 5, 4)[16]);
}

TEST_F(RecorderTest, AFileSizeLimitTurnsItOffInsteadOfKillingTheHost) {
  RunGuest([] {
    LimitFileSize(100'000);  // less than the ring
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 5, 4);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr("File too large"));
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(RecorderTest, RefusesADirectoryThatIsALink) {
  std::filesystem::create_directory(directory().parent_path() / "real");
  std::filesystem::create_directory_symlink("real", directory());
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    Dispatch(0, 1, 1, 1);
    const std::string said = testing::internal::GetCapturedStderr();
    EXPECT_THAT(said, testing::HasSubstr("capture is no directory of yours"));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1);
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
  EXPECT_TRUE(LeftoverRings().empty());
}

TEST_F(RecorderTest, RefusesADirectoryThatOthersCanWrite) {
  std::filesystem::create_directory(directory());
  chmod(directory().c_str(), 0777);
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::HasSubstr("chmod 700"));
  });
  EXPECT_TRUE(FilesIn(directory(), "").empty());
}

TEST_F(RecorderTest, SaysWhichVariableIsWrongAndStaysOff) {
  snprintf(config().problem, sizeof(config().problem), "MOETAP_X is wrong");
  RunGuest([] {
    testing::internal::CaptureStderr();
    Dispatch(0, 1, 1, 1);
    EXPECT_EQ(testing::internal::GetCapturedStderr(),
              "moetap: off: MOETAP_X is wrong\n");
  });
  EXPECT_FALSE(std::filesystem::exists(directory()));
}

TEST_F(RecorderTest, LeavesADescriptorAloneThatIsNotItsOwn) {
  RunGuest([this] {
    Dispatch(0, 1, 1, 1);
    const std::string other = directory() / "other";
    const int fd = open(other.c_str(), O_RDWR | O_CREAT, 0600);
    for (int host = 3; host < 64; ++host) {  // as a daemon does
      if (host != fd && fcntl(host, F_GETFD) >= 0) dup2(fd, host);
    }
    Dispatch(0, 2, 1, 1);
    FinishProcess();
    struct stat st;
    ASSERT_EQ(fstat(fd, &st), 0);
    EXPECT_EQ(st.st_size, 0);
  });
  EXPECT_EQ(ReadOnlyCapture(directory()).counters().rows, 2u);
}

// Token ids of the next tests: bytes that do not occur by chance.
constexpr int32_t kTokens[] = {0x4b3c2d1e, 0x5b4c3d2e, 0x6b5c4d3e};

bool Holds(const std::vector<uint8_t>& bytes, uint32_t value) {
  const auto* begin = reinterpret_cast<const uint8_t*>(&value);
  return std::search(bytes.begin(), bytes.end(), begin, begin + 4) !=
         bytes.end();
}

void ReportTokens() {
  uint64_t chain = 0;
  moetap_request(1, "request", 2, 1);
  moetap_tokens(1, 0, kTokens, 2, &chain);
  moetap_sample sample = {1, 2, kTokens[2], 0, chain};
  moetap_samples(&sample, 1);
  const uint16_t length = 6;
  moetap_vocabulary(7, &length, 1, reinterpret_cast<const uint8_t*>("secret"));
}

TEST_F(RecorderTest, WithoutTokensNoneReachesTheRing) {
  RunAndKillGuest(ReportTokens);
  const auto rings = LeftoverRings();
  ASSERT_EQ(rings.size(), 1u);
  const std::vector<uint8_t> image = ReadBytes(rings[0]);
  EXPECT_FALSE(Holds(image, kTokens[0]));
  EXPECT_FALSE(Holds(image, kTokens[1]));
  EXPECT_FALSE(Holds(image, kTokens[2]));
  const std::string text(image.begin(), image.end());
  EXPECT_EQ(text.find("secret"), std::string::npos);
  EXPECT_NE(text.find("request"),
            std::string::npos);  // looked at the right one
}

TEST_F(RecorderTest, HashesChainFromPromptToSample) {
  RunGuest(ReportTokens);
  RunGuest(ReportTokens);
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 2u);
  const Captured first = ReadCapture(files[0]);
  const Captured second = ReadCapture(files[1]);
  EXPECT_THAT(first.token_values, SizeIs(3));
  EXPECT_THAT(first.token_ids, IsEmpty());
  EXPECT_NE(first.token_values, second.token_values);  // random keys
}

TEST_F(RecorderTest, OneKeyGivesTheSameHashes) {
  config().has_key = true;
  RunGuest(ReportTokens);
  RunGuest(ReportTokens);
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(ReadCapture(files[0]).token_values,
            ReadCapture(files[1]).token_values);
}

TEST_F(RecorderTest, WithTokensIdsAndVocabularyAreStored) {
  config().store_tokens = true;
  RunGuest(ReportTokens);
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(captured.token_ids, testing::ElementsAre(kTokens[0], kTokens[1]));
  EXPECT_THAT(captured.token_values, testing::ElementsAre(kTokens[2]));
  EXPECT_EQ(captured.vocabulary, "secret");
}

TEST_F(RecorderTest, SplitsLongLists) {
  config().store_tokens = true;
  config().block_on_full = true;
  RunGuest([] {
    std::vector<int32_t> ids(100'000);
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int32_t>(i);
    uint64_t chain = 0;
    moetap_tokens(1, 0, ids.data(), 100'000, &chain);
    const std::vector<moetap_span> spans(10'000, {1, 0, 1, 0});
    moetap_step_begin(1, MOETAP_STEP_REAL, spans.data(), 10'000);
  });
  const Captured captured = ReadOnlyCapture(directory());
  ASSERT_THAT(captured.token_ids, SizeIs(100'000));
  for (uint32_t i = 0; i < 100'000; ++i) ASSERT_EQ(captured.token_ids[i], i);
  EXPECT_EQ(captured.counters().dropped_records, 0u);
}

}  // namespace
}  // namespace moetap
