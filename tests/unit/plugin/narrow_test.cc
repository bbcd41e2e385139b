#include "plugin/narrow.h"

#include <gmock/gmock.h>

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

TEST(NarrowTest, RefusesOtherWidths) {
  for (int bytes = 0; bytes <= 16; ++bytes) {
    const RoutingEvent event = {.id_bytes = static_cast<uint8_t>(bytes)};
    EXPECT_EQ(CanNarrow(event), bytes == 2 || bytes == 4 || bytes == 8);
  }
}

}  // namespace
}  // namespace moetap
