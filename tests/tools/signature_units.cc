// Prints units, what was left out, signatures and loads of the experts for
// tests: signature_units PHASE THREADS < TRACES (trace_json.h).  "streamed" has
// the signatures as they came out one by one.
#include "analysis/studies/signatures/signature_units.h"

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "analysis/studies/expert_load.h"
#include "analysis/studies/signatures/signature_matrix.h"
#include "tests/tools/trace_json.h"

namespace moetap {
namespace {

Json UnitsJson(const SignatureUnits& units) {
  Json result = Json::array();
  for (const SignatureUnit& unit : units.units) {
    Json members = Json::array();
    for (const UnitMember& member : unit.members) {
      Json requests = Json::array();
      for (const SequenceRef& at : member.requests) {
        requests.push_back({at.trace, at.sequence});
      }
      members.push_back(std::move(requests));
    }
    result.push_back({{"name", unit.name},
                      {"label", units.labels[unit.label]},
                      {"members", std::move(members)}});
  }
  return result;
}

Json LoadsJson(const Trace& trace) {
  Json result = Json::array();
  for (const ExpertLoad& load : ComputeExpertLoad(trace)) {
    result.push_back({{"tokens", load.tokens},
                      {"total", load.total},
                      {"entropy", load.entropy},
                      {"gini", load.gini},
                      {"max_mean", load.max_mean},
                      {"unused", load.unused},
                      {"hot", load.hot}});
  }
  return result;
}

int Main(const std::string& phase_name, unsigned threads) {
  const std::vector<Trace> traces = ReadTraces(Json::parse(std::cin));
  Phase phase = Phase::kPrompt;
  for (const Phase one : {Phase::kGenerated, Phase::kBoth}) {
    if (phase_name == PhaseName(one)) phase = one;
  }
  const SignatureUnits units = FindSignatureUnits(traces, phase);
  Json left_out = Json::array();
  for (const LeftOut& one : units.left_out) {
    left_out.push_back({one.request, LeftOutReasonName(one.reason)});
  }
  const auto counted = [phase](const Sequence& sequence) {
    return PhaseRange(sequence, phase);
  };
  Json streamed = Json::array();
  ForEachSignature(traces, units.units, counted, threads,
                   [&](size_t unit, std::span<const double> signature) {
                     streamed.push_back({unit, signature});
                   });
  const auto matrix = ComputeSignatures(traces, units.units, counted, threads);
  const Json result = {
      {"labels", units.labels},          {"unit_labels", units.unit_labels()},
      {"units", UnitsJson(units)},       {"left_out", std::move(left_out)},
      {"features", matrix.features},     {"values", matrix.values},
      {"streamed", std::move(streamed)}, {"loads", LoadsJson(traces.front())}};
  std::cout << result.dump() << '\n';
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return moetap::Main(argv[1], static_cast<unsigned>(std::atoi(argv[2])));
}
