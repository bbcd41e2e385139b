// The short form of ci/fuzz, for any compiler and sanitizer: each target reads
// its seeds, cut, changed and crossed in a fixed random order.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/targets.h"

namespace moetap::fuzz {
namespace {

constexpr int kRounds = 1500;

Bytes BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Mutated(std::string text, std::minstd_rand* random) {
  if (text.empty()) return text;
  for (uint32_t i = 0; i <= (*random)() % 8; ++i) {
    const size_t at = (*random)() % text.size();
    switch ((*random)() % 5) {
      case 0:
        text[at] = static_cast<char>((*random)());
        break;
      case 1:
        text[at] = static_cast<char>(text[at] ^ (1 << (*random)() % 8));
        break;
      case 2:
        text[at] = (*random)() % 2 == 0 ? '\0' : '\xff';
        break;
      case 3:
        text.insert(at, text, at, (*random)() % 64);
        break;
      default:
        text.erase(at, (*random)() % 16);
        if (text.empty()) return text;
    }
  }
  return text;
}

class Replay : public testing::TestWithParam<Target> {};

TEST_P(Replay, SeedsAndTheirMutations) {
  const auto seeds = Seeds(GetParam().name);
  ASSERT_FALSE(seeds.empty());
  GetParam().run({});
  std::minstd_rand random(5);
  for (const std::string& seed : seeds) GetParam().run(BytesOf(seed));
  for (int round = 0; round < kRounds; ++round) {
    const std::string text = Mutated(seeds[random() % seeds.size()], &random);
    GetParam().run(BytesOf(text));
  }
}

// What ci/fuzz found, each named after what was wrong.
TEST_P(Replay, WhatWasFoundBefore) {
  const auto folder = std::filesystem::path(MOETAP_SOURCE_DIR) /
                      "tests/fuzz/found" / GetParam().name;
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    EXPECT_FALSE(text.empty()) << entry.path();
    GetParam().run(BytesOf(text));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Replay, testing::ValuesIn(Targets()),
                         [](const auto& target) {
                           return std::string(target.param.name);
                         });

}  // namespace
}  // namespace moetap::fuzz
