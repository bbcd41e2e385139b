// Code that is loaded into a device: which kernels it has, and the sizes of
// their parameters.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_IMAGE_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_IMAGE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/cuda_standin/runtime.h"

namespace standin {

class STANDIN_EXPORT Image {
 public:
  // An ELF file (a cubin), PTX text that ends with a zero, or a fat binary,
  // which is not looked into.  Codes are those of CUresult.
  int Load(const void* data);
  // The same out of a file.
  int LoadFile(const char* path);

  // The sizes in bytes of a kernel's parameters.  A fat binary has every
  // kernel; the sizes are then those that the mangled name tells.
  int Find(const std::string& kernel, std::vector<int>* sizes) const;

 private:
  int LoadElf(std::string_view bytes);

  bool any_name_ = false;
  std::map<std::string, std::vector<int>, std::less<>> kernels_;
};

// The parameter sizes that a mangled name tells, up to the first that it does
// not.
STANDIN_EXPORT std::vector<int> SizesOfName(const std::string& mangled);

// The entries of PTX text.
STANDIN_EXPORT std::map<std::string, std::vector<int>, std::less<>> ParsePtx(
    std::string_view text);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_IMAGE_H_
