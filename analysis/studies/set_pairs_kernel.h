// What a path of set_pairs.h is made of.
#ifndef MOETAP_ANALYSIS_STUDIES_SET_PAIRS_KERNEL_H_
#define MOETAP_ANALYSIS_STUDIES_SET_PAIRS_KERNEL_H_

#include <cstdint>
#include <span>

#include "analysis/studies/set_pairs.h"

namespace moetap {

// Intersect and AddHistogram by one path.
struct PairKernel {
  void (*intersect)(const SetColumn& sets, uint32_t row, uint32_t begin,
                    uint32_t end, uint8_t* sizes);
  void (*add_histogram)(const uint8_t* sizes, const uint64_t* usable,
                        uint32_t n, uint32_t k,
                        std::span<const MaskedBins> outputs);
};

extern const PairKernel kScalarKernel;
#ifdef __x86_64__
extern const PairKernel kAvx2Kernel;
extern const PairKernel kAvx512Kernel;
#endif

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SET_PAIRS_KERNEL_H_
