#include "tests/cuda_standin/core/environment.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace standin {

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  errno = 0;
  const uint64_t value = std::strtoull(text, &end, 0);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
    std::fprintf(stderr, "standin: %s=%s is no number\n", name, text);
    std::exit(2);
  }
  return value;
}

}  // namespace standin
