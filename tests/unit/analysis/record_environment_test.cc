#include <gmock/gmock.h>

#include <map>

#include "analysis/record/environment.h"

namespace moetap {
namespace {

using testing::Contains;
using testing::Field;
using testing::MatchesRegex;
using testing::Not;

// The variables that a user with the environment `theirs` gets.
std::vector<Variable> Variables(
    const std::map<std::string, std::string>& theirs,
    const CaptureOptions& options = {}) {
  return ChildVariables(options, "/captures/one", "key", "/lib/libmoetap.so",
                        [&](const char* name) -> const char* {
                          const auto found = theirs.find(name);
                          return found == theirs.end() ? nullptr
                                                       : found->second.c_str();
                        });
}

TEST(AppendItem, KeepsWhatIsThere) {
  EXPECT_EQ(AppendItem("", "x", ':'), "x");
  EXPECT_EQ(AppendItem("a:b", "x", ':'), "a:b:x");
}

TEST(AppendItem, NeverAppendsTwice) {
  EXPECT_EQ(AppendItem("a:x:b", "x", ':'), "a:x:b");
  EXPECT_EQ(AppendItem("x", "x", ':'), "x");
  EXPECT_EQ(AppendItem("xx:ax", "x", ':'), "xx:ax:x");
}

TEST(RandomKey, Is32HexDigitsAndNeverTheSame) {
  EXPECT_THAT(RandomKey(), MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(RandomKey(), RandomKey());
}

TEST(ChildVariables, KeepsTheUsersPreload) {
  EXPECT_THAT(
      Variables({{"LD_PRELOAD", "/opt/theirs.so"}}),
      Contains(Variable{"LD_PRELOAD", "/opt/theirs.so:/lib/libmoetap.so"}));
  EXPECT_THAT(Variables({}),
              Contains(Variable{"LD_PRELOAD", "/lib/libmoetap.so"}));
}

TEST(ChildVariables, AddsTheShimOnlyWhereTheUserRestrictedPlugins) {
  EXPECT_THAT(Variables({}),
              Not(Contains(Field(&Variable::name, "VLLM_PLUGINS"))));
  EXPECT_THAT(Variables({{"VLLM_PLUGINS", ""}}),
              Contains(Variable{"VLLM_PLUGINS", "moetap"}));
  EXPECT_THAT(Variables({{"VLLM_PLUGINS", "theirs"}}),
              Contains(Variable{"VLLM_PLUGINS", "theirs,moetap"}));
}

TEST(ChildVariables, PassesTheOptionsOn) {
  CaptureOptions options;
  options.tokens = "full";
  options.on_full = "block";
  options.max_bytes = 4096;
  const auto variables = Variables({}, options);
  EXPECT_THAT(variables, Contains(Variable{"MOETAP_DIR", "/captures/one"}));
  EXPECT_THAT(variables, Contains(Variable{"MOETAP_TOKENS", "full"}));
  EXPECT_THAT(variables, Contains(Variable{"MOETAP_ON_FULL", "block"}));
  EXPECT_THAT(variables, Contains(Variable{"MOETAP_MAX_BYTES", "4096"}));
  EXPECT_THAT(variables, Contains(Variable{"MOETAP_KEY", "key"}));
}

}  // namespace
}  // namespace moetap
