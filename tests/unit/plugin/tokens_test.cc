// What the recorder keeps of tokens, with and without --tokens full.
#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

#include "plugin/moetap.h"
#include "tests/unit/plugin/capture_files.h"
#include "tests/unit/plugin/guest.h"

namespace moetap {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class TokensTest : public GuestTest {};

// Token ids: bytes that do not occur by chance.
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

TEST_F(TokensTest, WithoutTokensNoneReachesTheRing) {
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

TEST_F(TokensTest, HashesChainFromPromptToSample) {
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

TEST_F(TokensTest, OneKeyGivesTheSameHashes) {
  config().has_key = true;
  RunGuest(ReportTokens);
  RunGuest(ReportTokens);
  const auto files = FilesIn(directory(), ".moetap.zst");
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(ReadCapture(files[0]).token_values,
            ReadCapture(files[1]).token_values);
}

TEST_F(TokensTest, WithTokensIdsAndVocabularyAreStored) {
  config().store_tokens = true;
  RunGuest(ReportTokens);
  const Captured captured = ReadOnlyCapture(directory());
  EXPECT_THAT(captured.token_ids, testing::ElementsAre(kTokens[0], kTokens[1]));
  EXPECT_THAT(captured.token_values, testing::ElementsAre(kTokens[2]));
  EXPECT_EQ(captured.vocabulary, "secret");
}

TEST_F(TokensTest, SplitsLongLists) {
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
