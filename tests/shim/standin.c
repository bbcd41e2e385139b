/* Stands in for libmoetap.so: writes every call of the shim as one line of
 * JSON to $STANDIN_DIR/PID.jsonl.  Preloaded, it finds nothing and hooks
 * nothing.  Texts must not need escapes. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "plugin/moetap.h"

static char line[1 << 22];
static size_t used;

static void Add(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  used += (size_t)vsnprintf(line + used, sizeof(line) - used, format,
                            arguments);
  va_end(arguments);
}

static void AddText(const char* text) {
  if (text == NULL) {
    Add(", null");
    return;
  }
  Add(", \"");
  for (; *text != '\0'; ++text) {
    if (*text == '"' || *text == '\\') Add("\\");
    if (*text == '\n') {
      Add("\\n");
    } else {
      Add("%c", *text);
    }
  }
  Add("\"");
}

static void AddInts(const int32_t* values, uint32_t n) {
  Add(", [");
  for (uint32_t i = 0; i < n; ++i) Add("%s%d", i ? "," : "", values[i]);
  Add("]");
}

static void Begin(const char* name) {
  used = 0;
  Add("[\"%s\"", name);
}

static void End(void) {
  char path[4096];
  const char* folder = getenv("STANDIN_DIR");
  if (folder == NULL) return;
  Add("]\n");
  snprintf(path, sizeof(path), "%s/%d.jsonl", folder, getpid());
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || write(file, line, used) != (ssize_t)used) abort();
  close(file);
}

uint32_t moetap_abi_version(void) { return MOETAP_ABI_VERSION; }

int moetap_stores_tokens(void) { return 1; }

void moetap_fact(const char* key, const char* value) {
  Begin("fact");
  AddText(key);
  AddText(value);
  End();
}

void moetap_expect(const moetap_layer* layers, uint32_t n) {
  Begin("expect");
  Add(", [");
  for (uint32_t i = 0; i < n; ++i) {
    Add("%s[%lu, %u, %u, %u]", i ? "," : "", (unsigned long)layers[i].weight,
        layers[i].number, layers[i].experts, layers[i].k);
  }
  Add("]");
  End();
}

void moetap_request(uint32_t request, const char* id, uint32_t prompt_tokens,
                    uint64_t step) {
  Begin("request");
  Add(", %u", request);
  AddText(id);
  Add(", %u, %lu", prompt_tokens, (unsigned long)step);
  End();
}

/* The stand-in's chain is a number anybody can recompute. */
static uint64_t Chain(uint64_t chain, int32_t token) {
  return chain * 6364136223846793005u + (uint32_t)token + 1;
}

void moetap_tokens(uint32_t request, uint32_t start, const int32_t* ids,
                   uint32_t n, uint64_t* chain) {
  for (uint32_t i = 0; i < n; ++i) *chain = Chain(*chain, ids[i]);
  Begin("tokens");
  Add(", %u, %u", request, start);
  AddInts(ids, n);
  Add(", %lu", (unsigned long)*chain);
  End();
}

void moetap_samples(moetap_sample* samples, uint32_t n) {
  Begin("samples");
  Add(", [");
  for (uint32_t i = 0; i < n; ++i) {
    samples[i].chain = Chain(samples[i].chain, samples[i].token);
    Add("%s[%u, %u, %d, %lu]", i ? "," : "", samples[i].request,
        samples[i].position, samples[i].token,
        (unsigned long)samples[i].chain);
  }
  Add("]");
  End();
}

void moetap_kv(uint32_t request, uint64_t step, uint32_t first_index,
               const int32_t* blocks, uint32_t n) {
  Begin("kv");
  Add(", %u, %lu, %u", request, (unsigned long)step, first_index);
  AddInts(blocks, n);
  End();
}

void moetap_step_begin(uint64_t step, uint32_t kind, const moetap_span* spans,
                       uint32_t n) {
  Begin("step_begin");
  Add(", %lu, %u, [", (unsigned long)step, kind);
  for (uint32_t i = 0; i < n; ++i) {
    Add("%s[%u, %u, %u, %u]", i ? "," : "", spans[i].request, spans[i].start,
        spans[i].rows, spans[i].discard);
  }
  Add("]");
  End();
}

void moetap_step_end(uint64_t step) {
  Begin("step_end");
  Add(", %lu", (unsigned long)step);
  End();
}

uint32_t moetap_step_dispatches(void) { return 0; }

void moetap_device_dispatch(const moetap_device_ids* ids) {
  Begin("device_dispatch");
  Add(", %u, %u", ids->rows, ids->k);
  End();
}

void moetap_shim_time(uint64_t nanoseconds) { (void)nanoseconds; }

void moetap_event(uint32_t request, uint64_t step, uint32_t kind,
                  uint32_t value, const char* text) {
  Begin("event");
  Add(", %u, %lu, %u, %u", request, (unsigned long)step, kind, value);
  AddText(text);
  End();
}

void moetap_delivery(const char* id, const char* external_id,
                     const char* parent_id, uint32_t prompt_tokens,
                     uint32_t returned_tokens, const char* finish_reason) {
  Begin("delivery");
  AddText(id);
  AddText(external_id);
  AddText(parent_id);
  Add(", %u, %u", prompt_tokens, returned_tokens);
  AddText(finish_reason);
  End();
}

void moetap_vocabulary(uint32_t first_id, const uint16_t* lengths, uint32_t n,
                       const uint8_t* bytes) {
  Begin("vocabulary");
  Add(", %u, [", first_id);
  for (uint32_t i = 0; i < n; ++i) {
    Add("%s\"", i ? "," : "");
    for (uint16_t j = 0; j < lengths[i]; ++j) Add("%02x", *bytes++);
    Add("\"");
  }
  Add("]");
  End();
}

int moetap_pause(int pause) {
  Begin("pause");
  Add(", %d", pause);
  End();
  return 1;
}

void moetap_status(const char* code, const char* text) {
  Begin("status");
  AddText(code);
  AddText(text);
  End();
}
