// How a process comes to be captured.
#ifndef MOETAP_PLUGIN_START_H_
#define MOETAP_PLUGIN_START_H_

#include "plugin/process.h"

namespace moetap {

// Makes ring, capture file and writer, and puts the facts into the ring.
// False: a sentence in `why`, and nothing is left behind.  If the environment
// has no key, a random one is put into *config, where a forked child finds it.
bool StartProcess(Process* process, Config& config, const Announced& announced,
                  char (&why)[320]);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_START_H_
