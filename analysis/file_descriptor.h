// Closes a file descriptor at the end of its scope.
#ifndef MOETAP_ANALYSIS_FILE_DESCRIPTOR_H_
#define MOETAP_ANALYSIS_FILE_DESCRIPTOR_H_

#include <unistd.h>

namespace moetap {

struct FileDescriptor {
  int fd;  // owned; < 0: none
  explicit FileDescriptor(int opened) : fd(opened) {}
  ~FileDescriptor() {
    if (fd >= 0) close(fd);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_FILE_DESCRIPTOR_H_
