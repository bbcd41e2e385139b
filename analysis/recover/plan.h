// What of a damaged capture can be written down again, and what is lost.
#ifndef MOETAP_ANALYSIS_RECOVER_PLAN_H_
#define MOETAP_ANALYSIS_RECOVER_PLAN_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "analysis/mapped_file.h"

namespace moetap {

// An intact block of an input file.
struct KeptBlock {
  BlockHeader header;
  uint32_t part = 0;  // index into RecoveryPlan::inputs
  uint64_t offset = 0;
};

struct Loss {
  std::string file;    // name of the input file, or of the ring
  uint64_t begin = 0;  // bytes of the file, or positions of the ring
  uint64_t end = 0;
  bool ring = false;
  std::string why;
};

// Blocks `first` to `last` of a file's sequence.
struct MissingBlocks {
  uint64_t first = 0;
  uint64_t last = 0;
};

// What one process wrote, and where it goes.
struct RecoveredFile {
  Uuid uuid{};
  std::string name;                    // in the output directory
  std::vector<KeptBlock> blocks;       // by sequence, none twice
  std::vector<CaptureBlock> ring;      // what a leftover ring adds
  std::vector<MissingBlocks> missing;  // by the sequence of both
  uint64_t end_sequence = 0;           // of the next block that is added
  uint64_t tail_end = 0;               // behind what damaged headers name
  bool tail_lost = false;              // what came last is among the lost
  bool lossy = false;                  // something of this file is lost
  uint64_t last_step = 0;              // highest that a block names
  uint64_t stored_rows = 0;            // token-layers in all these blocks
  Counters counters;                   // the highest that anything says

  uint64_t lost_rows() const {
    return counters.rows > stored_rows ? counters.rows - stored_rows : 0;
  }
};

struct RecoveryPlan {
  std::vector<std::filesystem::path> paths;  // of the inputs
  std::vector<MappedFile> inputs;
  std::vector<RecoveredFile> files;  // none without a block; by first input
  std::vector<Loss> losses;

  uint64_t blocks() const;
  // Anything lost, now or when it was recorded.
  bool lossy() const;
};

// Reads all of the capture at `path`, keeping one unpacked block at a time.
// Throws Error if there is no such capture or an input cannot be read.
RecoveryPlan PlanRecovery(const std::filesystem::path& path);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECOVER_PLAN_H_
