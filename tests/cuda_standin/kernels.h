// Host versions of CUDA kernels, by the names they are launched under: the
// mangled name of a kernel that nvcc compiled, the plain name of a Triton one.
#ifndef MOETAP_TESTS_CUDA_STANDIN_KERNELS_H_
#define MOETAP_TESTS_CUDA_STANDIN_KERNELS_H_

namespace standin {

struct Dim3 {
  unsigned x, y, z;
};

// Runs the host version of a kernel to its end.  False if there is none, or
// if the launch has fewer arguments than the kernel reads: nothing is done
// then.  `args` point to the arguments, as for cudaLaunchKernel.  Any thread.
bool RunKernel(const char* name, Dim3 grid, Dim3 block, void** args, int nargs);

// The sizes in bytes of the parameters of a kernel with a host version whose
// mangled name does not tell them.  Returns how many were written, at most
// `capacity`; 0 for every other kernel.
int KernelParameterSizes(const char* name, int* sizes, int capacity);

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_KERNELS_H_
