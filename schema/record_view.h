// Looks into the payload of a ring record.
#ifndef MOETAP_SCHEMA_RECORD_VIEW_H_
#define MOETAP_SCHEMA_RECORD_VIEW_H_

#include <algorithm>
#include <cstring>
#include <string_view>

#include "schema/block_codec.h"
#include "schema/ring_format.h"

namespace moetap {

// A record's fixed part and what follows it.
template <typename T>
struct View {
  T fixed;
  Bytes rest;
};

template <typename T>
bool Split(Bytes payload, View<T>* view) {
  if (payload.size() < sizeof(T)) return false;
  std::memcpy(&view->fixed, payload.data(), sizeof(T));
  view->rest = payload.subspan(sizeof(T));
  return true;
}

template <typename T>
View<T> MustSplit(Bytes payload) {
  View<T> view{};
  Split(payload, &view);
  return view;
}

// The NUL-terminated string at the start of `*rest`, which moves behind it.
// The last string of a record needs no NUL.
inline std::string_view TakeString(Bytes* rest) {
  const auto* text = reinterpret_cast<const char*>(rest->data());
  const size_t size = strnlen(text, rest->size());
  *rest = rest->subspan(std::min(size + 1, rest->size()));
  return {text, size};
}

// True if `payload` is well-formed for `type`: every count fits the bytes and
// every enumerator is known.
bool RecordFits(RecordType type, Bytes payload);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RECORD_VIEW_H_
