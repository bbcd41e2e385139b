// Turns published ring records into the FlatBuffer of one block.  The writer
// thread feeds it from the live ring, readers from a leftover one: a capture
// says the same whichever of the two wrote it down.
//
// Not thread-safe.  All memory is taken from the arena given at construction;
// nothing throws or allocates.
#ifndef MOETAP_SCHEMA_BLOCK_BUILDER_H_
#define MOETAP_SCHEMA_BLOCK_BUILDER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "schema/block_codec.h"
#include "schema/layout_choice.h"
#include "schema/ring_format.h"

namespace moetap {

class BlockBuilder {
 public:
  // Bytes of arena that any block fits in.
  static size_t ArenaBytes();

  // `arena` (ArenaBytes() bytes, 16-aligned) is owned by the caller and must
  // outlive the builder.
  explicit BlockBuilder(std::span<uint8_t> arena);
  BlockBuilder(const BlockBuilder&) = delete;
  BlockBuilder& operator=(const BlockBuilder&) = delete;

  enum class Added {
    kYes,
    kFull,       // nothing was added: Finish() this block, then add it again
    kMalformed,  // the payload does not fit its type; counted, not added
  };
  // Copies what it needs: `payload` may be freed when the call returns.
  Added Add(RecordType type, Bytes payload);

  // Bytes of records in the open block; 0 = empty.
  size_t pending() const;

  // The open block as a size-prefixed FlatBuffer, valid until the next call.
  // Facts and layers seen so far are repeated in every block.  `measure`
  // chooses the layout of the sets.
  Bytes Finish(const Measure& measure = {});

  uint64_t malformed() const;

 private:
  struct Impl;
  Impl* impl_;  // in the arena
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_BLOCK_BUILDER_H_
