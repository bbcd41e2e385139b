#include "schema/record_tables.h"

#include <iterator>

namespace moetap {
namespace {

using flatbuffers::Vector;

template <typename T>
Offset<Vector<T>> CopyVector(FlatBufferBuilder& fbb, Bytes from) {
  T* out = nullptr;
  const auto vector =
      fbb.CreateUninitializedVector<T>(from.size() / sizeof(T), &out);
  std::copy(from.begin(), from.end(), reinterpret_cast<uint8_t*>(out));
  return vector;
}

}  // namespace

Offset<log::Request> MakeRequest(FlatBufferBuilder& fbb, Bytes payload) {
  auto view = MustSplit<RequestRecord>(payload);
  const std::string_view id = TakeString(&view.rest);
  return log::CreateRequest(fbb, view.fixed.request,
                            fbb.CreateString(id.data(), id.size()),
                            view.fixed.prompt_tokens, view.fixed.step);
}

Offset<log::TokenRun> MakeTokens(FlatBufferBuilder& fbb, Bytes payload) {
  const auto view = MustSplit<TokensRecord>(payload);
  const TokensRecord& r = view.fixed;
  Offset<Vector<uint32_t>> ids;
  Offset<Vector<uint64_t>> hashes;
  if (r.hashed != 0) {
    hashes = CopyVector<uint64_t>(fbb, view.rest);
  } else {
    ids = CopyVector<uint32_t>(fbb, view.rest);
  }
  return log::CreateTokenRun(fbb, r.request, r.start, ids, hashes);
}

Offset<log::KvRun> MakeKv(FlatBufferBuilder& fbb, Bytes payload) {
  const auto view = MustSplit<KvRecord>(payload);
  const auto blocks = CopyVector<uint32_t>(fbb, view.rest);
  return log::CreateKvRun(fbb, view.fixed.request, view.fixed.step,
                          view.fixed.first_index, blocks);
}

Offset<log::Step> MakeStep(FlatBufferBuilder& fbb, Bytes payload) {
  const auto view = MustSplit<StepBeginRecord>(payload);
  // A span on disk has the layout of a span in the ring.
  static_assert(sizeof(log::Span) == sizeof(SpanRecord));
  const auto spans = fbb.CreateVectorOfStructs(
      reinterpret_cast<const log::Span*>(view.rest.data()), view.fixed.n);
  return log::CreateStep(fbb, view.fixed.step,
                         static_cast<log::StepKind>(view.fixed.kind),
                         view.fixed.time_ns, spans);
}

log::StepEnd MakeStepEnd(Bytes payload) {
  const StepEndRecord r = MustSplit<StepEndRecord>(payload).fixed;
  return log::StepEnd(r.step, r.dispatches, r.expected);
}

Offset<log::Event> MakeEvent(FlatBufferBuilder& fbb, Bytes payload) {
  auto view = MustSplit<EventRecord>(payload);
  const EventRecord& r = view.fixed;
  const std::string_view text = TakeString(&view.rest);
  Offset<flatbuffers::String> string;
  if (!text.empty()) string = fbb.CreateString(text.data(), text.size());
  return log::CreateEvent(fbb, r.request, r.step,
                          static_cast<log::EventKind>(r.kind), r.value, string);
}

Offset<log::Delivery> MakeDelivery(FlatBufferBuilder& fbb, Bytes payload) {
  auto view = MustSplit<DeliveryRecord>(payload);
  Offset<flatbuffers::String> strings[4];  // id, external, parent, reason
  for (size_t i = 0; i < std::size(strings); ++i) {
    const std::string_view text = TakeString(&view.rest);
    if (i == 0 || !text.empty()) {
      strings[i] = fbb.CreateString(text.data(), text.size());
    }
  }
  return log::CreateDelivery(fbb, strings[0], strings[1], strings[2],
                             view.fixed.prompt_tokens,
                             view.fixed.returned_tokens, strings[3]);
}

Offset<log::VocabularyRun> MakeVocabulary(FlatBufferBuilder& fbb,
                                          Bytes payload) {
  const auto view = MustSplit<VocabularyRecord>(payload);
  const size_t split = size_t{view.fixed.n} * sizeof(uint16_t);
  const auto lengths = CopyVector<uint16_t>(fbb, view.rest.first(split));
  const auto bytes = CopyVector<uint8_t>(fbb, view.rest.subspan(split));
  return log::CreateVocabularyRun(fbb, view.fixed.first_id, lengths, bytes);
}

log::Drop MakeDrop(Bytes payload) {
  const DropRecord r = MustSplit<DropRecord>(payload).fixed;
  return log::Drop(r.first_step, r.last_step, r.rows, r.records);
}

Offset<log::Status> MakeStatus(FlatBufferBuilder& fbb, Bytes payload) {
  const std::string_view code = TakeString(&payload);
  const std::string_view text = TakeString(&payload);
  const auto code_string = fbb.CreateString(code.data(), code.size());
  const auto text_string = fbb.CreateString(text.data(), text.size());
  return log::CreateStatus(fbb, code_string, text_string);
}

}  // namespace moetap
