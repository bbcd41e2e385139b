// Puts records into the running process's ring, by the policy for a full one.
#ifndef MOETAP_PLUGIN_RECORDS_H_
#define MOETAP_PLUGIN_RECORDS_H_

#include <initializer_list>
#include <string_view>

#include "plugin/process.h"

namespace moetap {

inline Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

template <typename T>
Bytes AsBytes(const T* items, size_t n = 1) {
  return {reinterpret_cast<const uint8_t*>(items), n * sizeof(T)};
}

// Reserves room for a record, waiting for it with --on-full block.  False: no
// room; the caller counts what it loses.
bool Reserve(Process* process, size_t payload_size,
             RingBuffer::Reservation* reservation);

// One record of the concatenated `parts`, at most kMaxPayload bytes together.
// False: counted as lost.
bool Write(Process* process, RecordType type,
           std::initializer_list<Bytes> parts);

void WriteFact(Process* process, std::string_view key, std::string_view value);

// Says it on stderr and in the capture, once per code and process.
void WriteStatus(Process* process, std::string_view code,
                 std::string_view text);

// Puts the layers whose description is new into the ring.  Needs the process
// lock.
void TellLayers(Process* process);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RECORDS_H_
