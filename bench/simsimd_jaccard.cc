#include "bench/simsimd_jaccard.h"

// Types that nothing here uses and not every compiler has.
#define SIMSIMD_NATIVE_BF16 0
#define SIMSIMD_NATIVE_F16 0
#include <simsimd/simsimd.h>

namespace moetap {

void SimsimdDistances(const uint8_t* set, const uint8_t* sets, size_t count,
                      size_t bytes, double* distances) {
  for (size_t b = 0; b < count; ++b) {
    simsimd_jaccard_b8(set, sets + b * bytes, bytes, distances + b);
  }
}

}  // namespace moetap
