#include "hooks/resolve.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

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

// What `object` defines as `symbol`, unless that is our own.  The handle is
// closed only if nothing was found: the function must stay where it is.
void* Definition(const LoadedObject& object, const char* symbol,
                 const LoadedObject& self) {
  if (object.path[0] == '\0') return nullptr;  // the executable: global scope
  void* handle = dlopen(object.path, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return nullptr;
  void* found = dlsym(handle, symbol);
  if (found != nullptr && !self.Contains(found)) return found;
  dlclose(handle);
  return nullptr;
}

void* DefinitionAnywhere(const char* symbol, const LoadedObject& self) {
  LoadedObject object;
  for (int n = 0; NthObject(n, &object); ++n) {
    if (void* found = Definition(object, symbol, self)) return found;
  }
  return nullptr;
}

// An address inside this very object.
const char kInThisObject = 0;

}  // namespace

void* RealFunction::FindSlowly(const void* caller) {
  int saved_errno = errno;
  LoadedObject self;
  FindObject(&kInThisObject, &self);
  LoadedObject object;
  void* real = nullptr;
  if (FindObject(caller, &object)) {
    real = Definition(object, row_.symbol, self);
  } else {  // generated code: remember this one call site
    object.begin = reinterpret_cast<uintptr_t>(caller);
    object.end = object.begin + 1;
  }
  if (real == nullptr) real = DefinitionAnywhere(row_.symbol, self);
  if (real == nullptr) RaiseMissing();
  Remember(object.begin, object.end, real);
  errno = saved_errno;
  return real;
}

void RealFunction::Remember(uintptr_t begin, uintptr_t end, void* real) {
  uint32_t slot = used_.fetch_add(1, std::memory_order_relaxed);
  if (slot >= kEntries) {  // found slowly every time, and still right
    used_.store(kEntries, std::memory_order_relaxed);
    return;
  }
  entries_[slot].begin = begin;
  entries_[slot].end = end;
  entries_[slot].real.store(real, std::memory_order_release);
}

void RealFunction::RaiseMissing() {
  char text[512];
  snprintf(text, sizeof(text),
           "moetap: no loaded object defines %s (%s), so the call cannot be "
           "made; start the engine without libmoetap.so to see the loader's "
           "own message",
           row_.base_name, row_.symbol);
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
