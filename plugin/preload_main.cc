// What happens when libmoetap.so is loaded and unloaded.  Everything else
// waits for the first dispatch or report.
#include <dlfcn.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "hooks/event_sink.h"
#include "plugin/process.h"
#include "plugin/recorder.h"

#ifdef MOETAP_HAS_CUDA
#include "hooks/cuda/launch_sink.h"
#include "plugin/cuda/cuda_recorder.h"
#endif

namespace moetap {
namespace {

constinit Recorder g_recorder;
#ifdef MOETAP_HAS_CUDA
constinit CudaRecorder g_cuda_recorder;
#endif

bool RunsPython() {
  char exe[PATH_MAX];
  const ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
  if (n <= 0) return false;
  exe[n] = '\0';
  const char* slash = strrchr(exe, '/');
  const char* name = slash == nullptr ? exe : slash + 1;
  return strncmp(name, "python", strlen("python")) == 0;
}

// <folder of this library>/python, if it is there.
bool ShimFolder(char (&folder)[PATH_MAX]) {
  Dl_info info;
  if (dladdr(&g_recorder, &info) == 0) return false;
  char library[PATH_MAX];
  if (realpath(info.dli_fname, library) == nullptr) return false;
  char* slash = strrchr(library, '/');
  if (slash == nullptr) return false;
  *slash = '\0';
  const int n = snprintf(folder, sizeof(folder), "%s/python", library);
  return n < static_cast<int>(sizeof(folder)) && access(folder, X_OK) == 0;
}

bool Contains(const char* list, const char* folder) {
  const size_t size = strlen(folder);
  for (const char* at = list; at != nullptr; at = strchr(at, ':')) {
    if (*at == ':') ++at;
    if (strncmp(at, folder, size) == 0 &&
        (at[size] == ':' || at[size] == '\0')) {
      return true;
    }
  }
  return false;
}

// vLLM then finds the shim through its entry point, with nothing installed.
void OfferShim() {
  char folder[PATH_MAX];
  if (!RunsPython() || !ShimFolder(folder)) return;
  const char* path = getenv("PYTHONPATH");
  if (path == nullptr || *path == '\0') {
    setenv("PYTHONPATH", folder, 1);
    return;
  }
  if (Contains(path, folder)) return;
  char joined[PATH_MAX * 4];
  const int n = snprintf(joined, sizeof(joined), "%s:%s", folder, path);
  if (n < static_cast<int>(sizeof(joined))) setenv("PYTHONPATH", joined, 1);
}

[[gnu::constructor]] void OnLoad() {
  const int saved = errno;
  const Config config = ReadConfig(getenv);
  if (getauxval(AT_SECURE) == 0 && config.enabled) {
    Configure(config);
    SetRoutingSink(&g_recorder);
#ifdef MOETAP_HAS_CUDA
    SetLaunchSink(&g_cuda_recorder);
#endif
    OfferShim();
  }
  errno = saved;
}

[[gnu::destructor]] void OnExit() { FinishProcess(); }

}  // namespace
}  // namespace moetap
