// A file's bytes, mapped read-only for the life of the object.
#ifndef MOETAP_ANALYSIS_MAPPED_FILE_H_
#define MOETAP_ANALYSIS_MAPPED_FILE_H_

#include <sys/types.h>

#include <filesystem>

#include "schema/block_codec.h"

namespace moetap {

class MappedFile {
 public:
  // Throws Error naming `path` if it is not a regular file we can read.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  Bytes bytes() const { return bytes_; }
  uid_t owner() const { return owner_; }

 private:
  Bytes bytes_;
  uid_t owner_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_MAPPED_FILE_H_
