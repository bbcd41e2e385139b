#include "analysis/code/code_cache.h"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "analysis/code/descriptor.h"
#include "analysis/error.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

// Of the whole file: this head, then the four texts.  The byte order is the
// machine's, as the folder does not leave it.
struct Head {
  char magic[8] = {'m', 't', 'c', 'o', 'd', 'e', '0', '1'};
  uint64_t checksum = 0;  // XXH3-64 of what follows this field
  uint64_t status = 0;
  uint64_t identity = 0;  // sizes, in this order
  uint64_t code = 0;
  uint64_t assembly = 0;
  uint64_t message = 0;
};
constexpr size_t kChecked = offsetof(Head, status);
constexpr size_t kEntryBytes = size_t{64} << 20;

bool Repeatable(CompileStatus status) {
  return status != CompileStatus::kTime && status != CompileStatus::kMemory;
}

std::string Pack(std::string_view identity, std::string_view code,
                 const Compiled& compiled) {
  Head head;
  head.status = static_cast<uint64_t>(compiled.status);
  head.identity = identity.size();
  head.code = code.size();
  head.assembly = compiled.assembly.size();
  head.message = compiled.message.size();
  std::string entry(reinterpret_cast<const char*>(&head), sizeof head);
  entry.append(identity).append(code);
  entry.append(compiled.assembly).append(compiled.message);
  head.checksum = XXH3_64bits(entry.data() + kChecked, entry.size() - kChecked);
  std::memcpy(entry.data(), &head, sizeof head);
  return entry;
}

bool SizesFit(const Head& head, size_t bytes) {
  for (const uint64_t size :
       {head.identity, head.code, head.assembly, head.message}) {
    if (size > bytes) return false;
  }
  return head.identity + head.code + head.assembly + head.message == bytes;
}

std::optional<Compiled> Unpack(std::string_view entry,
                               std::string_view identity,
                               std::string_view code) {
  Head head;
  const Head expected;
  if (entry.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, entry.data(), sizeof head);
  std::string_view rest = entry.substr(sizeof head);
  if (std::memcmp(head.magic, expected.magic, sizeof head.magic) != 0 ||
      head.status > static_cast<uint64_t>(CompileStatus::kCrash) ||
      !SizesFit(head, rest.size()) ||
      head.checksum !=
          XXH3_64bits(entry.data() + kChecked, entry.size() - kChecked)) {
    return std::nullopt;
  }
  const auto take = [&rest](uint64_t size) {
    const std::string_view taken = rest.substr(0, size);
    rest.remove_prefix(size);
    return taken;
  };
  if (take(head.identity) != identity || take(head.code) != code) {
    return std::nullopt;
  }
  Compiled compiled;
  compiled.status = static_cast<CompileStatus>(head.status);
  compiled.assembly = take(head.assembly);
  compiled.message = take(head.message);
  return compiled;
}

// Nothing if it is no ordinary file of an entry's size.
std::optional<std::string> ReadEntry(const fs::path& path) {
  const Descriptor file(
      open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat status = {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0 ||
      !S_ISREG(status.st_mode) ||
      static_cast<uint64_t>(status.st_size) > kEntryBytes) {
    return std::nullopt;
  }
  std::string entry(static_cast<size_t>(status.st_size), '\0');
  if (pread(file.get(), entry.data(), entry.size(), 0) != status.st_size) {
    return std::nullopt;
  }
  return entry;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void MakeOwnFolder(const fs::path& folder) {
  std::error_code ignored;
  if (folder.has_parent_path()) {
    fs::create_directories(folder.parent_path(), ignored);
  }
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Error(folder.string() + ": " + std::strerror(errno));
  }
  struct stat status = {};
  if (lstat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != geteuid() || (status.st_mode & 022) != 0) {
    throw Error(folder.string() +
                ": a cache must be a folder of your own that only you can "
                "write to (chmod 700)");
  }
}

}  // namespace

CodeCache::CodeCache(fs::path folder, std::string identity)
    : folder_(std::move(folder)), identity_(std::move(identity)) {
  MakeOwnFolder(folder_);
}

fs::path CodeCache::PathOf(std::string_view code) const {
  const XXH64_hash_t seed = XXH3_64bits(identity_.data(), identity_.size());
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(code.data(), code.size(), seed);
  const std::string name =
      fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  return folder_ / name.substr(0, 2) / name.substr(2);
}

std::optional<Compiled> CodeCache::Find(std::string_view code) const {
  const std::optional<std::string> entry = ReadEntry(PathOf(code));
  return entry ? Unpack(*entry, identity_, code) : std::nullopt;
}

void CodeCache::Add(std::string_view code, const Compiled& compiled) const {
  if (!Repeatable(compiled.status)) return;
  const fs::path path = PathOf(code);
  mkdir(path.parent_path().c_str(), 0700);
  std::string temporary = path.parent_path() / "new-XXXXXX";
  const Descriptor file(mkostemp(temporary.data(), O_CLOEXEC));
  if (file.get() < 0) return;
  if (!WriteAll(file.get(), Pack(identity_, code, compiled)) ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    unlink(temporary.c_str());
  }
}

}  // namespace moetap
