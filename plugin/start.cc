#include "plugin/start.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

#include "plugin/records.h"
#include "plugin/say.h"

namespace moetap {
namespace {

template <typename T>
bool Random(T* value) {
  return getrandom(value, sizeof(*value), 0) == ssize_t{sizeof(*value)};
}

size_t ReadSmallFile(const char* path, char* out, size_t size) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t n = read(fd, out, size - 1);
  close(fd);
  out[n > 0 ? n : 0] = '\0';
  return n > 0 ? static_cast<size_t>(n) : 0;
}

// Field 22 of /proc/self/stat, counted behind the last ')' because the
// process's name may hold anything.
uint64_t ProcessStart() {
  char stat[1024];
  if (ReadSmallFile("/proc/self/stat", stat, sizeof(stat)) == 0) return 0;
  const char* at = strrchr(stat, ')');
  for (int field = 2; at != nullptr && field < 22; ++field) {
    at = strchr(at + 1, ' ');
  }
  uint64_t ticks = 0;
  if (at == nullptr) return 0;
  for (++at; *at >= '0' && *at <= '9'; ++at) {
    ticks = ticks * 10 + static_cast<uint64_t>(*at - '0');
  }
  return ticks;
}

// "xxxxxxxx-xxxx-..." as 16 bytes.
void ReadBootId(uint8_t (&id)[16]) {
  char text[64];
  ReadSmallFile("/proc/sys/kernel/random/boot_id", text, sizeof(text));
  size_t digits = 0;
  for (const char* at = text; *at != '\0' && digits < 32; ++at) {
    const int value = *at >= '0' && *at <= '9'   ? *at - '0'
                      : *at >= 'a' && *at <= 'f' ? *at - 'a' + 10
                                                 : -1;
    if (value < 0) continue;
    id[digits / 2] = static_cast<uint8_t>(id[digits / 2] * 16 + value);
    ++digits;
  }
}

void Hex(const Uuid& uuid, size_t bytes, char* out) {
  for (size_t i = 0; i < bytes; ++i) {
    snprintf(out + 2 * i, 3, "%02x", unsigned{uuid[i]});
  }
}

bool AbsolutePath(const char* path, char (&out)[kMaxPath]) {
  out[0] = '\0';
  if (path[0] != '/' && getcwd(out, sizeof(out) - 1) == nullptr) return false;
  const size_t have = strlen(out);
  const char* slash = path[0] == '/' ? "" : "/";
  const int n = snprintf(out + have, sizeof(out) - have, "%s%s", slash, path);
  // Leave room for the names of the files in it.
  return n > 0 && have + static_cast<size_t>(n) + 64 < sizeof(out);
}

// Everything that Start makes and must undo if a later part fails.
struct Names {
  Uuid uuid;
  char directory[kMaxPath];
  char file[64];
  char file_path[kMaxPath];
  char ring[64];
};

bool MakeNames(const Config& config, Names* names, char (&why)[320]) {
  if (!Random(&names->uuid) ||
      !AbsolutePath(config.directory, names->directory)) {
    snprintf(why, sizeof(why), "cannot name a capture file: %s",
             strerrordesc_np(errno));
    return false;
  }
  names->uuid[6] = static_cast<uint8_t>((names->uuid[6] & 0x0F) | 0x40);
  names->uuid[8] = static_cast<uint8_t>((names->uuid[8] & 0x3F) | 0x80);
  char hex[33];
  Hex(names->uuid, 16, hex);
  snprintf(names->ring, sizeof(names->ring), "%s.ring", hex);
  snprintf(names->file, sizeof(names->file), "%d-%.8s.moetap.zst", getpid(),
           hex);
  const size_t n = strlen(names->directory);
  memcpy(names->file_path, names->directory, n);
  snprintf(names->file_path + n, sizeof(names->file_path) - n, "/%s",
           names->file);
  return true;
}

RingHeader* RingIn(const char* directory, const Names& names, uint64_t capacity,
                   char (&path)[kMaxPath]) {
  char why[256];
  const int fd = OpenPrivateDirectory(directory, why);
  if (fd < 0) return nullptr;
  RingHeader* ring = MapNewRing(fd, names.ring, capacity);
  const int error = errno;
  close(fd);
  snprintf(path, sizeof(path), "%.1900s/%s", directory, names.ring);
  errno = error;
  return ring;
}

RingHeader* MakeRing(const Names& names, const Config& config,
                     char (&path)[kMaxPath]) {
  char shared[64];
  snprintf(shared, sizeof(shared), "/dev/shm/moetap-%u", geteuid());
  RingHeader* ring = RingIn(shared, names, config.ring_bytes, path);
  if (ring != nullptr) return ring;
  ring = RingIn(names.directory, names, config.ring_bytes, path);
  if (ring != nullptr) {
    Say("no room for the ring in /dev/shm: it is in %.200s", names.directory);
  }
  return ring;
}

bool FillRing(RingHeader* ring, const Names& names, const Config& config) {
  new (ring) RingHeader;
  ring->pid = static_cast<uint32_t>(getpid());
  ring->pid_start = ProcessStart();
  struct stat ns;
  if (stat("/proc/self/ns/pid", &ns) == 0) ring->pid_ns = ns.st_ino;
  ReadBootId(ring->boot_id);
  ring->file_uuid = names.uuid;
  ring->capacity = config.ring_bytes;
  memcpy(ring->capture_file, names.file_path, sizeof(names.file_path));
  return Random(&ring->nonce);
}

void WriteFacts(Process* process, const Config& config,
                const Announced& announced) {
  char pid[16];
  snprintf(pid, sizeof(pid), "%d", getpid());
  char exe[kMaxPath];
  const ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
  exe[n > 0 ? n : 0] = '\0';
  const char* slash = strrchr(exe, '/');
  WriteFact(process, "moetap_version", MOETAP_VERSION);
  WriteFact(process, "process", slash == nullptr ? exe : slash + 1);
  WriteFact(process, "pid", pid);
  WriteFact(process, "tokens", config.store_tokens ? "full" : "none");
  WriteFact(process, "on_full", config.block_on_full ? "block" : "drop");
  for (size_t i = 0; !announced.fact(i).empty(); ++i) {
    if (announced.superseded(i)) continue;
    Write(process, RecordType::kFact, {AsBytes(announced.fact(i))});
  }
}

bool Fail(char (&why)[320], const char* what) {
  snprintf(why, sizeof(why), "cannot make %s: %s", what,
           strerrordesc_np(errno));
  return false;
}

// Ring and thread for the capture file that exists already.
bool StartWriter(Process* process, const Names& names, const Config& config,
                 const Announced& announced, char (&why)[320]) {
  RingHeader* ring = MakeRing(names, config, process->ring_path);
  if (ring == nullptr) {
    return Fail(why, "the ring (MOETAP_RING_BYTES smaller?)");
  }
  if (FillRing(ring, names, config)) {
    process->ring.Attach(ring);
    WriteFacts(process, config, announced);
    if (process->writer->Launch()) return true;
  }
  Fail(why, "the writer thread");
  unlink(process->ring_path);
  return false;
}

}  // namespace

bool StartProcess(Process* process, Config& config, const Announced& announced,
                  char (&why)[320]) {
  CloseInheritedCapture();
  if (config.problem[0] != '\0') {
    snprintf(why, sizeof(why), "%s", config.problem);
    return false;
  }
  if (!config.has_key && !Random(&config.key)) return Fail(why, "a key");
  config.has_key = true;
  Names names{};  // whole arrays of it go into the ring
  if (!MakeNames(config, &names, why)) return false;
  char reason[256];
  const int directory = OpenPrivateDirectory(names.directory, reason);
  if (directory < 0) {
    snprintf(why, sizeof(why), "%s", reason);
    return false;
  }
  process->writer =
      Writer::Create(&process->ring, &process->source, &process->host_time);
  bool started = process->writer != nullptr &&
                 process->writer->file().Create(
                     directory, names.file, names.file_path, config.max_bytes);
  if (!started) {
    Fail(why, "the capture file");
  } else if (!StartWriter(process, names, config, announced, why)) {
    unlinkat(directory, names.file, 0);
    CloseInheritedCapture();
    started = false;
  }
  close(directory);
  return started;
}

}  // namespace moetap
