// Marks the functions by which a library replaces NVIDIA's of the same name.
// Their parameters are those of the real headers, with plain types for
// handles, enumerations and structs that are not looked into.
#ifndef MOETAP_TESTS_CUDA_STANDIN_WHEELS_EXPORTED_H_
#define MOETAP_TESTS_CUDA_STANDIN_WHEELS_EXPORTED_H_

#define STANDIN_C_EXPORT extern "C" __attribute__((visibility("default")))

#endif  // MOETAP_TESTS_CUDA_STANDIN_WHEELS_EXPORTED_H_
