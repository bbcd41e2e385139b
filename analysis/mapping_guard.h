// Keeps the program alive when a file is cut short while it is mapped, or its
// disk fails: both raise SIGBUS at whoever reads what is gone.
#ifndef MOETAP_ANALYSIS_MAPPING_GUARD_H_
#define MOETAP_ANALYSIS_MAPPING_GUARD_H_

#include "schema/block_codec.h"

namespace moetap {

// Of one mapping, as long as it lives.  Made and destroyed by any thread, and
// before and after the mapping is read.
class MappingGuard {
 public:
  // From now on, what the file of `mapping` has no more reads as zeros.
  explicit MappingGuard(Bytes mapping);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  // Whether zeros stood in for something that was read.
  bool lost() const;

  struct Watched;

 private:
  Watched* const watched_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_MAPPING_GUARD_H_
