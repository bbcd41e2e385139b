// The C ABI of moetap.h.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "hooks/cuda/launch_sink.h"
#include "hooks/event_sink.h"
#include "plugin/keep_errno.h"
#include "plugin/moetap.h"
#include "plugin/records.h"
#include "plugin/siphash.h"
#include "plugin/symbol_search.h"

using namespace moetap;  // the functions below are C

namespace {

constexpr size_t kMaxText = 4096;  // of any string that a shim passes
constexpr std::string_view kNul("", 1);

// At most kMaxText bytes of a string that may be null.
std::string_view Text(const char* text) {
  return text == nullptr ? std::string_view()
                         : std::string_view(text, strnlen(text, kMaxText));
}

// What a shim reports as a router launch.
constexpr KernelRow kToldByShim = {.base = "moetap_device_dispatch",
                                   .base_name = "moetap_device_dispatch",
                                   .engine = "",
                                   .role = KernelRole::kRouter,
                                   .evidence = KernelEvidence::kSeenOnStandIn,
                                   .ids_argument = kNoArgument,
                                   .id_template_argument = kNoArgument,
                                   .rows = {},
                                   .k = {},
                                   .experts = {},
                                   .forms = {}};

constinit std::atomic<RoutingSink*> g_paused_sink = nullptr;  // null: none is

bool CapturesOnDevice() {
  const Process* process = StartedProcess();
  return process != nullptr && process->source.load() != nullptr;
}

uint64_t StepDispatches(Process* process) {
  return process->ring.header()->dispatches.load() -
         process->dispatches_before.load();
}

bool Plausible(const moetap_device_ids& ids) {
  const bool bytes = ids.id_bytes == 1 || ids.id_bytes == 2 ||
                     ids.id_bytes == 4 || ids.id_bytes == 8;
  return ids.address != 0 && ids.k > 0 && ids.k <= kMaxTopK && bytes;
}

// As many items of `size` bytes as fit a record behind a fixed part `T`.
template <typename T>
constexpr uint32_t Most(size_t size) {
  return static_cast<uint32_t>((kMaxPayload - sizeof(T)) / size);
}

void WriteTokens(Process* process, uint32_t request, uint32_t start,
                 const int32_t* ids, uint32_t n, uint64_t* chain) {
  const bool full = GetConfig().store_tokens;
  uint64_t hashes[Most<TokensRecord>(sizeof(uint64_t))];
  for (uint32_t done = 0; done < n;) {
    const auto now =
        std::min(n - done, static_cast<uint32_t>(std::size(hashes)));
    for (uint32_t i = 0; i < now; ++i) {
      *chain = ExtendChain(PrefixKey(), *chain,
                           static_cast<uint32_t>(ids[done + i]));
      hashes[i] = *chain;
    }
    const TokensRecord record = {request, start + done, now, full ? 0u : 1u};
    Write(process, RecordType::kTokens,
          {AsBytes(&record),
           full ? AsBytes(ids + done, now) : AsBytes(hashes, now)});
    done += now;
  }
}

// Tokens from `begin` on whose record stays within bounds; their bytes.
uint32_t VocabularyFit(const uint16_t* lengths, uint32_t n, size_t* bytes) {
  size_t room = kMaxPayload - sizeof(VocabularyRecord);
  uint32_t fit = 0;
  *bytes = 0;
  while (fit < n && lengths[fit] + sizeof(uint16_t) <= room) {
    room -= lengths[fit] + sizeof(uint16_t);
    *bytes += lengths[fit];
    ++fit;
  }
  return fit;
}

// The positive control: silence of a hook proves nothing, so a step that ends
// with fewer dispatches than announced says what may be wrong.
void CheckStep(Process* process, uint32_t dispatches, size_t expected) {
  if (dispatches >= expected || process->control_failed.exchange(true)) return;
  char found[1200];
  DescribeNearMisses(found, sizeof(found));
  char text[1500];
  snprintf(text, sizeof(text),
           "a step dispatched %u of %zu MoE layers through hooked functions; "
           "%s; use an engine version listed in docs/engines.md",
           dispatches, expected, found);
  WriteStatus(process, "unhooked", text);
}

}  // namespace

