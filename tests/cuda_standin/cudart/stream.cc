// Streams, events and host functions.
#include "tests/cuda_standin/core/stream.h"

#include "tests/cuda_standin/core/transfer.h"
#include "tests/cuda_standin/cudart/entry.h"

namespace standin {
namespace {

template <typename Use>
int WithStream(cudaStream_t stream, Use use) {
  StreamProperties properties;
  const int status = DescribeStream(stream, &properties);
  if (status == cudaSuccess) use(properties);
  return status;
}

int AddCallback(cudaStream_t stream, cudaStreamCallback_t callback,
                void* data) {
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_HOST;
  work.body = [=] { callback(stream, cudaSuccess, data); };
  return Submit(stream, work);
}

}  // namespace
}  // namespace standin

using namespace standin;  // NOLINT: entry points cannot be in a namespace

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return Call(STANDIN_HERE, [&] { return CreateStream(0, 0, stream); });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return Call(STANDIN_HERE, [&] { return CreateStream(flags, 0, stream); });
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags,
                                         int priority) {
  return Call(STANDIN_HERE,
              [&] { return CreateStream(flags, priority, stream); });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return DestroyStream(stream); });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return SynchronizeStream(stream); });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return QueryStream(stream); });
}

cudaError_t cudaStreamGetPriority(cudaStream_t stream, int* priority) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *priority = p.priority; });
  });
}

cudaError_t cudaStreamGetFlags(cudaStream_t stream, unsigned* flags) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *flags = p.flags; });
  });
}

cudaError_t cudaStreamGetId(cudaStream_t stream, unsigned long long* id) {
  return Call(STANDIN_HERE,
              [&] { return WithStream(stream, [&](auto& p) { *id = p.id; }); });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* device) {
  return Call(STANDIN_HERE, [&] {
    return WithStream(stream, [&](auto& p) { *device = p.context->device; });
  });
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return Call(STANDIN_HERE, [&] { return CreateEvent(0, event); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return Call(STANDIN_HERE, [&] { return CreateEvent(flags, event); });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return Call(STANDIN_HERE, [&] { return DestroyEvent(event); });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return Call(STANDIN_HERE, [&] { return RecordEvent(event, stream); });
}

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream,
                                     unsigned flags) {
  return Call(STANDIN_HERE, [&]() -> int {
    if (flags != cudaEventRecordDefault) return cudaErrorNotSupported;
    return RecordEvent(event, stream);
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event,
                                unsigned flags) {
  return Call(STANDIN_HERE, [&]() -> int {
    if (flags != cudaEventWaitDefault) return cudaErrorNotSupported;
    return WaitEvent(stream, event);
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return Call(STANDIN_HERE, [&] { return SynchronizeEvent(event); });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return Call(STANDIN_HERE, [&] { return QueryEvent(event); });
}

cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t start,
                                 cudaEvent_t end) {
  return Call(STANDIN_HERE, [&] { return ElapsedTime(start, end, ms); });
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function,
                               void* data) {
  return Call(STANDIN_HERE, [&] { return CallHost(function, data, stream); });
}

cudaError_t cudaStreamAddCallback(cudaStream_t stream,
                                  cudaStreamCallback_t callback, void* data,
                                  unsigned) {
  return Call(STANDIN_HERE,
              [&] { return AddCallback(stream, callback, data); });
}

}  // extern "C"
