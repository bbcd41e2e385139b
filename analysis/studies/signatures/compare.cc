#include "analysis/studies/signatures/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "analysis/error.h"
#include "analysis/studies/signatures/compare_results.h"
#include "analysis/studies/signatures/set_agreement.h"
#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/usage_change.h"

namespace moetap {
namespace {

constexpr const char* kRemedy = "compare captures of one architecture";

void RequireComparable(const MoeLayer& a, const MoeLayer& b) {
  if (a.number != b.number) {
    throw Error(fmt::format(
        "layer {} has routed experts in one of the captures only; {}",
        std::min(a.number, b.number), kRemedy));
  }
  if (a.experts == 0 || b.experts == 0) {
    throw Error(fmt::format(
        "how many experts layer {} has is in one of the captures at most; see "
        "moetap info CAPTURE",
        a.number));
  }
  if (a.experts != b.experts) {
    throw Error(fmt::format("layer {} has {} experts in A and {} in B; {}",
                            a.number, a.experts, b.experts, kRemedy));
  }
}

void RequireComparable(const Trace& a, const Trace& b) {
  const size_t common = std::min(a.layers.size(), b.layers.size());
  for (size_t l = 0; l < common; ++l) {
    RequireComparable(a.layers[l], b.layers[l]);
  }
  if (a.layers.size() == b.layers.size()) return;
  const auto& more = a.layers.size() > common ? a.layers : b.layers;
  throw Error(
      fmt::format("layer {} has routed experts in one of the captures only; {}",
                  more[common].number, kRemedy));
}

// The prompts of one capture.
struct Side {
  Side(const Trace& one, const CompareOptions& options)
      : trace(one), units(FindPromptUnits({&one, 1}, options.phase)) {
    signatures = ComputeSignatures({&one, 1}, units.units,
                                   PositionsOf(options.phase), options.threads);
    LeaveOutUnrouted();
  }

  uint64_t requests() const {
    uint64_t count = 0;
    for (const SignatureUnit& unit : units.units) count += unit.requests();
    return count;
  }

  std::vector<uint64_t> prompt(size_t unit) const {
    const SequenceRef& at = units.units[unit].members[0].requests[0];
    const auto tokens = PromptTokens(trace.sequences[at.sequence]);
    return {tokens.begin(), tokens.end()};
  }

  const Trace& trace;
  SignatureUnits units;
  SignatureMatrix signatures;
  uint64_t unrouted_prompts = 0;

  // Keeps these units, in this order.
  void Keep(std::span<const size_t> kept) {
    std::vector<SignatureUnit> of_kept;
    for (const size_t unit : kept) {
      of_kept.push_back(std::move(units.units[unit]));
    }
    units.units = std::move(of_kept);
    signatures = TakeUnits(signatures, kept);
  }

 private:
  bool IsRouted(size_t unit) const {
    return std::ranges::all_of(signatures.blocks, [&](const auto& block) {
      const auto shares =
          signatures.row(unit).subspan(block.offset, block.experts);
      return std::ranges::any_of(shares, [](double x) { return x > 0; });
    });
  }

