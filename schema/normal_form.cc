#include "schema/normal_form.h"

#include <algorithm>
#include <cstring>

namespace moetap {
namespace {

using flatbuffers::Offset;

// Of the FlatBuffer besides the ids: a root table with one more field, and
// padding.
constexpr size_t kMoreRoom = 64;

uint64_t IdCount(const log::Block& block) {
  uint64_t ids = 0;
  for (const log::Group* group : *block.groups()) {
    if (block.layer_lists() == nullptr ||
        group->layer_list() >= block.layer_lists()->size()) {
      return 0;
    }
    const auto* slots = block.layer_lists()->Get(group->layer_list())->slots();
    if (slots == nullptr) return 0;
    ids += uint64_t{group->rows()} * slots->size() * group->k();
    if (ids > kMaxBlockIds) return 0;
  }
  return ids;
}

// An object of `raw` as builders count: from the end of the buffer.
template <typename T>
Offset<T> FromEnd(Bytes raw, const T* object) {
  if (object == nullptr) return 0;
  const auto* at = reinterpret_cast<const uint8_t*>(object);
  return static_cast<flatbuffers::uoffset_t>(raw.data() + raw.size() - at);
}

// Bytes at the end of `raw` that hold all vectors but the ids.  Writers put
// the ids in front of everything but the root table.
size_t TailSize(Bytes raw, const log::Block& b) {
  const size_t most = raw.size() - sizeof(flatbuffers::uoffset_t);
  if (b.ids() == nullptr) return most;
  const size_t tail = FromEnd(raw, b.ids()).o - sizeof(flatbuffers::uoffset_t) -
                      b.ids()->size();
  const size_t others[] = {
      FromEnd(raw, b.facts()).o,      FromEnd(raw, b.layers()).o,
      FromEnd(raw, b.requests()).o,   FromEnd(raw, b.tokens()).o,
      FromEnd(raw, b.samples()).o,    FromEnd(raw, b.kv()).o,
      FromEnd(raw, b.steps()).o,      FromEnd(raw, b.step_ends()).o,
      FromEnd(raw, b.events()).o,     FromEnd(raw, b.deliveries()).o,
      FromEnd(raw, b.vocabulary()).o, FromEnd(raw, b.drops()).o,
      FromEnd(raw, b.status()).o,     FromEnd(raw, b.layer_lists()).o,
      FromEnd(raw, b.groups()).o};
  const bool first =
      *std::max_element(std::begin(others), std::end(others)) <= tail;
  return (first ? tail : most) / 4 * 4;
}

}  // namespace

size_t NormalForm::Room(Bytes raw) {
  const log::Block& block = *log::GetSizePrefixedBlock(raw.data());
  if (block.groups() == nullptr) return 0;
  return raw.size() + IdCount(block) * sizeof(uint16_t) + kMoreRoom;
}

const char* NormalForm::CollectGroups(const log::Block& block) {
  groups_.clear();
  if (block.groups() == nullptr) return "ids without groups";
  if (block.id_bytes() != 1 && block.id_bytes() != 2) return "bad id width";
  if (IdCount(block) == 0) return "groups that cannot be";
  for (const log::LayerList* list : *block.layer_lists()) {
    if (list->slots() == nullptr) return "layer list without slots";
    for (const uint16_t slot : *list->slots()) {
      if (slot >= kMaxLayerSlots) return "layer slot out of range";
    }
  }
  for (const log::Group* group : *block.groups()) {
    const auto* slots = block.layer_lists()->Get(group->layer_list())->slots();
    groups_.push_back({group->rows(), group->k(), group->layer_list(),
                       slots->size(), slots->data()});
  }
  return nullptr;
}

bool NormalForm::Decode(const log::Block& block) {
  sets_.resize(IdCount(block));
  const Bytes encoded = block.ids() == nullptr
                            ? Bytes()
                            : Bytes(block.ids()->data(), block.ids()->size());
  if (block.layout() == log::Layout::WeightedSets) {
    if (weighted_ == nullptr) weighted_.reset(new WeightedWorkspace);
    return DecodeWeightedSets(groups_, encoded, block.id_bytes(),
                              weighted_.get(), sets_.data());
  }
  if (ranked_ == nullptr) ranked_.reset(new RankedWorkspace);
  return DecodeRankedSets(groups_, encoded, block.id_bytes(), ranked_.get(),
                          sets_.data());
}

const char* NormalForm::Make(Bytes raw, std::span<uint8_t> out, Bytes* normal) {
  const log::Block& block = *log::GetSizePrefixedBlock(raw.data());
  if (block.layout() != log::Layout::RankedDifferences &&
      block.layout() != log::Layout::WeightedSets) {
    return kUnknownLayout;
  }
  if (const char* wrong = CollectGroups(block)) return wrong;
  if (!Decode(block)) return "expert sets cannot be decoded";
  ids_.resize(sets_.size() * block.id_bytes());
  if (block.id_bytes() == 2) {
    std::memcpy(ids_.data(), sets_.data(), ids_.size());
  } else {
    std::copy(sets_.begin(), sets_.end(), ids_.begin());
  }
  const Bytes built = Rebuild(raw, log::Layout::SortedTokenMajor, ids_);
  if (built.size() > out.size()) return "expert sets cannot be decoded";
  std::memcpy(out.data(), built.data(), built.size());
  *normal = out.first(built.size());
  return VerifyBlock(*normal) ? nullptr : "block content is not aligned";
}

std::span<const uint16_t> NormalForm::Sets(const log::Block& block) {
  if (CollectGroups(block) != nullptr || block.ids() == nullptr) return {};
  sets_.resize(block.ids()->size() / block.id_bytes());
  if (block.id_bytes() == 2) {
    std::memcpy(sets_.data(), block.ids()->data(), block.ids()->size());
  } else {
    std::copy(block.ids()->begin(), block.ids()->end(), sets_.begin());
  }
  return sets_;
}

Bytes NormalForm::Rebuild(Bytes raw, log::Layout layout, Bytes ids) {
  const log::Block& b = *log::GetSizePrefixedBlock(raw.data());
  const size_t tail = TailSize(raw, b);
  builder_.Clear();
  builder_.Align(sizeof(uint64_t));
  builder_.PushBytes(raw.data() + raw.size() - tail, tail);
  const auto new_ids = builder_.CreateVector(ids.data(), ids.size());
  builder_.FinishSizePrefixed(
      log::CreateBlock(
          builder_, FromEnd(raw, b.facts()), FromEnd(raw, b.layers()),
          FromEnd(raw, b.requests()), b.hashed(), FromEnd(raw, b.tokens()),
          FromEnd(raw, b.samples()), FromEnd(raw, b.kv()),
          FromEnd(raw, b.steps()), FromEnd(raw, b.step_ends()),
          FromEnd(raw, b.events()), FromEnd(raw, b.deliveries()),
          FromEnd(raw, b.vocabulary()), FromEnd(raw, b.drops()),
          FromEnd(raw, b.status()), layout, b.id_bytes(),
          FromEnd(raw, b.layer_lists()), FromEnd(raw, b.groups()), new_ids),
      log::BlockIdentifier());
  return {builder_.GetBufferPointer(), builder_.GetSize()};
}

}  // namespace moetap
