// Brings a block of any layout into SortedTokenMajor, the form in which all
// readers work, and back.  The only decoder of Block.ids.
//
// For readers: allocates, and may throw std::bad_alloc.  Not thread-safe.
#ifndef MOETAP_SCHEMA_NORMAL_FORM_H_
#define MOETAP_SCHEMA_NORMAL_FORM_H_

#include <flatbuffers/flatbuffers.h>

#include <memory>
#include <span>
#include <vector>

#include "schema/block_codec.h"
#include "schema/ranked_sets.h"
#include "schema/routing_log_generated.h"
#include "schema/weighted_sets.h"

namespace moetap {

// What Make() says of a layout that this build does not know; told apart by
// address.
inline constexpr char kUnknownLayout[] =
    "expert sets are in a layout that needs a newer moetap";

class NormalForm {
 public:
  // Bytes that Make() may need for `raw`, a verified block of a layout other
  // than SortedTokenMajor.
  static size_t Room(Bytes raw);

  // The block `raw` in SortedTokenMajor, equal to the one that a writer would
  // have made in that layout.  Null: done, `*normal` is the part of `out`
  // (Room() bytes, 8-aligned) that holds it, verified again.  Else what is
  // wrong with the block, a lower-case phrase.
  const char* Make(Bytes raw, std::span<uint8_t> out, Bytes* normal);

  // The sets of `block` (in SortedTokenMajor, without contradictions).
  // Valid until the next call.
  std::span<const uint16_t> Sets(const log::Block& block);
  SetGroups groups() const { return groups_; }

  // A copy of the verified block `raw` with other ids, valid until the next
  // call.
  Bytes Rebuild(Bytes raw, log::Layout layout, Bytes ids);

 private:
  const char* CollectGroups(const log::Block& block);
  bool Decode(const log::Block& block);  // its sets into sets_

  std::vector<SetGroup> groups_;
  std::vector<uint16_t> sets_;
  std::vector<uint8_t> ids_;
  std::unique_ptr<RankedWorkspace> ranked_;
  std::unique_ptr<WeightedWorkspace> weighted_;
  flatbuffers::FlatBufferBuilder builder_;
};

}  // namespace moetap

#endif  // MOETAP_SCHEMA_NORMAL_FORM_H_
