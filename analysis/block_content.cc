#include "analysis/block_content.h"

#include "schema/ring_format.h"
#include "schema/routing_groups.h"

namespace moetap {
namespace {

// Rows that the steps of one block announce, executed or dropped.
constexpr uint64_t kMaxBlockRows = uint64_t{1} << 28;

// A FlatBuffer may name the same bytes many times, and whoever reads it then
// reads or copies more than there is.  No writer of ours does that.
class Referenced {
 public:
  template <typename T>
  void Add(const T* vector) {
    if (vector == nullptr) return;
    bytes_ += uint64_t{vector->size()} * sizeof(*vector->Data());
  }
  template <typename Tables, typename Visit>
  void AddEach(const Tables* tables, const Visit& visit) {
    if (tables == nullptr) return;
    for (const auto* table : *tables) visit(*table);
  }
  bool too_much() const { return bytes_ > kMaxRawBlock; }

 private:
  uint64_t bytes_ = 0;
};

bool SharesBytes(const log::Block& block) {
  Referenced all;
  all.AddEach(block.facts(), [&](const log::Fact& fact) {
    all.Add(fact.key());
    all.Add(fact.value());
  });
  all.AddEach(block.layers(),
              [&](const log::Layer& layer) { all.Add(layer.hook()); });
  all.AddEach(block.requests(),
              [&](const log::Request& request) { all.Add(request.id()); });
  all.AddEach(block.tokens(), [&](const log::TokenRun& run) {
    all.Add(run.ids());
    all.Add(run.prefix_hashes());
  });
  all.AddEach(block.kv(),
              [&](const log::KvRun& run) { all.Add(run.blocks()); });
  all.AddEach(block.steps(),
              [&](const log::Step& step) { all.Add(step.spans()); });
  all.AddEach(block.events(),
              [&](const log::Event& event) { all.Add(event.text()); });
  all.AddEach(block.deliveries(), [&](const log::Delivery& delivery) {
    all.Add(delivery.id());
    all.Add(delivery.external_id());
    all.Add(delivery.parent_id());
    all.Add(delivery.finish_reason());
  });
  all.AddEach(block.vocabulary(), [&](const log::VocabularyRun& run) {
    all.Add(run.lengths());
    all.Add(run.bytes());
  });
  all.AddEach(block.status(), [&](const log::Status& status) {
    all.Add(status.code());
    all.Add(status.text());
  });
  all.AddEach(block.layer_lists(),
              [&](const log::LayerList& list) { all.Add(list.slots()); });
  return all.too_much();
}

// Each of these comes from a ring record of its own, and readers keep more for
// each than its bytes.
bool TooManyEntries(const log::Block& block) {
  const auto many = [](const auto* vector) {
    return vector != nullptr && vector->size() > kMaxBlockEntries;
  };
  return many(block.requests()) || many(block.tokens()) || many(block.kv()) ||
         many(block.steps()) || many(block.step_ends()) ||
         many(block.events()) || many(block.deliveries()) ||
         many(block.vocabulary()) || many(block.drops()) ||
         many(block.status()) || many(block.layer_lists()) ||
         many(block.groups());
}

bool Within(uint64_t start, uint64_t n) { return start + n <= kMaxPosition; }

bool LayersFit(const log::Block& block) {
  if (block.layers() != nullptr) {
    for (const log::Layer* layer : *block.layers()) {
      if (layer->slot() >= kMaxLayerSlots) return false;
    }
  }
  if (block.layer_lists() == nullptr) return true;
  for (const log::LayerList* list : *block.layer_lists()) {
    if (list->slots() == nullptr) return false;
    for (const uint16_t slot : *list->slots()) {
      if (slot >= kMaxLayerSlots) return false;
    }
  }
  return true;
}

const char* GroupContradiction(const log::Block& block) {
  const uint64_t have = block.ids() == nullptr ? 0 : block.ids()->size();
  if (block.groups() == nullptr) {
    return have == 0 ? nullptr : "ids without groups";
  }
  if (block.layout() != log::Layout::SortedTokenMajor) return "unknown layout";
  if (block.id_bytes() != 1 && block.id_bytes() != 2) return "bad id width";
  uint64_t want = 0;
  for (const log::Group* group : *block.groups()) {
    if (block.layer_lists() == nullptr ||
        group->layer_list() >= block.layer_lists()->size()) {
      return "group of an unknown layer list";
    }
    if (group->rows() > kMaxBatchRows || group->first_row() > kMaxBatchRows) {
      return "group with too many rows";
    }
    if (group->rows() == 0 || IdsPerRow(block, *group) == 0) {
      return "group without ids";
    }
    want += group->rows() * IdsPerRow(block, *group) * block.id_bytes();
    if (want > have) break;
  }
  return want == have ? nullptr : "groups and ids differ in size";
}

bool TokensFit(const log::Block& block) {
  if (block.requests() != nullptr) {
    for (const log::Request* request : *block.requests()) {
      if (!Within(request->prompt_tokens(), 0)) return false;
    }
  }
  if (block.tokens() != nullptr) {
    for (const log::TokenRun* run : *block.tokens()) {
      const uint64_t ids = run->ids() == nullptr ? 0 : run->ids()->size();
      const uint64_t hashes =
          run->prefix_hashes() == nullptr ? 0 : run->prefix_hashes()->size();
      if (!Within(run->start(), ids) || !Within(run->start(), hashes)) {
        return false;
      }
    }
  }
  if (block.samples() != nullptr) {
    for (const log::Sample* sample : *block.samples()) {
      if (!Within(sample->position(), 1)) return false;
    }
  }
  if (block.kv() != nullptr) {
    for (const log::KvRun* run : *block.kv()) {
      const uint64_t n = run->blocks() == nullptr ? 0 : run->blocks()->size();
      if (!Within(run->first_index(), n)) return false;
    }
  }
  return true;
}

bool SpansFit(const log::Block& block) {
  if (block.steps() == nullptr) return true;
  uint64_t block_rows = 0;
  for (const log::Step* step : *block.steps()) {
    if (step->spans() == nullptr) continue;
    uint64_t rows = 0;
    for (const log::Span* span : *step->spans()) {
      if (!Within(span->start(), span->rows())) return false;
      if (span->discard() > span->rows()) return false;
      rows += span->rows();
    }
    block_rows += rows;
    if (rows > kMaxBatchRows || block_rows > kMaxBlockRows) return false;
  }
  return true;
}

}  // namespace

uint64_t IdsPerRow(const log::Block& block, const log::Group& group) {
  const auto* slots = block.layer_lists()->Get(group.layer_list())->slots();
  return uint64_t{slots->size()} * group.k();
}

const char* FindContradiction(const log::Block& block) {
  if (TooManyEntries(block)) return "more entries than a block holds";
  if (SharesBytes(block)) return "same bytes named many times";
  if (!LayersFit(block)) return "layer slot out of range";
  if (!TokensFit(block)) return "token position out of range";
  if (!SpansFit(block)) return "batch rows out of range";
  return GroupContradiction(block);
}

uint64_t RowsOf(const log::Block& block) {
  uint64_t rows = 0;
  if (block.groups() == nullptr) return rows;
  for (const log::Group* group : *block.groups()) {
    rows += group->rows() * (IdsPerRow(block, *group) / group->k());
  }
  return rows;
}

}  // namespace moetap
