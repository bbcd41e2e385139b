#include "analysis/spill_allocator.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "analysis/error.h"
#include "analysis/file_descriptor.h"

namespace moetap {
namespace {

// Not /tmp: it may itself be in memory.
std::string Directory() {
  const char* chosen = std::getenv("TMPDIR");
  return chosen == nullptr || *chosen == '\0' ? "/var/tmp" : chosen;
}

[[noreturn]] void NoRoom(size_t bytes, int error) {
  throw Error(fmt::format(
      "{}: no temporary file of {} MiB can be made there: {}; set TMPDIR to a "
      "directory on a disk with room, or read fewer files at a time",
      Directory(), (bytes >> 20) + 1, std::strerror(error)));
}

// Takes the disk blocks of the whole file; errno's value, 0 if all is well.
// Asks for the free space first: a request that cannot be met would fill the
// disk before it fails.
int Reserve(int fd, size_t bytes) {
  struct statvfs disk;
  if (fstatvfs(fd, &disk) != 0) return errno;
  if (bytes > uint64_t{disk.f_bavail} * disk.f_frsize) return ENOSPC;
  int error = EINTR;
  while (error == EINTR) {
    error = posix_fallocate(fd, 0, static_cast<off_t>(bytes));
  }
  return error;
}

}  // namespace

void* MapTemporaryFile(size_t bytes) {
  std::string name = Directory() + "/moetap-XXXXXX";
  const FileDescriptor file{mkostemp(name.data(), O_CLOEXEC)};
  if (file.fd < 0) NoRoom(bytes, errno);
  unlink(name.c_str());
  if (const int error = Reserve(file.fd, bytes)) NoRoom(bytes, error);
  void* at =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd, 0);
  if (at == MAP_FAILED) NoRoom(bytes, errno);
  return at;
}

void UnmapTemporaryFile(void* at, size_t bytes) { munmap(at, bytes); }

}  // namespace moetap
