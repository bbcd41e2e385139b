/* C ABI of libmoetap.so: what an engine's shim reports to the recorder.
 *
 * The library captures without it; the shim adds identity (which request and
 * position a row is).  plugin/vllm/ is the caller for vLLM, through ctypes.
 *
 * Every function may be called from any thread, returns at once, never throws
 * and keeps no pointer.  Memory is the caller's.  With MOETAP_DISABLE=1 or
 * after a fatal error all calls do nothing.  Numbers of requests and steps are
 * the caller's and local to the process; both start at 1.
 */
#ifndef MOETAP_PLUGIN_MOETAP_H_
#define MOETAP_PLUGIN_MOETAP_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOETAP_ABI_VERSION 1

#define MOETAP_API __attribute__((visibility("default")))

/* MOETAP_ABI_VERSION of the loaded library. */
MOETAP_API uint32_t moetap_abi_version(void);

/* 1 = token ids are stored (--tokens full), 0 = keyed prefix hashes only.
 * The shim reports the vocabulary only if this is 1. */
MOETAP_API int moetap_stores_tokens(void);

/* One property of model or engine, kept once; keys in docs/log_format.md. */
MOETAP_API void moetap_fact(const char* key, const char* value);

/* An MoE layer that each real step must dispatch, in forward order. */
typedef struct moetap_layer {
  uint64_t weight; /* address the hook will see as layer key; 0 = unknown */
  uint32_t number; /* decoder layer as the model numbers it */
  uint32_t experts;
  uint32_t k;
  uint32_t reserved;
} moetap_layer;

/* What each real step must contain.  Before the first real step_begin; a
 * second call replaces the first. */
MOETAP_API void moetap_expect(const moetap_layer* layers, uint32_t n);

/* A request enters; `id` is the engine's, NUL-terminated. */
MOETAP_API void moetap_request(uint32_t request, const char* id,
                               uint32_t prompt_tokens, uint64_t step);

/* Prompt tokens start..start+n-1.  `*chain` is the running prefix hash of the
 * request: 0 before its first token; updated.  Calls for one request must
 * come in order of position and leave no gap. */
MOETAP_API void moetap_tokens(uint32_t request, uint32_t start,
                              const int32_t* ids, uint32_t n, uint64_t* chain);

typedef struct moetap_sample {
  uint32_t request;
  uint32_t position; /* of the sampled token in its sequence */
  int32_t token;
  uint32_t reserved;
  uint64_t chain; /* as in moetap_tokens; updated */
} moetap_sample;

/* The tokens that a step sampled. */
MOETAP_API void moetap_samples(moetap_sample* samples, uint32_t n);

/* Physical KV blocks first_index.. of a request's block table, valid from
 * `step` on. */
MOETAP_API void moetap_kv(uint32_t request, uint64_t step, uint32_t first_index,
                          const int32_t* blocks, uint32_t n);

typedef struct moetap_span {
  uint32_t request;
  uint32_t start;   /* position of the first row's input token */
  uint32_t rows;    /* rows, the discarded ones included */
  uint32_t discard; /* trailing rows that are rejected drafts */
} moetap_span;

enum { MOETAP_STEP_REAL = 1, MOETAP_STEP_DUMMY = 2 };

/* A forward pass begins / has ended on the calling thread's engine.  Spans in
 * row order.  Dispatches between the two belong to the step. */
MOETAP_API void moetap_step_begin(uint64_t step, uint32_t kind,
                                  const moetap_span* spans, uint32_t n);
MOETAP_API void moetap_step_end(uint64_t step);

/* Dispatches that hooks saw since the last step_begin. */
MOETAP_API uint32_t moetap_step_dispatches(void);

typedef struct moetap_device_ids {
  uint64_t address; /* device memory: packed integers [rows, k], row-major */
  uint64_t stream;  /* cudaStream_t; what is in it now writes the ids */
  uint32_t rows;
  uint32_t k;
  uint32_t experts;   /* 0 = unknown */
  uint16_t id_bytes;  /* 1, 2, 4 or 8 */
  uint16_t id_signed; /* 0 or 1 */
} moetap_device_ids;

/* A dispatch whose router has no kernel that a hook knows: its ids are copied
 * in stream order, at each replay too if the stream is being captured.  On the
 * thread that launches, with the stream's context current, in the place among
 * the step's dispatches that its layer has.  Does nothing in a library that
 * was built without CUDA. */
MOETAP_API void moetap_device_dispatch(const moetap_device_ids* ids);

/* Time that the shim spent on reports, calls of this header included; all calls
 * of a process are added up. */
MOETAP_API void moetap_shim_time(uint64_t nanoseconds);

enum {
  MOETAP_EVENT_PREEMPTED = 0,
  MOETAP_EVENT_FINISHED = 1,
  MOETAP_EVENT_EXTERNAL_PREFIX = 2
};

/* `text` may be NULL. */
MOETAP_API void moetap_event(uint32_t request, uint64_t step, uint32_t kind,
                             uint32_t value, const char* text);

/* Front end: a request has ended for the client.  Strings may be NULL but
 * `id`. */
MOETAP_API void moetap_delivery(const char* id, const char* external_id,
                                const char* parent_id, uint32_t prompt_tokens,
                                uint32_t returned_tokens,
                                const char* finish_reason);

/* Bytes of tokens first_id.., concatenated; lengths[i] < 65536. */
MOETAP_API void moetap_vocabulary(uint32_t first_id, const uint16_t* lengths,
                                  uint32_t n, const uint8_t* bytes);

/* For measurement.  1 = from now on the hooks of CPU operators forward and do
 * nothing else, and a shim that shares the process reports nothing; 0 = as
 * before.  To be switched while no request is in flight; one thread at a time.
 * The capture then lacks what ran in between, and nothing calls that a loss.
 * Returns 1 if the hooks are as asked; 0 if there is nothing to capture, or if
 * dispatches are captured on a device, which goes on. */
MOETAP_API int moetap_pause(int pause);

/* The shim could not do something: kept in the capture and printed once per
 * code on stderr. */
MOETAP_API void moetap_status(const char* code, const char* text);

#ifdef __cplusplus
}
#endif

#endif /* MOETAP_PLUGIN_MOETAP_H_ */
