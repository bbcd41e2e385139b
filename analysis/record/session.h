// One `record` from start to finish.
#ifndef MOETAP_ANALYSIS_RECORD_SESSION_H_
#define MOETAP_ANALYSIS_RECORD_SESSION_H_

#include <string>
#include <vector>

#include "analysis/record/options.h"

namespace moetap {

// Runs `command` with the library preloaded and says on standard error what
// came of it.  Returns the exit status of `moetap record`: the command's own
// if that is not 0; else 1 if nothing was captured or something was missed, 3
// if the capture has losses, 0 if all is well.
int Record(const CaptureOptions& options,
           const std::vector<std::string>& command);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_SESSION_H_
