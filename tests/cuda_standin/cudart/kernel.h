// Entry points of the runtime that no header of CUDA declares.
#ifndef MOETAP_TESTS_CUDA_STANDIN_CUDART_KERNEL_H_
#define MOETAP_TESTS_CUDA_STANDIN_CUDART_KERNEL_H_

#include <cuda_runtime_api.h>

extern "C" {

void** __cudaRegisterFatBinary(void* binary);
void __cudaRegisterFatBinaryEnd(void** handle);
void __cudaUnregisterFatBinary(void** handle);
char __cudaInitModule(void** handle);
void __cudaRegisterFunction(void** handle, const char* symbol, char* device,
                            const char* name, int thread_limit, uint3* thread,
                            uint3* block, dim3* block_dim, dim3* grid_dim,
                            int* warp_size);
void __cudaRegisterVar(void** handle, char* host, char* device,
                       const char* name, int external, size_t size,
                       int constant, int global);
unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                     CUstream_st* stream);
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, size_t* shared,
                                       void* stream);
cudaError_t __cudaGetKernel(cudaKernel_t* kernel, const void* symbol);
cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block,
                               void** arguments, size_t shared,
                               cudaStream_t stream);
cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block,
                                    void** arguments, size_t shared,
                                    cudaStream_t stream);

}  // extern "C"

#endif  // MOETAP_TESTS_CUDA_STANDIN_CUDART_KERNEL_H_
