// The files and folders of a capture: ours alone, never through a link.
#ifndef MOETAP_PLUGIN_PRIVATE_FILES_H_
#define MOETAP_PLUGIN_PRIVATE_FILES_H_

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>

#include "plugin/config.h"
#include "schema/ring_format.h"

namespace moetap {

// Opens the directory `path`, making it (0700) if it is not there.  It must
// be a directory, no link, owned by this user and writable by no other.
// Returns a descriptor, or -1 and a sentence with the remedy in `why`.
int OpenPrivateDirectory(const char* path, char (&why)[256]);

// Makes `name` (0600, must not exist) with all its bytes allocated, so that
// no later store can fail, and maps it shared.  The mapping is not inherited
// by a forked child and not part of a core.  Null, with errno set, if there is
// no room for it; a file begun is removed again.
RingHeader* MapNewRing(int directory, const char* name, uint64_t capacity);

// Memory of this process alone: zero, not inherited by a forked child, not
// part of a core.
void* MapPrivate(size_t size);

// A capture file being written.  Writes whole blocks or nothing, never past a
// limit, and only ever to the file that it made.
class CaptureFile {
 public:
  // Makes `name` in `directory`; `path` is its absolute path.  False: errno.
  bool Create(int directory, const char* name, const char* path,
              uint64_t max_bytes);

  enum class Wrote {
    kYes,
    kLimit,   // it would pass max_bytes or the last 5 % of the disk
    kFailed,  // errno says why; the file is cut back to whole blocks
  };
  Wrote Append(const uint8_t* bytes, size_t size);

  // As Append, without the limits: for the few bytes that say what was lost.
  Wrote AppendAlways(const uint8_t* bytes, size_t size);

  // Bytes of the whole blocks written.
  uint64_t size() const { return size_; }

  // False: errno says why the last blocks may be lost.  Does not wait for the
  // disk: what was written survives the process as it is.
  bool Close();

 private:
  bool HaveFile();
  bool PastLimit(size_t size) const;

  int fd_;
  dev_t device_;
  ino_t inode_;
  uint64_t size_;
  uint64_t max_bytes_;
  char path_[kMaxPath];
};

// In a forked child: closes the descriptor that the parent's CaptureFile left
// open here, if it is still that file.
void CloseInheritedCapture();

}  // namespace moetap

#endif  // MOETAP_PLUGIN_PRIVATE_FILES_H_
