#include "hooks/observe.h"

#include "hooks/event_sink.h"
#include "hooks/tensor.h"

namespace moetap {

void Observe(const HookRow& row, const void* ids, const void* weights) {
  RoutingSink* sink = GetRoutingSink();
  if (sink == nullptr) return;
  CallTiming timing = BeginCall();
  IdMatrix matrix;
  const void* layer;
  const char* why = ReadIds(ids, row.ids_read == IdsRead::kPacked, &matrix);
  if (why == nullptr) why = ReadAddress(weights, &layer);
  if (why != nullptr) {
    sink->OnUnreadable(row, why);
    return;
  }
  if (uint64_t{matrix.rows} * matrix.columns >= kAlwaysTimedIds) {
    TimeThisCall(&timing);
  }
  sink->OnDispatch({
      .hook = &row,
      .layer_key = layer,
      .ids = matrix.data,
      .row_stride = matrix.row_stride,
      .column_stride = matrix.column_stride,
      .rows = matrix.rows,
      .k = matrix.columns,
      .id_bytes = matrix.bytes,
      .id_signed = matrix.is_signed,
      .timing = timing,
      .read_experts = ReadExperts,
      .weights = weights,
  });
}

}  // namespace moetap
