#include "tests/cuda_standin/core/work.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>

namespace standin {
namespace {

const char* TypeName(CUgraphNodeType type) {
  switch (type) {
    case CU_GRAPH_NODE_TYPE_KERNEL:
      return "kernel";
    case CU_GRAPH_NODE_TYPE_MEMCPY:
      return "memcpy";
    case CU_GRAPH_NODE_TYPE_MEMSET:
      return "memset";
    case CU_GRAPH_NODE_TYPE_HOST:
      return "host";
    case CU_GRAPH_NODE_TYPE_GRAPH:
      return "graph";
    default:
      return "empty";
  }
}

std::string Text(const Dim3& dim) {
  return std::to_string(dim.x) + "," + std::to_string(dim.y) + "," +
         std::to_string(dim.z);
}

}  // namespace

std::string Describe(const Work& work) {
  if (work.kernel == nullptr) return TypeName(work.type);
  const KernelCall& call = *work.kernel;
  std::string text = call.api + " " + call.name + " grid=" + Text(call.grid) +
                     " block=" + Text(call.block);
  if (call.programmatic) text += " programmatic";
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    uint64_t value = 0;
    std::memcpy(&value, call.arguments[i].data(),
                std::min(sizeof value, call.arguments[i].size()));
    char argument[40];
    std::snprintf(argument, sizeof argument, " %zu:%" PRIx64, i, value);
    text += argument;
  }
  return text;
}

}  // namespace standin
