#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/studies/cuts.h"
#include "analysis/studies/prefix_questions.h"
#include "analysis/studies/vocabulary.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using testing::ElementsAre;

CutBranch Branch(uint32_t parent, uint32_t begin, uint32_t end,
                 uint32_t group) {
  CutBranch branch{parent, begin, end, group, {0}};
  for (uint32_t p = begin; p < end; ++p) {
    branch.computed.push_back(branch.computed.back() + 1);
  }
  return branch;
}

// A branch of 100 tokens that may be cut at 1, 2 or 3 of them.
const CutTree kTwoBranches = {Branch(kNone, 0, 200, 0), Branch(0, 100, 200, 0)};
const std::vector<CutQuestion> kThreeQuestions = {
    {1, 0, 101, 0}, {1, 0, 102, 0}, {1, 0, 103, 0}};

TEST(RandomCutsTest, EachQuestionHasTheSameChance) {
  constexpr int kReplicates = 20000;
  constexpr double kRate = 0.3;
  std::vector<int> cuts(4, 0);
  for (int r = 0; r < kReplicates; ++r) {
    const CutOutcome outcome =
        CutAtRandom(kTwoBranches, kThreeQuestions, kRate, 1, r, 0);
    ++cuts.at(outcome.cut == 0 ? 0 : 100 - outcome.saved);
  }
  for (int at = 1; at <= 3; ++at) {
    const double p = kRate * std::pow(1 - kRate, at - 1);
    EXPECT_NEAR(cuts[at], kReplicates * p,
                5 * std::sqrt(kReplicates * p * (1 - p)));
  }
}

TEST(RandomCutsTest, NeverAndAlways) {
  for (uint64_t r = 0; r < 100; ++r) {
    EXPECT_EQ(CutAtRandom(kTwoBranches, kThreeQuestions, 0, 1, r, 0).saved, 0u);
    EXPECT_EQ(CutAtRandom(kTwoBranches, kThreeQuestions, 1, 1, r, 0).saved,
              99u);
  }
}

// Codes of one letter per token: "{" "a=1;" ... begins the second branch where
// the first differs.
class PrefixQuestionsTest : public testing::Test {
 protected:
  PrefixQuestionsTest() {
    trace_.has_token_ids = true;
    AddCode("{xa=1;b=2;c=3;d=4;e=5;}");
    AddCode("{ya=1;b=2;c=7;d=4;e=5;}");
  }

  void AddCode(const std::string& text) {
    std::vector<uint64_t> tokens;
    for (const char c : text) tokens.push_back(static_cast<uint8_t>(c));
    AddSequence(&trace_, std::move(tokens));
    CodeSample sample;
    sample.sequence = static_cast<uint32_t>(samples_.samples.size());
    sample.has_code = true;
    sample.code = {text, {{0, 0, text.size()}}};
    sample.group = sample.sequence;
    samples_.samples.push_back(std::move(sample));
    samples_.prompts.resize(1);
  }

  PrefixQuestions Ask(uint64_t most_prefixes) {
    std::vector<std::string> bytes;
    for (int c = 0; c < 128; ++c) bytes.emplace_back(1, static_cast<char>(c));
    const auto ensembles = FindEnsembles({&trace_, 1}, samples_);
    const CutSearch search = BuildCutSearch(trace_, ensembles.at(0));
    const ClassifyCodes classify = [this](auto codes) {
      return Classify(codes);
    };
    return AskAssembly(trace_, Vocabulary(std::move(bytes)), samples_,
                       ensembles[0], search, classify, most_prefixes);
  }

  // As a compiler to which x and y are the same, and which refuses "7".
  std::vector<uint32_t> Classify(std::span<const std::string_view> codes) {
    std::vector<uint32_t> classes;
    for (const std::string_view code : codes) {
      seen_.emplace_back(code);
      const bool bad = code.find('7') != std::string_view::npos;
      classes.push_back(bad ? kNone : static_cast<uint32_t>(code.size()));
    }
    return classes;
  }

  Trace trace_;
  CodeSamples samples_;
  std::vector<std::string> seen_;
};

// Asked behind 8 and 16 tokens from the fork on, when "a=1;" and "c=..;" were
// complete.
TEST_F(PrefixQuestionsTest, ComparesCompleteStatements) {
  const PrefixQuestions questions = Ask(100);
  EXPECT_THAT(seen_, ElementsAre("{ya=1;}\n", "{xa=1;}\n", "{ya=1;b=2;c=7;}\n",
                                 "{xa=1;b=2;c=3;}\n"));
  ASSERT_EQ(questions.asked.size(), 2u);
  EXPECT_EQ(questions.asked[0].position, 9u);
  EXPECT_EQ(questions.asked[0].score, 1);
  EXPECT_EQ(questions.asked[1].position, 17u);
  EXPECT_EQ(questions.asked[1].score, 0);
  EXPECT_EQ(questions.compiled, 4u);
  EXPECT_EQ(questions.unasked, 0u);
}

TEST_F(PrefixQuestionsTest, StopsAtTheMostPrefixes) {
  const PrefixQuestions questions = Ask(3);
  EXPECT_EQ(questions.asked.size(), 1u);
  EXPECT_EQ(questions.unasked, 1u);
  EXPECT_LE(seen_.size(), 3u);
}

TEST_F(PrefixQuestionsTest, CodesThatDoNotCompileAreNeverEqual) {
  samples_.samples.clear();
  trace_.sequences.clear();
  AddCode("{xa=7;b=2;c=3;}");
  AddCode("{ya=7;b=2;c=3;}");
  for (const CutQuestion& question : Ask(100).asked) {
    EXPECT_EQ(question.score, 0);
  }
  EXPECT_FALSE(seen_.empty());
}

}  // namespace
}  // namespace moetap
