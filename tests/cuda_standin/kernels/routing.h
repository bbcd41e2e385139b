// What all routers have in common: scores, the choice of the largest, and what
// is written of a decision.
#ifndef MOETAP_TESTS_CUDA_STANDIN_KERNELS_ROUTING_H_
#define MOETAP_TESTS_CUDA_STANDIN_KERNELS_ROUTING_H_

#include <cstdint>
#include <functional>
#include <vector>

namespace standin {

using Row = std::vector<float>;  // one number per expert

// Each in place.
void Softmax(Row* row);
void Sigmoid(Row* row);
void SqrtSoftplus(Row* row);

// The indices of the k largest, largest first; of equal ones the lower index
// first.  NaN is the least.  Fewer than k only if there are fewer.
std::vector<uint32_t> LargestK(const Row& row, uint32_t k);

// `row` plus a bias per expert, or plain `row` if there is no bias.
Row Biased(const Row& row, const float* bias);

struct Decision {
  std::vector<uint32_t> experts;  // k, best first
  Row scores;                     // an expert's weight before scaling
};

// Where decisions go, and how.  Null pointers: not there.
struct Routing {
  uint32_t rows = 0;
  uint32_t k = 0;
  uint32_t experts = 0;
  float* weights = nullptr;
  void* ids = nullptr;
  char id_type = 'i';  // as in a mangled name
  int32_t* source_rows = nullptr;
  const bool* finished = nullptr;  // rows whose ids are `experts`
  const bool* padding = nullptr;   // rows whose ids are -1
  // Experts outside [first, last) are not this process's: their id is
  // `experts`.  Those inside count from `first`.
  int first = 0;
  int last = 0;
  bool renormalize = false;
  float scale = 1;
};

// Decides every row, writes what a router writes, and logs the ids as they
// were written.
void Route(const char* kernel, const Routing& routing,
           const std::function<Decision(uint32_t row)>& decide);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_KERNELS_ROUTING_H_
