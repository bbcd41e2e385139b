// Counts the distinct experts that batches of decode rows touch.  Integers
// only: the order of work cannot change them, and those of several captures
// add up.
#ifndef MOETAP_ANALYSIS_STUDIES_SHARING_COUNTS_H_
#define MOETAP_ANALYSIS_STUDIES_SHARING_COUNTS_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/studies/sharing_batches.h"
#include "analysis/trace.h"

namespace moetap {

struct BatchSum {
  uint64_t distinct = 0;  // experts, summed over batches
  uint64_t batches = 0;
};

struct LayerBatches {
  std::vector<uint64_t> distinct;  // batches by number of distinct experts
  uint64_t unusable = 0;           // batches left out, for a set in them
  std::vector<BatchSum> trees;  // per tree, of the batches that it has a row in

  BatchSum sum() const;
};

struct SharingCounts {
  // [kind][place in kBatchSizes][layer]; no layers of a kind that was not
  // counted.
  std::array<std::array<std::vector<LayerBatches>, kBatchSizes.size()>,
             kBatchKinds>
      batches;
  std::array<uint64_t, kBatchKinds> steps{};       // that batches can come from
  std::vector<std::vector<uint64_t>> expert_rows;  // [layer][expert]: decode
                                                   // rows with it in the set
  std::vector<uint64_t> usable_rows;  // [layer]: decode rows with a usable set
  uint64_t decode_rows = 0;
  uint64_t missing_rows = 0;
  uint64_t trees = 0;
  std::vector<std::string> categories;  // per tree, "" for none; empty if
                                        // there was nothing to count by
  uint64_t sequences = 0;               // with tokens

  void Merge(SharingCounts other);
};

struct SharingOptions {
  uint64_t batches = 10000;  // of each kind and size, at most
  uint64_t seed = 1;
  unsigned threads = 1;
  bool by_category = false;  // also batches of one Sequence::category
};

// Memory: 16 bytes for each kind, size, layer and tree.
SharingCounts CountSharing(const Trace& trace, const SharingOptions& options);

// The steps of real engines whose rows are all of generated tokens.
struct ServedSteps {
  // By number of rows, then by layer: steps (as `batches`) and experts.
  std::map<uint32_t, std::vector<BatchSum>> by_rows;
  uint64_t decode = 0;    // such steps, ...
  uint64_t unusable = 0;  // ... times layers, left out: rows are missing, or
                          // a set is not usable
  uint64_t others = 0;    // steps with other rows

  void Merge(const ServedSteps& other);
};

// Of the lowest tensor-parallel rank of each engine.  Throws Error as
// BuildTrace does.
ServedSteps CountServed(const Capture& capture);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SHARING_COUNTS_H_
