#include "schema/block_builder.h"

#include <flatbuffers/flatbuffers.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "schema/record_tables.h"
#include "schema/routing_groups.h"

namespace moetap {
namespace {

using flatbuffers::Vector;

constexpr size_t kFactBytes = size_t{256} << 10;
constexpr size_t kMaxFacts = 512;
constexpr size_t kTypes = static_cast<size_t>(RecordType::kSamples) + 1;

// Tables cost more bytes than their records; with at most kMaxBlockEntries
// entries and kBlockTarget bytes of payload, this many more per entry stay
// below kMaxRawBlock together with facts and layers.
constexpr size_t kTableOverhead = 160;
static_assert(kBlockTarget + kArrangedMore + kFactBytes * 2 +
                  kMaxFacts * kTableOverhead +
                  kMaxLayerSlots * (kMaxHookName + 64) +
                  kMaxBlockEntries * kTableOverhead <
              kMaxRawBlock);

// Hands FlatBufferBuilder one fixed buffer that is always large enough.
class FixedAllocator final : public flatbuffers::Allocator {
 public:
  uint8_t* allocate(size_t) override { return buffer; }
  void deallocate(uint8_t*, size_t) override {}

  uint8_t* buffer = nullptr;
};

struct Entry {
  uint32_t offset;
  uint32_t size;
  RecordType type;
};

struct LayerInfo {
  LayerRecord record;
  uint16_t name_size;
  bool seen;
  char name[kMaxHookName];
};

}  // namespace

struct BlockBuilder::Impl {
  explicit Impl(uint8_t* flat_buffer) { allocator.buffer = flat_buffer; }

  Bytes PayloadOf(const Entry& e) const { return {stage + e.offset, e.size}; }
  bool AddFact(Bytes payload);
  void AddLayer(Bytes payload);
  void Stage(RecordType type, Bytes payload);
  void WriteBlock(const Measure& measure);

  // Calls `make` with each staged payload of `type`; the vector of the tables
  // it makes, or 0 if there are none.
  template <typename T, typename Make>
  Offset<Vector<Offset<T>>> Tables(RecordType type, Make make);
  template <typename T, typename Make>
  Offset<Vector<const T*>> Structs(RecordType type, Make make);
  Offset<Vector<const log::Sample*>> Samples();

  Offset<Vector<Offset<log::Fact>>> Facts();
  Offset<Vector<Offset<log::Layer>>> Layers();
  Offset<Vector<Offset<log::LayerList>>> LayerLists();
  Offset<Vector<const log::Group*>> Groups();
  ArrangedIds Arrange(int id_bytes, const Measure& measure);

