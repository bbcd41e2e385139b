// Devices and contexts, and which context a thread has current.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CORE_CONTEXT_H_
#define MOETAP_TESTS_CUDA_STANDIN_CORE_CONTEXT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tests/cuda_standin/core/scheduler.h"

namespace standin {

struct Stream;
using StreamPtr = std::shared_ptr<Stream>;

// CUcontext.  Never destroyed; guarded by the scheduler's mutex.
struct Context {
  int device = 0;
  StreamPtr legacy;
  std::map<uint64_t, StreamPtr> per_thread;  // by a number of the thread
  std::vector<StreamPtr> streams;  // these and created ones, until idle
};

// Codes are those of CUresult.  None of these takes the scheduler's mutex.

STANDIN_EXPORT int DeviceCount();
STANDIN_EXPORT bool DeviceExists(int device);
// The primary context, made on first use; and whether it has been made.
STANDIN_EXPORT Context* PrimaryContext(int device);
STANDIN_EXPORT bool PrimaryContextActive(int device);
STANDIN_EXPORT Context* CreateContext(int device);
// Null or not destroyed.
STANDIN_EXPORT bool ContextExists(const Context* context);
STANDIN_EXPORT int DestroyContext(Context* context);

// Of the calling thread; null: none.
STANDIN_EXPORT Context* CurrentContext();
STANDIN_EXPORT void SetCurrentContext(Context* context);
STANDIN_EXPORT void PushContext(Context* context);
STANDIN_EXPORT Context* PopContext();

// The device of the current context, 0 without one.
STANDIN_EXPORT int CurrentDevice();
// As every call of the runtime: a thread without a context gets the primary
// one of device 0.
STANDIN_EXPORT void UseSomeContext();

// Device attributes, which have the same numbers in both interfaces.
STANDIN_EXPORT int DeviceAttribute(int attribute);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_CORE_CONTEXT_H_
