#include "tests/faults/dispatcher.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace moetap {
namespace {

using EngineDispatch = void(at::Tensor& out, const at::Tensor& weights,
                            const at::Tensor& ids);

EngineDispatch* g_dispatch = nullptr;
uint64_t (*g_sum)() = nullptr;
void (*g_at_unload)(void (*call)(void*), void* argument) = nullptr;
char g_weights[4096][64];  // addresses that stand for layers

}  // namespace

bool LoadEngine() {
  void* engine = nullptr;
  if (dlopen(FAKE_TORCH, RTLD_NOW | RTLD_LOCAL) != nullptr) {
    engine = dlopen(FAULT_ENGINE, RTLD_NOW | RTLD_LOCAL);
  }
  if (engine == nullptr) {
    fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  g_dispatch =
      reinterpret_cast<EngineDispatch*>(dlsym(engine, "engine_dispatch"));
  g_sum = reinterpret_cast<uint64_t (*)()>(dlsym(engine, "engine_sum"));
  g_at_unload = reinterpret_cast<decltype(g_at_unload)>(
      dlsym(engine, "engine_at_unload"));
  return g_dispatch != nullptr && g_sum != nullptr && g_at_unload != nullptr;
}

FaultState* MapState(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  void* map = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, sizeof(FaultState)) == 0) {
    map = mmap(nullptr, sizeof(FaultState), PROT_READ | PROT_WRITE, MAP_SHARED,
               fd, 0);
    close(fd);
  }
  if (map == MAP_FAILED) {
    perror(path);
    exit(2);
  }
  return static_cast<FaultState*>(map);
}

uint64_t EngineSum() { return g_sum(); }

Dispatcher::Dispatcher(FaultState* state, uint32_t writer)
    : state_(state),
      writer_(writer),
      ids_(state->max_rows * kFaultTopK),
      out_(at::TensorImpl{}),
      weights_({.sizes = {60, 1},
                .strides = {1, 1},
                .data = g_weights[writer % 4096]}),
      topk_ids_({.sizes = {0, kFaultTopK},
                 .strides = {kFaultTopK, 1},
                 .dtype = at::Dtype::kInt32,
                 .data = ids_.data()}) {}

void Dispatcher::Dispatch() {
  const uint64_t number = state_->done[writer_].load(std::memory_order_relaxed);
  const uint32_t rows = RowsOf(writer_, number, state_->max_rows);
  for (uint32_t row = 0; row < rows; ++row) {
    MakeRow({writer_, number, row}, ids_.data() + size_t{row} * kFaultTopK);
  }
  topk_ids_.impl()->sizes[0] = rows;
  errno = EDOM;
  g_dispatch(out_, weights_, topk_ids_);
  if (errno != EDOM) ++state_->errno_changed;
  state_->done[writer_].store(number + 1, std::memory_order_release);
}

void DispatchAtUnload(Dispatcher* dispatcher) {
  const auto call = [](void* which) {
    static_cast<Dispatcher*>(which)->Dispatch();
  };
  g_at_unload(call, dispatcher);
}

}  // namespace moetap
