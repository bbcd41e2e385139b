#include <gmock/gmock.h>

#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/studies/expert_load.h"
#include "analysis/studies/locality.h"
#include "analysis/studies/sharing.h"
#include "analysis/studies/tree_study.h"
#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HtmlTest, TextEscapesMarkupAndControls) {
  EXPECT_EQ(html::Text("<a b='c' d=\"e\">&\x1b"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;\\x1b");
}

TEST(HtmlTest, Numbers) {
  EXPECT_EQ(html::Count(0), "0");
  EXPECT_EQ(html::Count(999), "999");
  EXPECT_EQ(html::Count(1234567), "1,234,567");
  EXPECT_EQ(html::Size(1023), "1023 B");
  EXPECT_EQ(html::Size(1536), "1.5 KiB");
}

TEST(HtmlTest, PolicyHashIsBase64) {
  // SHA-256 of no bytes.
  EXPECT_EQ(html::PolicyHash("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934c"
                             "a495991b7852b855"),
            "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

std::string PageOf(const Trace& trace, const SharingOptions& options = {}) {
  const Capture capture;
  ReportInput input;
  input.capture = &capture;
  input.trace = &trace;
  input.forest = BuildForest(trace);
  const TraceForest forest = {&trace, &input.forest};
  input.tree = RunTree({&forest, 1}, {});
  input.locality = RunLocality(PlanLocality({&trace, 1}, {}), {});
  input.sharing = RunSharing({&trace, 1}, {}, 1024, options, {});
  return ReportPage(input);
}

TEST(ReportPageTest, HostileIdsStayText) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3});
  AddSequence(&trace, {1, 4, 5});
  trace.sequences[0].id = "<script>evil()</script>";
  trace.sequences[1].finish_reason = "\"><img src=x>";
  const std::string page = PageOf(trace);
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;evil()"));
  EXPECT_THAT(page, Not(HasSubstr("<script>evil")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
}

TEST(ReportPageTest, SharedBatchesAreATableOrAReason) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3});
  EXPECT_THAT(PageOf(trace), HasSubstr("there is no batch"));
  AddSequence(&trace, {1, 4, 5});
  // {2, 3} and {4, 5}: four experts of 1 KiB.
  EXPECT_THAT(PageOf(trace), HasSubstr("<td class=n>4.00"));
  EXPECT_THAT(PageOf(trace), HasSubstr("4.0 KiB"));
}

TEST(ReportPageTest, CategoriesAreTextAndBounded) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  for (uint64_t i = 0; i < 82; ++i) {
    AddSequence(&trace, {100 + i, 1, 2});
    trace.sequences.back().category = "<img>" + std::to_string(i / 2);
  }
  EXPECT_THAT(PageOf(trace), Not(HasSubstr("categor")));
  SharingOptions options;
  options.by_category = true;
  const std::string page = PageOf(trace, options);
  EXPECT_THAT(page, HasSubstr("<td>&lt;img&gt;0</td>"));
  EXPECT_THAT(page, HasSubstr("40 of 41 categories are shown"));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
}

TEST(ReportPageTest, AlignmentsAreALineEach) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  AddSequence(&trace, {1, 2, 3, 9});
  AddSequence(&trace, {1, 4, 3, 3, 9});
  ReportInput input;
  EXPECT_EQ(AlignmentsSection(input), "");
  LocalityOptions options;
  options.alignment = "edit";
  input.alignments.push_back(
      RunLocality(PlanLocality({&trace, 1}, options), {}));
  // 2 stands against 4, 3 against 3, and the other 3 against a gap.
  EXPECT_THAT(AlignmentsSection(input),
              AllOf(HasSubstr("edit"), HasSubstr("80.0 %")));
}

TEST(ReportPageTest, TreesBeyondTheLimitAreCounted) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  for (uint64_t i = 0; i < 700; ++i) AddSequence(&trace, {i, 1});
  EXPECT_THAT(PageOf(trace), HasSubstr("600 of 700 nodes are drawn"));
}

TEST(ReportPageTest, DeepTreesDoNotNestWithoutEnd) {
  Trace trace = MakeTrace({{0, 16, 1, 0}});
  std::vector<uint64_t> tokens;
  for (uint64_t i = 0; i < 100; ++i) {
    tokens.push_back(i);
    AddSequence(&trace, tokens);
  }
  AddSequence(&trace, {0, 500});  // a branch beside the deep one
  const std::string page = PageOf(trace);
  EXPECT_THAT(page, HasSubstr("42 of 101 nodes are drawn"));
  EXPECT_THAT(page, HasSubstr("request-100"));
}

TEST(ReportPageTest, WithoutATraceThePageSaysWhy) {
  const Capture capture;
  ReportInput input;
  input.capture = &capture;
  input.trace_error = "no rows <here>";
  EXPECT_THAT(ReportPage(input), HasSubstr("no rows &lt;here&gt;"));
}

TEST(ExpertLoadTest, CountsObservedRows) {
  Trace trace = MakeTrace({{0, 4, 1, 0}});
  AddSequence(&trace, {0, 1, 0, 1, 9});
  trace.sequences[0].positions[3].source = Source::kInherited;
  const ExpertLoad load = ComputeExpertLoad(trace)[0];
  EXPECT_THAT(load.tokens, testing::ElementsAre(2, 1, 0, 0));
  EXPECT_EQ(load.total, 3u);
  EXPECT_EQ(load.unused, 2u);
  EXPECT_DOUBLE_EQ(load.max_mean, 2 / 0.75);
  // Shares 2/3 and 1/3, in units of log 4.
  EXPECT_NEAR(load.entropy, 0.9182958340544896 / 2, 1e-15);
}

}  // namespace
}  // namespace moetap