uint32_t moetap_abi_version() { return MOETAP_ABI_VERSION; }

int moetap_stores_tokens() { return GetConfig().store_tokens ? 1 : 0; }

void moetap_fact(const char* key, const char* value) {
  const KeepErrno keep;
  Process* process = ProcessMemory();
  if (process == nullptr) return;
  bool added;
  {
    ProcessLock lock(process);
    added = GetAnnounced().AddFact(Text(key), Text(value));
  }
  process = StartedProcess();
  if (added && process != nullptr) WriteFact(process, Text(key), Text(value));
}

void moetap_expect(const moetap_layer* layers, uint32_t n) {
  const KeepErrno keep;
  Process* process = ProcessMemory();
  if (process == nullptr) return;
  ProcessLock lock(process);
  GetAnnounced().Expect({layers, n});
  if (StartedProcess() == nullptr) return;
  process->layers.Number(GetAnnounced().layers());
  TellLayers(process);
}

void moetap_request(uint32_t request, const char* id, uint32_t prompt_tokens,
                    uint64_t step) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  const RequestRecord record = {request, prompt_tokens, step};
  Write(process, RecordType::kRequest, {AsBytes(&record), AsBytes(Text(id))});
}

void moetap_tokens(uint32_t request, uint32_t start, const int32_t* ids,
                   uint32_t n, uint64_t* chain) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process != nullptr) WriteTokens(process, request, start, ids, n, chain);
}

void moetap_samples(moetap_sample* samples, uint32_t n) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  const bool full = GetConfig().store_tokens;
  SampleRecord out[Most<SamplesRecord>(sizeof(SampleRecord))];
  for (uint32_t done = 0; done < n;) {
    const auto now = std::min(n - done, static_cast<uint32_t>(std::size(out)));
    for (uint32_t i = 0; i < now; ++i) {
      moetap_sample& sample = samples[done + i];
      const auto token = static_cast<uint32_t>(sample.token);
      sample.chain = ExtendChain(PrefixKey(), sample.chain, token);
      out[i] = {sample.request, sample.position, full ? token : sample.chain};
    }
    const SamplesRecord record = {now, full ? 0u : 1u};
    Write(process, RecordType::kSamples, {AsBytes(&record), AsBytes(out, now)});
    done += now;
  }
}

void moetap_kv(uint32_t request, uint64_t step, uint32_t first_index,
               const int32_t* blocks, uint32_t n) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  constexpr uint32_t kMost = Most<KvRecord>(sizeof(int32_t));
  for (uint32_t done = 0; done < n;) {
    const uint32_t now = std::min(n - done, kMost);
    const KvRecord record = {step, request, first_index + done, now, 0};
    Write(process, RecordType::kKv,
          {AsBytes(&record), AsBytes(blocks + done, now)});
    done += now;
  }
}

static_assert(sizeof(moetap_span) == sizeof(SpanRecord));

void moetap_step_begin(uint64_t step, uint32_t kind, const moetap_span* spans,
                       uint32_t n) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  if (process->layers_untold.load(std::memory_order_relaxed)) {
    ProcessLock lock(process);
    TellLayers(process);
  }
  constexpr uint32_t kMost = Most<StepBeginRecord>(sizeof(SpanRecord));
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  StepBeginRecord record = {
      .step = step,
      .time_ns = static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 +
                 static_cast<uint64_t>(now.tv_nsec),
      .kind = static_cast<uint16_t>(kind),
      .reserved = 0,
      .n = 0};
  uint64_t rows = 0;
  for (uint32_t i = 0; i < n; ++i) rows += spans[i].rows;
  process->step.store(step, std::memory_order_relaxed);
  process->stepped.store(true, std::memory_order_relaxed);
  process->step_rows.store(kind == MOETAP_STEP_REAL ? rows : 0,
                           std::memory_order_relaxed);
  process->dispatches_before.store(process->ring.header()->dispatches.load());
  uint32_t done = 0;
  do {
    record.n = std::min(n - done, kMost);
    Write(process, RecordType::kStepBegin,
          {AsBytes(&record), AsBytes(spans + done, record.n)});
    done += record.n;
  } while (done < n);
}

