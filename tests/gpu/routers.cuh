// Two routers under the names and with the parameters that vLLM 0.33.0 gives
// them, so that they are recognised; the selection is written for clearness.
// On the stand-in its host versions of the same names run instead.
#ifndef MOETAP_TESTS_GPU_ROUTERS_CUH_
#define MOETAP_TESTS_GPU_ROUTERS_CUH_

#include <cuda_runtime.h>

namespace vllm {
namespace moe {

enum ScoringFunc { SCORING_SOFTMAX = 0, SCORING_SIGMOID = 1 };

// The k largest of `scores`, one thread; ties go to the lower expert.
template <typename Id>
__device__ void Select(const float* scores, int experts, int k, Id* ids,
                       float* weights) {
  for (int j = 0; j < k; ++j) {
    int best = -1;
    for (int e = 0; e < experts; ++e) {
      bool taken = false;
      for (int i = 0; i < j; ++i) taken |= ids[i] == static_cast<Id>(e);
      if (!taken && (best < 0 || scores[e] > scores[best])) best = e;
    }
    ids[j] = static_cast<Id>(best);
    weights[j] = scores[best];
  }
}

// One block per row.
template <int VPT, int NUM_EXPERTS, int WARPS_PER_CTA, int BYTES_PER_LDG,
          int WARP_SIZE, typename Id, typename Input, ScoringFunc SF>
__global__ void topkGating(const Input* input, const bool*, float* weights,
                           int rows, Id* ids, int*, int k, int, int, bool,
                           const float*, double, const bool* is_padding) {
  const int row = static_cast<int>(blockIdx.x);
#if __CUDA_ARCH__ >= 900
  asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
  if (threadIdx.x != 0 || row >= rows) return;
  if (is_padding != nullptr && is_padding[row]) {
    for (int j = 0; j < k; ++j) ids[row * k + j] = static_cast<Id>(-1);
    return;
  }
  Select(input + row * NUM_EXPERTS, NUM_EXPERTS, k, ids + row * k,
         weights + row * k);
}

// One block per row.
template <int TPB, typename Id>
__global__ void moeTopK(const float* scores, const bool*, float* weights,
                        Id* ids, int*, int experts, int k, int, int, bool,
                        const float*, double, const bool*) {
  const int row = static_cast<int>(blockIdx.x);
  if (threadIdx.x != 0) return;
  Select(scores + row * experts, experts, k, ids + row * k, weights + row * k);
}

}  // namespace moe
}  // namespace vllm

#endif  // MOETAP_TESTS_GPU_ROUTERS_CUH_
