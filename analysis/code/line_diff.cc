#include "analysis/code/line_diff.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace moetap {
namespace {

// Searches from the ends of both sides to their beginnings.  Point (x, y) is
// what lies before line x of `a` and line y of `b`; diagonal k is x - y = k.
class Search {
 public:
  Search(std::span<const uint32_t> a, std::span<const uint32_t> b)
      : a_(a), b_(b), n_(a.size()), m_(b.size()) {}

  // Edits from the beginning to the end; nothing if more than kMaxEdits.
  std::optional<size_t> Run() {
    for (size_t edits = 0; edits <= kMaxEdits; ++edits) {
      Extend();
      if (Reaches(edits, 0, 0)) return edits;
    }
    return std::nullopt;
  }

  // Whether `edits` edits lead from (x, y) to the end.  On a diagonal fewer
  // edits are needed the nearer the end a point is.
  bool Reaches(size_t edits, int64_t x, int64_t y) const {
    return Front(static_cast<int64_t>(edits), x - y) <= x;
  }

 private:
  static constexpr int64_t kNowhere = std::numeric_limits<int32_t>::max();

  // The least x on diagonal k from which `edits` edits lead to the end.
  int64_t Front(int64_t edits, int64_t k) const {
    const int64_t off = k - (n_ - m_);
    if (off < -edits || off > edits || (off + edits) % 2 != 0) return kNowhere;
    return fronts_[edits][(off + edits) / 2];
  }

  void Extend() {
    const auto edits = static_cast<int64_t>(fronts_.size());
    std::vector<int32_t> front;
    front.reserve(edits + 1);
    for (int64_t off = -edits; off <= edits; off += 2) {
      const int64_t k = n_ - m_ + off;
      const bool inside = k >= -m_ && k <= n_;
      front.push_back(
          static_cast<int32_t>(inside ? Slide(Enter(edits, k), k) : kNowhere));
    }
    fronts_.push_back(std::move(front));
  }

  int64_t Enter(int64_t edits, int64_t k) const {
    if (edits == 0) return n_;
    const int64_t deleted = Front(edits - 1, k + 1) - 1;
    const int64_t inserted = Front(edits - 1, k - 1);
    return std::max({std::min(deleted, inserted), int64_t{0}, k});
  }

  int64_t Slide(int64_t x, int64_t k) const {
    while (x > 0 && x - k > 0 && a_[x - 1] == b_[x - k - 1]) --x;
    return x;
  }

  const std::span<const uint32_t> a_;
  const std::span<const uint32_t> b_;
  const int64_t n_;
  const int64_t m_;
  std::vector<std::vector<int32_t>> fronts_;  // [edits][diagonal]
};

size_t CommonBeginning(std::span<const uint32_t> a,
                       std::span<const uint32_t> b) {
  return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
         a.begin();
}

}  // namespace

std::vector<Hunk> DiffLines(std::span<const uint32_t> a,
                            std::span<const uint32_t> b) {
  Search search(a, b);
  const std::optional<size_t> all = search.Run();
  const size_t common = CommonBeginning(a, b);
  if (!all) return {{common, a.size(), common, b.size()}};
  std::vector<Hunk> hunks;
  size_t x = common;
  size_t y = common;
  for (size_t edits = *all; edits > 0;) {
    Hunk hunk{x, x, y, y};
    while (edits > 0 && (x == a.size() || y == b.size() || a[x] != b[y])) {
      --edits;
      const bool deletes = x < a.size() && search.Reaches(edits, x + 1, y);
      ++(deletes ? x : y);
    }
    hunk.a_end = x;
    hunk.b_end = y;
    hunks.push_back(hunk);
    while (x < a.size() && y < b.size() && a[x] == b[y]) ++x, ++y;
  }
  return hunks;
}

}  // namespace moetap
