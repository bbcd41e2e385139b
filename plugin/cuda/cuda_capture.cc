#include "plugin/cuda/cuda_capture.h"

#include <cstdio>
#include <new>

#include "plugin/private_files.h"
#include "plugin/records.h"

namespace moetap {
namespace {

const char* WhyRefused(const Driver* driver) {
  if (GetConfig().block_on_full) {
    return "a device cannot wait for room, so --on-full block is refused";
  }
  if (driver == nullptr)
    return "no CUDA driver of version 12.0 or later is loaded";
  return nullptr;
}

void SayOff(Process* process, const char* why) {
  char text[256];
  snprintf(text, sizeof(text), "nothing is captured from this GPU: %s", why);
  WriteStatus(process, "cuda-off", text);
}

}  // namespace

CudaCapture* CudaCapture::IfAny(Process* process) {
  return static_cast<CudaCapture*>(
      process->source.load(std::memory_order_acquire));
}

CudaCapture* CudaCapture::Of(Process* process) {
  if (CudaCapture* have = IfAny(process)) return have;
  ProcessLock lock(process);
  if (CudaCapture* have = IfAny(process)) return have;
  void* memory = MapPrivate(sizeof(CudaCapture));
  if (memory == nullptr) return nullptr;
  auto* made = new (memory) CudaCapture;
  made->driver_ = GetDriver();
  process->source.store(made, std::memory_order_release);
  return made;
}

Device* CudaCapture::CurrentDevice(Process* process) {
  CudaContext context = nullptr;
  if (driver_ == nullptr) {
    SayOff(process, WhyRefused(driver_));
    return nullptr;
  }
  if (driver_->ctx_get_current(&context) != 0 || context == nullptr) {
    return nullptr;
  }
  for (Slot& slot : slots_) {
    const CudaContext found = slot.context.load(std::memory_order_acquire);
    if (found == context) return slot.usable ? &slot.device : nullptr;
    if (found == nullptr) break;
  }
  return Open(process, context);
}

Device* CudaCapture::Open(Process* process, CudaContext context) {
  const char* why = "more contexts than it can follow";
  {
    ProcessLock lock(process);
    for (Slot& slot : slots_) {
      const CudaContext found = slot.context.load(std::memory_order_relaxed);
      if (found == context) return slot.usable ? &slot.device : nullptr;
      if (found != nullptr) continue;
      why = WhyRefused(driver_);
      if (why == nullptr) {
        why = slot.device.Open(*driver_, GetConfig().ring_bytes,
                               CapturedGraphs::kMaxGroups);
      }
      slot.usable = why == nullptr;
      slot.context.store(context, std::memory_order_release);
      if (slot.usable) return &slot.device;
      break;
    }
  }
  SayOff(process, why);
  return nullptr;
}

void CudaCapture::Pump(RingBuffer* ring) {
  for (Slot& slot : slots_) {
    if (slot.context.load(std::memory_order_acquire) == nullptr) return;
    if (slot.usable) slot.device.ring().Pump(ring);
  }
}

}  // namespace moetap
