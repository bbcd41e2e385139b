#include "hooks/cuda/kernel_rows.h"

namespace moetap {

std::string_view ParameterType(const KernelForm& form, int index) {
  const char* at = form.parameters;
  for (; index > 0 && *at != '\0'; ++at) {
    if (*at == ' ') --index;
  }
  const char* end = at;
  while (*end != '\0' && *end != ' ') ++end;
  return {at, static_cast<size_t>(end - at)};
}

int ParameterCount(const KernelForm& form) {
  int count = 0;
  while (!ParameterType(form, count).empty()) ++count;
  return count;
}

int ArgumentBytes(const KernelForm& form, int index) {
  std::string_view type = ParameterType(form, index);
  if (type.empty()) return 0;
  switch (type[0]) {
    case 'b':
      return 1;
    case 'i':
    case 'j':
    case 'f':
      return 4;
    default:  // l, m, d and pointers
      return 8;
  }
}

}  // namespace moetap
