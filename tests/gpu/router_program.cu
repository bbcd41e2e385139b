// An engine in small: runs MoE routers on a GPU, reports its steps through the
// C ABI of a preloaded libmoetap.so, if there is one, and writes down which ids
// the routers wrote.
//
//   router_program run MODE STEPS TRUTH   MODE: eager, graph, streams, pdl
//   router_program time MODE REPLAYS      prints microseconds per step
//
// TRUTH: one line per row and layer: position layer id id ...
#include <cuda_runtime.h>
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "plugin/moetap.h"
#include "tests/gpu/routers.cuh"

namespace {

constexpr int kLayers = 6;
constexpr int kMaxRows = 300;    // more than a slot of the ring holds
constexpr int kExperts = 64;     // of topkGating
constexpr int kOddExperts = 60;  // of moeTopK
constexpr int kTopK = 6;
constexpr int kGraphSizes[] = {1, 2, 4, 8, 16};

void Check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  fprintf(stderr, "router_program: %s: %s\n", what, cudaGetErrorString(error));
  exit(1);
}
#define CHECK(call) Check(call, #call)

// The ABI, or nothing where no library is preloaded.
struct Shim {
  template <typename Function>
  static Function* Find(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_DEFAULT, name));
  }
  decltype(&moetap_expect) expect =
      Find<decltype(moetap_expect)>("moetap_expect");
  decltype(&moetap_fact) fact = Find<decltype(moetap_fact)>("moetap_fact");
  decltype(&moetap_request) request =
      Find<decltype(moetap_request)>("moetap_request");
  decltype(&moetap_tokens) tokens =
      Find<decltype(moetap_tokens)>("moetap_tokens");
  decltype(&moetap_step_begin) begin =
      Find<decltype(moetap_step_begin)>("moetap_step_begin");
  decltype(&moetap_step_end) end =
      Find<decltype(moetap_step_end)>("moetap_step_end");

  void Announce(uint32_t tokens_total) const {
    if (expect == nullptr) return;
    std::vector<moetap_layer> layers;
    for (uint32_t l = 0; l < kLayers; ++l) {
      const uint32_t experts = l % 2 == 0 ? kExperts : kOddExperts;
      layers.push_back({0, l, experts, kTopK, 0});
    }
    fact("role", "worker");
    fact("engine", "router_program");
    fact("moe_layers", "0,1,2,3,4,5");
    expect(layers.data(), kLayers);
    request(1, "all", tokens_total, 1);
    std::vector<int32_t> ids(tokens_total);
    for (uint32_t i = 0; i < tokens_total; ++i) ids[i] = static_cast<int>(i);
    uint64_t chain = 0;
    tokens(1, 0, ids.data(), tokens_total, &chain);
  }
  void Begin(uint64_t step, uint32_t kind, uint32_t start,
             uint32_t rows) const {
    if (begin == nullptr) return;
    const moetap_span span = {1, start, rows, 0};
    begin(step, kind, &span, kind == MOETAP_STEP_REAL ? 1 : 0);
  }
  void End(uint64_t step) const {
    if (end != nullptr) end(step);
  }
};

template <typename T>
T* OnDevice(size_t n) {
  void* memory = nullptr;
  CHECK(cudaMalloc(&memory, n * sizeof(T)));
  return static_cast<T*>(memory);
}

// Layers with even numbers run topkGating, the others moeTopK.
struct Model {
  float* logits[kLayers];
  int* ids[kLayers];
  float* weights = OnDevice<float>(kMaxRows * kTopK);
  bool* padding = OnDevice<bool>(kMaxRows);

  Model() {
    for (int l = 0; l < kLayers; ++l) {
      logits[l] = OnDevice<float>(kMaxRows * kExperts);
      ids[l] = OnDevice<int>(kMaxRows * kTopK);
    }
  }
};

