#include "analysis/verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <string>

#include "analysis/commands.h"
#include "analysis/load_trace.h"
#include "schema/routing_log_generated.h"
#include "tests/unit/analysis/capture_writer.h"
#include "tests/unit/analysis/synthetic_capture.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

struct Verified {
  int status = 0;
  std::map<std::string, VerifyResult> errors;  // by rule, offences only
  std::map<std::string, VerifyResult> warnings;
  std::map<std::string, VerifyResult> all;
};

Verified VerifyDirectory(const std::filesystem::path& path) {
  const Capture capture = ReadCapture(path);
  const TraceOrError trace = TryBuildTrace(capture);
  const auto results = Verify(capture, trace.get(), trace.error);
  Verified verified;
  verified.status = VerifyStatus(results);
  for (const VerifyResult& result : results) {
    verified.all[result.rule->name] = result;
    if (result.count == 0) continue;
    if (result.rule->level == Level::kError) {
      verified.errors[result.rule->name] = result;
    } else if (result.rule->level == Level::kWarning) {
      verified.warnings[result.rule->name] = result;
    }
  }
  return verified;
}

Verified VerifySynthetic(const SyntheticOptions& options) {
  TemporaryDirectory directory;
  WriteSyntheticCapture(options, directory.path());
  return VerifyDirectory(directory.path());
}

Verified VerifyFault(const std::string& fault) {
  SyntheticOptions options;
  options.fault = fault;
  return VerifySynthetic(options);
}

TEST(Verify, PassesCleanCaptures) {
  for (const uint32_t tp_size : {1, 2}) {
    for (const bool token_ids : {true, false}) {
      SyntheticOptions options;
      options.tp_size = tp_size;
      options.token_ids = token_ids;
      const Verified verified = VerifySynthetic(options);
      EXPECT_EQ(verified.status, kExitOk);
      EXPECT_THAT(verified.errors, IsEmpty());
      EXPECT_THAT(verified.warnings, IsEmpty());
      EXPECT_GT(verified.all.at("unreturned").count, 0u);
      EXPECT_EQ(verified.all.at("constant-layer").skipped, "");
    }
  }
}

TEST(Verify, PassesIdsOfTwoBytes) {
  SyntheticOptions options;
  options.experts = 300;
  options.k = 8;
  EXPECT_EQ(VerifySynthetic(options).status, kExitOk);
}

struct Planted {
  const char* fault;
  const char* rule;
  int status;
  const char* place;  // part of it
};

void PrintTo(const Planted& planted, std::ostream* out) {
  *out << planted.fault << ": " << planted.rule;
}

class VerifyFinds : public ::testing::TestWithParam<Planted> {};

TEST_P(VerifyFinds, ThePlantedFault) {
  const Planted& planted = GetParam();
  const Verified verified = VerifyFault(planted.fault);
  EXPECT_EQ(verified.status, planted.status);
  const auto& found =
      planted.status == kExitFailed ? verified.errors : verified.warnings;
  ASSERT_THAT(found, Contains(Key(planted.rule)));
  EXPECT_THAT(found.at(planted.rule).place, HasSubstr(planted.place));
}

INSTANTIATE_TEST_SUITE_P(
    All, VerifyFinds,
    ::testing::Values(
        Planted{"zeros", "all-zero", kExitFailed, "step 11, request 0_cmpl"},
        Planted{"out-of-range", "id-out-of-range", kExitFailed, "layer 2"},
        Planted{"repeated", "repeated-id", kExitFailed, "block 1, step 11"},
        Planted{"constant", "constant-layer", kExitFailed, "layer 2"},
        Planted{"missing-layer", "missing-layer", kExitFailed, "layer 2"},
        Planted{"missing-layer", "missing-dispatch", kExitFailed, "2 of 3"},
        Planted{"extra-dispatch", "layer-unknown", kExitFailed, "4 of 3"},
        Planted{"orphan", "orphan-rows", kExitFailed, "#999"},
        Planted{"drops", "dropped", kExitLosses, "token-layers"},
        Planted{"drops", "lost-rows", kExitLosses, "request"},
        Planted{"lost-block", "lost-block", kExitFailed, "block 1"},
        Planted{"damaged", "damaged-block", kExitFailed, "bytes"},
        Planted{"torn", "torn-tail", kExitLosses, "bytes"},
        Planted{"incompatible", "incompatible", kExitFailed, "newer"},
        Planted{"ring", "leftover-ring", kExitLosses, "1000-"},
        Planted{"unhooked", "unhooked", kExitFailed, "cpu_fused_mog"},
        Planted{"unhooked", "no-dispatch", kExitFailed, ""},
        Planted{"no-shim", "no-trace", kExitLosses, "moetap env"},
        Planted{"no-shim", "unannounced-rows", kExitLosses, "step 0"}),
    [](const auto& test) {
      std::string name = std::string(test.param.fault) + "_" + test.param.rule;
      std::replace(name.begin(), name.end(), '-', '_');
      return name;
    });

