#include "hooks/registry.h"

namespace moetap {

std::span<const HookRow* const> AllHooks() {
  static constexpr const HookRow* kRows[] = {
      &kCpuFusedMoe,
      &kFusedExpertsCpu,
      &kDynamic4BitIntMoeCpu,
  };
  return kRows;
}

}  // namespace moetap
