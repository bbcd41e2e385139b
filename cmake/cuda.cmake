# Finds nvcc; sets MOETAP_HAS_CUDA and MOETAP_CUDA_INCLUDE, the folder of its
# headers, which tests alone need.  moetap_ptx() compiles device code.
#
# nvcc is taken from MOETAP_CUDA_HOME (a variable of CMake or of the
# environment: a folder with bin/nvcc, such as ci/setup_nvcc makes), from PATH,
# or from /usr/local/cuda.  It needs no GPU and no driver.
set(MOETAP_HAS_CUDA OFF)
if(NOT DEFINED MOETAP_CUDA_HOME)
  set(MOETAP_CUDA_HOME "$ENV{MOETAP_CUDA_HOME}")
endif()
if(MOETAP_CUDA_HOME)
  set(nvcc ${MOETAP_CUDA_HOME}/bin/nvcc)
  if(NOT EXISTS ${nvcc})
    message(FATAL_ERROR "MOETAP_CUDA_HOME has no bin/nvcc: ${nvcc}")
  endif()
else()
  find_program(nvcc nvcc PATHS /usr/local/cuda/bin NO_CACHE)
endif()

set(nvcc_version 0)
if(nvcc)
  execute_process(COMMAND ${nvcc} --version
    OUTPUT_VARIABLE nvcc_says ERROR_QUIET)
  if(nvcc_says MATCHES "release ([0-9.]+)")
    set(nvcc_version ${CMAKE_MATCH_1})
  endif()
endif()
if(nvcc_version VERSION_GREATER_EQUAL 12)
  set(MOETAP_HAS_CUDA ON)
  cmake_path(GET nvcc PARENT_PATH MOETAP_CUDA_INCLUDE)
  cmake_path(APPEND MOETAP_CUDA_INCLUDE ../include)
  message(STATUS "CUDA capture: nvcc ${nvcc_version}, ${nvcc}")
elseif(nvcc)
  message(STATUS "CUDA capture is left out: ${nvcc} is no nvcc of CUDA 12 or "
    "later (ci/setup_nvcc installs one)")
else()
  message(STATUS
    "CUDA capture is left out: no nvcc (ci/setup_nvcc installs one)")
endif()

# moetap_ptx(OUTPUT SOURCE HEADER...): compiles SOURCE to PTX for compute_80 and
# compute_90 and embeds both in OUTPUT, a header that defines the string views
# `kPtx80` and `kPtx90` in namespace moetap; a NUL follows each.
function(moetap_ptx output source)
  set(ptx)
  foreach(arch 80 90)
    set(file ${CMAKE_CURRENT_BINARY_DIR}/${source}.sm_${arch}.ptx)
    add_custom_command(
      OUTPUT ${file}
      COMMAND ${nvcc} -ptx -arch=compute_${arch} -std=c++20
              -Werror all-warnings -I ${PROJECT_SOURCE_DIR}
              -o ${file} ${CMAKE_CURRENT_SOURCE_DIR}/${source}
      COMMAND ${CMAKE_COMMAND} -D PTX=${file}
              -P ${PROJECT_SOURCE_DIR}/cmake/clean_ptx.cmake
      DEPENDS ${source} ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/clean_ptx.cmake
      COMMENT "Compiling ${source} to PTX for sm_${arch}"
      VERBATIM)
    list(APPEND ptx ${file})
  endforeach()
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D "PTX=${ptx}" -D OUTPUT=${output}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_ptx.cmake
    DEPENDS ${ptx} ${PROJECT_SOURCE_DIR}/cmake/embed_ptx.cmake
    VERBATIM)
endfunction()
