// Entry points of the driver that cuda.h hides behind a macro of another name,
// or does not declare.
#ifndef MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_POINTS_H_
#define MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_POINTS_H_

#include <cuda.h>

extern "C" {

CUresult cuStreamGetCaptureInfo_v2(CUstream stream,
                                   CUstreamCaptureStatus* status,
                                   cuuint64_t* id, CUgraph* graph,
                                   const CUgraphNode** dependencies,
                                   size_t* count);
CUresult cuStreamGetCaptureInfo_v3(CUstream stream,
                                   CUstreamCaptureStatus* status,
                                   cuuint64_t* id, CUgraph* graph,
                                   const CUgraphNode** dependencies,
                                   const CUgraphEdgeData** edges,
                                   size_t* count);

}  // extern "C"

#endif  // MOETAP_TESTS_CUDA_STANDIN_DRIVER_ENTRY_POINTS_H_
