// Each kind of ring record as the table or struct of routing_log.fbs that says
// the same.  Payloads must have passed RecordFits.
#ifndef MOETAP_SCHEMA_RECORD_TABLES_H_
#define MOETAP_SCHEMA_RECORD_TABLES_H_

#include "schema/record_view.h"
#include "schema/routing_log_generated.h"

namespace moetap {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Offset<log::Request> MakeRequest(FlatBufferBuilder& fbb, Bytes payload);
Offset<log::TokenRun> MakeTokens(FlatBufferBuilder& fbb, Bytes payload);
Offset<log::KvRun> MakeKv(FlatBufferBuilder& fbb, Bytes payload);
Offset<log::Step> MakeStep(FlatBufferBuilder& fbb, Bytes payload);
log::StepEnd MakeStepEnd(Bytes payload);
Offset<log::Event> MakeEvent(FlatBufferBuilder& fbb, Bytes payload);
Offset<log::Delivery> MakeDelivery(FlatBufferBuilder& fbb, Bytes payload);
Offset<log::VocabularyRun> MakeVocabulary(FlatBufferBuilder& fbb,
                                          Bytes payload);
log::Drop MakeDrop(Bytes payload);
Offset<log::Status> MakeStatus(FlatBufferBuilder& fbb, Bytes payload);

}  // namespace moetap

#endif  // MOETAP_SCHEMA_RECORD_TABLES_H_
