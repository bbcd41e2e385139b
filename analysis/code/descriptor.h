// Owner of a file descriptor.
#ifndef MOETAP_ANALYSIS_CODE_DESCRIPTOR_H_
#define MOETAP_ANALYSIS_CODE_DESCRIPTOR_H_

#include <unistd.h>

#include <utility>

namespace moetap {

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_DESCRIPTOR_H_
