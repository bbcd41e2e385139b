#include "analysis/studies/prefix_questions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "analysis/code/complete_prefix.h"
#include "analysis/code/extract.h"

namespace moetap {
namespace {

// The code of a branch's first request, as it grew.
struct GrowingCode {
  std::string_view code;           // empty: it has none
  std::vector<StatementEnd> ends;  // of the whole code
  std::vector<size_t> bytes;       // of the code before each token

  // Statements complete before the token at `position`; 0: none, or none that
  // ends behind the token at `fork`.
  size_t Complete(uint32_t position, uint32_t fork) const {
    const auto before = [&](uint32_t p) {
      const auto after = std::upper_bound(
          ends.begin(), ends.end(), bytes[p],
          [](size_t byte, const StatementEnd& end) { return byte < end.byte; });
      return static_cast<size_t>(after - ends.begin());
    };
    if (code.empty()) return 0;
    const size_t complete = before(position);
    return complete > before(fork) ? complete : 0;
  }
};

// Where a byte of the text lies in the code.
size_t CodeByte(const Code& code, size_t text) {
  size_t byte = 0;
  for (const CodeSegment& segment : code.segments) {
    if (segment.text > text) break;
    byte = segment.code + std::min(text - segment.text, segment.length);
  }
  return byte;
}

GrowingCode Grow(const Sequence& sequence, const Vocabulary& vocabulary,
                 const CodeSample& sample) {
  GrowingCode growing;
  if (!sample.has_code) return growing;
  growing.code = sample.code.text;
  growing.ends = StatementEnds(growing.code);
  const SequenceText text = TextOf(sequence, vocabulary);
  for (const size_t first : text.first) {
    growing.bytes.push_back(CodeByte(sample.code, first));
  }
  return growing;
}

// Different codes, numbered in order of their first use.
class Codes {
 public:
  explicit Codes(uint64_t most) : most_(most) {}

  // Nothing if there is no room for a new one.
  std::optional<uint32_t> Number(std::string code) {
    const auto found = numbers_.find(code);
    if (found != numbers_.end()) return found->second;
    if (numbers_.size() >= most_) return std::nullopt;
    const auto number = static_cast<uint32_t>(numbers_.size());
    views_.push_back(numbers_.emplace(std::move(code), number).first->first);
    return number;
  }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  const uint64_t most_;
  std::map<std::string, uint32_t> numbers_;
  std::vector<std::string_view> views_;
};

// Asks without the answers; a question's codes are `pairs`.
class Asker {
 public:
  Asker(std::vector<GrowingCode> growing, uint64_t most)
      : growing_(std::move(growing)), codes_(most) {}

  void Ask(uint32_t branch, uint32_t earlier, uint32_t position,
           uint32_t fork) {
    const size_t ours = growing_[branch].Complete(position, fork);
    const size_t theirs = growing_[earlier].Complete(position, fork);
    if (ours == 0 || theirs == 0) return;
    auto& last = last_[{branch, earlier}];
    if (std::exchange(last, {ours, theirs}) == std::pair(ours, theirs)) return;
    const auto a = Number(branch, ours);
    const auto b = Number(earlier, theirs);
    if (!a || !b) {
      ++unasked_;
      return;
    }
    asked_.push_back({branch, earlier, position, 0});
    pairs_.emplace_back(*a, *b);
  }

  PrefixQuestions Answer(const ClassifyCodes& classify) {
    const std::vector<uint32_t> classes = classify(codes_.views());
    for (size_t i = 0; i < asked_.size(); ++i) {
      const uint32_t ours = classes[pairs_[i].first];
      const bool equal = ours != kNone && ours == classes[pairs_[i].second];
      asked_[i].score = equal ? 1 : 0;
    }
    return {std::move(asked_), codes_.views().size(), unasked_};
  }

 private:
  std::optional<uint32_t> Number(uint32_t branch, size_t statements) {
    const GrowingCode& growing = growing_[branch];
    return codes_.Number(
        CloseBraces(growing.code, growing.ends[statements - 1]));
  }

  const std::vector<GrowingCode> growing_;  // by branch
  Codes codes_;
  std::map<std::pair<uint32_t, uint32_t>, std::pair<size_t, size_t>> last_;
  std::vector<CutQuestion> asked_;
  std::vector<std::pair<uint32_t, uint32_t>> pairs_;
  uint64_t unasked_ = 0;
};

}  // namespace

PrefixQuestions AskAssembly(const Trace& trace, const Vocabulary& vocabulary,
                            const CodeSamples& samples,
                            const Ensemble& ensemble, const CutSearch& search,
                            const ClassifyCodes& classify,
                            uint64_t most_prefixes) {
  std::map<uint32_t, uint32_t> sample_of;
  for (const EnsembleRequest& request : ensemble.requests) {
    sample_of[request.sequence] = request.sample;
  }
  std::vector<GrowingCode> growing;
  for (const uint32_t sequence : search.sequences) {
    const uint32_t sample = sample_of.at(sequence);
    growing.push_back(sample == kNone
                          ? GrowingCode{}
                          : Grow(trace.sequences[sequence], vocabulary,
                                 samples.samples[sample]));
  }
  Asker asker(std::move(growing), most_prefixes);
  ForEachQuestion(trace, search, [&](uint32_t b, uint32_t earlier, uint32_t p) {
    asker.Ask(b, earlier, p, search.tree[b].begin);
  });
  return asker.Answer(classify);
}

}  // namespace moetap