  // Units without a route in some layer have no shares there.
  void LeaveOutUnrouted() {
    std::vector<size_t> kept;
    for (size_t unit = 0; unit < units.units.size(); ++unit) {
      if (IsRouted(unit)) kept.push_back(unit);
    }
    unrouted_prompts = units.units.size() - kept.size();
    Keep(kept);
  }
};

// In order of A.  Prefix hashes of two captures are never equal, and a token
// that is not known is equal to none.
std::vector<UsagePair> FindPairs(const Side& a, const Side& b) {
  std::vector<UsagePair> pairs;
  if (!a.trace.has_token_ids || !b.trace.has_token_ids) return pairs;
  std::map<std::vector<uint64_t>, size_t> units_b;
  for (size_t unit = 0; unit < b.units.units.size(); ++unit) {
    units_b.emplace(b.prompt(unit), unit);
  }
  for (size_t unit = 0; unit < a.units.units.size(); ++unit) {
    const std::vector<uint64_t> prompt = a.prompt(unit);
    if (std::ranges::find(prompt, kUnknownToken) != prompt.end()) continue;
    const auto at = units_b.find(prompt);
    if (at != units_b.end()) pairs.push_back({unit, at->second});
  }
  return pairs;
}

// Where only one capture has prompts of its own, nothing could be exchanged for
// them, and they would count as change: keeps the pairs alone.  The number of
// prompts that this leaves out.
uint64_t LeaveOutUnmatched(Side* a, Side* b, std::vector<UsagePair>* pairs) {
  const size_t more_a = a->units.units.size() - pairs->size();
  const size_t more_b = b->units.units.size() - pairs->size();
  if (pairs->empty() || (more_a > 0) == (more_b > 0)) return 0;
  std::vector<size_t> kept_a;
  std::vector<size_t> kept_b;
  for (UsagePair& pair : *pairs) {
    kept_a.push_back(pair.a);
    kept_b.push_back(pair.b);
    pair = {kept_a.size() - 1, kept_b.size() - 1};
  }
  a->Keep(kept_a);
  b->Keep(kept_b);
  return more_a + more_b;
}

// Prompts that begin with another prompt of the capture.
uint64_t CountNested(const Side& side) {
  std::vector<std::vector<uint64_t>> prompts;
  for (size_t unit = 0; unit < side.units.units.size(); ++unit) {
    prompts.push_back(side.prompt(unit));
  }
  // Behind a prompt come at once all those that begin with it.
  std::ranges::sort(prompts);
  uint64_t nested = 0;
  std::span<const uint64_t> outer;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const std::span prompt(prompts[i]);
    if (i > 0 && prompt.size() > outer.size() &&
        std::ranges::equal(prompt.first(outer.size()), outer)) {
      ++nested;
    } else {
      outer = prompt;
    }
  }
  return nested;
}

bool SameK(const Trace& a, const Trace& b) {
  return std::ranges::equal(a.layers, b.layers, {}, &MoeLayer::k, &MoeLayer::k);
}

void AddUnits(const Side& a, const Side& b, size_t pairs,
              const SetAgreement& agreement, StudyDocument* document) {
  for (const auto& [name, side] : {std::pair("a", &a), std::pair("b", &b)}) {
    const auto add = [&](const char* unit, uint64_t count) {
      document->units.emplace_back(fmt::format("{}_{}", unit, name), count);
    };
    add("prompts", side->units.units.size());
    add("requests", side->requests());
    add("left_out_requests", side->units.left_out.size());
    add("unrouted_prompts", side->unrouted_prompts);
    add("nested_prompts", CountNested(*side));
  }
  document->units.insert(document->units.end(),
                         {{"paired_prompts", pairs},
                          {"paired_rows", agreement.rows},
                          {"missing_rows", agreement.missing_rows},
                          {"paired_sets", agreement.sets},
                          {"equal_sets", agreement.equal_sets},
                          {"unrouted_sets", agreement.unrouted_sets},
                          {"malformed_sets", agreement.malformed_sets}});
}

void AddWarnings(const Side& a, const Side& b, StudyDocument* document) {
  const auto has = [&](const char* unit) { return document->unit(unit) > 0; };
  const uint64_t paired = document->unit("paired_prompts");
  const bool ids = a.trace.has_token_ids && b.trace.has_token_ids;
  document->WarnOfLosses();
  document->Warn(!SameK(a.trace, b.trace), "different-k");
  document->Warn(!ids, "hashed-prompts");
  document->Warn(ids && (paired < document->unit("prompts_a") ||
                         paired < document->unit("prompts_b")),
                 "unshared-prompts");
  document->Warn(has("nested_prompts_a") || has("nested_prompts_b"),
                 "nested-prompts");
  document->Warn(has("unmatched_prompts"), "unmatched-prompts");
  document->Warn(has("left_out_requests_a") || has("left_out_requests_b") ||
                     has("unrouted_prompts_a") || has("unrouted_prompts_b"),
                 "left-out-requests");
  document->Warn(has("missing_rows"), "missing-rows");
  document->Warn(has("unrouted_sets"), "unrouted-sets");
  document->Warn(has("malformed_sets"), "malformed-sets");
}

// Every prompt that was compared is in both captures, every row of it has equal
// sets, and usage is equal whatever the phase.
bool IsEqual(const StudyDocument& document, const UsageChange& change) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return unit("paired_prompts") == unit("prompts_a") &&
         unit("paired_prompts") == unit("prompts_b") &&
         unit("unmatched_prompts") + unit("missing_rows") +
                 unit("unrouted_sets") + unit("malformed_sets") ==
             0 &&
         unit("equal_sets") == unit("paired_sets") &&
         change.overall.divergence == 0;
}

StudyDocument EmptyDocument(const CompareOptions& options,
                            std::vector<StudyInput> inputs) {
  StudyDocument document;
  document.study = "compare";
  document.definitions = {"row@1",          "computed@1",
                          "usage.change@1", "usage.permutation@1",
                          "agreement@1",    "interval.prompts@1",
                          "random@1"};
  document.options = {{"phase", PhaseName(options.phase)},
                      {"permutations", options.permutations}};
  document.seed = options.seed;
  document.inputs = std::move(inputs);
  return document;
}

}  // namespace

StudyDocument RunCompare(const Trace& a, const Trace& b,
                         const CompareOptions& options,
                         std::vector<StudyInput> inputs) {
  RequireComparable(a, b);
  Side side_a(a, options);
  Side side_b(b, options);
  std::vector<UsagePair> pairs = FindPairs(side_a, side_b);
  const uint64_t unmatched = LeaveOutUnmatched(&side_a, &side_b, &pairs);
  const SetAgreement agreement =
      MeasureAgreement(a, side_a.units.units, b, side_b.units.units, pairs);
  StudyDocument document = EmptyDocument(options, std::move(inputs));
  AddUnits(side_a, side_b, pairs.size(), agreement, &document);
  document.units.emplace_back("unmatched_prompts", unmatched);
  AddWarnings(side_a, side_b, &document);
  const size_t prompts_a = side_a.units.units.size();
  const size_t prompts_b = side_b.units.units.size();
  if (prompts_a == 0 || prompts_b == 0) {
    document.status = StudyStatus::kNotComputable;
    document.reason = "no-compared-prompts";
    return document;
  }
  UsageTest test{options.permutations, options.seed, options.threads};
  if (std::min(prompts_a, prompts_b) < kLeastComparedPrompts) {
    test.permutations = 0;
    document.status = StudyStatus::kDescriptive;
    document.reason = "few-compared-prompts";
  }
  const UsageChange change =
      MeasureUsageChange(side_a.signatures, side_b.signatures, pairs, test);
  document.results = CompareResults(side_a.signatures.blocks, change, agreement,
                                    prompts_a + prompts_b - pairs.size(),
                                    IsEqual(document, change));
  return document;
}

}  // namespace moetap
