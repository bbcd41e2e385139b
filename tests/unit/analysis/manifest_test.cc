#include "analysis/manifest.h"

#include <gmock/gmock.h>

#include <fstream>

#include "analysis/error.h"
#include "analysis/selection.h"
#include "analysis/study_inputs.h"
#include "tests/unit/analysis/studies_trace.h"
#include "tests/unit/analysis/temporary_directory.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kRun[] = R"({"kind":"run","schema_version":1})";

std::string Row(const std::string& key, const std::string& id,
                const std::string& more = "") {
  return R"({"kind":"request","key":")" + key + R"(","request_id":")" + id +
         R"(","strategy":"tree","prompt":"p-)" + key + R"(","parent":null)" +
         more + "}";
}

class ManifestTest : public ::testing::Test {
 protected:
  // Writes whole lines; the path.
  std::filesystem::path Write(const std::vector<std::string>& lines,
                              const std::string& name = "run.jsonl") {
    const auto path = directory_.path() / name;
    std::filesystem::create_directories(directory_.path());
    std::ofstream file(path, std::ios::binary);
    for (const std::string& line : lines) file << line << '\n';
    return path;
  }

  Manifests Read(const std::vector<std::string>& lines) {
    const auto path = Write(lines);
    return ReadManifests({&path, 1});
  }

  std::string ErrorOf(const std::vector<std::string>& lines) {
    try {
      Read(lines);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  StudyInputs Select(const std::vector<std::string>& lines, Trace trace,
                     const std::string& select) {
    InputOptions options;
    options.manifests = {Write(lines)};
    options.select = select;
    std::vector<Trace> traces;
    traces.push_back(std::move(trace));
    return NameAndSelect(std::move(traces), options);
  }

  TemporaryDirectory directory_;
};

Trace Requests(const std::vector<std::string>& external_ids) {
  Trace trace = MakeTrace({{0, 16, 2, 0}});
  for (const std::string& id : external_ids) {
    AddSequence(&trace, {1, 2, 3, trace.sequences.size()}, 2);
    trace.sequences.back().external_id = id;
  }
  return trace;
}

std::vector<std::string> Ids(const StudyInputs& inputs) {
  std::vector<std::string> ids;
  for (const Sequence& s : inputs.traces[0].sequences) {
    ids.push_back(s.external_id);
  }
  return ids;
}

uint64_t Unit(const StudyInputs& inputs, const std::string& name) {
  StudyDocument document;
  AddInputs(inputs, &document);
  return document.unit(name);
}

TEST_F(ManifestTest, TheLongestIdThatBeginsANameCounts) {
  const Manifests manifests = Read(
      {kRun, Row("a", "cmpl-1"), Row("b", "cmpl-1-0-x"), Row("c", "cmpl-1-1")});
  Trace trace = Requests({"cmpl-1", "cmpl-1-0", "cmpl-1-0-x-7", "cmpl-1-10",
                          "cmpl-1-1-0", "cmpl-12", "", ""});
  trace.sequences[6].parent = "cmpl-1-1-0-abcd0123";
  trace.sequences[7].id = "cmpl-1-1-0-abcd0123";
  EXPECT_THAT(JoinManifests(manifests, trace),
              ElementsAre(0, 0, 1, 0, 2, kNone, 2, 2));
}

TEST_F(ManifestTest, LongNamesAreLookedUpAtOnce) {
  const Manifests manifests = Read({kRun, Row("a", "1--")});
  const std::string dashes(4'000'000, '-');
  EXPECT_THAT(JoinManifests(manifests, Requests({"1" + dashes, dashes, "1-"})),
              ElementsAre(0, kNone, kNone));
}

TEST_F(ManifestTest, WhatIsNotJoinedIsCounted) {
  const auto inputs =
      Select({kRun, R"({"kind":"session","prefix":"mb77"})", Row("a", "cmpl-1"),
              Row("b", "cmpl-2"), R"({"kind":"end"})"},
             Requests({"cmpl-1-0", "cmpl-mb77-3-1-0", "other"}), "");
  EXPECT_EQ(inputs.traces[0].sequences[0].strategy, "tree");
  EXPECT_EQ(inputs.traces[0].sequences[0].prompt, "p-a");
  EXPECT_EQ(inputs.traces[0].sequences[2].strategy, "");
  EXPECT_EQ(Unit(inputs, "joined_sequences"), 1u);
  EXPECT_EQ(Unit(inputs, "abandoned_sequences"), 1u);
  EXPECT_EQ(Unit(inputs, "unjoined_sequences"), 1u);
  EXPECT_EQ(Unit(inputs, "unjoined_rows"), 1u);
  EXPECT_THAT(inputs.warnings,
              ElementsAre("unjoined-sequences", "unjoined-rows"));
}

TEST_F(ManifestTest, BeamsOfOneAnswerAreOneRequest) {
  const auto inputs = Select({kRun, Row("a.0", "cmpl-1", R"(,"choice":0)"),
                              Row("a.1", "cmpl-1", R"(,"choice":1)")},
                             Requests({"cmpl-1-0000000000000abc-beam-0"}), "");
  EXPECT_EQ(Unit(inputs, "unjoined_rows"), 0u);
  EXPECT_THAT(inputs.warnings, IsEmpty());
}

TEST_F(ManifestTest, DeepNestingIsRefusedBeforeAnythingRecurses) {
  const auto nested = [](size_t depth) {
    return Row("a", "id",
               R"(,"labels":{"x":)" + std::string(depth, '[') +
                   std::string(depth, ']') + "}");
  };
  EXPECT_THAT(ErrorOf({kRun, nested(1'000'000)}), HasSubstr("too deeply"));
  EXPECT_EQ(ErrorOf({kRun, nested(50)}), "");
  const std::string brackets = R"({"x":")" + std::string(100, '[') + R"(\""})";
  EXPECT_EQ(ErrorOf({kRun, Row("a", "id", R"(,"labels":)" + brackets)}), "");
}