void moetap_step_end(uint64_t step) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr || process->step.load() != step) return;
  const auto dispatches = static_cast<uint32_t>(StepDispatches(process));
  const size_t announced =
      process->step_rows.load() > 0 ? GetAnnounced().layers().size() : 0;
  process->step.store(0, std::memory_order_relaxed);
  const StepEndRecord record = {step, dispatches,
                                static_cast<uint32_t>(announced)};
  Write(process, RecordType::kStepEnd, {AsBytes(&record)});
  CheckStep(process, dispatches, announced);
}

uint32_t moetap_step_dispatches() {
  Process* process = StartedProcess();
  return process == nullptr ? 0
                            : static_cast<uint32_t>(StepDispatches(process));
}

void moetap_device_dispatch(const moetap_device_ids* ids) {
  LaunchSink* sink = GetLaunchSink();
  if (sink == nullptr) return;
  if (!Plausible(*ids)) {
    sink->OnUnreadableLaunch(kToldByShim, "ids of an unknown kind");
    return;
  }
  const auto stream = reinterpret_cast<CudaStream>(ids->stream);
  sink->OnRouterLaunch({.row = &kToldByShim,
                        .ids = reinterpret_cast<const void*>(ids->address),
                        .rows = ids->rows,
                        .k = ids->k,
                        .experts = ids->experts,
                        .id_bytes = static_cast<uint8_t>(ids->id_bytes),
                        .id_signed = ids->id_signed != 0,
                        .stream = stream == nullptr ? kLegacyStream : stream});
}

void moetap_shim_time(uint64_t nanoseconds) {
  const KeepErrno keep;
  Process* process = ProcessMemory();
  if (process != nullptr) process->host_time.AddShim(nanoseconds);
}

void moetap_event(uint32_t request, uint64_t step, uint32_t kind,
                  uint32_t value, const char* text) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  const EventRecord record = {step, request, static_cast<uint16_t>(kind),
                              0,    value,   0};
  Write(process, RecordType::kEvent, {AsBytes(&record), AsBytes(Text(text))});
}

void moetap_delivery(const char* id, const char* external_id,
                     const char* parent_id, uint32_t prompt_tokens,
                     uint32_t returned_tokens, const char* finish_reason) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  const DeliveryRecord record = {prompt_tokens, returned_tokens};
  Write(process, RecordType::kDelivery,
        {AsBytes(&record), AsBytes(Text(id)), AsBytes(kNul),
         AsBytes(Text(external_id)), AsBytes(kNul), AsBytes(Text(parent_id)),
         AsBytes(kNul), AsBytes(Text(finish_reason))});
}

void moetap_vocabulary(uint32_t first_id, const uint16_t* lengths, uint32_t n,
                       const uint8_t* bytes) {
  const KeepErrno keep;
  // Text that --tokens none promises not to keep.
  if (!GetConfig().store_tokens) return;
  Process* process = RunningProcess();
  if (process == nullptr) return;
  while (n > 0) {
    size_t size = 0;
    const uint32_t now = VocabularyFit(lengths, n, &size);
    if (now == 0) {  // one token larger than any record
      process->ring.CountDrop(0, 0, 1);
      size = *lengths;
    } else {
      const VocabularyRecord record = {first_id, now};
      Write(process, RecordType::kVocabulary,
            {AsBytes(&record), AsBytes(lengths, now), AsBytes(bytes, size)});
    }
    const uint32_t taken = std::max(now, 1u);
    first_id += taken;
    lengths += taken;
    bytes += size;
    n -= taken;
  }
}

void moetap_status(const char* code, const char* text) {
  const KeepErrno keep;
  Process* process = RunningProcess();
  if (process != nullptr) WriteStatus(process, Text(code), Text(text));
}

int moetap_pause(int pause) {
  if (pause == 0) {
    if (RoutingSink* sink = g_paused_sink.exchange(nullptr)) {
      SetRoutingSink(sink);
    }
    return GetRoutingSink() != nullptr ? 1 : 0;
  }
  if (CapturesOnDevice()) return 0;
  if (RoutingSink* sink = GetRoutingSink()) {
    SetRoutingSink(nullptr);
    g_paused_sink.store(sink);
  }
  return g_paused_sink.load() != nullptr ? 1 : 0;
}
