// Triton's launcher looks cuLaunchKernelEx up on a handle of the driver, past
// the hook that the loader would have bound.
#ifndef MOETAP_HOOKS_CUDA_LOOKUP_REDIRECT_H_
#define MOETAP_HOOKS_CUDA_LOOKUP_REDIRECT_H_

namespace moetap {

// If the object that `caller` lies in is Triton's launcher, makes that one
// object's dlsym() return our hooks for the launches of the driver.  Does so
// once per object; any other object is left alone.  `caller` must have come
// through a RealFunction.  Any thread; keeps errno.
void RedirectTritonLookups(const void* caller);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_LOOKUP_REDIRECT_H_
