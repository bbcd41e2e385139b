#include "plugin/symbol_search.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "hooks/registry.h"

namespace moetap {
namespace {

// How well a symbol explains that a hook was not met, the best last.  Engines
// define several hooked functions and call one, so a function that is there
// unchanged explains less than one whose signature has changed.
enum class Match { kNone, kContains, kExact, kVariant };

struct Found {
  Match match = Match::kNone;
  char object[256] = "";
  char symbol[512] = "";
  const HookRow* row = nullptr;
};

// The dynamic symbol table of one loaded object.
struct Symbols {
  const ElfW(Sym) * table = nullptr;
  const char* strings = nullptr;
  const uint32_t* gnu_hash = nullptr;
  const uint32_t* hash = nullptr;
};

Symbols FindSymbols(const dl_phdr_info& object) {
  Symbols symbols;
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    if (object.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const ElfW(Dyn)*>(
        object.dlpi_addr + object.dlpi_phdr[i].p_vaddr);
    for (; entry->d_tag != DT_NULL; ++entry) {
      uintptr_t at = entry->d_un.d_ptr;
      // The loader has relocated these, except where it cannot write.
      if (at < object.dlpi_addr) at += object.dlpi_addr;
      const auto* word = reinterpret_cast<const uint32_t*>(at);
      if (entry->d_tag == DT_SYMTAB) {
        symbols.table = reinterpret_cast<const ElfW(Sym)*>(at);
      } else if (entry->d_tag == DT_STRTAB) {
        symbols.strings = reinterpret_cast<const char*>(at);
      } else if (entry->d_tag == DT_GNU_HASH) {
        symbols.gnu_hash = word;
      } else if (entry->d_tag == DT_HASH) {
        symbols.hash = word;
      }
    }
  }
  return symbols;
}

// Neither table says the number of symbols outright, except DT_HASH.
size_t CountSymbols(const Symbols& symbols) {
  if (symbols.hash != nullptr) return symbols.hash[1];
  if (symbols.gnu_hash == nullptr) return 0;
  const uint32_t n_buckets = symbols.gnu_hash[0];
  const uint32_t first = symbols.gnu_hash[1];
  const uint32_t bloom_words = symbols.gnu_hash[2];
  const uint32_t* buckets =
      symbols.gnu_hash + 4 + bloom_words * (sizeof(ElfW(Addr)) / 4);
  const uint32_t* chain = buckets + n_buckets;
  uint32_t last = 0;
  for (uint32_t i = 0; i < n_buckets; ++i) last = std::max(last, buckets[i]);
  if (last < first) return 0;
  while ((chain[last - first] & 1) == 0) ++last;
  return size_t{last} + 1;
}

bool DiffersLittle(const char* a, const char* b) {
  int different = 0;
  for (; *a != '\0' && *b != '\0' && different <= 2; ++a, ++b) {
    different += *a != *b;
  }
  return *a == *b && different <= 2;
}

Match MatchName(const char* name, const HookRow& row) {
  if (strcmp(name, row.symbol) == 0) return Match::kExact;
  if (DiffersLittle(name, row.symbol)) return Match::kVariant;
  if (strstr(name, row.base_name) == nullptr) return Match::kNone;
  char mangled[128];  // an identifier is mangled with its length before it
  snprintf(mangled, sizeof(mangled), "_Z%zu%s", strlen(row.base_name),
           row.base_name);
  return strncmp(name, mangled, strlen(mangled)) == 0 ? Match::kVariant
                                                      : Match::kContains;
}

void SearchObject(const dl_phdr_info& object, const Symbols& symbols,
                  Found* found) {
  const size_t n = CountSymbols(symbols);
  for (size_t i = 0; i < n; ++i) {
    const ElfW(Sym)& symbol = symbols.table[i];
    if (symbol.st_shndx == SHN_UNDEF ||
        ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) {
      continue;
    }
    const char* name = symbols.strings + symbol.st_name;
    for (const HookRow* row : AllHooks()) {
      const Match match = MatchName(name, *row);
      if (match <= found->match) continue;
      found->match = match;
      found->row = row;
      snprintf(found->object, sizeof(found->object), "%s", object.dlpi_name);
      snprintf(found->symbol, sizeof(found->symbol), "%s", name);
    }
  }
}

bool IsThisObject(const dl_phdr_info& object) {
  const auto here = reinterpret_cast<uintptr_t>(&DescribeNearMisses);
  for (int i = 0; i < object.dlpi_phnum; ++i) {
    const ElfW(Phdr)& part = object.dlpi_phdr[i];
    const uintptr_t begin = object.dlpi_addr + part.p_vaddr;
    if (part.p_type == PT_LOAD && here >= begin &&
        here - begin < part.p_memsz) {
      return true;
    }
  }
  return false;
}

int VisitObject(dl_phdr_info* object, size_t, void* found) {
  const Symbols symbols = FindSymbols(*object);
  if (symbols.table != nullptr && symbols.strings != nullptr &&
      !IsThisObject(*object)) {
    SearchObject(*object, symbols, static_cast<Found*>(found));
  }
  return 0;
}

}  // namespace

void DescribeNearMisses(char* out, size_t size) {
  Found found;
  dl_iterate_phdr(VisitObject, &found);
  const char* slash = strrchr(found.object, '/');
  const char* object = slash == nullptr ? found.object : slash + 1;
  switch (found.match) {
    case Match::kNone:
      snprintf(out, size,
               "no loaded library defines a function like the hooked ones");
      break;
    case Match::kContains:
    case Match::kVariant:
      snprintf(out, size, "%s defines %s, which is not the hooked %s", object,
               found.symbol, found.row->symbol);
      break;
    case Match::kExact:
      snprintf(out, size, "%s defines %s, but calls it past the hook", object,
               found.symbol);
      break;
  }
}

}  // namespace moetap
