#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "analysis/studies/diversity.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using testing::HasSubstr;
using testing::Not;

// Two codes of one group that fork behind the second token, and one of another.
TEST(DiversityTextTest, ShowsWhatTheDocumentHas) {
  Trace trace = MakeTrace({{1, 16, 2}, {3, 16, 2}});
  CodeSamples samples;
  samples.prompts.resize(1);
  for (uint32_t s = 0; s < 3; ++s) {
    std::vector<uint64_t> tokens = {1, 2};
    for (uint64_t t = 0; t < 20; ++t) tokens.push_back(t % 5 + s);
    AddSequence(&trace, std::move(tokens));
    trace.sequences.back().strategy = "a\nb";
    CodeSample sample;
    sample.sequence = s;
    sample.group = s / 2;
    samples.samples.push_back(std::move(sample));
  }
  const StudyDocument document = RunDiversity({&trace, 1}, samples, {}, {}, {});
  EXPECT_EQ(document.unit("groups"), 2u);
  EXPECT_EQ(document.reason, "few-prompts");
  const std::string text = DiversityText(document);
  EXPECT_THAT(text, HasSubstr("3 of them compiled, in 2 groups"));
  EXPECT_THAT(text, HasSubstr("strategy a\\nb\n"));
  for (const char* part : {"oracle", "rows          chosen", "ROC", "by layer",
                           "few-prompts", "one-strategy"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("assembly")));
}

}  // namespace
}  // namespace moetap
