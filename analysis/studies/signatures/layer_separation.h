// The separation of each layer alone, and whether it grows with depth.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_LAYER_SEPARATION_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_LAYER_SEPARATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analysis/studies/signatures/separation.h"
#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/unit_resamples.h"

namespace moetap {

struct LayerSeparation {
  uint32_t layer = 0;  // as the model numbers it
  std::optional<Separation> separation;
  std::optional<BootstrapInterval> d_interval;  // BiasCorrectedInterval
  // Of d, both or none: PermutationP of the layer alone, and of the largest d
  // of all layers that have an observed one (single-step max-T; Westfall,
  // Young, Resampling-Based Multiple Testing, 1993, 2.3).
  std::optional<double> p;
  std::optional<double> adjusted_p;
};

// Spearman's rho of the layers' d with their order.
struct DepthTrend {
  size_t layers = 0;  // those that have d
  double rho = 0;
  std::optional<BootstrapInterval> interval;  // over units
  double p = 1;  // PermutationP of |rho|, unit labels permuted
};

struct LayerSeparations {
  std::vector<LayerSeparation> layers;  // one per block
  std::optional<DepthTrend> trend;      // nothing with fewer than 3 layers
};

// Of the cosine similarities of each block.  A pure function; the result does
// not depend on the number of threads.
LayerSeparations SeparateLayers(const SignatureMatrix& matrix,
                                std::span<const uint32_t> labels,
                                const UnitResamples& resamples,
                                const LabelPermutations& permutations,
                                unsigned threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_LAYER_SEPARATION_H_
