#include "tests/faults/interleavings.h"

namespace moetap {
namespace {

constexpr size_t kStackBytes = size_t{1} << 16;

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

}  // namespace

Interleavings* Interleavings::running_ = nullptr;

void Interleavings::Step() {
  if (running_ == nullptr) return;  // no body: a check looks at the memory
  swapcontext(&running_->fibers_[running_->current_].context, &running_->main_);
}

void Interleavings::Observe(uint64_t value) {
  if (running_ == nullptr) return;
  Fiber& fiber = running_->fibers_[running_->current_];
  fiber.seen = Mix(fiber.seen, value);
}

void Interleavings::Enter(int fiber) {
  const auto i = static_cast<size_t>(fiber);
  running_->program_.bodies[i]();
  running_->fibers_[i].ended = true;
}

void Interleavings::Begin() {
  program_.reset();
  fibers_.resize(program_.bodies.size());
  for (size_t i = 0; i < fibers_.size(); ++i) {
    Fiber& fiber = fibers_[i];
    fiber.stack.resize(kStackBytes);
    fiber.seen = 0;
    fiber.ended = false;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = &main_;
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(Enter), 1,
                static_cast<int>(i));
    Advance(i);  // to its first operation
  }
}

// Does the operation that `fiber` stands before, and what follows up to the
// next one.
void Interleavings::Advance(size_t fiber) {
  running_ = this;
  current_ = fiber;
  fibers_[fiber].seen = Mix(fibers_[fiber].seen, 1);
  swapcontext(&main_, &fibers_[fiber].context);
  running_ = nullptr;
}

bool Interleavings::NewState() {
  uint64_t hash = program_.memory();
  for (const Fiber& fiber : fibers_) {
    hash = Mix(hash, fiber.seen * 2 + fiber.ended);
  }
  return seen_.insert(hash).second;
}

// As `schedule` says, then always the first that can, leaving the others for
// later; no further than into a state that was reached before.
void Interleavings::Run(std::vector<uint8_t> schedule) {
  Begin();
  for (const uint8_t fiber : schedule) Advance(fiber);
  while (NewState()) {
    std::vector<uint8_t> able;
    for (size_t i = 0; i < fibers_.size(); ++i) {
      if (!fibers_[i].ended) able.push_back(static_cast<uint8_t>(i));
    }
    program_.check(able.empty());
    if (able.empty()) return;
    for (size_t i = 1; i < able.size(); ++i) {
      untried_.push_back(schedule);
      untried_.back().push_back(able[i]);
    }
    schedule.push_back(able[0]);
    Advance(able[0]);
  }
}

void Interleavings::Explore() {
  untried_.push_back({});
  while (!untried_.empty()) {
    std::vector<uint8_t> schedule = std::move(untried_.back());
    untried_.pop_back();
    Run(std::move(schedule));
  }
}

}  // namespace moetap