TEST_F(ManifestTest, ParentsAreNamedAndCheckedAgainstTokens) {
  Trace trace = Requests({"p", "good", "bad"});
  trace.sequences[2].tokens[1] = 7;
  const std::string fork = R"(,"parent":"p","fork_position":2)";
  const auto row = [&](const std::string& key) {
    return R"({"kind":"request","request_id":")" + key + R"(","key":")" + key +
           R"(","strategy":"tree","prompt":"p")" + fork + "}";
  };
  const std::vector<std::string> lines = {kRun, Row("p", "p"), row("good"),
                                          row("bad")};
  auto inputs = Select(lines, trace, "");
  EXPECT_EQ(inputs.traces[0].sequences[1].parent, "request-0");
  EXPECT_EQ(Unit(inputs, "parent_mismatches"), 1u);
  EXPECT_THAT(inputs.warnings, ElementsAre("parent-mismatch"));
  trace.sequences[2].tokens[1] = kUnknownToken;  // cannot be told
  EXPECT_THAT(Select(lines, trace, "").warnings, IsEmpty());
}

TEST_F(ManifestTest, SiblingsOfTheEngineHaveOnePrompt) {
  Trace trace = Requests({"0", "1"});
  for (Sequence& s : trace.sequences) s.parent = "cmpl-1";
  std::vector<Trace> traces = {trace};
  EXPECT_THAT(NameAndSelect(traces, {}).warnings, IsEmpty());
  traces[0].sequences[1].tokens[0] = 7;
  EXPECT_THAT(NameAndSelect(traces, {}).warnings,
              ElementsAre("parent-mismatch"));
}

