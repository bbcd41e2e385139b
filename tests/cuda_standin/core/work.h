// Work as it is submitted to a stream or kept in a graph.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_WORK_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_WORK_H_

#include <cuda.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda_standin/runtime.h"

namespace standin {

struct Graph;

// A kernel with the arguments it was launched with.
struct KernelCall {
  std::string api;   // the entry point
  std::string name;  // of the kernel
  Dim3 grid, block;
  bool programmatic = false;  // programmatic stream serialization
  std::vector<std::vector<uint8_t>> arguments;
};

struct Work {
  CUgraphNodeType type = CU_GRAPH_NODE_TYPE_EMPTY;
  std::function<void()> body;  // may run any number of times
  std::shared_ptr<const KernelCall> kernel;
  std::shared_ptr<const Graph> child;

  bool programmatic() const {
    return kernel != nullptr && kernel->programmatic;
  }
};

// For the launch log: what is launched, with which arguments.
std::string Describe(const Work& work);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_WORK_H_
