# Writes the header OUTPUT, which defines the texts of the files PTX, named
# *.sm_<N>.ptx, as kPtx<N>.
set(code "#pragma once\n#include <string_view>\n\nnamespace moetap {\n")
foreach(file IN LISTS PTX)
  if(NOT file MATCHES "\\.sm_([0-9]+)\\.ptx$")
    message(FATAL_ERROR "${file} is not named *.sm_<N>.ptx")
  endif()
  set(name kPtx${CMAKE_MATCH_1})
  file(READ ${file} text)
  string(APPEND code
    "inline constexpr std::string_view ${name} =\nR\"ptx(${text})ptx\";\n")
endforeach()
string(APPEND code "}  // namespace moetap\n")
file(WRITE ${OUTPUT} "${code}")
