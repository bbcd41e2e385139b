#include "plugin/config.h"

#include <gmock/gmock.h>

#include <map>
#include <string>

namespace moetap {
namespace {

using testing::HasSubstr;

std::map<std::string, std::string>* g_variables;

char* FakeGetenv(const char* name) {
  const auto found = g_variables->find(name);
  return found == g_variables->end() ? nullptr : found->second.data();
}

Config Read(std::map<std::string, std::string> variables) {
  g_variables = &variables;
  return ReadConfig(FakeGetenv);
}

TEST(ConfigTest, DefaultsKeepNoTokensAndNeverBlock) {
  const Config config = Read({});
  EXPECT_TRUE(config.enabled);
  EXPECT_FALSE(config.store_tokens);
  EXPECT_FALSE(config.block_on_full);
  EXPECT_FALSE(config.has_key);
  EXPECT_EQ(config.max_bytes, 10737418240u);
  EXPECT_EQ(config.ring_bytes, 16777216u);
  EXPECT_STREQ(config.directory, "moetap-capture");
  EXPECT_STREQ(config.problem, "");
}

TEST(ConfigTest, ReadsEveryVariable) {
  const Config config =
      Read({{"MOETAP_DIR", "/somewhere"},
            {"MOETAP_TOKENS", "full"},
            {"MOETAP_ON_FULL", "block"},
            {"MOETAP_MAX_BYTES", "123"},
            {"MOETAP_RING_BYTES", "1048576"},
            {"MOETAP_KEY", "000102030405060708090A0B0C0D0E0f"}});
  EXPECT_STREQ(config.problem, "");
  EXPECT_STREQ(config.directory, "/somewhere");
  EXPECT_TRUE(config.store_tokens);
  EXPECT_TRUE(config.block_on_full);
  EXPECT_EQ(config.max_bytes, 123u);
  EXPECT_EQ(config.ring_bytes, 1048576u);
  ASSERT_TRUE(config.has_key);
  for (int i = 0; i < 16; ++i) EXPECT_EQ(config.key[i], i);
}

TEST(ConfigTest, KillSwitch) {
  EXPECT_FALSE(Read({{"MOETAP_DISABLE", "1"}}).enabled);
  EXPECT_TRUE(Read({{"MOETAP_DISABLE", "0"}}).enabled);
}

TEST(ConfigTest, NamesTheVariableThatIsWrong) {
  const std::map<std::string, std::string> wrong = {
      {"MOETAP_TOKENS", "some"},   {"MOETAP_ON_FULL", ""},
      {"MOETAP_MAX_BYTES", "10G"}, {"MOETAP_RING_BYTES", "16777217"},
      {"MOETAP_KEY", "0123"},      {"MOETAP_DIR", std::string(kMaxPath, 'x')}};
  for (const auto& [name, value] : wrong) {
    EXPECT_THAT(Read({{name, value}}).problem, HasSubstr(name)) << value;
  }
  EXPECT_FALSE(Read({{"MOETAP_TOKENS", "some"}}).store_tokens);
  EXPECT_THAT(Read({{"MOETAP_RING_BYTES", "4096"}}).problem,
              HasSubstr("262144"));
  EXPECT_THAT(Read({{"MOETAP_MAX_BYTES", "99999999999999999999999"}}).problem,
              HasSubstr("MOETAP_MAX_BYTES"));
}

}  // namespace
}  // namespace moetap
