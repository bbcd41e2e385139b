#include "analysis/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "analysis/error.h"
#include "analysis/file_descriptor.h"
#include "analysis/output.h"

namespace moetap {
namespace {

[[noreturn]] void Fail(const std::filesystem::path& path, const char* doing) {
  throw Error(fmt::format("{}: {}: {}", Printable(path.string()), doing,
                          std::strerror(errno)));
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const FileDescriptor file{
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.fd < 0) Fail(path, "cannot be opened");
  struct stat status;
  if (fstat(file.fd, &status) != 0) Fail(path, "cannot be examined");
  if (!S_ISREG(status.st_mode)) {
    throw Error(
        fmt::format("{}: is not a regular file", Printable(path.string())));
  }
  owner_ = status.st_uid;
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return;
  void* at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (at == MAP_FAILED) Fail(path, "cannot be mapped");
  bytes_ = Bytes(static_cast<const uint8_t*>(at), size);
  guard_ = std::make_unique<MappingGuard>(bytes_);
}

MappedFile::~MappedFile() {
  guard_.reset();
  if (!bytes_.empty()) {
    munmap(const_cast<uint8_t*>(bytes_.data()), bytes_.size());
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      bytes_(std::exchange(other.bytes_, Bytes())),
      owner_(other.owner_),
      guard_(std::move(other.guard_)) {}

void MappedFile::RequireWhole() const {
  if (guard_ == nullptr || !guard_->lost()) return;
  throw Error(fmt::format(
      "{}: was cut short, or its disk failed, while it was being read; read it "
      "again when nothing writes to it, or a copy",
      Printable(path_.string())));
}

}  // namespace moetap