TEST_F(ManifestTest, SelectsByAllConditions) {
  const std::vector<std::string> lines = {
      kRun, Row("a", "1", R"(,"labels":{"set":"arith","n":3})"),
      Row("b", "2", R"(,"labels":{"set":"code"})"), Row("c", "3")};
  const Trace trace = Requests({"1", "2", "3", "4"});
  const auto ids = [&](const std::string& select) {
    return Ids(Select(lines, trace, select));
  };
  EXPECT_THAT(ids(""), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(ids("strategy=tree"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids("strategy="), ElementsAre("4"));
  EXPECT_THAT(ids("prompt=p-[bc]"), ElementsAre("2", "3"));
  EXPECT_THAT(ids("id=?,prompt=*,strategy=t*"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids("id=request-3"), ElementsAre("4"));
  EXPECT_THAT(ids("label.set=*"), ElementsAre("1", "2"));
  EXPECT_THAT(ids("label.set=arith"), ElementsAre("1"));
  EXPECT_THAT(ids("label.n=3"), ElementsAre("1"));
  EXPECT_THAT(ids("label.set=arith,prompt=p-b"), IsEmpty());
  const auto inputs = Select(lines, trace, "prompt=p-b");
  EXPECT_EQ(Unit(inputs, "not_selected_sequences"), 3u);
  StudyDocument document;
  AddInputs(Select(lines, trace, "prompt=x"), &document);
  EXPECT_EQ(document.status, StudyStatus::kNotComputable);
  EXPECT_EQ(document.reason, "nothing-selected");
}

TEST_F(ManifestTest, CategoriesAreValuesOfAKey) {
  InputOptions options;
  options.manifests = {
      Write({kRun, Row("a", "1", R"(,"labels":{"set":"arith","n":3})"),
             Row("b", "2", R"(,"labels":{"set":["x"]})"), Row("c", "3")})};
  const auto categories = [&](const std::string& key) {
    options.category = key;
    const auto inputs =
        NameAndSelect({Requests({"1", "2", "3", "4", ""})}, options);
    std::vector<std::string> values;
    for (const Sequence& s : inputs.traces[0].sequences) {
      values.push_back(s.category);
    }
    return values;
  };
  EXPECT_THAT(categories("label.set"),
              ElementsAre("arith", "[\"x\"]", "", "", ""));
  EXPECT_THAT(categories("label.n"), ElementsAre("3", "", "", "", ""));
  EXPECT_THAT(categories("prompt"), ElementsAre("p-a", "p-b", "p-c", "", ""));
  EXPECT_THAT(categories("strategy"),
              ElementsAre("tree", "tree", "tree", "", ""));
  EXPECT_THAT(categories("id"), ElementsAre("1", "2", "3", "4", "request-4"));
  EXPECT_THAT(categories(""), ElementsAre("", "", "", "", ""));
}

TEST_F(ManifestTest, DonorsAreFoundAgainOrForgotten) {
  Trace trace = Requests({"1", "2", "3"});
  for (const uint32_t s : {1u, 2u}) {
    trace.sequences[s].positions[0].source = Source::kInherited;
    trace.sequences[s].positions[0].from = s - 1;
  }
  const auto left = Select({kRun}, trace, "id=[23]").traces[0].sequences;
  EXPECT_EQ(left[0].positions[0].from, kNone);
  EXPECT_EQ(left[1].positions[0].from, 0u);
}

TEST_F(ManifestTest, UnknownKeysAreNamed) {
  EXPECT_EQ(SelectError("strategy=a,label.x=b"), "");
  EXPECT_THAT(SelectError("strategies=a"), HasSubstr("\"strategies=a\""));
  EXPECT_THAT(SelectError("strategy"), HasSubstr("\"strategy\""));
  EXPECT_THAT(SelectError("label.=a"), HasSubstr("\"label.=a\""));
  EXPECT_THAT(SelectError("strategy=a,"), HasSubstr("\"\""));
  for (const char* key : {"strategy", "prompt", "id", "label.x"}) {
    EXPECT_EQ(KeyError(key), "");
  }
  for (const char* key : {"", "label.", "strategies", "id=a"}) {
    EXPECT_THAT(KeyError(key), HasSubstr("label.NAME")) << key;
  }
}

TEST_F(ManifestTest, FaultsAreNamedWithTheirLine) {
  const auto at = [&](size_t line, const std::string& what,
                      const std::vector<std::string>& lines) {
    const std::string error = ErrorOf(lines);
    EXPECT_THAT(error,
                HasSubstr("run.jsonl: line " + std::to_string(line) + ": "));
    EXPECT_THAT(error, HasSubstr(what));
    EXPECT_THAT(error, HasSubstr("moetap-branch"));
  };
  at(1, "not a JSON object", {"nonsense"});
  at(1, "not a JSON object", {"[1]"});
  at(1, "not the beginning", {Row("a", "1")});
  at(1, "schema version", {R"({"kind":"run","schema_version":2})"});
  at(2, "not a JSON object", {kRun, ""});
  at(2, "\"kind\"", {kRun, "{}"});
  at(2, "\"kind\"", {kRun, R"({"kind":1})"});
  at(2, "\"request_id\"", {kRun, R"({"kind":"request","key":"a"})"});
  at(2, "\"labels\"", {kRun, Row("a", "1", R"(,"labels":[1])")});
  at(2, "\"prefix\"", {kRun, R"({"kind":"session","prefix":""})"});
  at(3, "\"key\"", {kRun, Row("a", "1"), Row("a", "2")});
  at(3, "has a row already", {kRun, Row("a", "1"), Row("b", "1")});
  const std::string parent =
      R"({"kind":"request","request_id":"2","key":"b","strategy":"tree",)"
      R"("prompt":"p","parent":)";
  at(2, "no row above", {kRun, parent + R"("a","fork_position":1})"});
  for (const std::string bad : {"-1", "1.5", "null", "4294967295", "\"1\""}) {
    at(3, "\"fork_position\"",
       {kRun, Row("a", "1"), parent + R"("a","fork_position":)" + bad + "}"});
  }
  EXPECT_THAT(ErrorOf({}), HasSubstr("run.jsonl: has no line"));
}

TEST_F(ManifestTest, DeepNestingAndTornEndsDoNoHarm) {
  EXPECT_THAT(ErrorOf({kRun, std::string(200'000, '[')}), HasSubstr("line 2"));
  const auto path = Write({kRun, Row("a", "1")});
  std::ofstream(path, std::ios::app) << R"({"kind":"requ)";
  EXPECT_EQ(ReadManifests({&path, 1}).rows.size(), 1u);
}

TEST_F(ManifestTest, WhatCannotBeReadIsNamed) {
  for (const auto& path : {directory_.path() / "none", directory_.path()}) {
    try {
      ReadManifests({&path, 1});
      FAIL() << path;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string() + ": cannot be read"));
    }
  }
}

}  // namespace
}  // namespace moetap
