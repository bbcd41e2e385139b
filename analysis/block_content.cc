#include "analysis/block_content.h"

#include "schema/ring_format.h"

namespace moetap {
namespace {

// Rows that the steps of one block announce, executed or dropped.
constexpr uint64_t kMaxBlockRows = uint64_t{1} << 28;

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
    if (IdsPerRow(block, *group) == 0) return "group without ids";
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
  if (!LayersFit(block)) return "layer slot out of range";
  if (!TokensFit(block)) return "token position out of range";
  if (!SpansFit(block)) return "batch rows out of range";
  return GroupContradiction(block);
}

}  // namespace moetap
