// Looks a kernel up among the rows.  A name of ours with other template
// arguments or parameters than those of a known form is told apart from a
// name that is not ours: its ids are not read, because a wrong id is worse
// than none.
#ifndef MOETAP_HOOKS_CUDA_KERNEL_MATCH_H_
#define MOETAP_HOOKS_CUDA_KERNEL_MATCH_H_

#include <cstdint>
#include <string_view>

#include "hooks/cuda/kernel_rows.h"

namespace moetap {

struct KernelMatch {
  enum class Verdict : uint8_t { kNone, kRow, kUnknownForm };
  Verdict verdict = Verdict::kNone;
  const KernelRow* row = nullptr;    // unless kNone
  const KernelForm* form = nullptr;  // if kRow
  const char* why = nullptr;         // if kUnknownForm: a literal
  // If kRow:
  uint8_t id_bytes = 0;  // 1, 2, 4 or 8
  bool id_signed = false;
  uint32_t experts = 0;  // from the template arguments; 0: row->experts tells
};

// `mangled` is the name under which the kernel was registered; any bytes do.
// The result points to rows and literals, never into `mangled`.  Any thread;
// allocates nothing.
KernelMatch MatchKernel(std::string_view mangled);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_KERNEL_MATCH_H_
