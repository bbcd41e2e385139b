#include "plugin/layer_table.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

struct Free {
  void operator()(void* memory) const { free(memory); }
};
using Table = std::unique_ptr<LayerTable, Free>;

// As the recorder has it: zero bytes, never constructed.
Table MakeTable() {
  return Table(static_cast<LayerTable*>(calloc(1, sizeof(LayerTable))));
}

const void* Key(uintptr_t i) { return reinterpret_cast<void*>(i * 4096); }

log::LayerSource Source(const LayerTable& table, size_t slot) {
  return static_cast<log::LayerSource>(table.record(slot).source);
}

TEST(LayerTableTest, ShowsALayerOnceItIsTold) {
  const Table table = MakeTable();
  EXPECT_EQ(table->Find(Key(1)), -1);
  EXPECT_EQ(table->Add(Key(1), 8, "hook"), 0);
  EXPECT_EQ(table->Find(Key(1)), -1);
  EXPECT_EQ(table->Add(Key(1), 8, "hook"), 0);  // not told yet: the same slot
  table->SetTold(0);
  EXPECT_EQ(table->Find(Key(1)), 0);
  EXPECT_EQ(table->Find(Key(2)), -1);
  EXPECT_EQ(table->record(0).experts, 8u);
  EXPECT_STREQ(table->hook(0), "hook");
}

TEST(LayerTableTest, HoldsItsLimitAndRefusesMore) {
  const Table table = MakeTable();
  for (uintptr_t i = 0; i < kMaxLayerSlots; ++i) {
    ASSERT_EQ(table->Add(Key(i + 1), 0, ""), static_cast<int>(i));
    table->SetTold(i);
  }
  EXPECT_EQ(table->Add(Key(kMaxLayerSlots + 1), 0, ""), -1);
  for (uintptr_t i = 0; i < kMaxLayerSlots; ++i) {
    ASSERT_EQ(table->Find(Key(i + 1)), static_cast<int>(i));
  }
  EXPECT_EQ(table->Find(Key(kMaxLayerSlots + 1)), -1);
}

TEST(LayerTableTest, NumbersByWeightAddress) {
  const Table table = MakeTable();
  const std::vector<moetap_layer> announced = {{3 * 4096, 30, 64, 8, 0},
                                               {1 * 4096, 10, 64, 8, 0}};
  table->Add(Key(1), 0, "");
  table->Number(announced);
  EXPECT_EQ(table->record(0).number, 10);
  EXPECT_EQ(table->record(0).experts, 64u);
  EXPECT_EQ(Source(*table, 0), log::LayerSource::Pointer);
}

TEST(LayerTableTest, NumbersByOrderOnlyWhenTheCountFits) {
  const Table table = MakeTable();
  const std::vector<moetap_layer> announced = {{0, 1, 64, 8, 0},
                                               {0, 3, 64, 8, 0}};
  table->Add(Key(1), 64, "");
  table->Number(announced);
  EXPECT_EQ(Source(*table, 0), log::LayerSource::Unknown);
  table->Add(Key(2), 64, "");
  table->Number(announced);
  EXPECT_EQ(Source(*table, 0), log::LayerSource::Order);
  EXPECT_EQ(table->record(0).number, 1);
  EXPECT_EQ(table->record(1).number, 3);
  table->Add(Key(3), 64, "");
  table->Number(announced);
  for (size_t slot = 0; slot < 3; ++slot) {
    EXPECT_EQ(Source(*table, slot), log::LayerSource::Unknown);
    EXPECT_EQ(table->record(slot).number, slot);
  }
}

TEST(LayerTableTest, AnAddressThatMatchesForbidsGuessingByOrder) {
  const Table table = MakeTable();
  const std::vector<moetap_layer> announced = {{1 * 4096, 1, 64, 8, 0},
                                               {9 * 4096, 3, 64, 8, 0}};
  table->Add(Key(1), 64, "");
  table->Add(Key(2), 64, "");
  table->Number(announced);
  EXPECT_EQ(Source(*table, 0), log::LayerSource::Pointer);
  EXPECT_EQ(Source(*table, 1), log::LayerSource::Unknown);
}

TEST(LayerTableTest, ANewDescriptionIsUntold) {
  const Table table = MakeTable();
  table->Add(Key(1), 64, "");
  table->SetTold(0);
  table->Number({});
  EXPECT_TRUE(table->told(0));
  table->Number(std::vector<moetap_layer>{{1 * 4096, 5, 64, 8, 0}});
  EXPECT_FALSE(table->told(0));
  EXPECT_EQ(table->Find(Key(1)), 0);  // was shown, and stays so
}

}  // namespace
}  // namespace moetap
