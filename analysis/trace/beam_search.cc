#include "analysis/trace/beam_search.h"

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moetap {
namespace {

using Tokens = std::span<const uint64_t>;

constexpr size_t kStepDigits = 16;   // random ones of each step
constexpr size_t kUniqueDigits = 8;  // that vLLM appends to each id
constexpr std::string_view kBeam = "-beam-";

// Whether `text` ends in '-' and `digits` lower-case hexadecimal digits.
bool EndsInHex(std::string_view text, size_t digits) {
  if (text.size() <= digits || text[text.size() - digits - 1] != '-') {
    return false;
  }
  return text.substr(text.size() - digits)
             .find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "a" of "a-0123456789abcdef-beam-3"; "" for other ids.
std::string_view ServersSearch(std::string_view id) {
  const size_t at = id.rfind(kBeam);
  if (at == std::string_view::npos) return "";
  const std::string_view beam = id.substr(at + kBeam.size());
  const std::string_view step = id.substr(0, at);
  if (beam.empty() ||
      beam.find_first_not_of("0123456789") != std::string_view::npos ||
      !EndsInHex(step, kStepDigits)) {
    return "";
  }
  return step.substr(0, step.size() - kStepDigits - 1);
}

std::string_view ServersSearch(const Sequence& sequence) {
  if (!sequence.external_id.empty()) {
    return ServersSearch(std::string_view(sequence.external_id));
  }
  std::string_view id = sequence.id;
  if (EndsInHex(id, kUniqueDigits)) id.remove_suffix(kUniqueDigits + 1);
  return ServersSearch(id);
}

bool Begins(Tokens prefix, Tokens tokens) {
  return prefix.size() <= tokens.size() &&
         std::equal(prefix.begin(), prefix.end(), tokens.begin());
}

bool Before(Tokens a, Tokens b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

class Marker {
 public:
  explicit Marker(Trace* trace) : trace_(*trace) {}

  // `steps` are requests of searches with one name.
  void Run(std::vector<uint32_t> steps) {
    std::sort(steps.begin(), steps.end(), [&](uint32_t a, uint32_t b) {
      return Before(Prompt(a), Prompt(b));
    });
    for (auto first = steps.begin(); first != steps.end();) {
      // Sorted, so what begins with the first prompt follows it at once.
      const auto last = std::find_if(first, steps.end(), [&](uint32_t s) {
        return !Begins(Prompt(*first), Prompt(s));
      });
      MarkSearch({first, last});
      first = last;
    }
  }

 private:
  Tokens Prompt(uint32_t s) const {
    const Sequence& sequence = trace_.sequences[s];
    return Tokens(sequence.tokens).first(sequence.prompt_tokens);
  }

  // `steps` are sorted by prompt.
  void MarkSearch(std::span<const uint32_t> steps) {
    size_t last_level = 0;
    for (const uint32_t s : steps) {
      last_level = std::max(last_level, Prompt(s).size());
    }
    for (const uint32_t s : steps) {
      Sequence& sequence = trace_.sequences[s];
      const bool limited =
          sequence.finish_reason == "length" || sequence.finish_reason.empty();
      if (limited && sequence.tokens.size() > sequence.prompt_tokens &&
          sequence.prompt_tokens < last_level &&
          !GoesOn(sequence.tokens, steps)) {
        sequence.finish_reason = "pruned";
      }
    }
  }

  // Whether some prompt begins with `path`.
  bool GoesOn(Tokens path, std::span<const uint32_t> steps) const {
    const auto it = std::lower_bound(
        steps.begin(), steps.end(), path,
        [&](uint32_t s, Tokens tokens) { return Before(Prompt(s), tokens); });
    return it != steps.end() && Begins(path, Prompt(*it));
  }

  Trace& trace_;
};

}  // namespace

void MarkPruned(Trace* trace) {
  // By whether the client searched, and the name.
  std::map<std::pair<bool, std::string>, std::vector<uint32_t>> searches;
  for (uint32_t s = 0; s < trace->sequences.size(); ++s) {
    Sequence& sequence = trace->sequences[s];
    if (sequence.prompt_tokens == 0 ||
        sequence.tokens.size() > sequence.prompt_tokens + size_t{1}) {
      continue;
    }
    const std::string name(ServersSearch(sequence));
    if (!name.empty()) {
      if (sequence.strategy.empty()) sequence.strategy = "beam";
      searches[{false, name}].push_back(s);
    } else if (sequence.strategy == "beam") {
      searches[{true, sequence.prompt}].push_back(s);
    }
  }
  for (auto& [name, steps] : searches) Marker(trace).Run(std::move(steps));
}

}  // namespace moetap
