#include "analysis/trace/sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "analysis/error.h"
#include "analysis/output.h"

namespace moetap {
namespace {

// Positions in a damaged file may be anything.  This many may be named without
// a byte of the file for each.
constexpr uint64_t kLostTokens = uint64_t{1} << 20;

// The n-th request of this id: clients may use an id again.
using Key = std::pair<std::string_view, uint32_t>;

std::string Text(const flatbuffers::String* string) {
  return string == nullptr ? "" : string->str();
}

class SequenceAdder {
 public:
  SequenceAdder(Engine* engine, Trace* trace)
      : engine_(*engine),
        trace_(*trace),
        most_(RawBytes(*engine) + kLostTokens) {}

  void Run() {
    for (Rank& rank : engine_.ranks) AddRequests(&rank);
    for (const Rank& rank : engine_.ranks) {
      AddTokens(rank);
      AddEvents(rank);
    }
    for (const uint32_t index : added_) Complete(&trace_.sequences[index]);
  }

 private:
  void AddRequests(Rank* rank);
  void AddTokens(const Rank& rank);
  void AddEvents(const Rank& rank);
  void SetToken(const Rank& rank, uint32_t request, uint32_t position,
                uint64_t token);
  void Grow(size_t size, std::vector<uint64_t>* tokens);
  void Complete(Sequence* sequence);

  Engine& engine_;
  Trace& trace_;
  std::map<Key, uint32_t> index_of_;
  std::vector<uint32_t> added_;
  const uint64_t most_;  // tokens that the file can name
  uint64_t grown_ = 0;   // tokens in all
};

void SequenceAdder::AddRequests(Rank* rank) {
  const auto& requests = rank->log.requests;
  std::vector<uint32_t> order(requests.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return requests[a]->step() < requests[b]->step();
  });
  rank->sequence_of.assign(requests.size(), kNone);
  std::map<std::string_view, uint32_t> times;
  for (const uint32_t i : order) {
    const std::string_view id = requests[i]->id()->string_view();
    const auto next = static_cast<uint32_t>(trace_.sequences.size());
    const auto [it, is_new] = index_of_.try_emplace({id, times[id]++}, next);
    rank->sequence_of[i] = it->second;
    if (!is_new) continue;
    added_.push_back(next);
    Sequence& sequence = trace_.sequences.emplace_back();
    sequence.id = std::string(id);
    sequence.prompt_tokens = requests[i]->prompt_tokens();
  }
}

void SequenceAdder::Grow(size_t size, std::vector<uint64_t>* tokens) {
  grown_ += size - tokens->size();
  if (grown_ > most_) {
    throw Error(fmt::format(
        "{}: names more than {} tokens, which is more than it can hold; it is "
        "damaged",
        Printable(engine_.ranks.front().log.file->path.string()), most_));
  }
  tokens->resize(size, kUnknownToken);
}

void SequenceAdder::SetToken(const Rank& rank, uint32_t request,
                             uint32_t position, uint64_t token) {
  const auto it = rank.log.request_index.find(request);
  if (it == rank.log.request_index.end()) return;
  auto& tokens = trace_.sequences[rank.sequence_of[it->second]].tokens;
  if (tokens.size() <= position) Grow(position + size_t{1}, &tokens);
  if (tokens[position] == kUnknownToken) tokens[position] = token;
}

void SequenceAdder::AddTokens(const Rank& rank) {
  for (const CaptureBlock& block : rank.log.file->blocks) {
    const log::Block& content = *block.content();
    if (content.tokens() != nullptr) {
      for (const log::TokenRun* run : *content.tokens()) {
        const auto set_all = [&](const auto* values) {
          if (values == nullptr) return;
          uint32_t position = run->start();
          for (const auto value : *values) {
            SetToken(rank, run->request(), position++, value);
          }
        };
        set_all(run->ids());
        set_all(run->prefix_hashes());
      }
    }
    if (content.samples() != nullptr) {
      for (const log::Sample* sample : *content.samples()) {
        SetToken(rank, sample->request(), sample->position(), sample->value());
      }
    }
  }
}

void SequenceAdder::AddEvents(const Rank& rank) {
  const bool lowest = &rank == &engine_.ranks.front();
  for (const log::Event* event : rank.log.events) {
    const auto it = rank.log.request_index.find(event->request());
    if (it == rank.log.request_index.end()) continue;
    Sequence& sequence = trace_.sequences[rank.sequence_of[it->second]];
    if (event->kind() == log::EventKind::Preempted && lowest) {
      ++sequence.preemptions;
    } else if (event->kind() == log::EventKind::Finished &&
               sequence.finish_reason.empty()) {
      sequence.finish_reason = Text(event->text());
    }
  }
}

// The prompt's length is known even where its tokens were lost.
void SequenceAdder::Complete(Sequence* sequence) {
  if (sequence->tokens.size() < sequence->prompt_tokens) {
    Grow(sequence->prompt_tokens, &sequence->tokens);
  }
  const size_t n = sequence->tokens.size();
  sequence->positions.resize(n == 0 ? 0 : n - 1);
}

void Deliver(const log::Delivery& delivery, Sequence* sequence) {
  sequence->external_id = Text(delivery.external_id());
  sequence->parent = Text(delivery.parent_id());
  sequence->returned_tokens = delivery.returned_tokens();
  if (const std::string reason = Text(delivery.finish_reason());
      !reason.empty()) {
    sequence->finish_reason = reason;
  }
  const uint64_t returned =
      uint64_t{sequence->prompt_tokens} + sequence->returned_tokens;
  for (uint64_t p = returned; p < sequence->positions.size(); ++p) {
    sequence->positions[p].unreturned = true;
  }
}

}  // namespace

bool HasTokenIds(const std::vector<Engine>& engines) {
  bool ids = false;
  bool hashes = false;
  for (const Engine& engine : engines) {
    for (const Rank& rank : engine.ranks) {
      for (const CaptureBlock& block : rank.log.file->blocks) {
        const log::Block& content = *block.content();
        if (content.tokens() == nullptr && content.samples() == nullptr) {
          continue;
        }
        (content.hashed() ? hashes : ids) = true;
        if (!ids || !hashes) continue;
        throw Error(fmt::format(
            "{}: some files of this capture hold token ids and some prefix "
            "hashes; analyse what was recorded with --tokens none and with "
            "--tokens full apart",
            rank.log.file->path.string()));
      }
    }
  }
  return ids;
}

void AddSequences(Engine* engine, Trace* trace) {
  SequenceAdder(engine, trace).Run();
}

void AddDeliveries(const Capture& capture, Trace* trace) {
  std::map<Key, uint32_t> index_of;
  std::map<std::string_view, uint32_t> times;
  for (uint32_t i = 0; i < trace->sequences.size(); ++i) {
    const std::string_view id = trace->sequences[i].id;
    index_of[{id, times[id]++}] = i;
  }
  times.clear();
  for (const CaptureFile& file : capture.files) {
    for (const CaptureBlock& block : file.blocks) {
      const auto* deliveries = block.content()->deliveries();
      if (deliveries == nullptr) continue;
      for (const log::Delivery* delivery : *deliveries) {
        const std::string_view id = delivery->id()->string_view();
        const auto it = index_of.find({id, times[id]++});
        if (it == index_of.end()) continue;
        Deliver(*delivery, &trace->sequences[it->second]);
      }
    }
  }
}

}  // namespace moetap
