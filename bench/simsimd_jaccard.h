// SimSIMD's kernel for the binary Jaccard distance, in a file of its own
// because its header takes the best instructions from compiler flags.
#ifndef MOETAP_BENCH_SIMSIMD_JACCARD_H_
#define MOETAP_BENCH_SIMSIMD_JACCARD_H_

#include <cstddef>
#include <cstdint>

namespace moetap {

// distances[b] = 1 - |set & b| / |set | b| for `count` sets of `bytes` bytes
// in `sets`.
void SimsimdDistances(const uint8_t* set, const uint8_t* sets, size_t count,
                      size_t bytes, double* distances);

}  // namespace moetap

#endif  // MOETAP_BENCH_SIMSIMD_JACCARD_H_
