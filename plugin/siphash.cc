#include "plugin/siphash.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace moetap {
namespace {

static_assert(std::endian::native == std::endian::little);

uint64_t LoadWord(const uint8_t* from) {
  uint64_t word;
  memcpy(&word, from, sizeof(word));
  return word;
}

struct State {
  uint64_t v0, v1, v2, v3;

  void Round() {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void Absorb(uint64_t word) {
    v3 ^= word;
    Round();
    Round();
    v0 ^= word;
  }
};

}  // namespace

uint64_t SipHash(std::span<const uint8_t, 16> key,
                 std::span<const uint8_t> data) {
  const uint64_t k0 = LoadWord(key.data());
  const uint64_t k1 = LoadWord(key.data() + 8);
  State s{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
          k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  const size_t whole = data.size() / 8 * 8;
  for (size_t i = 0; i < whole; i += 8) s.Absorb(LoadWord(data.data() + i));
  uint64_t last = uint64_t{data.size()} << 56;
  memcpy(&last, data.data() + whole, data.size() - whole);
  s.Absorb(last);
  s.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) s.Round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t ExtendChain(std::span<const uint8_t, 16> key, uint64_t chain,
                     uint32_t token) {
  std::array<uint8_t, 12> message;
  memcpy(message.data(), &chain, sizeof(chain));
  memcpy(message.data() + sizeof(chain), &token, sizeof(token));
  return SipHash(key, message);
}

}  // namespace moetap
