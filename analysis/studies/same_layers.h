// Studies of several captures need captures of one model.
#ifndef MOETAP_ANALYSIS_STUDIES_SAME_LAYERS_H_
#define MOETAP_ANALYSIS_STUDIES_SAME_LAYERS_H_

#include <algorithm>

#include "analysis/error.h"
#include "analysis/trace.h"

namespace moetap {

// Throws Error unless both have the same MoE layers.
inline void RequireSameLayers(const Trace& first, const Trace& other) {
  const auto same = [](const MoeLayer& a, const MoeLayer& b) {
    return a.number == b.number && a.experts == b.experts && a.k == b.k;
  };
  if (std::equal(first.layers.begin(), first.layers.end(), other.layers.begin(),
                 other.layers.end(), same)) {
    return;
  }
  throw Error(
      "the captures have different MoE layers, so they cannot be one study; "
      "give captures of one model");
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SAME_LAYERS_H_
