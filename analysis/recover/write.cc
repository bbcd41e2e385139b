#include "analysis/recover/write.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "analysis/error.h"
#include "analysis/file_descriptor.h"
#include "analysis/output.h"
#include "schema/block_builder.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& path, const char* doing) {
  throw Error(fmt::format("{}: {}: {}", Printable(path.string()), doing,
                          std::strerror(errno)));
}

// A new directory of our own; empties and removes it unless it is kept.
class NewDirectory {
 public:
  explicit NewDirectory(const fs::path& path) : path_(path) {
    if (mkdir(path.c_str(), 0700) != 0) {
      Fail(path, "cannot be made a new directory; choose another with -o");
    }
    directory_.fd =
        open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory_.fd < 0 || fchmod(directory_.fd, 0700) != 0) {
      const int error = errno;
      rmdir(path.c_str());
      errno = error;
      Fail(path, "cannot be opened");
    }
  }
  ~NewDirectory() {
    if (kept_) return;
    for (const std::string& name : names_) {
      unlinkat(directory_.fd, name.c_str(), 0);
    }
    rmdir(path_.c_str());
  }
  NewDirectory(const NewDirectory&) = delete;
  NewDirectory& operator=(const NewDirectory&) = delete;

  // An empty file of that name, open for writing.
  int Create(const std::string& name) {
    const int fd =
        openat(directory_.fd, name.c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) Fail(path_ / name, "cannot be made");
    names_.push_back(name);
    fchmod(fd, 0600);  // whatever the umask is
    return fd;
  }

  void Keep() {
    if (fsync(directory_.fd) != 0) Fail(path_, "cannot be put on disk");
    kept_ = true;
  }

  const fs::path& path() const { return path_; }

 private:
  const fs::path path_;
  FileDescriptor directory_{-1};
  std::vector<std::string> names_;
  bool kept_ = false;
};

// One output file.
class BlockFile {
 public:
  BlockFile(NewDirectory* directory, const std::string& name)
      : path_(directory->path() / name), file_(directory->Create(name)) {}

  void Append(Bytes bytes) {
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t n =
          write(file_.fd, bytes.data() + done, bytes.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) Fail(path_, "cannot be written");
      done += static_cast<size_t>(n);
    }
    bytes_ += bytes.size();
  }

  void Pack(BlockHeader header, Bytes raw) {
    packed_.resize(PackedBound(raw.size()));
    const size_t size = PackBlock(context_.get(), &header, raw, packed_);
    if (size == 0) throw Error("zstd cannot compress a ring's records");
    Append(Bytes(packed_).first(size));
  }

  uint64_t Close() {
    if (fsync(file_.fd) != 0) Fail(path_, "cannot be put on disk");
    return bytes_;
  }

 private:
  const fs::path path_;
  FileDescriptor file_;
  uint64_t bytes_ = 0;
  std::vector<uint8_t> packed_;
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_{ZSTD_createCCtx(),
                                                              ZSTD_freeCCtx};
};

std::string WhatIsLost(const RecoveredFile& file) {
  std::string text = "written by moetap recover; lost:";
  for (size_t i = 0; i < file.missing.size() && i < 100; ++i) {
    const MissingBlocks& gap = file.missing[i];
    text += gap.first == gap.last
                ? fmt::format(" block {},", gap.first)
                : fmt::format(" blocks {} to {},", gap.first, gap.last);
  }
  if (file.missing.size() > 100) text += " further blocks,";
  return text +
         fmt::format(" {} token-layers by the counters", file.lost_rows());
}

// The block that says what the file lacks.  If that is its end, whatever ran
// after the last step that is there is among the lost.
void AppendNote(const RecoveredFile& file, BlockHeader header, BlockFile* out) {
  const auto arena = std::make_unique<uint8_t[]>(BlockBuilder::ArenaBytes());
  BlockBuilder builder({arena.get(), BlockBuilder::ArenaBytes()});
  const std::string status = std::string("recovered") + '\0' + WhatIsLost(file);
  builder.Add(RecordType::kStatus,
              {reinterpret_cast<const uint8_t*>(status.data()), status.size()});
  if (file.tail_lost) {
    const DropRecord drop{file.last_step, ~uint64_t{0}, 0, 0};
    builder.Add(RecordType::kDrop,
                {reinterpret_cast<const uint8_t*>(&drop), sizeof(drop)});
  }
  header.sequence = file.end_sequence;
  header.counters = file.counters;
  out->Pack(header, builder.Finish());
}

uint64_t WriteFile(const RecoveryPlan& plan, const RecoveredFile& file,
                   NewDirectory* directory) {
  BlockFile out(directory, file.name);
  BlockHeader next;  // of what is added; times repeat the last that is known
  next.file_uuid = file.uuid;
  next.time_ns = static_cast<uint64_t>(std::time(nullptr)) * 1'000'000'000;
  for (const KeptBlock& block : file.blocks) {
    const BlockHeader& header = block.header;
    out.Append(plan.inputs[block.part].bytes().subspan(
        block.offset, header.header_size + header.packed_size));
    next.time_ns = header.time_ns;
    next.ring_end = std::max(next.ring_end, header.ring_end);
  }
  for (const CaptureBlock& block : file.ring) {
    BlockHeader header = block.header;
    header.time_ns = next.time_ns;
    out.Pack(header, block.raw);
    next.ring_end = header.ring_end;
  }
  next.ring_begin = next.ring_end;
  if (file.lossy) AppendNote(file, next, &out);
  return out.Close();
}

}  // namespace

uint64_t WriteRecovered(const RecoveryPlan& plan, const fs::path& directory) {
  NewDirectory out(directory);
  uint64_t bytes = 0;
  for (const RecoveredFile& file : plan.files) {
    bytes += WriteFile(plan, file, &out);
  }
  for (const MappedFile& input : plan.inputs) input.RequireWhole();
  out.Keep();
  return bytes;
}

}  // namespace moetap
