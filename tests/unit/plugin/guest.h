// A process that is being recorded: tests fork one for each scenario, because
// a process starts its recorder once.
#ifndef MOETAP_TESTS_UNIT_PLUGIN_GUEST_H_
#define MOETAP_TESTS_UNIT_PLUGIN_GUEST_H_

#include <gtest/gtest.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "plugin/config.h"

namespace moetap {

class GuestTest : public testing::Test {
 protected:
  GuestTest();
  ~GuestTest() override;

  // Configuration of the guests: a capture directory of this test's own, and
  // the least ring.
  Config& config() { return config_; }
  const std::filesystem::path& directory() const { return directory_; }

  // Runs `body` in a forked process, configured, and ends that as a program
  // ends.  Failed expectations in it fail the test.
  void RunGuest(const std::function<void()>& body);

  // As RunGuest, but the process is killed by SIGKILL after `body`.
  void RunAndKillGuest(const std::function<void()>& body);

  // Ring files that guests of this test left behind, wherever they are.
  std::vector<std::filesystem::path> LeftoverRings() const;

 private:
  std::filesystem::path directory_;
  Config config_;
};

// Ids of dispatch `number` of any test: k ascending ids per row, which no
// other row of the dispatch shares.
std::vector<int32_t> MakeIds(uint32_t number, uint32_t rows, uint32_t k);

// Reports a dispatch of MakeIds to the recorder; layers are numbered from 0.
void Dispatch(uint32_t layer, uint32_t number, uint32_t rows, uint32_t k);

// Waits for a forked process and returns its wait status.
int WaitFor(pid_t pid);

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_PLUGIN_GUEST_H_