  FixedAllocator allocator;
  FlatBufferBuilder fbb{kMaxRawBlock, &allocator};
  RoutingGroups routing;
  LayoutChoice layouts;
  uint64_t malformed = 0;
  size_t staged = 0;
  size_t entries = 0;
  size_t count[kTypes] = {};
  bool hashed = false;
  size_t fact_bytes = 0;
  size_t facts = 0;
  uint32_t layer_end = 0;  // highest slot seen, plus 1
  Entry entry[kMaxBlockEntries];
  uint32_t offsets[std::max(kMaxBlockEntries, kMaxLayerSlots)];
  LayerInfo layer[kMaxLayerSlots];
  SetGroup set_group[kMaxBlockEntries];
  uint16_t sets[kMaxBlockIds];
  char fact[kFactBytes];
  alignas(16) uint8_t stage[kBlockTarget];
};

// Facts are NUL-separated pairs.  A pair that is there already is left out.
bool BlockBuilder::Impl::AddFact(Bytes payload) {
  const char* text = reinterpret_cast<const char*>(payload.data());
  Bytes rest = payload;
  const std::string_view key = TakeString(&rest);
  const std::string_view value = TakeString(&rest);
  const size_t size = key.size() + 1 + value.size();
  for (size_t at = 0; at < fact_bytes;) {
    const std::string_view have(
        fact + at,
        strlen(fact + at) + 1 + strlen(fact + at + strlen(fact + at) + 1));
    if (have == std::string_view(text, size)) return true;
    at += have.size() + 1;
  }
  if (facts == kMaxFacts || fact_bytes + size + 1 > kFactBytes) return false;
  std::memcpy(fact + fact_bytes, text, size);
  fact[fact_bytes + size] = '\0';
  fact_bytes += size + 1;
  ++facts;
  return true;
}

void BlockBuilder::Impl::AddLayer(Bytes payload) {
  const auto view = MustSplit<LayerRecord>(payload);
  LayerInfo& info = layer[view.fixed.slot];
  info.record = view.fixed;
  info.seen = true;
  info.name_size = static_cast<uint16_t>(view.rest.size());
  std::memcpy(info.name, view.rest.data(), view.rest.size());
  layer_end = std::max<uint32_t>(layer_end, view.fixed.slot + 1u);
}

void BlockBuilder::Impl::Stage(RecordType type, Bytes payload) {
  uint8_t* at = stage + staged;
  std::memcpy(at, payload.data(), payload.size());
  entry[entries++] = {static_cast<uint32_t>(staged),
                      static_cast<uint32_t>(payload.size()), type};
  ++count[static_cast<size_t>(type)];
  staged += (payload.size() + kRecordAlign - 1) / kRecordAlign * kRecordAlign;
  if (type == RecordType::kDispatch) {
    const auto view = MustSplit<DispatchRecord>(payload);
    routing.Add(view.fixed,
                reinterpret_cast<const uint16_t*>(at + sizeof(DispatchRecord)));
  } else if (type == RecordType::kTokens) {
    hashed = hashed || MustSplit<TokensRecord>(payload).fixed.hashed != 0;
  } else if (type == RecordType::kSamples) {
    hashed = hashed || MustSplit<SamplesRecord>(payload).fixed.hashed != 0;
  }
}

template <typename T, typename Make>
Offset<Vector<Offset<T>>> BlockBuilder::Impl::Tables(RecordType type,
                                                     Make make) {
  if (count[static_cast<size_t>(type)] == 0) return 0;
  size_t n = 0;
  for (size_t i = 0; i < entries; ++i) {
    if (entry[i].type == type) offsets[n++] = make(PayloadOf(entry[i])).o;
  }
  return fbb.CreateVector(reinterpret_cast<const Offset<T>*>(offsets), n);
}

template <typename T, typename Make>
Offset<Vector<const T*>> BlockBuilder::Impl::Structs(RecordType type,
                                                     Make make) {
  const size_t n = count[static_cast<size_t>(type)];
  if (n == 0) return 0;
  const Entry* next = entry;
  return fbb.CreateVectorOfStructs<T>(
      n,
      [&](size_t, T* out, const Entry** e) {
        while ((*e)->type != type) ++*e;
        *out = make(PayloadOf(*(*e)++));
      },
      &next);
}

Offset<Vector<const log::Sample*>> BlockBuilder::Impl::Samples() {
  constexpr auto kType = RecordType::kSamples;
  size_t n = 0;
  for (size_t i = 0; i < entries; ++i) {
    if (entry[i].type == kType) {
      n += MustSplit<SamplesRecord>(PayloadOf(entry[i])).fixed.n;
    }
  }
  if (n == 0) return 0;
  struct {
    const Entry* next;
    Bytes rest;  // samples of the record under way
  } state{entry, {}};
  return fbb.CreateVectorOfStructs<log::Sample>(
      n,
      [&](size_t, log::Sample* out, decltype(state)* at) {
        for (; at->rest.empty(); ++at->next) {
          if (at->next->type == kType) {
            at->rest = MustSplit<SamplesRecord>(PayloadOf(*at->next)).rest;
          }
        }
        const auto sample = MustSplit<SampleRecord>(at->rest);
        *out = log::Sample(sample.fixed.request, sample.fixed.position,
                           sample.fixed.value);
        at->rest = sample.rest;
      },
      &state);
}

Offset<Vector<Offset<log::Fact>>> BlockBuilder::Impl::Facts() {
  if (facts == 0) return 0;
  size_t n = 0;
  for (size_t at = 0; at < fact_bytes;) {
    const std::string_view key(fact + at);
    const std::string_view value(fact + at + key.size() + 1);
    at += key.size() + value.size() + 2;
    if (n == std::size(offsets)) break;
    offsets[n++] =
        log::CreateFact(fbb, fbb.CreateString(key.data(), key.size()),
                        fbb.CreateString(value.data(), value.size()))
            .o;
  }
  return fbb.CreateVector(reinterpret_cast<const Offset<log::Fact>*>(offsets),
                          n);
}

Offset<Vector<Offset<log::Layer>>> BlockBuilder::Impl::Layers() {
  size_t n = 0;
  for (uint32_t slot = 0; slot < layer_end; ++slot) {
    const LayerInfo& info = layer[slot];
    if (!info.seen) continue;
    const auto hook = fbb.CreateString(info.name, info.name_size);
    offsets[n++] =
        log::CreateLayer(fbb, info.record.slot, info.record.number,
                         static_cast<log::LayerSource>(info.record.source),
                         info.record.experts, hook)
            .o;
  }
  if (n == 0) return 0;
  return fbb.CreateVector(reinterpret_cast<const Offset<log::Layer>*>(offsets),
                          n);
}

Offset<Vector<Offset<log::LayerList>>> BlockBuilder::Impl::LayerLists() {
  routing.AssignLayerLists();
  const uint32_t n = routing.layer_lists();
  if (n == 0) return 0;
  for (uint32_t i = 0; i < n; ++i) {
    size_t size = 0;
    const uint16_t* slots = routing.layer_list(i, &size);
    offsets[i] = log::CreateLayerList(fbb, fbb.CreateVector(slots, size)).o;
  }
  return fbb.CreateVector(
      reinterpret_cast<const Offset<log::LayerList>*>(offsets), n);
}

Offset<Vector<const log::Group*>> BlockBuilder::Impl::Groups() {
  if (routing.groups() == 0) return 0;
  return fbb.CreateVectorOfStructs<log::Group>(
      routing.groups(),
      [](size_t i, log::Group* out, const RoutingGroups* from) {
        const RoutingGroups::Group& g = from->group(static_cast<uint32_t>(i));
        *out =
            log::Group(g.step, g.pass, g.first_row, g.rows, g.layer_list, g.k);
      },
      &routing);
}

// After LayerLists().
ArrangedIds BlockBuilder::Impl::Arrange(int id_bytes, const Measure& measure) {
  if (routing.ids() == 0) return {};
  for (uint32_t i = 0; i < routing.groups(); ++i) {
    const RoutingGroups::Group& g = routing.group(i);
    size_t layers = 0;
    const uint16_t* slots = routing.layer_list(g.layer_list, &layers);
    set_group[i] = {g.rows, g.k, g.layer_list, static_cast<uint32_t>(layers),
                    slots};
  }
  routing.WriteIds(sets);
  return layouts.Arrange({set_group, routing.groups()}, {sets, routing.ids()},
                         id_bytes, measure);
}

void BlockBuilder::Impl::WriteBlock(const Measure& measure) {
  const auto fact_vector = Facts();
  const auto layer_vector = Layers();
  const auto requests = Tables<log::Request>(
      RecordType::kRequest, [this](Bytes p) { return MakeRequest(fbb, p); });
  const auto tokens = Tables<log::TokenRun>(
      RecordType::kTokens, [this](Bytes p) { return MakeTokens(fbb, p); });
  const auto samples = Samples();
  const auto kv = Tables<log::KvRun>(
      RecordType::kKv, [this](Bytes p) { return MakeKv(fbb, p); });
  const auto steps = Tables<log::Step>(
      RecordType::kStepBegin, [this](Bytes p) { return MakeStep(fbb, p); });
  const auto step_ends =
      Structs<log::StepEnd>(RecordType::kStepEnd, MakeStepEnd);
  const auto events = Tables<log::Event>(
      RecordType::kEvent, [this](Bytes p) { return MakeEvent(fbb, p); });
  const auto deliveries = Tables<log::Delivery>(
      RecordType::kDelivery, [this](Bytes p) { return MakeDelivery(fbb, p); });
  const auto vocabulary = Tables<log::VocabularyRun>(
      RecordType::kVocabulary,
      [this](Bytes p) { return MakeVocabulary(fbb, p); });
  const auto drops = Structs<log::Drop>(RecordType::kDrop, MakeDrop);
  const auto status = Tables<log::Status>(
      RecordType::kStatus, [this](Bytes p) { return MakeStatus(fbb, p); });
  const auto layer_lists = LayerLists();
  const auto groups = Groups();
  const int id_bytes = routing.IdBytes();
  const ArrangedIds arranged = Arrange(id_bytes, measure);
  Offset<Vector<uint8_t>> ids = 0;
  if (!arranged.bytes.empty()) {
    ids = fbb.CreateVector(arranged.bytes.data(), arranged.bytes.size());
  }
  fbb.FinishSizePrefixed(
      log::CreateBlock(fbb, fact_vector, layer_vector, requests, hashed, tokens,
                       samples, kv, steps, step_ends, events, deliveries,
                       vocabulary, drops, status, arranged.layout,
                       static_cast<uint8_t>(id_bytes), layer_lists, groups,
                       ids),
      log::BlockIdentifier());
}

size_t BlockBuilder::ArenaBytes() {
  return (sizeof(Impl) + kRecordAlign - 1) / kRecordAlign * kRecordAlign +
         kMaxRawBlock;
}

BlockBuilder::BlockBuilder(std::span<uint8_t> arena)
    : impl_(new (arena.data())
                Impl(arena.data() + arena.size() - kMaxRawBlock)) {
  for (LayerInfo& info : impl_->layer) info.seen = false;
}

BlockBuilder::Added BlockBuilder::Add(RecordType type, Bytes payload) {
  Impl& b = *impl_;
  if (!RecordFits(type, payload) || payload.size() > kMaxRecordBytes) {
    ++b.malformed;
    return Added::kMalformed;
  }
  if (type == RecordType::kFact) {
    if (b.AddFact(payload)) return Added::kYes;
    ++b.malformed;
    return Added::kMalformed;
  }
  if (type == RecordType::kLayer) {
    b.AddLayer(payload);
    return Added::kYes;
  }
  if (b.entries == kMaxBlockEntries ||
      b.staged + payload.size() + kRecordAlign > kBlockTarget) {
    return Added::kFull;
  }
  b.Stage(type, payload);
  return Added::kYes;
}

size_t BlockBuilder::pending() const { return impl_->staged; }

Bytes BlockBuilder::Finish(const Measure& measure) {
  Impl& b = *impl_;
  b.fbb.Clear();
  b.WriteBlock(measure);
  b.staged = 0;
  b.entries = 0;
  std::fill(std::begin(b.count), std::end(b.count), 0);
  b.hashed = false;
  b.routing.Clear();
  return {b.fbb.GetBufferPointer(), b.fbb.GetSize()};
}

uint64_t BlockBuilder::malformed() const { return impl_->malformed; }

}  // namespace moetap
