#include "analysis/studies/cuts.h"

#include <algorithm>
#include <set>

#include "analysis/studies/counter_rng.h"

namespace moetap {
namespace {

uint64_t CountGroups(const CutTree& tree) {
  std::set<uint32_t> groups;
  for (const CutBranch& branch : tree) groups.insert(branch.group);
  groups.erase(kNone);
  return groups.size();
}

CutOutcome Uncut(const CutTree& tree) {
  CutOutcome outcome;
  for (const CutBranch& branch : tree) outcome.computed += branch.From(0);
  outcome.groups = CountGroups(tree);
  return outcome;
}

// What is still there of each path.
class Survivors {
 public:
  explicit Survivors(const CutTree& tree)
      : tree_(tree), started_(tree.size(), true) {
    for (const CutBranch& branch : tree) ends_.push_back(branch.end);
  }

  // Before anything is asked of `b`, and when its parent is done.
  void Start(uint32_t b) {
    const CutBranch& branch = tree_[b];
    started_[b] =
        branch.parent == kNone || HasUntil(branch.parent, branch.begin);
    if (!started_[b]) ends_[b] = branch.begin;
  }
  void Cut(uint32_t b, uint32_t position) { ends_[b] = position; }

  bool HasUntil(uint32_t b, uint32_t position) const {
    return started_[b] && ends_[b] >= position;
  }

  // Tokens and groups that are gone.
  void Count(CutOutcome* outcome) const {
    CutTree rest;
    for (uint32_t b = 0; b < tree_.size(); ++b) {
      outcome->saved += tree_[b].From(ends_[b]);
      if (HasUntil(b, tree_[b].end)) rest.push_back(tree_[b]);
    }
    outcome->lost = outcome->groups - CountGroups(rest);
  }

 private:
  const CutTree& tree_;
  std::vector<bool> started_;
  std::vector<uint32_t> ends_;
};

// The branches that leave each one, the last to leave first.
std::vector<std::vector<uint32_t>> Children(const CutTree& tree) {
  std::vector<std::vector<uint32_t>> children(tree.size());
  for (uint32_t b = 0; b < tree.size(); ++b) {
    if (tree[b].parent != kNone) children[tree[b].parent].push_back(b);
  }
  for (auto& of_one : children) {
    std::stable_sort(of_one.begin(), of_one.end(), [&](uint32_t a, uint32_t b) {
      return tree[a].begin > tree[b].begin;
    });
  }
  return children;
}

class Oracle {
 public:
  explicit Oracle(const CutTree& tree)
      : tree_(tree), children_(Children(tree)), only_(tree.size(), true) {
    for (auto b = static_cast<uint32_t>(tree.size()); b-- > 0;) Look(b);
  }

  uint64_t Saved() const {
    std::vector<bool> gone(tree_.size(), false);
    uint64_t saved = 0;
    for (uint32_t b = 0; b < tree_.size(); ++b) {
      const CutBranch& branch = tree_[b];
      if (branch.parent != kNone) {
        gone[b] = gone[branch.parent] || branch.begin > tops_[branch.parent];
      }
      if (gone[b]) saved += branch.From(0);
    }
    return saved;
  }

 private:
  // Sets the position behind which all leaves on b's path are of its group,
  // and whether these are all of its leaves.
  void Look(uint32_t b) {
    const CutBranch& branch = tree_[b];
    tops_.resize(tree_.size());
    tops_[b] = branch.group == kNone ? branch.end : branch.begin;
    only_[b] = branch.group != kNone;
    for (const uint32_t child : children_[b]) {
      if (only_[child] && tree_[child].group == branch.group) continue;
      // The last position that the child has as well.
      tops_[b] = std::max(tops_[b], tree_[child].begin);
      only_[b] = false;
      break;
    }
  }

  const CutTree& tree_;
  const std::vector<std::vector<uint32_t>> children_;
  std::vector<bool> only_;
  std::vector<uint32_t> tops_;
};

}  // namespace

uint64_t CutBranch::From(uint32_t position) const {
  const uint32_t kept = std::clamp(position, begin, end) - begin;
  return computed.back() - computed[kept];
}

void CutOutcome::Add(const CutOutcome& other) {
  computed += other.computed;
  saved += other.saved;
  groups += other.groups;
  lost += other.lost;
  asked += other.asked;
  cut += other.cut;
}

CutOutcome OracleCuts(const CutTree& tree) {
  CutOutcome outcome = Uncut(tree);
  outcome.saved = Oracle(tree).Saved();
  return outcome;
}

CutOutcome CutBy(const CutTree& tree, std::span<const CutQuestion> questions,
                 const std::function<bool(size_t)>& yes) {
  CutOutcome outcome = Uncut(tree);
  Survivors survivors(tree);
  size_t next = 0;
  for (uint32_t b = 0; b < tree.size(); ++b) {
    survivors.Start(b);
    bool cut = false;
    for (; next < questions.size() && questions[next].branch == b; ++next) {
      const CutQuestion& question = questions[next];
      if (cut || !survivors.HasUntil(b, question.position)) continue;
      if (!survivors.HasUntil(question.earlier, question.position)) continue;
      ++outcome.asked;
      cut = yes(next);
      if (!cut) continue;
      ++outcome.cut;
      survivors.Cut(b, question.position);
    }
  }
  survivors.Count(&outcome);
  return outcome;
}

CutOutcome CutAbove(const CutTree& tree, std::span<const CutQuestion> questions,
                    double threshold) {
  return CutBy(tree, questions,
               [&](size_t i) { return questions[i].score >= threshold; });
}

CutOutcome CutAtRandom(const CutTree& tree,
                       std::span<const CutQuestion> questions, double rate,
                       uint64_t seed, uint64_t replicate, uint64_t first) {
  return CutBy(tree, questions, [&](size_t i) {
    const uint64_t drawn =
        Draw(seed, kStreamCuts + (replicate << 16), first + i);
    return static_cast<double>(drawn >> 11) * 0x1p-53 < rate;
  });
}

}  // namespace moetap
