// Null models of the study of signatures: what signatures would look like if a
// prompt chose nothing but how many tokens it has.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_NULL_MODELS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_NULL_MODELS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/studies/signatures/subset_sampler.h"
#include "analysis/trace.h"

namespace moetap {

// What takes the place of the captured sets:
//   kUniform     k experts, all k-sets equally likely.
//   kPopularity  k experts, each with the share of the layer's pooled sets that
//                have it: the conditional Poisson design of FitPopularity.
//                Only sets of k different experts count for the shares; a layer
//                without any stays empty.
//   kPermuted    the layer's pooled sets, permuted: each layer's counts stay
//                what they are, and a set with fewer experts stays one.
// Layers are independent of each other, and so are rows with the first two.
enum class NullKind : uint8_t { kUniform, kPopularity, kPermuted };
const char* NullKindName(NullKind kind);  // "uniform", "popularity", "permuted"

// Synthetic captures of the units.  Each member of a unit stands for one
// synthetic request, of as many rows as its first request has counted rows that
// are not missing; it counts as often as the member has requests, so that
//   signature(unit) = sum over members of
//                     requests(member) / requests(unit) * counts / routed ids.
// The rows of all members, in order of units and members, are the pooled rows.
//
// Draws are functions of (seed, replicate): with R pooled rows, L layers of
// k(l) experts per set, sum K and the first of them at o(l), and replicate r,
//   the d-th uniform of the set of row i, layer l is
//     Draw(seed, kStreamNullUniform or kStreamNullPopularity,
//          (r * R + i) * K + o(l) + d)                  (SubsetSampler::Draw),
//   and for i = R - 1 down to 1, set i of layer l is swapped with set
//     Below(seed, kStreamNullPermuted, (r * L + l) * R + i, i + 1)
//   (Fisher-Yates, Knuth, TAOCP 2, 3.4.2 P).
// Experts that the design has in all sets take no uniform, and uniforms that
// they leave over are not used.
//
// Refers to the traces, which stay unchanged.  Immutable: any thread may draw.
// Memory: 8 bytes per pooled row, and the tables of SubsetSampler; a draw takes
// its matrix and, if sets are permuted, as much per row again.
class NullModel {
 public:
  // The traces have the same layers; the units are those of
  // FindSignatureUnits.  Nothing if the design of a layer cannot be fitted.
  static std::optional<NullModel> Make(std::span<const Trace> traces,
                                       std::span<const SignatureUnit> units,
                                       const CountedPositions& counted,
                                       NullKind kind);

  // As ComputeSignatures of one synthetic capture.
  SignatureMatrix Draw(uint64_t seed, uint64_t replicate) const;

 private:
  struct Member {
    size_t unit = 0;
    double weight = 0;     // its share of the unit's requests
    size_t first_row = 0;  // in rows_
    size_t rows = 0;
  };
  struct Design {
    std::vector<uint32_t> always;  // in every set
    std::vector<uint32_t> items;   // what the sampler's indices stand for
    SubsetSampler sampler;
  };
  class Drawing;

  NullModel(std::span<const Trace> traces, NullKind kind)
      : traces_(traces), kind_(kind) {}
  void AddUnit(const SignatureUnit& unit, const CountedPositions& counted);
  Design UniformDesign(const FeatureBlock& block) const;
  std::optional<Design> FitDesign(size_t layer) const;
  bool FitDesigns();

  std::span<const Trace> traces_;
  NullKind kind_;
  std::vector<FeatureBlock> blocks_;
  size_t units_ = 0;
  std::vector<Member> members_;
  std::vector<RowRef> rows_;
  std::vector<Design> designs_;  // by layer; none if sets are permuted
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_NULL_MODELS_H_
