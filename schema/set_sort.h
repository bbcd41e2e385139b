// Sorts many small sets of ids at once.  Thread-safe, allocates nothing.
#ifndef MOETAP_SCHEMA_SET_SORT_H_
#define MOETAP_SCHEMA_SET_SORT_H_

#include <cstddef>
#include <cstdint>

namespace moetap {

// Puts each of the `n` sets of `k` ids that stand at `sets`, one behind the
// other, into ascending order.
void SortSets(uint16_t* sets, size_t n, size_t k);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_SET_SORT_H_
