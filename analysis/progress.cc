#include "analysis/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace moetap {
namespace {

using Clock = std::chrono::steady_clock;
// Work shorter than the first of these shows no bar at all.
constexpr std::chrono::milliseconds kFirst{500};
constexpr std::chrono::milliseconds kInterval{100};
constexpr size_t kWidth = 30;

}  // namespace

Progress::Progress(std::string label, uint64_t total)
    : label_(std::move(label)),
      total_(std::max<uint64_t>(total, 1)),
      enabled_(isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + kFirst) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void Progress::Add(uint64_t done) {
  if (!enabled_) return;
  const std::lock_guard lock(mutex_);
  done_ = std::min(done_ + done, total_);
  if (Clock::now() < next_) return;
  next_ = Clock::now() + kInterval;
  Draw();
}

void Progress::Draw() {
  const auto share = static_cast<double>(done_) / static_cast<double>(total_);
  const auto filled = static_cast<size_t>(share * static_cast<double>(kWidth));
  fmt::print(stderr, "\r{} [{:<{}}] {:3.0f} %", label_,
             std::string(filled, '='), kWidth, share * 100);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace moetap
