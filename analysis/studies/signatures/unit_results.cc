// Figures of the units that need no classes: balance and projections.
#include <fmt/format.h>

#include <utility>

#include "analysis/studies/expert_load.h"
#include "analysis/studies/signatures/neighbour_embedding.h"
#include "analysis/studies/signatures/principal_components.h"
#include "analysis/studies/signatures/signature_results.h"

namespace moetap {
namespace {

// Routed ids of each expert of a layer, over the counted rows of all requests.
std::vector<uint32_t> CountLayer(const SignatureData& data, size_t layer,
                                 Phase phase) {
  std::vector<uint32_t> counts(data.matrix.blocks[layer].experts, 0);
  for (const SignatureUnit& unit : data.units.units) {
    for (const UnitMember& member : unit.members) {
      for (const SequenceRef& at : member.requests) {
        const Trace& trace = data.traces[at.trace];
        const Sequence& sequence = trace.sequences[at.sequence];
        const PositionRange range = PhaseRange(sequence, phase);
        for (uint32_t p = range.begin; p < range.end; ++p) {
          const uint32_t row = sequence.positions[p].row;
          if (row != kNone) CountSet(trace.set(row, layer), counts);
        }
      }
    }
  }
  return counts;
}

void AddLoad(const ExpertLoad& load, uint32_t layer, const SignatureData& data,
             StudyDocument* document) {
  const auto add = [&](const char* name, double value) {
    StudyResult result = UnitResult(std::string("balance.") + name, data);
    result.layer = layer;
    result.estimate = value;
    document->results.push_back(std::move(result));
  };
  add("entropy", load.entropy);
  add("gini", load.gini);
  add("max_mean", load.max_mean);
  add("dead", load.unused);
  add("hot", load.hot);
}

template <typename Points>
void SetPoints(const char* key, const Points& points, Json* units) {
  for (size_t u = 0; u < points.size(); ++u) (*units)[u][key] = points[u];
}

}  // namespace

void AddBalance(const SignatureData& data, const SignatureOptions& options,
                StudyDocument* document) {
  for (size_t l = 0; l < data.matrix.blocks.size(); ++l) {
    const auto counts = CountLayer(data, l, options.phase);
    AddLoad(SummariseLoad({counts.begin(), counts.end()}),
            data.matrix.blocks[l].layer, data, document);
  }
}

void AddProjections(const SignatureData& data, const SignatureOptions& options,
                    StudyDocument* document) {
  const auto components = FindPrincipalComponents(data.matrix);
  document->Warn(!components, "equal-signatures");
  if (!components) return;
  Json& units = document->signatures["units"];
  SetPoints("pca", components->coordinates, &units);
  for (size_t c = 0; c < components->explained.size(); ++c) {
    StudyResult result = UnitResult("pca.variance", data);
    result.dimension = "component";
    result.value = fmt::format("{}", c + 1);
    result.estimate = components->explained[c];
    document->results.push_back(std::move(result));
  }
  const auto map = EmbedNeighbours(CosineSimilarity(data.matrix), *components,
                                   options.threads);
  if (map) SetPoints("neighbours", map->coordinates, &units);
}

}  // namespace moetap
