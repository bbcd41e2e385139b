// cuBLASLt, as far as its results matter: handles, and a heuristic that offers
// one algorithm.  No product is computed.
#include <cstddef>
#include <cstring>

#include "tests/cuda_standin/wheels/exported.h"

namespace {

constexpr size_t kHeuristicResultBytes = 96;
int handle;

}  // namespace

STANDIN_C_EXPORT int cublasLtCreate(void** out) {
  *out = &handle;
  return 0;
}

STANDIN_C_EXPORT size_t cublasLtGetVersion() { return 130100; }

STANDIN_C_EXPORT size_t cublasLtGetCudartVersion() { return 13000; }

STANDIN_C_EXPORT int cublasLtMatmulDescCreate(void** out, int, int) {
  *out = &handle;
  return 0;
}

STANDIN_C_EXPORT int cublasLtMatrixLayoutCreate(void** out, int, size_t, size_t,
                                                long) {
  *out = &handle;
  return 0;
}

STANDIN_C_EXPORT int cublasLtMatmulPreferenceCreate(void** out) {
  *out = &handle;
  return 0;
}

STANDIN_C_EXPORT int cublasLtMatmulAlgoGetHeuristic(void*, void*, void*, void*,
                                                    void*, void*, void*,
                                                    int wanted, void* results,
                                                    int* offered) {
  *offered = wanted > 0 ? 1 : 0;
  if (wanted > 0) memset(results, 0, kHeuristicResultBytes);
  return 0;
}
