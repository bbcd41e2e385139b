// Puts what the hooks see into the ring.
#ifndef MOETAP_PLUGIN_RECORDER_H_
#define MOETAP_PLUGIN_RECORDER_H_

#include "hooks/event_sink.h"

namespace moetap {

// Has no state of its own: everything lies in the process (process.h), so
// that it is right in a forked child.  Any thread may call it.
class Recorder final : public RoutingSink {
 public:
  void OnDispatch(const RoutingEvent& event) override;
  void OnUnreadable(const HookRow& hook, const char* why) override;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_RECORDER_H_
