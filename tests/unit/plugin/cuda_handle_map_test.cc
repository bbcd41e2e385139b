#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <thread>

#include "plugin/cuda/handle_map.h"

namespace moetap {
namespace {

const void* Handle(uintptr_t n) { return reinterpret_cast<const void*>(n); }

class HandleMapTest : public testing::Test {
 protected:
  std::unique_ptr<HandleMap> map_ = std::make_unique<HandleMap>();
};

TEST_F(HandleMapTest, AgreesWithAStandardMap) {
  std::mt19937 random(1);
  std::map<uintptr_t, int> truth;
  for (int i = 0; i < 200000; ++i) {
    const uintptr_t n = 0x7f0000000000 + random() % 3000 * 16;
    if (random() % 2 == 0) {
      const auto value = static_cast<int>(random() % 1000);
      EXPECT_TRUE(map_->Set(Handle(n), value));
      truth[n] = value;
    } else {
      const auto it = truth.find(n);
      EXPECT_EQ(map_->Remove(Handle(n)), it == truth.end() ? -1 : it->second);
      truth.erase(n);
    }
    const uintptr_t asked = 0x7f0000000000 + random() % 3000 * 16;
    const auto it = truth.find(asked);
    ASSERT_EQ(map_->Find(Handle(asked)), it == truth.end() ? -1 : it->second);
  }
}

TEST_F(HandleMapTest, IsFullAtItsCapacityAndUsableAfterwards) {
  for (uintptr_t n = 1; n <= HandleMap::kCapacity; ++n) {
    ASSERT_TRUE(map_->Set(Handle(n * 64), static_cast<int>(n)));
  }
  EXPECT_FALSE(map_->Set(Handle(8), 1));
  EXPECT_EQ(map_->Find(Handle(8)), -1);
  EXPECT_TRUE(map_->Set(Handle(64), 5)) << "one that is there may change";
  EXPECT_EQ(map_->Find(Handle(64)), 5);
  for (uintptr_t n = 1; n <= HandleMap::kCapacity; ++n) {
    ASSERT_NE(map_->Remove(Handle(n * 64)), -1);
  }
  EXPECT_TRUE(map_->Set(Handle(8), 1));
}

TEST_F(HandleMapTest, HandlesThatComeAndGoDoNotFillIt) {
  for (uintptr_t n = 1; n <= 20 * HandleMap::kCapacity; ++n) {
    ASSERT_TRUE(map_->Set(Handle(n * 64), 1)) << n;
    if (n > 100) {
      ASSERT_EQ(map_->Remove(Handle((n - 100) * 64)), 1);
    }
  }
}

TEST_F(HandleMapTest, FindsWhatStaysWhileAnotherThreadChangesTheRest) {
  map_->Set(Handle(1 << 20), 7);
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done.load()) EXPECT_EQ(map_->Find(Handle(1 << 20)), 7);
  });
  for (uintptr_t n = 1; n <= 20000; ++n) {
    map_->Set(Handle(n * 8), 1);
    if (n > 50) map_->Remove(Handle((n - 50) * 8));
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace moetap
