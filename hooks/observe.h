// What every hook does with a call before it forwards it.
#ifndef MOETAP_HOOKS_OBSERVE_H_
#define MOETAP_HOOKS_OBSERVE_H_

#include "hooks/registry.h"

namespace moetap {

// Reports one hooked call to the sink, or does nothing if there is none.
// `ids` and `weights` point to at::Tensor.  Any thread; keeps errno, does not
// throw.
void Observe(const HookRow& row, const void* ids, const void* weights);

}  // namespace moetap

#endif  // MOETAP_HOOKS_OBSERVE_H_
