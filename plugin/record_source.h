// Where records come from besides the process's threads.
#ifndef MOETAP_PLUGIN_RECORD_SOURCE_H_
#define MOETAP_PLUGIN_RECORD_SOURCE_H_

#include "plugin/ring_buffer.h"

namespace moetap {

class RecordSource {
 public:
  // Moves what it has into the ring, as far as there is room.  The writer
  // thread calls it before it reads the ring.
  virtual void Pump(RingBuffer* ring) = 0;

 protected:
  ~RecordSource() = default;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RECORD_SOURCE_H_
