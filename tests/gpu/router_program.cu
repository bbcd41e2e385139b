// An engine in small: runs MoE routers on a GPU, reports its steps through the
// C ABI of a preloaded libmoetap.so, if there is one, and writes down which ids
// the routers wrote.
//
//   router_program run MODE STEPS TRUTH
//   router_program time MODE REPLAYS      prints microseconds per step
//
// MODE is how a step runs: eager; pdl, eager with programmatic stream
// serialization; graph, captured before; streams, odd layers in a stream of
// their own; threads, each in a thread of its own; devices, on each device in
// turn; destroy, in a stream and a graph that are destroyed while they run.
//
// TRUTH: one line per row and layer: position layer id id ...
#include <cuda_runtime.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/gpu/routers.cuh"
#include "tests/gpu/shim.h"

using namespace moetap_gpu;  // this file is the program

namespace {

constexpr int kGraphSizes[] = {1, 2, 4, 8, 16};

void Check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  fprintf(stderr, "router_program: %s: %s\n", what, cudaGetErrorString(error));
  exit(1);
}
#define CHECK(call) Check(call, #call)

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

cudaStream_t NewStream() {
  cudaStream_t stream;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return stream;
}

cudaEvent_t NewEvent() {
  cudaEvent_t event;
  CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return event;
}

// What runs a step: memory and streams of one device.
struct Lane {
  int device;
  Model model;
  cudaStream_t stream = NewStream();
  cudaStream_t other = nullptr;
  cudaEvent_t event = NewEvent();
};

class Program {
 public:
  explicit Program(const std::string& mode) : mode_(mode) {
    int devices = 1;
    if (mode == "devices") CHECK(cudaGetDeviceCount(&devices));
    for (int device = 0; device < devices; ++device) {
      CHECK(cudaSetDevice(device));
      lanes_.push_back({.device = device});
      Lane& lane = lanes_.back();
      if (mode == "streams") lane.other = NewStream();
      CHECK(cudaMemset(lane.model.padding, 0, kMaxRows));
    }
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
    for (size_t s = 0; s < all.size(); ++s) {
      Step* step = all[s].get();
      const auto run = [&, lane = s % lanes_.size()] {
        RunStep(&lanes_[lane], number, start, step);
      };
      if (mode_ == "threads") {
        std::thread(run).join();
      } else {
        run();
      }
      ++number;
      start += step->rows;
    }
    for (Lane& lane : lanes_) {
      CHECK(cudaSetDevice(lane.device));
      CHECK(cudaStreamSynchronize(lane.stream));
    }
    WriteTruth(all, truth);
  }

  // Steps of one row, timed together on the device.
  void Time(int replays) {
    shim_.Announce(replays);
    uint64_t number = 1;
    if (mode_ == "graph") CaptureGraphs(&number);
    Lane& lane = lanes_.front();
    const auto run = [&](int n) {
      for (int i = 0; i < n; ++i) {
        shim_.Begin(number, MOETAP_STEP_DUMMY, 0, 1);
        Execute(&lane, 1);
        shim_.End(number++);
      }
    };
    run(replays / 10 + 1);
    cudaEvent_t begin, end;
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaEventRecord(begin, lane.stream));
    run(replays);
    CHECK(cudaEventRecord(end, lane.stream));
    CHECK(cudaStreamSynchronize(lane.stream));
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

  // In the mode `destroy` the lane's stream is one for this step, behind that
  // of the step before.
  void RunStep(Lane* lane, uint64_t number, uint32_t start, Step* step) {
    CHECK(cudaSetDevice(lane->device));
    const cudaStream_t last = lane->stream;
    if (mode_ == "destroy") {
      CHECK(cudaEventRecord(lane->event, last));
      lane->stream = NewStream();
      CHECK(cudaStreamWaitEvent(lane->stream, lane->event, 0));
      CHECK(cudaStreamDestroy(last));
    }
    shim_.Begin(number, MOETAP_STEP_REAL, start, step->rows);
    Upload(*step, lane);
    Execute(lane, step->padded);
    shim_.End(number);
    Download(step, lane);
  }

  // moeTopK reads rows of kOddExperts, the rest of the upload is not used.
  static void Upload(const Step& step, Lane* lane) {
    for (int l = 0; l < kLayers; ++l) {
      CHECK(cudaMemcpyAsync(lane->model.logits[l], step.logits[l].data(),
                            step.logits[l].size() * sizeof(float),
                            cudaMemcpyHostToDevice, lane->stream));
    }
  }

  static void Download(Step* step, Lane* lane) {
    for (int l = 0; l < kLayers; ++l) {
      step->ids[l].resize(static_cast<size_t>(step->rows) * kTopK);
      CHECK(cudaMemcpyAsync(step->ids[l].data(), lane->model.ids[l],
                            step->ids[l].size() * sizeof(int),
                            cudaMemcpyDeviceToHost, lane->stream));
    }
  }

  void Execute(Lane* lane, int rows) {
    if (mode_ == "destroy") {
      const cudaGraphExec_t graph = Capture(lane, rows);
      CHECK(cudaGraphLaunch(graph, lane->stream));
      CHECK(cudaGraphExecDestroy(graph));
      return;
    }
    if (mode_ != "graph") {
      Forward(lane->model, rows, mode_ == "pdl", lane->stream, lane->other,
              lane->event);
      return;
    }
    for (size_t i = 0; i < std::size(kGraphSizes); ++i) {
      if (kGraphSizes[i] == rows) {
        CHECK(cudaGraphLaunch(graphs_[i], lane->stream));
      }
    }
  }

  static cudaGraphExec_t Capture(Lane* lane, int rows) {
    cudaGraph_t graph;
    cudaGraphExec_t executable;
    CHECK(cudaStreamBeginCapture(lane->stream, cudaStreamCaptureModeGlobal));
    Forward(lane->model, rows, true, lane->stream, nullptr, lane->event);
    CHECK(cudaStreamEndCapture(lane->stream, &graph));
    CHECK(cudaGraphInstantiate(&executable, graph, 0));
    CHECK(cudaGraphDestroy(graph));
    return executable;
  }

  void CaptureGraphs(uint64_t* number) {
    for (size_t i = 0; i < std::size(kGraphSizes); ++i) {
      shim_.Begin(*number, MOETAP_STEP_DUMMY, 0, 0);
      graphs_[i] = Capture(&lanes_.front(), kGraphSizes[i]);
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
  std::vector<Lane> lanes_;
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
            "router_program run MODE STEPS TRUTH\n"
            "router_program time MODE REPLAYS\n"
            "MODE: eager pdl graph streams threads devices destroy\n");
    return 2;
  }
  return 0;
}
