#include "analysis/study_inputs.h"

#include <algorithm>

#include "analysis/capture.h"
#include "analysis/manifest.h"
#include "analysis/selection.h"
#include "analysis/trace/beam_search.h"

namespace moetap {
namespace {

// Keeps the sequences with `keep`.
void TakeOut(const std::vector<bool>& keep, Trace* trace) {
  std::vector<uint32_t> renamed(keep.size(), kNone);
  uint32_t kept = 0;
  for (uint32_t s = 0; s < keep.size(); ++s) {
    if (!keep[s]) continue;
    if (kept != s) trace->sequences[kept] = std::move(trace->sequences[s]);
    renamed[s] = kept++;
  }
  trace->sequences.resize(kept);
  for (Sequence& sequence : trace->sequences) {
    for (Position& position : sequence.positions) {
      if (position.from != kNone) position.from = renamed[position.from];
    }
  }
}

struct Counts {
  uint64_t joined = 0;
  uint64_t abandoned = 0;  // of the client, but of no row
  uint64_t unjoined = 0;
  uint64_t parent_mismatches = 0;
  std::vector<bool> used;  // by manifest row

  uint64_t unused() const {
    return static_cast<uint64_t>(std::count(used.begin(), used.end(), false));
  }
};

bool IsAbandoned(const Manifests& manifests, const Sequence& sequence) {
  const std::string& id = ClientId(sequence);
  return std::any_of(manifests.prefixes.begin(), manifests.prefixes.end(),
                     [&](const std::string& prefix) {
                       return id.find(prefix) != std::string::npos;
                     });
}

void Count(const Manifests& manifests, const std::vector<uint32_t>& row_of,
           const Trace& trace, Counts* counts) {
  counts->parent_mismatches += CountParentMismatches(manifests, row_of, trace);
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    if (row_of[s] != kNone) {
      counts->used[row_of[s]] = true;
      ++counts->joined;
    } else if (IsAbandoned(manifests, trace.sequences[s])) {
      ++counts->abandoned;
    } else {
      ++counts->unjoined;
    }
  }
}

// Rows of one request_id are joined together.
void UseWholeRequests(const Manifests& manifests, Counts* counts) {
  for (size_t r = 0; r < manifests.rows.size(); ++r) {
    const auto first = manifests.by_id.find(manifests.rows[r].request_id);
    if (first != manifests.by_id.end() && counts->used[first->second]) {
      counts->used[r] = true;
    }
  }
}

void Report(const Counts& counts, bool manifests, StudyInputs* inputs) {
  if (manifests) {
    inputs->units.emplace_back("joined_sequences", counts.joined);
    inputs->units.emplace_back("unjoined_sequences", counts.unjoined);
    inputs->units.emplace_back("abandoned_sequences", counts.abandoned);
    inputs->units.emplace_back("unjoined_rows", counts.unused());
    if (counts.unjoined > 0) inputs->warnings.push_back("unjoined-sequences");
    if (counts.unused() > 0) inputs->warnings.push_back("unjoined-rows");
  }
  if (counts.parent_mismatches == 0) return;
  inputs->units.emplace_back("parent_mismatches", counts.parent_mismatches);
  inputs->warnings.push_back("parent-mismatch");
}

const ManifestRow* RowOf(const Manifests& manifests, uint32_t row) {
  return row == kNone ? nullptr : &manifests.rows[row];
}

// Sets a member of each sequence; nothing without a key.
void SetValues(const std::string& key, const Manifests& manifests,
               const std::vector<uint32_t>& row_of,
               std::string Sequence::*member, Trace* trace) {
  if (key.empty()) return;
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    Sequence& sequence = trace->sequences[s];
    sequence.*member = ValueOf(key, sequence, RowOf(manifests, row_of[s]));
  }
}

// Takes what does not match out of `trace`; the number of sequences left.
size_t Select(const std::vector<Condition>& conditions,
              const Manifests& manifests, const std::vector<uint32_t>& row_of,
              Trace* trace) {
  if (conditions.empty()) return trace->sequences.size();
  std::vector<bool> keep;
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    const ManifestRow* row = RowOf(manifests, row_of[s]);
    keep.push_back(std::all_of(
        conditions.begin(), conditions.end(), [&](const Condition& condition) {
          return Holds(condition, trace->sequences[s], row);
        }));
  }
  TakeOut(keep, trace);
  return trace->sequences.size();
}

}  // namespace

StudyInputs NameAndSelect(std::vector<Trace> traces,
                          const InputOptions& options) {
  const std::vector<Condition> conditions = ParseSelect(options.select);
  const Manifests manifests = ReadManifests(options.manifests);
  StudyInputs inputs;
  inputs.traces = std::move(traces);
  Counts counts;
  counts.used.resize(manifests.rows.size());
  size_t sequences = 0;
  size_t selected = 0;
  for (Trace& trace : inputs.traces) {
    const auto row_of = JoinManifests(manifests, trace);
    Count(manifests, row_of, trace, &counts);
    NameSequences(manifests, row_of, &trace);
    MarkPruned(&trace);  // while the whole of each search is there
    SetValues(options.category, manifests, row_of, &Sequence::category, &trace);
    SetValues(options.group, manifests, row_of, &Sequence::group, &trace);
    sequences += trace.sequences.size();
    selected += Select(conditions, manifests, row_of, &trace);
  }
  UseWholeRequests(manifests, &counts);
  Report(counts, !options.manifests.empty(), &inputs);
  if (!options.manifests.empty()) {
    inputs.options["manifests"] = options.manifests.size();
  }
  if (!options.category.empty()) inputs.options["category"] = options.category;
  if (!options.group.empty()) inputs.options["group"] = options.group;
  if (!conditions.empty()) {
    inputs.options["select"] = options.select;
    inputs.units.emplace_back("not_selected_sequences", sequences - selected);
    inputs.nothing_selected = sequences > 0 && selected == 0;
  }
  return inputs;
}

StudyInputs LoadStudyInputs(const std::vector<std::filesystem::path>& captures,
                            const InputOptions& options,
                            const std::function<void(const Capture&)>& visit) {
  std::vector<Trace> traces;
  std::vector<StudyInput> files;
  Vocabulary vocabulary;
  for (const auto& path : captures) {
    const Capture capture = ReadCapture(path);
    traces.push_back(BuildTrace(capture));
    for (StudyInput& file : InputsOf(capture)) files.push_back(std::move(file));
    if (vocabulary.empty()) vocabulary = Vocabulary(capture);
    if (visit) visit(capture);
  }
  StudyInputs inputs = NameAndSelect(std::move(traces), options);
  inputs.inputs = std::move(files);
  inputs.vocabulary = std::move(vocabulary);
  return inputs;
}

void AddInputs(const StudyInputs& inputs, StudyDocument* document) {
  document->options.update(inputs.options);
  document->units.insert(document->units.end(), inputs.units.begin(),
                         inputs.units.end());
  document->warnings.insert(document->warnings.end(), inputs.warnings.begin(),
                            inputs.warnings.end());
  if (!inputs.nothing_selected) return;
  document->status = StudyStatus::kNotComputable;
  document->reason = "nothing-selected";
}

}  // namespace moetap
