// Puts what the hooks see into the ring.
#ifndef MOETAP_PLUGIN_RECORDER_H_
#define MOETAP_PLUGIN_RECORDER_H_

#include <cstdint>

#include "hooks/event_sink.h"
#include "plugin/process.h"

namespace moetap {

// Has no state of its own: everything lies in the process (process.h), so
// that it is right in a forked child.  Any thread may call it.
class Recorder final : public RoutingSink {
 public:
  void OnDispatch(const RoutingEvent& event) override;
  void OnUnreadable(const HookRow& hook, const char* why) override;
};

// Slot of the layer that `key` stands for, made if need be; -1: there is no
// room to describe it.  `hook` lives for ever.
int LayerSlot(Process* process, const void* key, uint32_t experts,
              const char* hook);

// A dispatch that could not be read; the first one is said.
void CountUnreadable(Process* process, const char* function, const char* why);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RECORDER_H_
