#include "plugin/private_files.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace moetap {
namespace {

constexpr mode_t kOthersWrite = S_IWGRP | S_IWOTH;
constexpr int kNewFile = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

// What a forked child inherits; outside the memory that is wiped there.
struct Inherited {
  int fd = -1;
  dev_t device = 0;
  ino_t inode = 0;
};
constinit Inherited g_capture;

// File systems where a store to allocated bytes can still fail with SIGBUS:
// they allocate anew on every write, or live behind a server.
bool StoresCanFail(int fd) {
  constexpr uint32_t kZfs = 0x2FC12FC1;
  constexpr uint32_t kBcachefs = 0xCA451A4E;
  constexpr uint32_t kFuse = 0x65735546;
  constexpr uint32_t kCifs = 0xFF534D42;
  struct statfs fs;
  if (fstatfs(fd, &fs) != 0) return true;
  switch (static_cast<uint32_t>(fs.f_type)) {
    case BTRFS_SUPER_MAGIC:
    case NFS_SUPER_MAGIC:
    case kZfs:
    case kBcachefs:
    case kFuse:
    case kCifs:
      return true;
    default:
      return false;
  }
}

// Maps the file where its huge pages, if it gets any, can be mapped whole.
// MAP_FAILED: errno.
void* MapAligned(int fd, size_t size) {
  constexpr size_t kHugePage = size_t{2} << 20;
  const size_t room = size + kHugePage;
  void* reserved = mmap(nullptr, room, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return reserved;
  auto* const begin = static_cast<char*>(reserved);
  const size_t before = -reinterpret_cast<uintptr_t>(begin) % kHugePage;
  void* map = mmap(begin + before, size, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_FIXED, fd, 0);
  if (map == MAP_FAILED) {
    const int error = errno;
    munmap(begin, room);
    errno = error;
    return map;
  }
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t end = before + (size + page - 1) / page * page;
  if (before > 0) munmap(begin, before);
  if (end < room) munmap(begin + end, room - end);
  return map;
}

// Allocates and maps; -1 or MAP_FAILED with errno set.
void* AllocateAndMap(int fd, uint64_t size) {
  struct statvfs fs;
  if (fstatvfs(fd, &fs) != 0) return MAP_FAILED;
  // Leave as much again: the host needs shared memory too.
  if (uint64_t{fs.f_bavail} * fs.f_frsize < 2 * size) {
    errno = ENOSPC;
    return MAP_FAILED;
  }
  rlimit limit;  // beyond it, allocating raises a signal that ends the host
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur) {
    errno = EFBIG;
    return MAP_FAILED;
  }
  if (StoresCanFail(fd)) {
    errno = EOPNOTSUPP;
    return MAP_FAILED;
  }
  do {
    errno = posix_fallocate(fd, 0, static_cast<off_t>(size));
  } while (errno == EINTR);
  if (errno != 0) return MAP_FAILED;
  void* map = MapAligned(fd, size);
  if (map == MAP_FAILED) return map;
  madvise(map, size, MADV_DONTDUMP);  // the file outlives the process
  if (madvise(map, size, MADV_DONTFORK) == 0) return map;
  munmap(map, size);
  return MAP_FAILED;
}

bool IsFile(int fd, dev_t device, ino_t inode) {
  struct stat st;
  return fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

}  // namespace

int OpenPrivateDirectory(const char* path, char (&why)[256]) {
  if (mkdir(path, 0700) != 0 && errno != EEXIST) {
    snprintf(why, sizeof(why), "cannot make directory %.160s: %s", path,
             strerrordesc_np(errno));
    return -1;
  }
  const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    snprintf(why, sizeof(why),
             "%.160s is no directory of yours (%s): give another one", path,
             strerrordesc_np(errno));
    return -1;
  }
  struct stat st;
  if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
      (st.st_mode & kOthersWrite) == 0) {
    return fd;
  }
  close(fd);
  snprintf(why, sizeof(why),
           "%.160s belongs to or can be written by others: "
           "give another directory, or chmod 700 it",
           path);
  return -1;
}

RingHeader* MapNewRing(int directory, const char* name, uint64_t capacity) {
  const int fd = openat(directory, name, kNewFile, 0600);
  if (fd < 0) return nullptr;
  void* map = AllocateAndMap(fd, kRingHeaderBytes + capacity);
  const int error = errno;
  close(fd);
  if (map != MAP_FAILED) return static_cast<RingHeader*>(map);
  unlinkat(directory, name, 0);
  errno = error;
  return nullptr;
}

void* MapPrivate(size_t size) {
  void* map = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (map == MAP_FAILED) return nullptr;
  madvise(map, size, MADV_DONTFORK);
  madvise(map, size, MADV_DONTDUMP);  // the host's core stays the host's
  return map;
}

bool CaptureFile::Create(int directory, const char* name, const char* path,
                         uint64_t max_bytes) {
  fd_ = openat(directory, name, kNewFile, 0600);
  if (fd_ < 0) return false;
  struct stat st;
  if (fstat(fd_, &st) != 0) {
    const int error = errno;
    close(fd_);
    unlinkat(directory, name, 0);
    errno = error;
    return false;
  }
  device_ = st.st_dev;
  inode_ = st.st_ino;
  size_ = 0;
  max_bytes_ = max_bytes;
  snprintf(path_, sizeof(path_), "%s", path);
  g_capture = {fd_, device_, inode_};
  return true;
}

// A host that closes descriptors it does not know takes ours with the rest,
// and may have put another file in its place: leave that alone and open ours
// again.
bool CaptureFile::HaveFile() {
  if (IsFile(fd_, device_, inode_)) return true;
  const int fd = open(path_, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  if (!IsFile(fd, device_, inode_)) {
    close(fd);
    errno = ESTALE;
    return false;
  }
  fd_ = fd;
  g_capture.fd = fd;
  return true;
}

bool CaptureFile::PastLimit(size_t size) const {
  if (size_ + size > max_bytes_) return true;
  struct statvfs fs;
  if (fstatvfs(fd_, &fs) != 0) return false;
  const uint64_t keep = uint64_t{fs.f_blocks} * fs.f_frsize / 20;
  return uint64_t{fs.f_bavail} * fs.f_frsize < keep + size;
}

CaptureFile::Wrote CaptureFile::Append(const uint8_t* bytes, size_t size) {
  if (!HaveFile()) return Wrote::kFailed;
  if (PastLimit(size)) return Wrote::kLimit;
  return AppendAlways(bytes, size);
}

CaptureFile::Wrote CaptureFile::AppendAlways(const uint8_t* bytes,
                                             size_t size) {
  if (!HaveFile()) return Wrote::kFailed;
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pwrite(fd_, bytes + done, size - done,
                             static_cast<off_t>(size_ + done));
    if (n > 0) {
      done += static_cast<size_t>(n);
    } else if (n == 0 || errno != EINTR) {
      const int error = n == 0 ? ENOSPC : errno;
      // If the cut fails too, the next block is written over the torn one.
      static_cast<void>(ftruncate(fd_, static_cast<off_t>(size_)) == 0);
      errno = error;
      return Wrote::kFailed;
    }
  }
  size_ += size;
  return Wrote::kYes;
}

bool CaptureFile::Close() {
  if (!HaveFile()) return false;
  g_capture.fd = -1;
  return close(fd_) == 0;
}

void CloseInheritedCapture() {
  if (g_capture.fd >= 0 &&
      IsFile(g_capture.fd, g_capture.device, g_capture.inode)) {
    close(g_capture.fd);
  }
  g_capture.fd = -1;
}

}  // namespace moetap
