// Keeps a thread of the host out of trouble while it does what must neither be
// entered twice nor left half done.
//
// Cost: system calls.  Never on the way of a dispatch of a known layer.
#ifndef MOETAP_HOOKS_UNDISTURBED_H_
#define MOETAP_HOOKS_UNDISTURBED_H_

#include <pthread.h>
#include <signal.h>

namespace moetap {

// While this lives, pthread_cancel() of this thread waits: waiting and writing
// are places where it would end the thread.
class Uncancelled {
 public:
  Uncancelled() { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old_); }
  ~Uncancelled() { pthread_setcancelstate(old_, nullptr); }
  Uncancelled(const Uncancelled&) = delete;
  Uncancelled& operator=(const Uncancelled&) = delete;

 private:
  int old_ = PTHREAD_CANCEL_ENABLE;
};

// ... and signals wait too: a handler of the host that dispatches would wait
// for a lock of the thread that it interrupts, and a profiler's timer would
// interrupt the allocation of the ring again and again (EINTR).  Not those
// that an instruction of this thread raises.
class Undisturbed {
 public:
  Undisturbed() {
    sigset_t most;
    sigfillset(&most);
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS}) {
      sigdelset(&most, number);
    }
    pthread_sigmask(SIG_BLOCK, &most, &old_);
  }
  ~Undisturbed() { pthread_sigmask(SIG_SETMASK, &old_, nullptr); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  const Uncancelled uncancelled_;
  sigset_t old_;
};

}  // namespace moetap

#endif  // MOETAP_HOOKS_UNDISTURBED_H_
