// Names of kernels as they stand in wheels, and helpers to try names out.
#ifndef MOETAP_TESTS_UNIT_HOOKS_CUDA_KERNEL_NAMES_H_
#define MOETAP_TESTS_UNIT_HOOKS_CUDA_KERNEL_NAMES_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hooks/cuda/kernel_match.h"

namespace moetap {

// A line of cuda_kernel_names.txt: a name, and what tests/tools/kernel_audit
// has to say of it.
struct ListedKernel {
  std::string name;
  std::vector<std::string> columns;
};

std::vector<ListedKernel> ListedKernels();

// The columns for a match.
std::vector<std::string> Columns(const KernelMatch& match);

// A copy that ends where its memory ends, so that a sanitizer sees a read
// past the end.
class ExactCopy {
 public:
  explicit ExactCopy(std::string_view text);
  operator std::string_view() const { return {bytes_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<char[]> bytes_;
};

// What the C++ runtime makes of a name: the parameter types as written in
// C++.  False if it cannot read the name.
bool DemangledParameters(const std::string& name,
                         std::vector<std::string>* types);

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_HOOKS_CUDA_KERNEL_NAMES_H_
