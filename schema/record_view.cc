#include "schema/record_view.h"

#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

bool DispatchFits(const View<DispatchRecord>& view) {
  const DispatchRecord& r = view.fixed;
  return r.slot < kMaxLayerSlots && r.k > 0 && r.k <= kMaxTopK && r.rows > 0 &&
         (r.total_rows == 0 ||
          uint64_t{r.row_offset} + r.rows <= r.total_rows) &&
         view.rest.size() == uint64_t{r.rows} * r.k * sizeof(uint16_t);
}

}  // namespace

bool RecordFits(RecordType type, Bytes payload) {
  const auto counted = [&]<typename T>(T*, uint64_t item) {
    View<T> view;
    return Split(payload, &view) && view.rest.size() == view.fixed.n * item;
  };
  switch (type) {
    case RecordType::kDispatch: {
      View<DispatchRecord> view;
      return Split(payload, &view) && DispatchFits(view);
    }
    case RecordType::kLayer: {
      View<LayerRecord> view;
      return Split(payload, &view) && view.fixed.slot < kMaxLayerSlots &&
             view.fixed.source <=
                 static_cast<uint16_t>(log::LayerSource::MAX) &&
             view.rest.size() <= kMaxHookName;
    }
    case RecordType::kFact:
    case RecordType::kStatus:
      return std::find(payload.begin(), payload.end(), 0) != payload.end();
    case RecordType::kRequest:
      return payload.size() > sizeof(RequestRecord);
    case RecordType::kTokens: {
      View<TokensRecord> view;
      return Split(payload, &view) &&
             view.rest.size() ==
                 uint64_t{view.fixed.n} * (view.fixed.hashed ? 8 : 4);
    }
    case RecordType::kKv:
      return counted(static_cast<KvRecord*>(nullptr), sizeof(uint32_t));
    case RecordType::kStepBegin: {
      View<StepBeginRecord> view;
      return counted(static_cast<StepBeginRecord*>(nullptr),
                     sizeof(SpanRecord)) &&
             Split(payload, &view) &&
             view.fixed.kind <= static_cast<uint16_t>(log::StepKind::MAX);
    }
    case RecordType::kStepEnd:
      return payload.size() == sizeof(StepEndRecord);
    case RecordType::kEvent: {
      View<EventRecord> view;
      return Split(payload, &view) &&
             view.fixed.kind <= static_cast<uint16_t>(log::EventKind::MAX);
    }
    case RecordType::kDelivery:
      return payload.size() > sizeof(DeliveryRecord);
    case RecordType::kVocabulary: {
      View<VocabularyRecord> view;
      return Split(payload, &view) &&
             view.rest.size() >= uint64_t{view.fixed.n} * sizeof(uint16_t);
    }
    case RecordType::kDrop:
      return payload.size() == sizeof(DropRecord);
    case RecordType::kSamples:
      return counted(static_cast<SamplesRecord*>(nullptr),
                     sizeof(SampleRecord));
    case RecordType::kPad:
      break;
  }
  return false;
}

}  // namespace moetap
