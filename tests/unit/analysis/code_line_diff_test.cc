#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/code/line_diff.h"

namespace moetap {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Lines = std::vector<uint32_t>;

std::vector<Hunk> Diff(std::string_view a, std::string_view b) {
  return DiffLines(Lines(a.begin(), a.end()), Lines(b.begin(), b.end()));
}

// The script that the contract describes, from a table of all distances.
std::vector<Hunk> ByTable(const Lines& a, const Lines& b) {
  std::vector<std::vector<size_t>> rest(a.size() + 1,
                                        std::vector<size_t>(b.size() + 1));
  for (size_t x = a.size() + 1; x-- > 0;) {
    for (size_t y = b.size() + 1; y-- > 0;) {
      if (x == a.size() || y == b.size()) {
        rest[x][y] = a.size() - x + b.size() - y;
      } else if (a[x] == b[y]) {
        rest[x][y] = rest[x + 1][y + 1];
      } else {
        rest[x][y] = 1 + std::min(rest[x + 1][y], rest[x][y + 1]);
      }
    }
  }
  std::vector<Hunk> hunks;
  bool open = false;
  for (size_t x = 0, y = 0; x < a.size() || y < b.size();) {
    if (x < a.size() && y < b.size() && a[x] == b[y]) {
      ++x, ++y, open = false;
      continue;
    }
    if (!open) hunks.push_back({x, x, y, y});
    open = true;
    const bool deletes = x < a.size() && rest[x + 1][y] + 1 == rest[x][y];
    ++(deletes ? x : y);
    hunks.back().a_end = x;
    hunks.back().b_end = y;
  }
  return hunks;
}

TEST(LineDiffTest, FindsHunks) {
  EXPECT_THAT(Diff("abc", "abc"), IsEmpty());
  EXPECT_THAT(Diff("", ""), IsEmpty());
  EXPECT_THAT(Diff("", "ab"), ElementsAre(Hunk{0, 0, 0, 2}));
  EXPECT_THAT(Diff("ab", ""), ElementsAre(Hunk{0, 2, 0, 0}));
  EXPECT_THAT(Diff("abcd", "axcde"),
              ElementsAre(Hunk{1, 2, 1, 2}, Hunk{4, 4, 4, 5}));
}

TEST(LineDiffTest, DeletesBeforeItInserts) {
  EXPECT_THAT(Diff("ab", "ba"),
              ElementsAre(Hunk{0, 1, 0, 0}, Hunk{2, 2, 1, 2}));
  EXPECT_THAT(Diff("xa", "yaa"),
              ElementsAre(Hunk{0, 1, 0, 1}, Hunk{2, 2, 2, 3}));
}

TEST(LineDiffTest, IsTheScriptOfTheTable) {
  std::mt19937 random(1);
  const auto below = [&random](uint32_t n) {
    return static_cast<uint32_t>(random() % n);
  };
  for (int round = 0; round < 3000; ++round) {
    Lines sides[2];
    const uint32_t letters = 1 + below(6);
    for (Lines& side : sides) {
      side.resize(below(25));
      for (uint32_t& line : side) line = below(letters);
    }
    ASSERT_EQ(DiffLines(sides[0], sides[1]), ByTable(sides[0], sides[1]))
        << testing::PrintToString(sides);
  }
}

TEST(LineDiffTest, GivesUpAboveItsBound) {
  const size_t half = kMaxEdits / 2;
  Lines a{1}, b{1};
  a.insert(a.end(), half, 2);
  b.insert(b.end(), half, 3);
  a.push_back(4);
  b.push_back(4);
  EXPECT_THAT(DiffLines(a, b), ElementsAre(Hunk{1, half + 1, 1, half + 1}));
  a.push_back(5);
  EXPECT_THAT(DiffLines(a, b), ElementsAre(Hunk{1, half + 3, 1, half + 2}));
}

}  // namespace
}  // namespace moetap