void LaunchGating(const Model& model, int layer, int rows, bool programmatic,
                  cudaStream_t stream) {
  cudaLaunchAttribute attribute = {};
  attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attribute.val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(rows);
  config.blockDim = dim3(32);
  config.stream = stream;
  config.attrs = &attribute;
  config.numAttrs = programmatic ? 1 : 0;
  CHECK(cudaLaunchKernelEx(
      &config,
      &vllm::moe::topkGating<4, kExperts, 4, 16, 32, int, float,
                             vllm::moe::SCORING_SOFTMAX>,
      static_cast<const float*>(model.logits[layer]),
      static_cast<const bool*>(nullptr), model.weights, rows, model.ids[layer],
      static_cast<int*>(nullptr), kTopK, 0, kExperts, false,
      static_cast<const float*>(nullptr), 1.0,
      static_cast<const bool*>(model.padding)));
}

void LaunchTopK(const Model& model, int layer, int rows, cudaStream_t stream) {
  vllm::moe::moeTopK<256, int><<<rows, 256, 0, stream>>>(
      model.logits[layer], nullptr, model.weights, model.ids[layer], nullptr,
      kOddExperts, kTopK, 0, kOddExperts, false, nullptr, 1.0, nullptr);
  CHECK(cudaGetLastError());
}

// All layers in order; `other`, if any, runs the odd ones.
void Forward(const Model& model, int rows, bool programmatic,
             cudaStream_t stream, cudaStream_t other, cudaEvent_t event) {
  for (int l = 0; l < kLayers; ++l) {
    if (l % 2 == 0) {
      LaunchGating(model, l, rows, programmatic, stream);
      continue;
    }
    if (other == nullptr) {
      LaunchTopK(model, l, rows, stream);
      continue;
    }
    CHECK(cudaEventRecord(event, stream));
    CHECK(cudaStreamWaitEvent(other, event, 0));
    LaunchTopK(model, l, rows, other);
    CHECK(cudaEventRecord(event, other));
    CHECK(cudaStreamWaitEvent(stream, event, 0));
  }
}

struct Step {
  int rows;
  int padded;
  std::vector<float> logits[kLayers];
  std::vector<int> ids[kLayers];  // what the routers wrote
};

