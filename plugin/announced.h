// What the shim says about the model: kept for the life of the process image,
// before the recorder starts and across fork.
#ifndef MOETAP_PLUGIN_ANNOUNCED_H_
#define MOETAP_PLUGIN_ANNOUNCED_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plugin/moetap.h"
#include "schema/ring_format.h"

namespace moetap {

// Writers hold the process lock.  Readers need none for facts; a fork in the
// middle of a change leaves the child with the state before it.
class Announced {
 public:
  static constexpr size_t kMaxFacts = 64;
  static constexpr size_t kMaxFactBytes = 1024;  // key, NUL, value

  // False if it is there already, or there is no room for it.
  bool AddFact(std::string_view key, std::string_view value);

  // Fact `i` as the payload of its record; empty behind the last one.
  std::string_view fact(size_t i) const;
  // A later fact has the same key: a forked engine core is no front end.
  bool superseded(size_t i) const;

  void Expect(std::span<const moetap_layer> layers);
  std::span<const moetap_layer> layers() const;

 private:
  struct Fact {
    uint32_t size;
    char text[kMaxFactBytes];
  };
  std::atomic<size_t> facts_ = 0;
  std::atomic<size_t> layers_ = 0;
  Fact fact_[kMaxFacts] = {};
  moetap_layer layer_[kMaxLayerSlots] = {};
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_ANNOUNCED_H_
