#include "plugin/cuda/device.h"

#include "plugin/cuda/capture_ptx.h"

namespace moetap {
namespace {

constexpr size_t kStateBytes = 64;
static_assert(sizeof(DeviceState) <= kStateBytes);
constexpr int kOldestMajor = 8;  // of a compute capability
constexpr int kProgrammaticMajor = 9;

// Lets the calling thread do what a capture on any stream would forbid.
class RelaxedCapture {
 public:
  explicit RelaxedCapture(const Driver& driver)
      : driver_(driver),
        relaxed_(driver.thread_exchange_capture_mode(&mode_) == 0) {}
  ~RelaxedCapture() {
    if (relaxed_) driver_.thread_exchange_capture_mode(&mode_);
  }
  RelaxedCapture(const RelaxedCapture&) = delete;
  RelaxedCapture& operator=(const RelaxedCapture&) = delete;

  bool relaxed() const { return relaxed_; }

 private:
  const Driver& driver_;
  int mode_ = kCaptureModeRelaxed;
  bool relaxed_;
};

}  // namespace

const char* Device::Open(const Driver& driver, size_t ring_bytes,
                         size_t words) {
  driver_ = &driver;
  const RelaxedCapture relaxed(driver);
  if (!relaxed.relaxed()) return "a capture may be under way";
  const char* why = LoadKernels();
  if (why == nullptr) why = MakeMemory(ring_bytes, words);
  if (why == nullptr) why = WarmUp();
  if (why != nullptr) Close();
  return why;
}

const char* Device::LoadKernels() {
  int device = 0;
  int major = 0;
  if (driver_->ctx_get_device(&device) != 0 ||
      driver_->device_get_attribute(&major, kComputeCapabilityMajor, device) !=
          0) {
    return "no context is current";
  }
  if (major < kOldestMajor) return "the GPU is older than compute capability 8";
  programmatic_ = major >= kProgrammaticMajor;
  CudaModule module = nullptr;
  if (driver_->module_load_data(&module, CapturePtx(major).data()) != 0) {
    return "the driver refused the capture kernel";
  }
  if (driver_->module_get_function(&capture_, module, kCaptureKernelName) !=
          0 ||
      driver_->module_get_function(&set_step_, module, kSetStepKernelName) !=
          0) {
    return "the capture kernel is not complete";
  }
  return nullptr;
}

const char* Device::MakeMemory(size_t ring_bytes, size_t words) {
  if (!ring_.Map(ring_bytes)) return "no host memory for the ring";
  if (driver_->mem_host_register(ring_.memory(), ring_.memory_bytes(),
                                 kHostRegisterMapped) != 0) {
    return "the ring could not be registered (is locked memory limited?)";
  }
  registered_ = true;
  if (driver_->mem_host_get_device_pointer(&ring_address_, ring_.memory(), 0) !=
      0) {
    return "the device cannot reach the ring";
  }
  memory_bytes_ = kStateBytes + words * sizeof(StepWord);
  if (driver_->mem_alloc(&memory_, memory_bytes_) != 0) {
    return "no device memory for the step words";
  }
  return nullptr;
}

// Clears the device memory and runs each kernel once, on a stream that waits
// for nobody, so that nothing is loaded or compiled at a later launch.
const char* Device::WarmUp() {
  CudaStream stream = nullptr;
  if (driver_->stream_create(&stream, kNonBlockingStream) != 0) {
    return "no stream for the warm-up";
  }
  const RouterLaunch nothing = {.k = 1, .id_bytes = 4, .stream = stream};
  const bool ran =
      driver_->memset_d8_async(memory_, 0, memory_bytes_, stream) == 0 &&
      SetStep(0, {.step = 0, .real_rows = kAllRows}, stream) == 0 &&
      Capture(nothing, 0, {}, -1) == 0 &&
      driver_->stream_synchronize(stream) == 0;
  driver_->stream_destroy(stream);
  return ran ? nullptr : "the capture kernel did not run";
}

// The module stays: unloading one waits for the whole context.
void Device::Close() {
  if (memory_ != 0) driver_->mem_free(memory_);
  if (registered_) driver_->mem_host_unregister(ring_.memory());
  ring_.Unmap();
  memory_ = 0;
  registered_ = false;
}

StepWord* Device::Word(int number) const {
  return reinterpret_cast<StepWord*>(memory_ + kStateBytes) + number;
}

int Device::Capture(const RouterLaunch& launch, uint16_t layer,
                    const LaunchStep& step, int word) {
  CaptureParams params = {
      .ids = launch.ids,
      .padding = static_cast<const uint8_t*>(launch.padding),
      .state = reinterpret_cast<DeviceState*>(memory_),
      .words = ring_.DeviceWords(ring_address_),
      .slots = ring_.DeviceSlots(ring_address_),
      .step_word = word < 0 ? nullptr : Word(word),
      .step = step.step,
      .real_rows = step.real_rows,
      .slot_count = ring_.slot_count(),
      .rows = launch.rows,
      .k = static_cast<uint16_t>(launch.k),
      .layer = layer,
      .id_bytes = launch.id_bytes,
      .id_signed = launch.id_signed};
  const uint32_t blocks = CaptureBlocks(launch.rows, launch.k);
  return Launch(capture_, blocks == 0 ? 1 : blocks, kCaptureThreads,
                launch.stream, launch.programmatic && programmatic_, &params);
}

int Device::SetStep(int word, const LaunchStep& step, CudaStream stream) {
  SetStepParams params = {
      .word = Word(word), .step = step.step, .real_rows = step.real_rows};
  return Launch(set_step_, 1, 1, stream, false, &params);
}

int Device::Launch(CudaFunction kernel, uint32_t blocks, uint32_t threads,
                   CudaStream stream, bool programmatic, void* params) {
  CudaLaunchAttribute attribute = {};
  attribute.id = kCudaProgrammaticStream;
  attribute.value.programmatic = 1;
  const CudaDriverLaunchConfig config = {
      .grid = {blocks, 1, 1},
      .block = {threads, 1, 1},
      .shared_bytes = 0,
      .stream = stream,
      .attributes = programmatic ? &attribute : nullptr,
      .attribute_count = programmatic ? 1u : 0u};
  return driver_->launch_kernel_ex(&config, kernel, &params, nullptr);
}

}  // namespace moetap
