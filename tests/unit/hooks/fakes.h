// Loads the fakes, builds tensors, and keeps what the hooks report.
#ifndef MOETAP_TESTS_UNIT_HOOKS_FAKES_H_
#define MOETAP_TESTS_UNIT_HOOKS_FAKES_H_

#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "hooks/event_sink.h"
#include "tests/unit/hooks/fake/engine.h"

namespace moetap {

inline void LoadFakeTorch() {
  if (dlopen(FAKE_TORCH, RTLD_NOW | RTLD_LOCAL) == nullptr) {
    throw std::runtime_error(dlerror());
  }
}

// Loads an extension as Python does: late and locally.
inline fake::Engine& LoadEngine(const char* path) {
  void* handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  return *static_cast<fake::Engine*>(dlsym(handle, "engine"));
}

struct Dispatch {
  const HookRow* hook;
  const void* layer_key;
  uint32_t experts;
  uint32_t rows;
  uint32_t k;
  std::vector<int64_t> ids;  // row after row
  CallTiming timing;
};

// Takes its copies as the contract in event_sink.h describes the memory.
class VectorSink : public RoutingSink {
 public:
  VectorSink() { SetRoutingSink(this); }
  ~VectorSink() { SetRoutingSink(nullptr); }

  void OnDispatch(const RoutingEvent& event) override {
    Dispatch d{event.hook,  event.layer_key, event.Experts(),
               event.rows,  event.k,         {},
               event.timing};
    for (int64_t r = 0; r < event.rows; ++r) {
      for (int64_t j = 0; j < event.k; ++j) {
        d.ids.push_back(
            Id(event, r * event.row_stride + j * event.column_stride));
      }
    }
    std::lock_guard lock(mutex_);
    dispatches.push_back(std::move(d));
  }

  void OnUnreadable(const HookRow& hook, const char* why) override {
    std::lock_guard lock(mutex_);
    unreadable.emplace_back(&hook, why);
  }

  std::vector<Dispatch> dispatches;
  std::vector<std::pair<const HookRow*, std::string>> unreadable;

 private:
  template <typename T>
  static int64_t Load(const RoutingEvent& event, int64_t index) {
    return static_cast<int64_t>(static_cast<const T*>(event.ids)[index]);
  }

  static int64_t Id(const RoutingEvent& event, int64_t index) {
    switch (event.id_bytes * (event.id_signed ? -1 : 1)) {
      case -2:
        return Load<int16_t>(event, index);
      case -4:
        return Load<int32_t>(event, index);
      case -8:
        return Load<int64_t>(event, index);
      case 2:
        return Load<uint16_t>(event, index);
      case 4:
        return Load<uint32_t>(event, index);
    }
    throw std::logic_error("id_bytes is none of 2, 4, 8");
  }

  std::mutex mutex_;
};

template <typename T>
constexpr at::Dtype DtypeOf() {
  if constexpr (std::is_same_v<T, int16_t>) return at::Dtype::kInt16;
  if constexpr (std::is_same_v<T, int32_t>) return at::Dtype::kInt32;
  if constexpr (std::is_same_v<T, int64_t>) return at::Dtype::kInt64;
  if constexpr (std::is_same_v<T, uint16_t>) return at::Dtype::kUint16;
  return at::Dtype::kUint32;
}

// A packed matrix over `ids`, which must outlive it.
template <typename T>
at::Tensor Matrix(std::vector<T>& ids, int64_t rows, int64_t k) {
  return at::Tensor({.sizes = {rows, k},
                     .strides = {k, 1},
                     .dtype = DtypeOf<T>(),
                     .data = ids.data()});
}

// Weights of `experts` experts at `address`.
inline at::Tensor Weights(int64_t experts, void* address) {
  return at::Tensor(
      {.sizes = {experts, 4, 4}, .strides = {16, 4, 1}, .data = address});
}

// Arguments of an operator call in which only the ids and the weights matter.
struct Call {
  at::Tensor out, input, w13, w2, topk_weights, topk_ids;
  fake::MaybeTensor none;
  std::string act = "silu";
  std::string isa = "vec";

  Call(at::Tensor weights, at::Tensor ids)
      : w13(std::move(weights)), topk_ids(std::move(ids)) {}

  void CpuFusedMoe(fake::Engine& engine) {
    engine.cpu_fused_moe(out, input, w13, w2, none, none, topk_weights,
                         topk_ids, true, act, isa);
  }

  at::Tensor Dynamic4Bit(fake::Engine& engine) {
    return engine.dynamic_4bit_int_moe_cpu(input, topk_ids, topk_weights, w13,
                                           w2, 11, 12, -1, true, 3);
  }
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_HOOKS_FAKES_H_