class Program {
 public:
  explicit Program(const std::string& mode) : mode_(mode) {
    CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
    CHECK(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming));
    if (mode == "streams") {
      CHECK(cudaStreamCreateWithFlags(&other_, cudaStreamNonBlocking));
    }
    CHECK(cudaMemset(model_.padding, 0, kMaxRows));
  }

  // Steps of changing sizes follow each other without waiting; what each wrote
  // is copied in the stream.
  void Run(int steps, const char* truth) {
    std::vector<std::unique_ptr<Step>> all;
    uint32_t total = 0;
    for (int s = 0; s < steps; ++s) {
      all.push_back(MakeStep(s));
      total += all.back()->rows;
    }
    // One more than rows: the last token of a sequence has none.
    shim_.Announce(total + 1);
    uint64_t number = 1;
    if (mode_ == "graph") CaptureGraphs(&number);
    uint32_t start = 0;
    for (auto& step : all) {
      shim_.Begin(number, MOETAP_STEP_REAL, start, step->rows);
      Upload(*step);
      Execute(step->padded);
      shim_.End(number++);
      Download(step.get());
      start += step->rows;
    }
    CHECK(cudaStreamSynchronize(stream_));
    WriteTruth(all, truth);
  }

  // Steps of one row, timed together on the device.
  void Time(int replays) {
    shim_.Announce(replays);
    uint64_t number = 1;
    if (mode_ == "graph") CaptureGraphs(&number);
    const auto run = [&](int n) {
      for (int i = 0; i < n; ++i) {
        shim_.Begin(number, MOETAP_STEP_DUMMY, 0, 1);
        Execute(1);
        shim_.End(number++);
      }
    };
    run(replays / 10 + 1);
    cudaEvent_t begin, end;
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventRecord(begin, stream_));
    run(replays);
    CHECK(cudaEventRecord(end, stream_));
    CHECK(cudaStreamSynchronize(stream_));
    float milliseconds = 0;
    CHECK(cudaEventElapsedTime(&milliseconds, begin, end));
    printf("%.3f\n", 1000.0 * milliseconds / replays);
  }

 private:
  std::unique_ptr<Step> MakeStep(int number) {
    std::mt19937 random(static_cast<unsigned>(number));
    auto step = std::make_unique<Step>();
    const int most = mode_ == "graph" ? 16 : kMaxRows;
    step->rows = 1 + static_cast<int>(random() % most);
    if (mode_ != "graph" && number % 3 != 0) step->rows %= 9;
    if (step->rows == 0) step->rows = 1;
    step->padded = mode_ == "graph" ? Padded(step->rows) : step->rows;
    for (auto& logits : step->logits) {
      logits.resize(static_cast<size_t>(step->padded) * kExperts);
      for (float& value : logits) {
        value = static_cast<float>(random()) / 4.3e9f;
      }
    }
    return step;
  }

  static int Padded(int rows) {
    for (int size : kGraphSizes) {
      if (size >= rows) return size;
    }
    return rows;
  }

  // moeTopK reads rows of kOddExperts, the rest of the upload is not used.
  void Upload(const Step& step) {
    for (int l = 0; l < kLayers; ++l) {
      CHECK(cudaMemcpyAsync(model_.logits[l], step.logits[l].data(),
                            step.logits[l].size() * sizeof(float),
                            cudaMemcpyHostToDevice, stream_));
    }
  }

  void Download(Step* step) {
    for (int l = 0; l < kLayers; ++l) {
      step->ids[l].resize(static_cast<size_t>(step->rows) * kTopK);
      CHECK(cudaMemcpyAsync(step->ids[l].data(), model_.ids[l],
                            step->ids[l].size() * sizeof(int),
                            cudaMemcpyDeviceToHost, stream_));
    }
  }

  void Execute(int rows) {
    if (mode_ != "graph") {
      Forward(model_, rows, mode_ == "pdl", stream_, other_, event_);
      return;
    }
    for (size_t i = 0; i < std::size(kGraphSizes); ++i) {
      if (kGraphSizes[i] == rows) CHECK(cudaGraphLaunch(graphs_[i], stream_));
    }
  }

  void CaptureGraphs(uint64_t* number) {
    for (size_t i = 0; i < std::size(kGraphSizes); ++i) {
      shim_.Begin(*number, MOETAP_STEP_DUMMY, 0, 0);
      cudaGraph_t graph;
      CHECK(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeGlobal));
      Forward(model_, kGraphSizes[i], true, stream_, nullptr, event_);
      CHECK(cudaStreamEndCapture(stream_, &graph));
      CHECK(cudaGraphInstantiate(&graphs_[i], graph, 0));
      CHECK(cudaGraphDestroy(graph));
      shim_.End((*number)++);
    }
  }

  static void WriteTruth(const std::vector<std::unique_ptr<Step>>& steps,
                         const char* path) {
    FILE* file = fopen(path, "w");
    if (file == nullptr) {
      perror(path);
      exit(1);
    }
    int position = 0;
    for (const auto& step : steps) {
      for (int r = 0; r < step->rows; ++r, ++position) {
        for (int l = 0; l < kLayers; ++l) {
          fprintf(file, "%d %d", position, l);
          for (int j = 0; j < kTopK; ++j) {
            fprintf(file, " %d",
                    step->ids[l][static_cast<size_t>(r) * kTopK + j]);
          }
          fputc('\n', file);
        }
      }
    }
    fclose(file);
  }

  std::string mode_;
  Shim shim_;
  Model model_;
  cudaStream_t stream_ = nullptr;
  cudaStream_t other_ = nullptr;
  cudaEvent_t event_ = nullptr;
  cudaGraphExec_t graphs_[std::size(kGraphSizes)] = {};
};

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "run" && argc == 5) {
    Program(argv[2]).Run(atoi(argv[3]), argv[4]);
  } else if (verb == "time" && argc == 4) {
    Program(argv[2]).Time(atoi(argv[3]));
  } else {
    fprintf(stderr,
            "router_program run eager|graph|streams|pdl STEPS TRUTH\n"
            "router_program time eager|graph|pdl REPLAYS\n");
    return 2;
  }
  return 0;
}
