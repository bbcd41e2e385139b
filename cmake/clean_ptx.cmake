# Takes comments and empty lines out of the file PTX, and lowers its .version
# to 8.0, the PTX of CUDA 12.0, so that every driver since then compiles it.
# ci/check_ptx shows that the code is within that version.
file(READ ${PTX} text)
string(REGEX REPLACE "//[^\n]*" "" text "${text}")
string(REGEX REPLACE "[ \t]+\n" "\n" text "${text}")
string(REGEX REPLACE "\n\n+" "\n" text "${text}")
string(REGEX REPLACE "^\n" "" text "${text}")
if(NOT text MATCHES "^\\.version [0-9.]+\n")
  message(FATAL_ERROR "${PTX} does not begin with a .version")
endif()
string(REGEX REPLACE "^\\.version [0-9.]+\n" ".version 8.0\n" text "${text}")
file(WRITE ${PTX} "${text}")
