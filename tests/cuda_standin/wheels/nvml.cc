// NVML of a machine with one H200.  Callers look its functions up by name and
// can do without those that are not here.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/cuda_standin/wheels/exported.h"

namespace {

constexpr int kInvalidArgument = 2;
int device;

uint64_t TotalMemory() {
  const char* bytes = getenv("STANDIN_MEMORY");  // as the runtime has it
  return bytes != nullptr ? strtoull(bytes, nullptr, 0) : uint64_t{4} << 30;
}

int Print(char* out, unsigned capacity, const char* text) {
  snprintf(out, capacity, "%s", text);
  return 0;
}

}  // namespace

STANDIN_C_EXPORT int nvmlInit_v2() { return 0; }

STANDIN_C_EXPORT int nvmlInitWithFlags(unsigned) { return 0; }

STANDIN_C_EXPORT int nvmlShutdown() { return 0; }

STANDIN_C_EXPORT const char* nvmlErrorString(int) { return "stand-in"; }

STANDIN_C_EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 1;
  return 0;
}

STANDIN_C_EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** out) {
  if (index != 0) return kInvalidArgument;
  *out = &device;
  return 0;
}

STANDIN_C_EXPORT int nvmlDeviceGetHandleByUUID(const char*, void** out) {
  return nvmlDeviceGetHandleByIndex_v2(0, out);
}

STANDIN_C_EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char*, void** out) {
  return nvmlDeviceGetHandleByIndex_v2(0, out);
}

// torch asks for the names without _v2 before it forks, and initializes CUDA
// where they are missing.
STANDIN_C_EXPORT int nvmlInit() { return 0; }

STANDIN_C_EXPORT int nvmlDeviceGetCount(unsigned* count) {
  return nvmlDeviceGetCount_v2(count);
}

STANDIN_C_EXPORT int nvmlDeviceGetHandleByIndex(unsigned index, void** out) {
  return nvmlDeviceGetHandleByIndex_v2(index, out);
}

STANDIN_C_EXPORT int nvmlDeviceGetIndex(void*, unsigned* index) {
  *index = 0;
  return 0;
}

STANDIN_C_EXPORT int nvmlDeviceGetName(void*, char* out, unsigned capacity) {
  return Print(out, capacity, "NVIDIA H200 (stand-in)");
}

STANDIN_C_EXPORT int nvmlDeviceGetUUID(void*, char* out, unsigned capacity) {
  return Print(out, capacity, "GPU-07070707-0707-0707-0707-070707070707");
}

// Total, free, used.
STANDIN_C_EXPORT int nvmlDeviceGetMemoryInfo(void*, uint64_t* memory) {
  memory[0] = memory[1] = TotalMemory();
  memory[2] = 0;
  return 0;
}

STANDIN_C_EXPORT int nvmlDeviceGetCudaComputeCapability(void*, int* major,
                                                        int* minor) {
  *major = 9;
  *minor = 0;
  return 0;
}

STANDIN_C_EXPORT int nvmlDeviceGetP2PStatus(void*, void*, int, int* status) {
  *status = 1;  // not supported
  return 0;
}

STANDIN_C_EXPORT int nvmlSystemGetDriverVersion(char* out, unsigned capacity) {
  return Print(out, capacity, "580.00");
}

STANDIN_C_EXPORT int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13000;
  return 0;
}
