#include "plugin/siphash.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>

namespace moetap {
namespace {

std::array<uint8_t, 16> ReferenceKey() {
  std::array<uint8_t, 16> key;
  std::iota(key.begin(), key.end(), 0);
  return key;
}

// vectors_sip64 of the reference implementation: key 00..0f, message 00..n-1.
TEST(SipHashTest, AgreesWithReferenceVectors) {
  constexpr uint64_t kExpected[] = {
      0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
      0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
      0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
      0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
      0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
      0xa129ca6149be45e5};
  std::array<uint8_t, 16> message;
  std::iota(message.begin(), message.end(), 0);
  for (size_t n = 0; n < std::size(kExpected); ++n) {
    EXPECT_EQ(SipHash(ReferenceKey(), std::span(message).first(n)),
              kExpected[n])
        << n;
  }
}

TEST(ExtendChainTest, HashesChainThenTokenLittleEndian) {
  const std::array<uint8_t, 12> message = {0x08, 0x07, 0x06, 0x05, 0x04, 0x03,
                                           0x02, 0x01, 0x0d, 0x0c, 0x0b, 0x0a};
  EXPECT_EQ(ExtendChain(ReferenceKey(), 0x0102030405060708, 0x0a0b0c0d),
            SipHash(ReferenceKey(), message));
}

TEST(ExtendChainTest, DependsOnKeyPrefixAndToken) {
  const uint64_t one = ExtendChain(ReferenceKey(), 0, 7);
  EXPECT_NE(ExtendChain(ReferenceKey(), 0, 8), one);
  EXPECT_NE(ExtendChain(ReferenceKey(), 1, 7), one);
  std::array<uint8_t, 16> other = ReferenceKey();
  other[15] ^= 1;
  EXPECT_NE(ExtendChain(other, 0, 7), one);
}

}  // namespace
}  // namespace moetap
