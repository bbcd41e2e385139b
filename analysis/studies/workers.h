// Runs one function on several threads.
#ifndef MOETAP_ANALYSIS_STUDIES_WORKERS_H_
#define MOETAP_ANALYSIS_STUDIES_WORKERS_H_

#include <functional>

namespace moetap {

// Calls `work` once on each of `threads` >= 1 threads, the calling one among
// them, and waits.  Throws what the first that failed has thrown.
void RunWorkers(unsigned threads, const std::function<void()>& work);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_WORKERS_H_
