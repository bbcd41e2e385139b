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

#ifdef __x86_64__
// What libgcc knows of the CPU, for __builtin_cpu_supports.
extern "C" {
struct CpuModel {
  unsigned vendor, type, subtype, features;
};
extern CpuModel __cpu_model  // NOLINT
    __attribute__((visibility("hidden")));
}
#endif

namespace moetap {
namespace {

using testing::ElementsAre;

#ifdef __x86_64__
void PretendFeatures(unsigned features) {
  __cpu_model.features = features;
  // The compiler takes what the builtin reads for another variable.
  asm volatile("" ::: "memory");
}
#endif

// Runs `test` as on this CPU and on lesser ones.
template <typename Test>
void OnEachCpu(Test test) {
  test();
#ifdef __x86_64__
  constexpr unsigned kAvx2 = 1u << 10;
  constexpr unsigned kAvx512Bw = 1u << 21;
  const unsigned features = __cpu_model.features;
  PretendFeatures(features & ~kAvx512Bw);
  EXPECT_FALSE(__builtin_cpu_supports("avx512bw"));
  test();
  PretendFeatures(features & ~(kAvx512Bw | kAvx2));
  EXPECT_FALSE(__builtin_cpu_supports("avx2"));
  test();
  PretendFeatures(features);
#endif
}

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

// Narrows `n` ids that end `offset` bytes before the end of `from` into what
// ends `gap` ids before that of `to`, on each CPU.
template <typename T>
void ExpectNarrowed(const FencedMemory& from, size_t offset,
                    const FencedMemory& to, uint32_t n, uint32_t gap) {
  constexpr uint16_t kUntouched = 0xBEEF;
  const std::vector<T> ids = EdgyIds<T>(n);
  const size_t bytes = n * sizeof(T);
  char* at = from.end() - offset - bytes;
  std::copy_n(reinterpret_cast<const char*>(ids.data()), bytes, at);
  RoutingEvent event = Matrix(ids, 1, n);
  event.ids = at;
  std::vector<uint16_t> expected(n);
  std::transform(ids.begin(), ids.end(), expected.begin(), NarrowedOne<T>);
  auto* end = reinterpret_cast<uint16_t*>(to.end());
  auto* out = end - gap - n;
  OnEachCpu([&] {
    std::fill(out - 64, end, kUntouched);
    NarrowIds(event, 0, 1, out);
    ASSERT_TRUE(std::equal(expected.begin(), expected.end(), out))
        << n << " ids, offset " << offset << ", gap " << gap;
    ASSERT_EQ(std::count(out - 64, out, kUntouched), 64) << n;
    ASSERT_EQ(std::count(end - gap, end, kUntouched), gap) << n;
  });
}

// Every length, so that every tail of a vector loop is met, with the ids at
// every offset from their alignment and nothing behind either end.
TYPED_TEST(NarrowLengthTest, EveryLengthAndOffset) {
  const FencedMemory from;
  const FencedMemory to;
  for (uint32_t n = 0; n <= 320; ++n) {
    for (size_t offset = 0; offset < sizeof(TypeParam); ++offset) {
      ExpectNarrowed<TypeParam>(from, offset, to, n, 0);
    }
  }
}

// So many that they go past the caches by whole lines: every place of the first
// and of the last id in its line, and the last length that does not.
TYPED_TEST(NarrowLengthTest, EveryPlaceInALineOfMany) {
  constexpr uint32_t kMany = 4096;  // kStreamFrom of narrow.cc
  const FencedMemory from;
  const FencedMemory to;
  for (uint32_t n = kMany - 1; n <= kMany + 33; ++n) {
    for (uint32_t gap = 0; gap < 32; ++gap) {
      ExpectNarrowed<TypeParam>(from, gap % sizeof(TypeParam), to, n, gap);
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
