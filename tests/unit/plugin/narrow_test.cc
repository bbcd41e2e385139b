#include "plugin/narrow.h"

#include <gmock/gmock.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "schema/block_format.h"

namespace moetap {
namespace {

using testing::ElementsAre;

template <typename T>
RoutingEvent Matrix(const std::vector<T>& ids, uint32_t rows, uint32_t k) {
  return {.ids = ids.data(),
          .row_stride = k,
          .column_stride = 1,
          .rows = rows,
          .k = k,
          .id_bytes = sizeof(T),
          .id_signed = std::is_signed_v<T>};
}

std::vector<uint16_t> Narrowed(const RoutingEvent& event, uint32_t first,
                               uint32_t rows) {
  std::vector<uint16_t> out(size_t{rows} * event.k, 12345);
  NarrowIds(event, first, rows, out.data());
  return out;
}

TEST(NarrowTest, KeepsIdsAndMarksTheRest32) {
  const std::vector<int32_t> ids = {0,     1,  65534,     65535,
                                    65536, -1, INT32_MIN, INT32_MAX};
  EXPECT_THAT(Narrowed(Matrix(ids, 4, 2), 0, 4),
              ElementsAre(0, 1, 65534, kNoRoute, kNoRoute, kNoRoute, kNoRoute,
                          kNoRoute));
}

TEST(NarrowTest, KeepsIdsAndMarksTheRest64) {
  const std::vector<int64_t> ids = {0,  255,       65534,     65535,
                                    -1, INT64_MIN, INT64_MAX, int64_t{1} << 32};
  EXPECT_THAT(Narrowed(Matrix(ids, 4, 2), 0, 4),
              ElementsAre(0, 255, 65534, kNoRoute, kNoRoute, kNoRoute, kNoRoute,
                          kNoRoute));
}

TEST(NarrowTest, TellsSignedFromUnsigned16) {
  EXPECT_THAT(Narrowed(Matrix<int16_t>({3, -2, 32767, -32768}, 2, 2), 0, 2),
              ElementsAre(3, kNoRoute, 32767, kNoRoute));
  EXPECT_THAT(Narrowed(Matrix<uint16_t>({3, 65534, 32768, 65535}, 2, 2), 0, 2),
              ElementsAre(3, 65534, 32768, kNoRoute));
}

TEST(NarrowTest, StartsAtTheAskedRow) {
  const std::vector<int32_t> ids = {0, 1, 2, 3, 4, 5};
  EXPECT_THAT(Narrowed(Matrix(ids, 3, 2), 1, 2), ElementsAre(2, 3, 4, 5));
}

TEST(NarrowTest, FollowsColumnMajorStrides) {
  const std::vector<int64_t> ids = {0, 1, 2, 10, 11, 12};  // [2, 3] transposed
  RoutingEvent event = Matrix(ids, 3, 2);
  event.row_stride = 1;
  event.column_stride = 3;
  EXPECT_THAT(Narrowed(event, 0, 3), ElementsAre(0, 10, 1, 11, 2, 12));
  EXPECT_THAT(Narrowed(event, 2, 1), ElementsAre(2, 12));
}

TEST(NarrowTest, FollowsNegativeAndZeroStrides) {
  const std::vector<int32_t> ids = {0, 1, 2, 3, 4, 5};
  RoutingEvent event = Matrix(ids, 3, 2);
  event.ids = ids.data() + 5;
  event.row_stride = -2;
  event.column_stride = -1;
  EXPECT_THAT(Narrowed(event, 0, 3), ElementsAre(5, 4, 3, 2, 1, 0));
  event.row_stride = 0;  // one row, broadcast
  EXPECT_THAT(Narrowed(event, 1, 2), ElementsAre(5, 4, 5, 4));
}

TEST(NarrowTest, ReadsUnalignedIds) {
  std::vector<char> bytes(1 + 2 * sizeof(int32_t));
  const int32_t ids[] = {7, -1};
  memcpy(bytes.data() + 1, ids, sizeof(ids));
  RoutingEvent event = Matrix(std::vector<int32_t>(2), 1, 2);
  event.ids = bytes.data() + 1;
  EXPECT_THAT(Narrowed(event, 0, 1), ElementsAre(7, kNoRoute));
}

// Memory behind which none is: what reads or writes past its end faults.
class FencedMemory {
 public:
  FencedMemory() {
    void* map = mmap(nullptr, 2 * kSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(map, MAP_FAILED);
    begin_ = static_cast<char*>(map);
    EXPECT_EQ(mprotect(begin_ + kSize, kSize, PROT_NONE), 0);
  }
  ~FencedMemory() { munmap(begin_, 2 * kSize); }
  FencedMemory(const FencedMemory&) = delete;
  FencedMemory& operator=(const FencedMemory&) = delete;

  char* begin() const { return begin_; }
  char* end() const { return begin_ + kSize; }

 private:
  static constexpr size_t kSize = size_t{64} << 10;
  char* begin_;
};

template <typename T>
class NarrowLengthTest : public testing::Test {};
using IdTypes =
    testing::Types<int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>;
TYPED_TEST_SUITE(NarrowLengthTest, IdTypes);

// Ids of which every fourth is at an edge of what fits.
template <typename T>
std::vector<T> EdgyIds(size_t n) {
  const T edges[] = {0,
                     static_cast<T>(65534),
                     static_cast<T>(65535),
                     static_cast<T>(65536),
                     std::numeric_limits<T>::max(),
                     std::numeric_limits<T>::min()};
  std::mt19937 random(static_cast<uint32_t>(n));
  std::vector<T> ids(n);
  for (T& id : ids) {
    id = random() % 4 == 0 ? edges[random() % std::size(edges)]
                           : static_cast<T>(random() % 512);
  }
  return ids;
}

template <typename T>
uint16_t NarrowedOne(T id) {
  const bool fits = id >= 0 && static_cast<uint64_t>(id) < kNoRoute;
  return fits ? static_cast<uint16_t>(id) : kNoRoute;
}

// Every length, so that every tail of a vector loop is met, with the ids at
// every offset from their alignment and nothing behind either end.
TYPED_TEST(NarrowLengthTest, EveryLengthAndOffset) {
  constexpr uint16_t kUntouched = 0xBEEF;
  const FencedMemory from;
  const FencedMemory to;
  for (uint32_t n = 0; n <= 320; ++n) {
    const std::vector<TypeParam> ids = EdgyIds<TypeParam>(n);
    const size_t bytes = n * sizeof(TypeParam);
    RoutingEvent event = Matrix(ids, 1, n);
    auto* out = reinterpret_cast<uint16_t*>(to.end()) - n;
    for (size_t offset = 0; offset < sizeof(TypeParam); ++offset) {
      char* at = from.end() - offset - bytes;
      std::copy_n(reinterpret_cast<const char*>(ids.data()), bytes, at);
      event.ids = at;
      std::fill(out - 64, out + n, kUntouched);
      NarrowIds(event, 0, 1, out);
      for (uint32_t i = 0; i < n; ++i) {
        ASSERT_EQ(out[i], NarrowedOne(ids[i]))
            << "id " << i << " of " << n << ", offset " << offset;
      }
      ASSERT_EQ(std::count(out - 64, out, kUntouched), 64) << n;
    }
  }
}

TEST(NarrowTest, RefusesOtherWidths) {
  for (int bytes = 0; bytes <= 16; ++bytes) {
    const RoutingEvent event = {.id_bytes = static_cast<uint8_t>(bytes)};
    EXPECT_EQ(CanNarrow(event), bytes == 2 || bytes == 4 || bytes == 8);
  }
}

}  // namespace
}  // namespace moetap
