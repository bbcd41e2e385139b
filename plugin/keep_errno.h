// Nothing that the host calls into may change its errno.
#ifndef MOETAP_PLUGIN_KEEP_ERRNO_H_
#define MOETAP_PLUGIN_KEEP_ERRNO_H_

#include <cerrno>

namespace moetap {

class KeepErrno {
 public:
  KeepErrno() : saved_(errno) {}
  ~KeepErrno() { errno = saved_; }
  KeepErrno(const KeepErrno&) = delete;
  KeepErrno& operator=(const KeepErrno&) = delete;

 private:
  const int saved_;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_KEEP_ERRNO_H_