TEST(Verify, EveryFaultIsTested) {
  for (const std::string& fault : SyntheticFaults()) {
    EXPECT_NE(VerifyFault(fault).status, kExitOk) << fault;
  }
}

TEST(Verify, OneFaultIsNotReportedAsAnother) {
  const Verified repeated = VerifyFault("repeated");
  EXPECT_THAT(repeated.errors, Not(Contains(Key("all-zero"))));
  EXPECT_EQ(repeated.errors.size(), 1u);
  EXPECT_EQ(VerifyFault("out-of-range").errors.size(), 1u);
  // Known losses explain what else is not there.
  EXPECT_EQ(VerifyFault("lost-block").errors.size(), 1u);
  EXPECT_THAT(VerifyFault("torn").errors, IsEmpty());
  EXPECT_THAT(VerifyFault("drops").errors, IsEmpty());
  EXPECT_THAT(VerifyFault("ring").errors, IsEmpty());
}

TEST(Verify, OneRepeatedPromptMayBeRoutedAlike) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Fact("model", "m");
  writer.Layer(0, 0, 8);
  constexpr uint32_t kRequests = 40;
  for (uint32_t r = 1; r <= kRequests; ++r) {
    writer.Request(r, "r" + std::to_string(r), 4, r);
    writer.Tokens(r, 0, {5, 5, 5, 5});
    writer.StepBegin(r, static_cast<uint16_t>(log::StepKind::Real),
                     {{r, 0, 4, 0}});
    writer.Dispatch(r, 0, 2, {1, 2, 1, 2, 1, 2, 1, 2});
    writer.StepEnd(r, 1, 1);
  }
  writer.Write(directory.path());
  const Verified verified = VerifyDirectory(directory.path());
  EXPECT_EQ(verified.status, kExitOk);
  EXPECT_THAT(verified.all.at("constant-layer").skipped, HasSubstr("too few"));
}

TEST(Verify, ReplaysThatDifferAreAWarning) {
  TemporaryDirectory directory;
  CaptureWriter writer(0);
  writer.Layer(0, 0, 8);
  writer.Request(1, "a", 2, 1);
  writer.Tokens(1, 0, {5, 6});
  for (uint16_t step = 1; step <= 2; ++step) {
    writer.StepBegin(step, static_cast<uint16_t>(log::StepKind::Real),
                     {{1, 0, 2, 0}});
    writer.Dispatch(step, 0, 2, {step, 5, 3, 4});
    writer.StepEnd(step, 1, 1);
  }
  writer.Write(directory.path());
  const Verified verified = VerifyDirectory(directory.path());
  EXPECT_EQ(verified.status, kExitLosses);
  EXPECT_EQ(verified.warnings.at("replays-differ").count, 1u);
}

// docs/verify.md: | `rule` | level | least rows | ...
TEST(Verify, DocumentListsTheSameRules) {
  std::ifstream in(MOETAP_SOURCE_DIR "/docs/verify.md");
  ASSERT_TRUE(in.is_open());
  const std::regex row(R"(\| `([a-z-]+)` \| (\w+) \| (\d+|-) \| .+)");
  std::vector<std::string> documented;
  std::smatch match;
  for (std::string line; std::getline(in, line);) {
    if (!std::regex_match(line, match, row)) continue;
    documented.push_back(match[1].str() + " " + match[2].str() + " " +
                         match[3].str());
  }
  std::vector<std::string> rules;
  for (const VerifyRule& rule : VerifyRules()) {
    rules.push_back(
        std::string(rule.name) + " " + LevelName(rule.level) + " " +
        (rule.least_rows == 0 ? "-" : std::to_string(rule.least_rows)));
  }
  EXPECT_EQ(documented, rules);
}

}  // namespace
}  // namespace moetap
