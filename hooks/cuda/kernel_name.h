// Reads the mangled name of a CUDA kernel (Itanium C++ ABI): its template
// arguments and its parameter types, in the forms that kernels have.
//
// Total: any bytes give a name or a refusal.  Reads nothing past the end,
// allocates nothing, and recurses at most kMaxTypeDepth deep.
#ifndef MOETAP_HOOKS_CUDA_KERNEL_NAME_H_
#define MOETAP_HOOKS_CUDA_KERNEL_NAME_H_

#include <cstdint>
#include <string_view>

namespace moetap {

inline constexpr int kMaxTypeDepth = 12;

// At most `kCapacity` pieces of one mangled name.
template <int kCapacity>
struct MangledList {
  std::string_view items[kCapacity];
  int size = 0;

  // False if the list is full.
  bool Add(std::string_view item) {
    if (size == kCapacity) return false;
    items[size++] = item;
    return true;
  }
};

// All views point into the name that was parsed.
struct KernelName {
  bool is_template = false;
  MangledList<16> arguments;   // of the template: "i", "Li8E", "6__half"
  MangledList<40> parameters;  // "PKf", "S5_"; none for a lone "v"
  // What S_, S0_, S1_, ... stand for.  A scope that is no type of its own
  // lacks its closing E.
  MangledList<64> substitutions;
};

// False if the name has a part that is not understood, or too many parts.
// `*out` is then unspecified.
bool ParseKernelName(std::string_view mangled, KernelName* out);

// The value of an integer literal such as "Li8E" or "Lin1E".  False if
// `argument` is none or does not fit.
bool IntegerLiteral(std::string_view argument, int64_t* value);

// Whether `type`, of `name`, is the type written as `plain`, which has no
// substitutions.
bool SameType(const KernelName& name, std::string_view type,
              std::string_view plain);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_KERNEL_NAME_H_
