#include <gmock/gmock.h>

#include "analysis/record/findings.h"
#include "analysis/record/summary.h"

namespace moetap {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

FoundFile Worker(uint64_t rows) {
  FoundFile file;
  file.path = "/captures/one/12-abcdef01.moetap.zst";
  file.pid = "12";
  file.process = "python3.11";
  file.role = "worker";
  file.blocks = 1;
  file.counters.rows = rows;
  file.counters.dispatches = rows;
  return file;
}

Findings Of(const FoundFile& file) {
  Findings findings;
  findings.files = {file};
  findings.total = file.counters;
  return findings;
}

Lines Describe(const Findings& findings, Verdict verdict) {
  return DescribeFindings("/captures/one", findings, verdict);
}

TEST(Judge, GoodWhenRowsHaveOwnersAndNothingIsLost) {
  const Findings findings = Of(Worker(1234567));
  ASSERT_EQ(Judge(findings, false), Verdict::kGood);
  const Lines lines = Describe(findings, Verdict::kGood);
  EXPECT_THAT(lines.front(), HasSubstr("1,234,567 token-layers"));
  EXPECT_THAT(lines, Contains("next: moetap verify /captures/one"));
}

TEST(Judge, DroppedRowsAreLosses) {
  FoundFile file = Worker(10);
  file.counters.dropped_rows = 3;
  ASSERT_EQ(Judge(Of(file), false), Verdict::kLosses);
  EXPECT_THAT(Describe(Of(file), Verdict::kLosses),
              Contains(HasSubstr("lost: 3 token-layers")));
}

TEST(Judge, DamageIsALoss) {
  FoundFile file = Worker(10);
  file.damaged_bytes = 5;
  EXPECT_EQ(Judge(Of(file), false), Verdict::kLosses);
}

TEST(Judge, RowsWithoutAShimAreALoss) {
  FoundFile file = Worker(10);
  file.role = "";
  ASSERT_EQ(Judge(Of(file), false), Verdict::kLosses);
  EXPECT_THAT(Describe(Of(file), Verdict::kLosses),
              Contains(HasSubstr("identity missing")));
}

TEST(Judge, UnhookedOutweighsEverything) {
  FoundFile file = Worker(10);
  file.status = {{"unhooked", "the operator is named otherwise"}};
  ASSERT_EQ(Judge(Of(file), false), Verdict::kUnhooked);
  EXPECT_THAT(Describe(Of(file), Verdict::kUnhooked),
              Contains("unhooked: the operator is named otherwise"));
}

TEST(Judge, TellsNoDispatchFromNotLoaded) {
  EXPECT_EQ(Judge({}, false), Verdict::kNoDispatch);
  EXPECT_EQ(Judge({}, true), Verdict::kNotLoaded);
  EXPECT_EQ(Judge(Of(Worker(0)), true), Verdict::kNoDispatch);
  EXPECT_THAT(Describe({}, Verdict::kNoDispatch),
              Contains(HasSubstr("no dispatch seen")));
  EXPECT_THAT(Describe({}, Verdict::kNotLoaded),
              Contains(HasSubstr("moetap env")));
  EXPECT_THAT(Describe({}, Verdict::kNotLoaded),
              Not(Contains(HasSubstr("moetap verify"))));
}

TEST(DescribeProcesses, NamesWhoCaptured) {
  const ProcessWatch watch("libmoetap.so");
  EXPECT_THAT(DescribeProcesses(watch, Of(Worker(10))),
              Contains("python3.11 (pid 12, worker): captured 10 "
                       "token-layers"));
}

TEST(DescribeProcesses, AFrontEndIsNotExpectedToDispatch) {
  FoundFile file = Worker(0);
  file.role = "frontend";
  const ProcessWatch watch("libmoetap.so");
  EXPECT_THAT(DescribeProcesses(watch, Of(file)),
              Contains("python3.11 (pid 12, frontend): reported requests"));
}

TEST(DescribeSalvage, NamesWhatStayed) {
  Salvaged ring;
  ring.ring = "/dev/shm/x.ring";
  ring.problem = "cannot write";
  EXPECT_THAT(DescribeSalvage({ring}),
              Contains(HasSubstr("/dev/shm/x.ring stays where it is: cannot "
                                 "write")));
}

}  // namespace
}  // namespace moetap
