// torch's gather and indexing, of torch 2.13 and 2.14.  Two of the kernels have
// a count and a closure as their parameters; the closures' layouts are those
// of the lambdas in ScatterGatherKernel.cu and IndexKernel.cu.
#include <cstring>
#include <string_view>

#include "tests/cuda_standin/kernels/launch.h"

namespace standin {
namespace {

constexpr std::string_view kGather =
    "_ZN2at6native34_scatter_gather_elementwise_kernelILi128ELi8EZNS0_36_cuda_"
    "scatter_gather_internal_kernelILb0E";
constexpr std::string_view kIndex =
    "_ZN2at6native24index_elementwise_kernelILi128ELi4EZNS0_16gpu_index_kernel"
    "IZNS0_17index_kernel_implI";
// By int64, with rows of a multiple of 16 bytes.
constexpr std::string_view kRows =
    "_ZN2at6native24vectorized_gather_kernelILi16ElE";
constexpr std::string_view kOpaque = "OpaqueTypeILi";
constexpr int kMaxDimensions = 25;

// Byte offsets into three operands, from the index of an element.
struct Offsets {
  uint32_t of[3];
};
struct OffsetCalculator {
  int32_t dimensions;
  struct {
    uint32_t divisor, magic, shift;
  } sizes[kMaxDimensions];
  uint32_t strides[kMaxDimensions][3];

  Offsets Of(uint32_t element) const {
    Offsets result = {};
    for (int i = 0; i < dimensions; ++i) {
      uint32_t at = element % sizes[i].divisor;
      element /= sizes[i].divisor;
      for (int j = 0; j < 3; ++j) result.of[j] += at * strides[i][j];
    }
    return result;
  }
};

// Operands: output, source, index.
struct GatherClosure {
  OffsetCalculator offsets;
  const char* index;
  int64_t index_size;
  int64_t functor;
  char* output;
  int64_t stride;  // in elements
  int64_t output_size;
  const char* source;
};
static_assert(sizeof(GatherClosure) == 664);

// Operands: output, source, index.
struct IndexClosure {
  OffsetCalculator offsets;
  char* output;
  const char* source;
  int32_t indices;
  const char* index[kMaxDimensions];
  int64_t sizes[kMaxDimensions];
  int64_t strides[kMaxDimensions];  // in bytes
};

// The size of elements of a gather or an indexing by int64; 0 if the name is
// of none.
int ElementBytes(std::string_view name, std::string_view base) {
  if (!name.starts_with(base)) return 0;
  size_t at = name.find(kOpaque, base.size());
  if (at == std::string_view::npos) return 0;
  int bytes = 0;
  for (char c : name.substr(at + kOpaque.size())) {
    if (c < '0' || c > '9') break;
    bytes = bytes * 10 + (c - '0');
  }
  return bytes;
}

int64_t ReadIndex(const char* from) {
  int64_t index;
  memcpy(&index, from, sizeof index);
  return index;
}

void Gather(const Launch& launch, int bytes) {
  auto closure = launch.Argument<GatherClosure>(1);
  for (int i = 0; i < launch.Argument<int>(0); ++i) {
    Offsets at = closure.offsets.Of(i);
    int64_t index = ReadIndex(closure.index + at.of[2]);
    if (index < 0 || index >= closure.index_size) continue;
    memcpy(closure.output + at.of[0],
           closure.source + at.of[1] + index * closure.stride * bytes, bytes);
  }
}

void Index(const Launch& launch, int bytes) {
  auto closure = launch.Argument<IndexClosure>(1);
  for (int64_t i = 0; i < launch.Argument<int64_t>(0); ++i) {
    Offsets at = closure.offsets.Of(static_cast<uint32_t>(i));
    int64_t offset = 0;
    for (int j = 0; j < closure.indices; ++j) {
      int64_t index = ReadIndex(closure.index[j] + at.of[2]);
      if (index < 0) index += closure.sizes[j];
      if (index < 0 || index >= closure.sizes[j]) return;  // the kernel traps
      offset += index * closure.strides[j];
    }
    memcpy(closure.output + at.of[0], closure.source + at.of[1] + offset,
           bytes);
  }
}

// (output, source, indices, how many, bytes of a row, rows of the source,
// strides of source and output in bytes, may indices be negative)
void GatherRows(const Launch& launch) {
  auto* output = launch.Pointer<char>(0);
  const auto* source = launch.Pointer<char>(1);
  const auto* indices = launch.Pointer<int64_t>(2);
  auto bytes = launch.Argument<int64_t>(4);
  auto rows = launch.Argument<int64_t>(5);
  for (int i = 0; i < launch.Argument<int>(3); ++i) {
    int64_t index = indices[i];
    if (index < 0 && launch.Argument<bool>(8)) index += rows;
    if (index < 0 || index >= rows) continue;
    memcpy(output + i * launch.Argument<int64_t>(7),
           source + index * launch.Argument<int64_t>(6), bytes);
  }
}

}  // namespace

bool RunTorchIndexing(const Launch& launch) {
  if (launch.nargs < 2) return false;
  if (std::string_view(launch.name).starts_with(kRows) && launch.nargs == 9) {
    GatherRows(launch);
    return true;
  }
  int gathered = ElementBytes(launch.name, kGather);
  int indexed = ElementBytes(launch.name, kIndex);
  if (gathered != 0) Gather(launch, gathered);
  if (indexed != 0) Index(launch, indexed);
  return gathered != 0 || indexed != 0;
}

int IndexingParameterSizes(std::string_view name, int* sizes, int capacity) {
  bool gather = ElementBytes(name, kGather) != 0;
  bool index = ElementBytes(name, kIndex) != 0;
  if (capacity < 2 || (!gather && !index)) return 0;
  sizes[0] = gather ? 4 : 8;
  sizes[1] = gather ? sizeof(GatherClosure) : sizeof(IndexClosure);
  return 2;
}

}  // namespace standin
