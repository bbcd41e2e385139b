#include "schema/routing_groups.h"

#include <gmock/gmock.h>

#include <memory>

namespace moetap {
namespace {

class RoutingGroupsTest : public testing::Test {
 protected:
  void Add(uint64_t step, int slot, uint32_t rows, uint32_t offset = 0,
           uint32_t total = 0, uint16_t k = 1) {
    groups_->Add({step, offset, rows, total == 0 ? rows : total,
                  static_cast<uint16_t>(slot), k},
                 ids_);
  }
  // "pass:first_row+rows" of each group.
  std::vector<std::string> Shape() const {
    std::vector<std::string> out;
    for (uint32_t i = 0; i < groups_->groups(); ++i) {
      const RoutingGroups::Group& g = groups_->group(i);
      out.push_back(std::to_string(g.pass) + ":" + std::to_string(g.first_row) +
                    "+" + std::to_string(g.rows));
    }
    return out;
  }

  uint16_t ids_[64] = {};
  std::unique_ptr<RoutingGroups> groups_ = std::make_unique<RoutingGroups>();
};

using testing::ElementsAre;

TEST_F(RoutingGroupsTest, AnAnnouncedStepIsOnePass) {
  for (uint64_t step : {1, 2}) {
    for (int slot : {0, 1, 2}) Add(step, slot, 4);
  }
  EXPECT_THAT(Shape(), ElementsAre("1:0+4", "2:0+4"));
}

TEST_F(RoutingGroupsTest, WithoutStepsALayerThatComesBackBeginsAPass) {
  for (int pass = 0; pass < 3; ++pass) {
    for (int slot : {0, 1}) Add(0, slot, 1);
  }
  EXPECT_THAT(Shape(), ElementsAre("1:0+1", "2:0+1", "3:0+1"));
}

TEST_F(RoutingGroupsTest, AModelOfOneLayerMakesAPassPerDispatch) {
  Add(0, 0, 3);
  Add(0, 0, 1);
  EXPECT_THAT(Shape(), ElementsAre("1:0+3", "2:0+1"));
}

TEST_F(RoutingGroupsTest, SeveralDispatchesOfALayerInAStepAppendRows) {
  Add(7, 0, 8);
  Add(7, 0, 5);
  Add(7, 1, 8);
  Add(7, 1, 5);
  EXPECT_THAT(Shape(), ElementsAre("1:0+8", "1:8+5"));
  groups_->AssignLayerLists();
  EXPECT_EQ(groups_->layer_lists(), 1u);
}

TEST_F(RoutingGroupsTest, ASplitDispatchKeepsItsRowOffsets) {
  Add(7, 0, 4, 0, 6);
  Add(7, 0, 2, 4, 6);
  Add(7, 1, 4, 0, 6);
  Add(7, 1, 2, 4, 6);
  EXPECT_THAT(Shape(), ElementsAre("1:0+4", "1:4+2"));
}

TEST_F(RoutingGroupsTest, ASplitDispatchWithoutStepsStaysOnePass) {
  Add(0, 0, 4, 0, 6);
  Add(0, 0, 2, 4, 6);
  Add(0, 1, 4, 0, 6);
  Add(0, 1, 2, 4, 6);
  EXPECT_THAT(Shape(), ElementsAre("1:0+4", "1:4+2"));
}

TEST_F(RoutingGroupsTest, PartsOfALayersOnlyDispatchComeInAnyOrder) {
  const auto add = [&](uint64_t step, uint16_t slot, uint32_t offset,
                       uint32_t rows) {
    groups_->Add({step, offset, rows, 0, slot, 1}, ids_);
  };
  add(7, 0, 4, 2);
  add(7, 0, 0, 4);
  add(7, 1, 0, 4);
  add(8, 0, 0, 1);  // another stream is further on
  add(7, 1, 4, 2);
  EXPECT_THAT(Shape(), ElementsAre("1:4+2", "1:0+4", "2:0+1", "3:4+2"));
}

TEST_F(RoutingGroupsTest, AStepThatGoesOnInTheNextBlockGoesOn) {
  Add(7, 0, 8);
  groups_->Clear();
  Add(7, 0, 5);
  Add(7, 1, 8);
  EXPECT_THAT(Shape(), ElementsAre("1:8+5", "1:0+8"));
}

TEST_F(RoutingGroupsTest, LayersWithAnotherTopKFormTheirOwnGroup) {
  Add(1, 0, 2, 0, 0, 8);
  Add(1, 1, 2, 0, 0, 4);
  Add(1, 2, 2, 0, 0, 8);
  ASSERT_EQ(groups_->groups(), 2u);
  groups_->AssignLayerLists();
  size_t size = 0;
  const uint16_t* slots = groups_->layer_list(0, &size);
  EXPECT_THAT(std::vector<int>(slots, slots + size), ElementsAre(0, 2));
}

TEST_F(RoutingGroupsTest, NeighboursShareALayerList) {
  for (uint64_t step = 1; step <= 50; ++step) {
    for (int slot : {0, 1, 2}) Add(step, slot, 1);
  }
  groups_->AssignLayerLists();
  EXPECT_EQ(groups_->groups(), 50u);
  EXPECT_EQ(groups_->layer_lists(), 1u);
}

}  // namespace
}  // namespace moetap
