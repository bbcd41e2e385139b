#include "plugin/say.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace moetap {

void Say(const char* format, ...) {
  const int saved = errno;
  char line[512];
  const int head = snprintf(line, sizeof(line), "moetap: ");
  va_list arguments;
  va_start(arguments, format);
  const int body =
      vsnprintf(line + head, sizeof(line) - head - 1, format, arguments);
  va_end(arguments);
  const int end = std::min<int>(head + std::max(body, 0), sizeof(line) - 2);
  // Of paths and the host's texts: one line, and nothing a terminal obeys.
  for (char* at = line; at < line + end; ++at) {
    if (static_cast<unsigned char>(*at) < ' ' || *at == '\x7f') *at = '?';
  }
  line[end] = '\n';
  // Nothing can be done if stderr is gone.
  static_cast<void>(write(STDERR_FILENO, line, size_t(end) + 1) > 0);
  errno = saved;
}

}  // namespace moetap
