// Writes down what a RecoveryPlan found.
#ifndef MOETAP_ANALYSIS_RECOVER_WRITE_H_
#define MOETAP_ANALYSIS_RECOVER_WRITE_H_

#include <cstdint>
#include <filesystem>

#include "analysis/recover/plan.h"

namespace moetap {

// Makes `directory`, which must not be there yet, with mode 0700 and one file
// of mode 0600 for each of `plan.files`; nothing that exists is opened, no
// symlink followed.  Intact blocks are copied byte for byte with their
// sequence numbers, a ring's are added as the writer would have, and a file
// that lacks something ends with a block that says so (docs/log_format.md).
// Returns the bytes written, all on disk.  On Error nothing is left behind.
uint64_t WriteRecovered(const RecoveryPlan& plan,
                        const std::filesystem::path& directory);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECOVER_WRITE_H_
