// A file's bytes, mapped read-only for the life of the object.
#ifndef MOETAP_ANALYSIS_MAPPED_FILE_H_
#define MOETAP_ANALYSIS_MAPPED_FILE_H_

#include <sys/types.h>

#include <filesystem>
#include <memory>

#include "analysis/mapping_guard.h"
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

  // Throws Error if the file was cut short, or its disk failed, before all
  // that was read of bytes() was: zeros stood in for the rest.  To be called
  // when they have been read.
  void RequireWhole() const;

 private:
  std::filesystem::path path_;
  Bytes bytes_;
  uid_t owner_ = 0;
  std::unique_ptr<MappingGuard> guard_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_MAPPED_FILE_H_
