#include "hooks/resolve.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "hooks/undisturbed.h"

namespace moetap {
namespace {

struct LoadedObject {
  uintptr_t begin = UINTPTR_MAX;  // of its mapped segments
  uintptr_t end = 0;
  char path[PATH_MAX] = "";

  bool Contains(const void* p) const {
    auto address = reinterpret_cast<uintptr_t>(p);
    return address >= begin && address < end;
  }
};

LoadedObject Describe(const dl_phdr_info& info) {
  LoadedObject object;
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
    object.begin = std::min(object.begin, begin);
    object.end = std::max(object.end, begin + segment.p_memsz);
  }
  snprintf(object.path, sizeof(object.path), "%s", info.dlpi_name);
  return object;
}

// The loaded object that contains `address`; false if there is none.
bool FindObject(const void* address, LoadedObject* out) {
  struct Search {
    const void* address;
    LoadedObject* out;
  } search{address, out};
  auto visit = [](dl_phdr_info* info, size_t, void* data) {
    auto* s = static_cast<Search*>(data);
    *s->out = Describe(*info);
    return s->out->Contains(s->address) ? 1 : 0;
  };
  return dl_iterate_phdr(visit, &search) != 0;
}

// The n-th loaded object; false past the last.  One at a time, because
// calling dlopen() inside dl_iterate_phdr() takes the loader's locks in the
// wrong order.
bool NthObject(int n, LoadedObject* out) {
  struct Search {
    int left;
    LoadedObject* out;
  } search{n, out};
  auto visit = [](dl_phdr_info* info, size_t, void* data) {
    auto* s = static_cast<Search*>(data);
    if (s->left-- > 0) return 0;
    *s->out = Describe(*info);
    return 1;
  };
  return dl_iterate_phdr(visit, &search) != 0;
}

// Definitions that are none to forward to: our own, and that of an object in
// front of ours in the loader's order.  The latter is a hook like ours that
// called us, and would do so again.
struct NotReal {
  LoadedObject self;
  const void* front;

  bool Contains(const void* found) const {
    return found == front || self.Contains(found);
  }
};

// What `object` defines as `symbol`, with what it depends on.  The handle is
// closed only if nothing was found: the function must stay where it is.
void* Definition(const LoadedObject& object, const char* symbol,
                 const NotReal& not_real) {
  if (object.path[0] == '\0') return nullptr;  // the executable: global scope
  void* handle = dlopen(object.path, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* found = dlsym(handle, symbol);
  if (found != nullptr && !not_real.Contains(found)) return found;
  dlclose(handle);
  return nullptr;
}

void* DefinitionAnywhere(const char* symbol, const NotReal& not_real) {
  LoadedObject object;
  for (int n = 0; NthObject(n, &object); ++n) {
    if (void* found = Definition(object, symbol, not_real)) return found;
  }
  return nullptr;
}

// An address inside this very object.
const char kInThisObject = 0;

}  // namespace

constinit CallerTable g_callers;

void RealFunction::Remember(uintptr_t begin, uintptr_t end, void* real) {
  // Without a number: found slowly, and still right.
  const int number = g_callers.Add(begin, end);
  if (number >= 0) reals_[number].store(real, std::memory_order_release);
  if (shortcut_ == nullptr || shortcut_taken_.exchange(true)) return;
  shortcut_->begin.store(begin, std::memory_order_relaxed);
  shortcut_->real.store(real, std::memory_order_relaxed);
  shortcut_->size.store(end - begin, std::memory_order_release);
}

void* RealFunction::FindSlowly(const void* caller) {
  const Undisturbed undisturbed;  // the loader's locks
  int saved_errno = errno;
  NotReal not_real;
  FindObject(&kInThisObject, &not_real.self);
  not_real.front = dlsym(RTLD_DEFAULT, symbol_);
  LoadedObject object;
  void* real = nullptr;
  if (FindObject(caller, &object)) {
    real = Definition(object, symbol_, not_real);
  } else {  // generated code: remember this one call site
    object.begin = reinterpret_cast<uintptr_t>(caller);
    object.end = object.begin + 1;
  }
  if (real == nullptr) real = DefinitionAnywhere(symbol_, not_real);
  if (real != nullptr) Remember(object.begin, object.end, real);
  errno = saved_errno;
  return real;
}

void RealFunction::RaiseMissing() {
  char text[512];
  snprintf(text, sizeof(text),
           "moetap: no loaded object defines %s (%s), so the call cannot be "
           "made; start the engine without libmoetap.so to see the loader's "
           "own message",
           base_name_, symbol_);
  if (!said_missing_.exchange(true)) fprintf(stderr, "%s\n", text);
  if (void* library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD)) {
    using Throw = void (*)(const char*);
    auto* raise = reinterpret_cast<Throw>(
        dlsym(library, "_ZSt21__throw_runtime_errorPKc"));
    if (raise != nullptr) raise(text);
  }
  _exit(127);
}

}  // namespace moetap
