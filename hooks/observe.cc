#include "hooks/observe.h"

#include "hooks/event_sink.h"
#include "hooks/tensor.h"

namespace moetap {

void Observe(const HookRow& row, const void* ids, const void* weights) {
  RoutingSink* sink = GetRoutingSink();
  if (sink == nullptr) return;
  CallTiming timing = BeginCall();
  IdMatrix matrix;
  LayerWeights layer;
  const char* why = ReadIds(ids, &matrix);
  if (why == nullptr) why = ReadWeights(weights, &layer);
  if (why != nullptr) {
    sink->OnUnreadable(row, why);
    return;
  }
  if (uint64_t{matrix.rows} * matrix.columns >= kAlwaysTimedIds) {
    TimeThisCall(&timing);
  }
  bool packed = row.ids_read == IdsRead::kPacked;
  sink->OnDispatch({
      .hook = &row,
      .layer_key = layer.data,
      .ids = matrix.data,
      .row_stride = packed ? int64_t{matrix.columns} : matrix.row_stride,
      .column_stride = packed ? 1 : matrix.column_stride,
      .rows = matrix.rows,
      .k = matrix.columns,
      .experts = layer.experts,
      .id_bytes = matrix.bytes,
      .id_signed = matrix.is_signed,
      .timing = timing,
  });
}

}  // namespace moetap
