// alignment.assembly@1 of docs/studies.md.
#ifndef MOETAP_ANALYSIS_STUDIES_ASSEMBLY_ALIGNMENT_H_
#define MOETAP_ANALYSIS_STUDIES_ASSEMBLY_ALIGNMENT_H_

#include "analysis/studies/alignment.h"
#include "analysis/studies/leaf_codes.h"

namespace moetap {

// Aligns sequences of `codes`, which must outlive it.  Nothing is compiled.
class AssemblyAlignment : public Alignment {
 public:
  explicit AssemblyAlignment(const LeafCodes& codes) : codes_(codes) {}
  std::string_view name() const override { return "assembly"; }
  uint64_t Cost(const Sequence& a, const Sequence& b,
                uint32_t fork) const override;
  AlignedTails Align(const Sequence& a, const Sequence& b,
                     uint32_t fork) const override;

 private:
  const LeafCodes& codes_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_ASSEMBLY_ALIGNMENT_H_
