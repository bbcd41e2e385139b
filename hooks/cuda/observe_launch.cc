#include "hooks/cuda/observe_launch.h"

#include <cstring>

namespace moetap {
namespace {

using From = Quantity::From;
using Verdict = KernelMatch::Verdict;

constexpr int64_t kMaxK = 1024;
constexpr int64_t kMaxRows = 1 << 24;
constexpr int64_t kMaxExperts = 1 << 16;

template <typename T>
T Load(const void* from) {
  T value;
  memcpy(&value, from, sizeof(value));
  return value;
}

// What lies behind a number is read no wider than its type: a 4-byte argument
// has garbage after it.  An unsigned number past INT64_MAX becomes negative,
// which is as implausible.
int64_t LoadInteger(const KernelForm& form, int index, const void* from) {
  switch (ArgumentBytes(form, index)) {
    case 1:
      return Load<uint8_t>(from);
    case 4: {
      bool is_unsigned = ParameterType(form, index) == "j";
      return is_unsigned ? int64_t{Load<uint32_t>(from)} : Load<int32_t>(from);
    }
    default:
      return Load<int64_t>(from);
  }
}

// -1 if the launch does not tell.
int64_t NumberOf(Quantity quantity, const KernelForm& form,
                 const Launch& launch) {
  switch (quantity.from) {
    case From::kArgument:
    case From::kArgumentOverK:
      return LoadInteger(form, quantity.value,
                         launch.arguments[quantity.value]);
    case From::kGridX:
      return launch.grid_x;
    case From::kFixed:
      return quantity.value;
    case From::kTemplateArgument:
    case From::kNotTold:
      return -1;
  }
  return -1;
}

// Whether each argument that the row names has a place.
bool HasArguments(const KernelRow& row, const KernelForm& form,
                  void* const* arguments) {
  if (arguments == nullptr || arguments[row.ids_argument] == nullptr) {
    return false;
  }
  for (Quantity quantity : {row.rows, row.k, row.experts}) {
    bool argument = quantity.from == From::kArgument ||
                    quantity.from == From::kArgumentOverK;
    if (argument && arguments[quantity.value] == nullptr) return false;
  }
  return form.padding_argument == kNoArgument ||
         arguments[form.padding_argument] != nullptr;
}

bool Between(int64_t low, int64_t value, int64_t high) {
  return value >= low && value <= high;
}

const char* ReadSizes(const KernelMatch& match, const Launch& launch,
                      RouterLaunch* out) {
  const KernelRow& row = *match.row;
  const KernelForm& form = *match.form;
  int64_t experts = match.experts;
  if (experts == 0 && row.experts.from != From::kNotTold) {
    experts = NumberOf(row.experts, form, launch);
    if (!Between(1, experts, kMaxExperts)) {
      return "experts: not between 1 and 65536";
    }
  }
  if (row.k.from == From::kNotTold) return "k: the launch does not tell it";
  const int64_t k = NumberOf(row.k, form, launch);
  if (!Between(1, k, kMaxK)) return "k: not between 1 and 1024";
  if (experts != 0 && k > experts) return "k: more than there are experts";
  int64_t rows = NumberOf(row.rows, form, launch);
  if (row.rows.from == From::kArgumentOverK) {
    if (rows % k != 0) return "rows: the ids do not fill the last row";
    rows /= k;
  }
  if (!Between(1, rows, kMaxRows)) return "rows: not between 1 and 16777216";
  out->rows = static_cast<uint32_t>(rows);
  out->k = static_cast<uint32_t>(k);
  out->experts = static_cast<uint32_t>(experts);
  return nullptr;
}

}  // namespace

const char* ReadLaunch(const KernelMatch& match, const Launch& launch,
                       RouterLaunch* out) {
  const KernelRow& row = *match.row;
  const KernelForm& form = *match.form;
  if (!HasArguments(row, form, launch.arguments)) {
    return "arguments: not passed as a list of addresses";
  }
  out->row = &row;
  out->ids = Load<const void*>(launch.arguments[row.ids_argument]);
  if (out->ids == nullptr) return "ids: a null pointer";
  if (form.padding_argument != kNoArgument) {
    out->padding = Load<const void*>(launch.arguments[form.padding_argument]);
  }
  out->id_bytes = match.id_bytes;
  out->id_signed = match.id_signed;
  out->stream = launch.stream;
  out->programmatic = launch.programmatic;
  return ReadSizes(match, launch, out);
}

void ObserveLaunch(LaunchSink& sink, Kernel& kernel, const Launch& launch) {
  const KernelRow& row = *kernel.match.row;
  if (kernel.match.verdict == Verdict::kUnknownForm) {
    if (!kernel.reported.exchange(true, std::memory_order_relaxed)) {
      sink.OnUnknownKernel(row, kernel.name, kernel.match.why);
    }
    return;
  }
  RouterLaunch report;
  TimeThisCall(&report.timing);
  const char* why = ReadLaunch(kernel.match, launch, &report);
  if (why == nullptr) {
    sink.OnRouterLaunch(report);
  } else {
    sink.OnUnreadableLaunch(row, why);
  }
}

}  // namespace moetap
