// cuBLAS, as far as its results matter: handles that are not null, and a
// version.  No product is computed.
#include "tests/cuda_standin/wheels/exported.h"

namespace {

constexpr int kVersion = 130100;
int handle;

}  // namespace

STANDIN_C_EXPORT int cublasCreate_v2(void** out) {
  *out = &handle;
  return 0;
}

STANDIN_C_EXPORT int cublasGetVersion_v2(void*, int* version) {
  *version = kVersion;
  return 0;
}

STANDIN_C_EXPORT int cublasGetMathMode(void*, int* mode) {
  *mode = 0;
  return 0;
}

STANDIN_C_EXPORT int cublasGetPointerMode_v2(void*, int* mode) {
  *mode = 0;
  return 0;
}

STANDIN_C_EXPORT int cublasGetProperty(int which, int* value) {
  constexpr int kMajorMinorPatch[] = {13, 1, 0};
  if (which < 0 || which > 2) return 7;  // CUBLAS_STATUS_INVALID_VALUE
  *value = kMajorMinorPatch[which];
  return 0;
}

STANDIN_C_EXPORT const char* cublasGetStatusString(int) { return "stand-in"; }

STANDIN_C_EXPORT const char* cublasGetStatusName(int) { return "stand-in"; }
