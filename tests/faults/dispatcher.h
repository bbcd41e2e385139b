// Dispatches rows that can be told from each other through the engine.
#ifndef MOETAP_TESTS_FAULTS_DISPATCHER_H_
#define MOETAP_TESTS_FAULTS_DISPATCHER_H_

#include <cstdint>
#include <vector>

#include "tests/faults/state.h"
#include "tests/unit/hooks/fake/aten.h"

namespace moetap {

// Loads torch and the engine as Python does: late and locally.  False: said.
bool LoadEngine();

// Creates or opens the file; ends the program if it cannot.
FaultState* MapState(const char* path);

// Sum of all ids that the real operator was given in this process.
uint64_t EngineSum();

// The dispatches of one writer.  Made ahead: Dispatch() allocates nothing and
// may be called in a forked child and in a signal handler, by one at a time.
class Dispatcher {
 public:
  // Goes on behind state->done[writer], which it advances after each call.
  Dispatcher(FaultState* state, uint32_t writer);
  void Dispatch();

 private:
  FaultState* state_;
  uint32_t writer_;
  std::vector<int32_t> ids_;
  at::Tensor out_;
  at::Tensor weights_;
  at::Tensor topk_ids_;
};

// Has the engine dispatch once more when the loader ends it, at the end of the
// process.
void DispatchAtUnload(Dispatcher* dispatcher);

}  // namespace moetap

#endif  // MOETAP_TESTS_FAULTS_DISPATCHER_H_
