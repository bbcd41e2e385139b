# Flags every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

add_library(moetap_flags INTERFACE)
target_include_directories(moetap_flags INTERFACE
  ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR})
# -Wno-restrict: GCC 12 warns of overlaps inside std::string that cannot occur
# (GCC bug 105329).
target_compile_options(moetap_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> -Werror -fno-math-errno -fasynchronous-unwind-tables)
if(MOETAP_SANITIZE)
  # No vptr check: what runs in a guest has no RTTI.
  add_compile_options(-fsanitize=${MOETAP_SANITIZE} -fno-sanitize=vptr
    -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${MOETAP_SANITIZE})
endif()

# Code that also runs inside somebody else's process: no exceptions of ours.
# No vectors made of neighbouring fields: reading a field pair that was just
# written one by one stalls, which doubled the cost of a hooked call.
add_library(moetap_guest_flags INTERFACE)
target_link_libraries(moetap_guest_flags INTERFACE moetap_flags)
target_compile_options(moetap_guest_flags INTERFACE
  -fno-exceptions -fno-rtti -fno-threadsafe-statics
  $<$<CXX_COMPILER_ID:GNU>:-fno-tree-slp-vectorize>)
