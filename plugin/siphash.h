// SipHash-2-4 and the prefix hash made of it.
#ifndef MOETAP_PLUGIN_SIPHASH_H_
#define MOETAP_PLUGIN_SIPHASH_H_

#include <cstdint>
#include <span>

namespace moetap {

// SipHash-2-4 with 64-bit result of `data` under the 128-bit `key`.
uint64_t SipHash(std::span<const uint8_t, 16> key,
                 std::span<const uint8_t> data);

// Hash of a token sequence from the hash of its prefix (0 = empty) and the
// last token: SipHash of the 8 bytes of `chain` and the 4 of `token`, both
// little-endian.
uint64_t ExtendChain(std::span<const uint8_t, 16> key, uint64_t chain,
                     uint32_t token);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_SIPHASH_H_
