#ifndef MOETAP_ANALYSIS_MACHINE_MEMORY_H_
#define MOETAP_ANALYSIS_MACHINE_MEMORY_H_

#include <unistd.h>

#include <cstdint>

namespace moetap {

// Bytes of this machine's memory.
inline uint64_t MachineMemory() {
  return static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_MACHINE_MEMORY_H_
