// Ring records as bytes, for tests.
#ifndef MOETAP_TESTS_UNIT_SCHEMA_RECORDS_H_
#define MOETAP_TESTS_UNIT_SCHEMA_RECORDS_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "schema/ring_format.h"

namespace moetap {

using ByteVector = std::vector<uint8_t>;

template <typename T>
void Append(ByteVector* to, const T& value) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  to->insert(to->end(), bytes, bytes + sizeof(T));
}

inline void Append(ByteVector* to, std::string_view text) {
  to->insert(to->end(), text.begin(), text.end());
}

// The fixed part of a record followed by an array.
template <typename Fixed, typename Item>
ByteVector Record(const Fixed& fixed, const std::vector<Item>& items) {
  ByteVector bytes;
  Append(&bytes, fixed);
  for (const Item& item : items) Append(&bytes, item);
  return bytes;
}

template <typename Fixed>
ByteVector Record(const Fixed& fixed, std::string_view text) {
  ByteVector bytes;
  Append(&bytes, fixed);
  Append(&bytes, text);
  return bytes;
}

// A whole dispatch of one layer in one record.
inline ByteVector Dispatch(uint64_t step, uint16_t slot, uint16_t k,
                           const std::vector<uint16_t>& ids) {
  const auto rows = static_cast<uint32_t>(ids.size() / k);
  return Record(DispatchRecord{step, 0, rows, rows, slot, k}, ids);
}

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_SCHEMA_RECORDS_H_
