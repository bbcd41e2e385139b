#include "hooks/cuda/lookup_redirect.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "hooks/cuda/entry_point.h"

namespace moetap {

MOETAP_ENTRY_POINT CudaStatus cuLaunchKernel(const void*, uint32_t, uint32_t,
                                             uint32_t, uint32_t, uint32_t,
                                             uint32_t, uint32_t, CudaStream,
                                             void**, void**);
MOETAP_ENTRY_POINT CudaStatus cuLaunchKernelEx(const CudaDriverLaunchConfig*,
                                               const void*, void**, void**);

namespace {

#if defined(__x86_64__)
constexpr uint32_t kSlotTypes[] = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT};
#elif defined(__aarch64__)
constexpr uint32_t kSlotTypes[] = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT};
#endif

// What the launcher calls instead of dlsym(), with a real handle.
void* LookUp(void* handle, const char* name) {
  void* found = dlsym(handle, name);
  if (found == nullptr) return nullptr;
  if (strcmp(name, "cuLaunchKernelEx") == 0) {
    return reinterpret_cast<void*>(&cuLaunchKernelEx);
  }
  if (strcmp(name, "cuLaunchKernel") == 0) {
    return reinterpret_cast<void*>(&cuLaunchKernel);
  }
  return found;
}

bool IsTritonLauncher(const link_map& object) {
  void* handle = dlopen(object.l_name, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  bool found = dlsym(handle, "PyInit_cuda_utils") != nullptr;
  dlclose(handle);
  return found;
}

// Pages that the loader made read-only after relocation.
struct Relro {
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

Relro RelroOf(const link_map& object) {
  struct Search {
    uintptr_t base;
    Relro found;
  } search = {object.l_addr, {}};
  auto visit = [](dl_phdr_info* info, size_t, void* data) {
    auto* s = static_cast<Search*>(data);
    if (info->dlpi_addr != s->base) return 0;
    const uintptr_t mask = ~(static_cast<uintptr_t>(getpagesize()) - 1);
    for (int i = 0; i < info->dlpi_phnum; ++i) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_GNU_RELRO) continue;
      uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
      s->found = {begin & mask, (begin + segment.p_memsz) & mask};
    }
    return 1;
  };
  dl_iterate_phdr(visit, &search);
  return search.found;
}

void Write(void** slot, const Relro& relro) {
  auto address = reinterpret_cast<uintptr_t>(slot);
  const auto page_size = static_cast<uintptr_t>(getpagesize());
  auto* page = reinterpret_cast<void*>(address & ~(page_size - 1));
  bool read_only = address >= relro.begin && address < relro.end;
  if (read_only && mprotect(page, page_size, PROT_READ | PROT_WRITE) != 0) {
    return;
  }
  __atomic_store_n(slot, reinterpret_cast<void*>(&LookUp), __ATOMIC_RELEASE);
  if (read_only) mprotect(page, page_size, PROT_READ);
}

// The parts of an object's dynamic section that relocations need.  The loader
// has made its addresses absolute.
struct Dynamic {
  const ElfW(Sym) * symbols = nullptr;
  const char* strings = nullptr;
  std::span<const ElfW(Rela)> relocations[2];
};

std::span<const ElfW(Rela)> RelocationsAt(uintptr_t address, size_t bytes) {
  return {reinterpret_cast<const ElfW(Rela)*>(address),
          address == 0 ? 0 : bytes / sizeof(ElfW(Rela))};
}

Dynamic ReadDynamic(const link_map& object) {
  Dynamic dynamic;
  uintptr_t rela = 0, plt = 0;
  size_t rela_bytes = 0, plt_bytes = 0;
  for (const ElfW(Dyn)* d = object.l_ld; d->d_tag != DT_NULL; ++d) {
    const uintptr_t value = d->d_un.d_ptr;
    if (d->d_tag == DT_SYMTAB) {
      dynamic.symbols = reinterpret_cast<const ElfW(Sym)*>(value);
    } else if (d->d_tag == DT_STRTAB) {
      dynamic.strings = reinterpret_cast<const char*>(value);
    } else if (d->d_tag == DT_RELA) {
      rela = value;
    } else if (d->d_tag == DT_RELASZ) {
      rela_bytes = value;
    } else if (d->d_tag == DT_JMPREL) {
      plt = value;
    } else if (d->d_tag == DT_PLTRELSZ) {
      plt_bytes = value;
    }
  }
  dynamic.relocations[0] = RelocationsAt(rela, rela_bytes);
  dynamic.relocations[1] = RelocationsAt(plt, plt_bytes);
  return dynamic;
}

bool IsSlot(uint32_t type) {
  return type == kSlotTypes[0] || type == kSlotTypes[1];
}

void RedirectDlsym(const link_map& object) {
  const Dynamic dynamic = ReadDynamic(object);
  if (dynamic.symbols == nullptr || dynamic.strings == nullptr) return;
  const Relro relro = RelroOf(object);
  for (const auto& relocations : dynamic.relocations) {
    for (const ElfW(Rela) & relocation : relocations) {
      if (!IsSlot(ELF64_R_TYPE(relocation.r_info))) continue;
      const auto& symbol = dynamic.symbols[ELF64_R_SYM(relocation.r_info)];
      if (strcmp(dynamic.strings + symbol.st_name, "dlsym") != 0) continue;
      Write(reinterpret_cast<void**>(object.l_addr + relocation.r_offset),
            relro);
    }
  }
}

}  // namespace

void RedirectTritonLookups(const void* caller) {
  static constinit std::atomic<bool> seen[CallerTable::kCallers] = {};
  int number = g_callers.Find(reinterpret_cast<uintptr_t>(caller));
  if (number < 0 || seen[number].load(std::memory_order_relaxed)) return;
  if (seen[number].exchange(true, std::memory_order_relaxed)) return;
  int saved_errno = errno;
  Dl_info info;
  link_map* object = nullptr;
  if (dladdr1(caller, &info, reinterpret_cast<void**>(&object),
              RTLD_DL_LINKMAP) != 0 &&
      object != nullptr && IsTritonLauncher(*object)) {
    RedirectDlsym(*object);
  }
  errno = saved_errno;
}

}  // namespace moetap
