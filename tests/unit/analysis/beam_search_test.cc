#include "analysis/trace/beam_search.h"

#include <gmock/gmock.h>

#include "tests/unit/analysis/studies_trace.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;

// Adds a step of a search: a prompt and the token it generated.
void Step(Trace* trace, const std::string& id, std::vector<uint64_t> tokens) {
  const auto prompt = static_cast<uint32_t>(tokens.size() - 1);
  AddSequence(trace, std::move(tokens), prompt);
  trace->sequences.back().external_id = id;
  trace->sequences.back().finish_reason = "length";
}

// The n-th beam of a step in the server's search "cmpl-x".
std::string ServerId(int step, int beam) {
  return "cmpl-x-000000000000abc" + std::to_string(step) + "-beam-" +
         std::to_string(beam);
}

std::vector<std::string> Reasons(const Trace& trace) {
  std::vector<std::string> reasons;
  for (const Sequence& s : trace.sequences) reasons.push_back(s.finish_reason);
  return reasons;
}

// Beams [1] -> [1 2], [1 3] -> [1 2 4], [1 2 5] -> hypotheses.
Trace Search() {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  Step(&trace, ServerId(0, 0), {1, 2});     // goes on
  Step(&trace, ServerId(1, 0), {1, 2, 4});  // goes on
  Step(&trace, ServerId(1, 1), {1, 3, 6});  // dropped
  Step(&trace, ServerId(2, 0), {1, 2, 4, 7});
  Step(&trace, ServerId(2, 1), {1, 2, 5, 8});
  return trace;
}

TEST(BeamSearchTest, BeamsThatNoLaterRequestContinuesArePruned) {
  Trace trace = Search();
  MarkPruned(&trace);
  EXPECT_THAT(Reasons(trace),
              ElementsAre("length", "length", "pruned", "length", "length"));
  for (const Sequence& s : trace.sequences) EXPECT_EQ(s.strategy, "beam");
}

TEST(BeamSearchTest, FinishedAndUnfinishedStepsKeepTheirReason) {
  Trace trace = Search();
  trace.sequences[2].finish_reason = "stop";  // a hypothesis with its end
  MarkPruned(&trace);
  EXPECT_EQ(trace.sequences[2].finish_reason, "stop");

  trace = Search();
  Sequence& aborted = trace.sequences[2];
  aborted.tokens.pop_back();  // before it generated anything
  aborted.positions.pop_back();
  aborted.finish_reason = "";
  MarkPruned(&trace);
  EXPECT_EQ(trace.sequences[2].finish_reason, "");
}

TEST(BeamSearchTest, TheEnginesIdServesWhereTheClientsIsUnknown) {
  Trace trace = Search();
  for (Sequence& s : trace.sequences) {
    s.id = s.external_id + "-0123abcd";
    s.external_id = "";
  }
  MarkPruned(&trace);
  EXPECT_EQ(trace.sequences[2].finish_reason, "pruned");
}

TEST(BeamSearchTest, OnlyIdsOfTheServerMakeASearch) {
  for (const std::string id :
       {"beam", "cmpl-x-beam-1", "cmpl-x-000000000000abcg-beam-1",
        "cmpl-x-000000000000abc1-beam-", "cmpl-x-000000000000abc1-beam-1-0",
        "-beam-1", "000000000000abc1-beam-1"}) {
    Trace trace = Search();
    trace.sequences[2].external_id = id;
    MarkPruned(&trace);
    EXPECT_EQ(trace.sequences[2].finish_reason, "length") << id;
    EXPECT_EQ(trace.sequences[2].strategy, "") << id;
  }
}

TEST(BeamSearchTest, AClientsSearchIsKnownByStrategyAndPrompt) {
  Trace trace = Search();
  for (Sequence& s : trace.sequences) s.external_id = s.id;
  MarkPruned(&trace);
  EXPECT_EQ(trace.sequences[2].finish_reason, "length");
  for (Sequence& s : trace.sequences) {
    s.strategy = "beam";
    s.prompt = "p";
  }
  MarkPruned(&trace);
  EXPECT_THAT(Reasons(trace),
              ElementsAre("length", "length", "pruned", "length", "length"));
}

TEST(BeamSearchTest, SearchesDoNotContinueEachOther) {
  Trace trace = Search();
  // One of another name would go on where beam [1 3 6] was dropped.
  Step(&trace, "cmpl-y-0000000000000abc-beam-0", {1, 3, 6, 2});
  // One of the same name but another root is over after one step.
  Step(&trace, ServerId(0, 0), {9, 2});
  // A request that is no step at all.
  Step(&trace, "cmpl-z-0", {1, 3, 6, 5});
  MarkPruned(&trace);
  EXPECT_THAT(Reasons(trace),
              ElementsAre("length", "length", "pruned", "length", "length",
                          "length", "length", "length"));
}

}  // namespace
}  // namespace moetap
