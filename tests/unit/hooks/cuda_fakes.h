// Loads the fake CUDA, and keeps what the hooks report.
#ifndef MOETAP_TESTS_UNIT_HOOKS_CUDA_FAKES_H_
#define MOETAP_TESTS_UNIT_HOOKS_CUDA_FAKES_H_

#include <dlfcn.h>

#include <cstdint>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "hooks/cuda/launch_sink.h"
#include "tests/unit/hooks/fake/cuda.h"

namespace moetap {

// A caller, and the CUDA that it is linked with; loaded late and locally, as
// Python loads an extension.
struct LoadedCuda {
  explicit LoadedCuda(const char* caller)
      : handle(dlopen(caller, RTLD_NOW | RTLD_LOCAL)) {
    if (handle == nullptr) throw std::runtime_error(dlerror());
    calls = static_cast<const fake::CudaCalls*>(dlsym(handle, "cuda_calls"));
    cuda = static_cast<fake::Cuda*>(dlsym(handle, "fake_cuda"));
  }

  void* handle;
  const fake::CudaCalls* calls;
  fake::Cuda* cuda;  // null if it is linked with none
};

// The arguments of a launch, each in eight bytes whose rest is garbage.
class Arguments {
 public:
  Arguments() {
    for (int i = 0; i < kSize; ++i) {
      values_[i] = 0xdeadbeef00000000u;
      places_[i] = &values_[i];
    }
  }
  // Places point into this object.
  Arguments(const Arguments& other) : Arguments() {
    memcpy(values_, other.values_, sizeof(values_));
    for (int i = 0; i < kSize; ++i) {
      if (other.places_[i] == nullptr) places_[i] = nullptr;
    }
  }
  Arguments& operator=(const Arguments&) = delete;
  Arguments& Int(int index, int32_t value) { return Set(index, value); }
  Arguments& Long(int index, int64_t value) { return Set(index, value); }
  Arguments& Pointer(int index, const void* value) { return Set(index, value); }
  Arguments& NoPlace(int index) {
    places_[index] = nullptr;
    return *this;
  }
  void** list() { return places_; }

 private:
  static constexpr int kSize = 20;
  template <typename T>
  Arguments& Set(int index, T value) {
    memcpy(&values_[index], &value, sizeof(value));
    return *this;
  }
  uint64_t values_[kSize];
  void* places_[kSize];
};

class LaunchVector : public LaunchSink {
 public:
  LaunchVector() { SetLaunchSink(this); }
  ~LaunchVector() { SetLaunchSink(nullptr); }

  void OnRouterLaunch(const RouterLaunch& launch) override {
    std::lock_guard lock(mutex_);
    launches.push_back(launch);
  }
  void OnUnreadableLaunch(const KernelRow& row, const char* why) override {
    std::lock_guard lock(mutex_);
    unreadable.push_back(std::string(row.base_name) + ": " + why);
  }
  void OnUnknownKernel(const KernelRow& row, const char* mangled,
                       const char* why) override {
    std::lock_guard lock(mutex_);
    unknown.push_back(std::string(row.base_name) + " " + mangled + ": " + why);
  }
  void OnGraphInstantiated(CudaGraph graph, CudaGraphExec exec) override {
    Add("instantiated", graph, exec);
  }
  void OnGraphExecUpdated(CudaGraphExec exec, CudaGraph graph) override {
    Add("updated", exec, graph);
  }
  void OnGraphCloned(CudaGraph clone, CudaGraph original) override {
    Add("cloned", clone, original);
  }
  void BeforeGraphLaunch(CudaGraphExec exec, CudaStream stream) override {
    Add("launch", exec, stream);
  }
  void BeforeGraphDestroy(CudaGraph graph) override {
    Add("destroy", graph, nullptr);
  }
  void BeforeGraphExecDestroy(CudaGraphExec exec) override {
    Add("destroy exec", exec, nullptr);
  }

  struct GraphEvent {
    std::string what;
    const void* first;
    const void* second;
    bool operator==(const GraphEvent&) const = default;
  };
  std::vector<RouterLaunch> launches;
  std::vector<std::string> unreadable;
  std::vector<std::string> unknown;
  std::vector<GraphEvent> graphs;

 private:
  void Add(const char* what, const void* first, const void* second) {
    std::lock_guard lock(mutex_);
    graphs.push_back({what, first, second});
  }

  std::mutex mutex_;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_HOOKS_CUDA_FAKES_H_
