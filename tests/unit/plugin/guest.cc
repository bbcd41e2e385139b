#include "tests/unit/plugin/guest.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "hooks/event_sink.h"
#include "hooks/registry.h"
#include "plugin/process.h"
#include "plugin/recorder.h"
#include "schema/ring_format.h"
#include "tests/unit/plugin/capture_files.h"

namespace moetap {
namespace {

Recorder g_recorder;

pid_t Fork(const Config& config, const std::function<void()>& body,
           const std::function<void()>& end) {
  fflush(nullptr);
  const pid_t pid = fork();
  if (pid != 0) return pid;
  Configure(config);
  body();
  end();
  fflush(nullptr);
  _exit(testing::Test::HasFailure() ? 1 : 0);
}

// Ends a guest whose writer has kept up, however slow the machine: what a
// library does that is given two seconds is another matter.
void End() {
  if (const Process* process = StartedProcess()) {
    const RingHeader* ring = process->ring.header();
    while (ring->persisted.load() != ring->reserved.load()) usleep(1000);
  }
  FinishProcess();
}

}  // namespace

GuestTest::GuestTest() {
  std::string path = testing::TempDir() + "moetap-guest-XXXXXX";
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  directory_ = path;
  snprintf(config_.directory, sizeof(config_.directory), "%s/capture",
           path.c_str());
  directory_ /= "capture";
  config_.enabled = true;
  config_.ring_bytes = kMinRingBytes;
}

GuestTest::~GuestTest() {
  for (const auto& ring : LeftoverRings()) std::filesystem::remove(ring);
  std::filesystem::remove_all(directory_.parent_path());
}

void GuestTest::RunGuest(const std::function<void()>& body) {
  EXPECT_EQ(WaitFor(Fork(config_, body, End)), 0);
}

void GuestTest::RunAndKillGuest(const std::function<void()>& body) {
  const pid_t pid = Fork(config_, body, [] { raise(SIGKILL); });
  const int status = WaitFor(pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

std::vector<std::filesystem::path> GuestTest::LeftoverRings() const {
  std::vector<std::filesystem::path> found;
  const std::string shared = "/dev/shm/moetap-" + std::to_string(geteuid());
  for (const auto& where : {std::filesystem::path(shared), directory_}) {
    for (const auto& path : FilesIn(where, ".ring")) {
      const std::vector<uint8_t> head = ReadBytes(path, kRingHeaderBytes);
      if (head.size() < kRingHeaderBytes) continue;
      const std::filesystem::path file(reinterpret_cast<const char*>(
          head.data() + offsetof(RingHeader, capture_file)));
      if (file.parent_path() == directory_) {
        found.push_back(path);
      }
    }
  }
  return found;
}

std::vector<int32_t> MakeIds(uint32_t number, uint32_t rows, uint32_t k) {
  std::vector<int32_t> ids;
  for (uint32_t row = 0; row < rows; ++row) {
    for (uint32_t j = 0; j < k; ++j) {
      ids.push_back(static_cast<int32_t>((number * 7 + row) % 60000 + j));
    }
  }
  return ids;
}

void Dispatch(uint32_t layer, uint32_t number, uint32_t rows, uint32_t k) {
  static char weights[64][4096];
  const std::vector<int32_t> ids = MakeIds(number, rows, k);
  RoutingSink& sink = g_recorder;
  sink.OnDispatch({.hook = &kCpuFusedMoe,
                   .layer_key = weights[layer],
                   .ids = ids.data(),
                   .row_stride = k,
                   .column_stride = 1,
                   .rows = rows,
                   .k = k,
                   .id_bytes = 4,
                   .id_signed = true});
}

int WaitFor(pid_t pid) {
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return status;
}

}  // namespace moetap

// Some scenarios fork a guest that has a writer thread.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
