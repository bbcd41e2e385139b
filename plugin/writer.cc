#include "plugin/writer.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <new>

#include "plugin/clock.h"
#include "plugin/say.h"

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

namespace moetap {
namespace {

constexpr int64_t kMillisecond = 1'000'000;
constexpr int64_t kQuiet = 200 * kMillisecond;    // closes a block
constexpr int64_t kOldest = 5000 * kMillisecond;  // closes a block
constexpr int64_t kSleep = 100 * kMillisecond;
constexpr int64_t kShortSleep = 20 * kMillisecond;
constexpr uint64_t kLittle = 64;  // a ring's part that may come during a sleep
constexpr size_t kStackBytes = size_t{1} << 20;
constexpr int kNice = 10;

void FutexWait(std::atomic<uint32_t>* word, uint32_t while_value,
               int64_t nanoseconds) {
  const timespec t = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, while_value, &t, nullptr, 0);
}

void SetAndWake(std::atomic<uint32_t>* word) {
  word->store(1, std::memory_order_release);
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// Every call may fail in a sandbox; the thread then runs as it was made.
void BeAGuest() {
  prctl(PR_SET_NAME, "moetap");
  cpu_set_t all;
  memset(&all, 0xFF, sizeof(all));
  sched_setaffinity(0, sizeof(all), &all);
  const sched_param none{};
  sched_setscheduler(0, SCHED_BATCH, &none);
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
}

void* ThreadMain(void* writer) {
  BeAGuest();
  static_cast<Writer*>(writer)->Run();
  return nullptr;
}

// Enters the ring's pages, which its file has, into the page table, so that no
// engine thread has to, and as huge pages if the kernel can: an engine has long
// thrown the ring out of the TLB when it dispatches.  Linux before 5.14 refuses
// the former, before 6.1 the latter, which also other files than a tmpfs's do.
void FaultIn(RingHeader* ring) {
  constexpr int kCollapse = 25;  // MADV_COLLAPSE, which glibc 2.36 has not
  const size_t size = kRingHeaderBytes + ring->capacity;
  madvise(ring, size, kCollapse);
  madvise(ring, size, MADV_POPULATE_WRITE);
}

constexpr size_t Aligned(size_t size) { return (size + 63) / 64 * 64; }

void Merge(DropRecord* into, const DropRecord& drops) {
  if (drops.rows == 0 && drops.records == 0) return;
  const bool first = into->rows == 0 && into->records == 0;
  into->first_step =
      first ? drops.first_step : std::min(into->first_step, drops.first_step);
  into->last_step = std::max(into->last_step, drops.last_step);
  into->rows += drops.rows;
  into->records += drops.records;
}

}  // namespace

Writer* Writer::Create(RingBuffer* ring,
                       const std::atomic<RecordSource*>* source,
                       const HostTime* host_time) {
  const size_t self = Aligned(sizeof(Writer));
  const size_t arena = Aligned(BlockBuilder::ArenaBytes());
  const size_t zstd = Aligned(ZSTD_estimateCCtxSize(kZstdLevel));
  const size_t packed = PackedBound(kMaxRawBlock);
  auto* memory =
      static_cast<uint8_t*>(MapPrivate(self + arena + zstd + packed));
  if (memory == nullptr) return nullptr;
  return new (memory) Writer(ring, source, host_time, {memory + self, arena},
                             {memory + self + arena, zstd},
                             {memory + self + arena + zstd, packed});
}

Writer::Writer(RingBuffer* ring, const std::atomic<RecordSource*>* source,
               const HostTime* host_time, std::span<uint8_t> arena,
               std::span<uint8_t> zstd_memory, std::span<uint8_t> packed)
    : ring_(ring),
      source_(source),
      builder_(arena),
      zstd_(ZSTD_initStaticCCtx(zstd_memory.data(), zstd_memory.size())),
      packed_(packed),
      cost_(host_time) {}

bool Writer::Launch() {
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  int error = pthread_create(&thread, &attributes, ThreadMain, this);
  if (error == EINVAL) {  // the host's thread-local data need a larger stack
    pthread_attr_t larger;
    pthread_attr_init(&larger);
    pthread_attr_setdetachstate(&larger, PTHREAD_CREATE_DETACHED);
    error = pthread_create(&thread, &larger, ThreadMain, this);
    pthread_attr_destroy(&larger);
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  pthread_attr_destroy(&attributes);
  errno = error;
  return error == 0;
}

bool Writer::Finish(int milliseconds) {
  SetAndWake(&stop_);
  const int64_t end = Now(CLOCK_MONOTONIC) + milliseconds * kMillisecond;
  while (done_.load(std::memory_order_acquire) == 0) {
    const int64_t left = end - Now(CLOCK_MONOTONIC);
    if (left <= 0) return false;
    FutexWait(&done_, 0, left);
  }
  const RingHeader* header = ring_->header();
  return header->persisted.load(std::memory_order_acquire) ==
             header->reserved.load(std::memory_order_acquire) &&
         header->dropped_rows.load() == told_.dropped_rows &&
         header->dropped_records.load() == told_.dropped_records;
}

void Writer::Run() {
  cost_.Start(Moment::Now());
  FaultIn(ring_->header());
  // A small ring is given back in quarters, so that it does not stand full.
  close_at_ = std::min<uint64_t>(kBlockTarget, ring_->header()->capacity / 4);
  read_ = ring_->header()->persisted.load(std::memory_order_relaxed);
  ReadRing();
  CloseBlock();  // the facts are on disk before anything can go wrong
  while (stop_.load(std::memory_order_acquire) == 0) {
    ReadRing();
    AddDrops();
    if (Due()) CloseBlock();
    Sleep();
  }
  ReadToTheEnd();
  AddDrops();
  CloseBlock();
  TellLosses();
  if (!file_.Close()) {
    Say("the last blocks may be lost: %s", strerrordesc_np(errno));
  }
  SetAndWake(&done_);
}

void Writer::Pump() {
  RecordSource* source = source_->load(std::memory_order_acquire);
  if (source != nullptr) source->Pump(ring_);
}

// True if there was anything to read.
bool Writer::ReadRing() {
  Pump();
  RingBuffer::Record record;
  const uint64_t begin = read_;
  while (ring_->Peek(read_, &record) == RingBuffer::Peeked::kRecord) {
    if (record.type != RecordType::kPad) Add(record.type, record.payload);
    read_ = record.end;
    const uint64_t persisted =
        ring_->header()->persisted.load(std::memory_order_relaxed);
    if (read_ - persisted >= close_at_) {
      AddDrops();
      CloseBlock();
    }
  }
  if (read_ == begin) return false;
  read_ns_ = Now(CLOCK_MONOTONIC);
  if (opened_ns_ == 0) opened_ns_ = read_ns_;
  return true;
}

// Waits a moment for threads that are about to publish; a thread that died
// before it did so leaves a hole, and the ring stays behind it.
void Writer::ReadToTheEnd() {
  for (int tries = 0; tries < 50; ++tries) {
    ReadRing();
    if (read_ == ring_->header()->reserved.load(std::memory_order_acquire)) {
      return;
    }
    const timespec t = {0, kShortSleep};
    nanosleep(&t, nullptr);
  }
}

void Writer::Add(RecordType type, Bytes payload) {
  BlockBuilder::Added added = builder_.Add(type, payload);
  if (added == BlockBuilder::Added::kFull) {
    CloseBlock();
    added = builder_.Add(type, payload);
  }
  if (added == BlockBuilder::Added::kYes) {
    Account(type, payload);
  } else {
    ring_->CountDrop(step_, 0, 1);
  }
}

void Writer::Account(RecordType type, Bytes payload) {
  switch (type) {
    case RecordType::kDispatch: {
      DispatchRecord dispatch;
      memcpy(&dispatch, payload.data(), sizeof(dispatch));
      open_.rows += dispatch.rows;
      AccountStep(payload);
      break;
    }
    case RecordType::kDrop: {
      DropRecord drops;
      memcpy(&drops, payload.data(), sizeof(drops));
      Merge(&open_.drops, drops);
      break;
    }
    case RecordType::kFact:
    case RecordType::kLayer:
      break;  // in every later block again
    case RecordType::kStatus:
      break;  // on stderr already
    case RecordType::kStepBegin:
    case RecordType::kStepEnd:
      AccountStep(payload);
      [[fallthrough]];
    default:
      ++open_.records;
  }
}

// The records of a step begin with its number.
void Writer::AccountStep(Bytes payload) {
  memcpy(&step_, payload.data(), sizeof(step_));
  open_.first_step = std::min(open_.first_step, step_);
  open_.last_step = std::max(open_.last_step, step_);
}

void Writer::AddDrops() {
  DropRecord drops{};
  const bool more = ring_->TakeDrops(&drops) || builder_.pending() > 0;
  if (!more && !telling_) return;  // no reason to try the disk again
  Merge(&drops, carried_);
  carried_ = {};
  if (drops.rows == 0 && drops.records == 0) return;
  Add(RecordType::kDrop,
      Bytes(reinterpret_cast<const uint8_t*>(&drops), sizeof(drops)));
}

bool Writer::Due() const {
  if (opened_ns_ == 0 && builder_.pending() == 0) return false;
  const int64_t now = Now(CLOCK_MONOTONIC);
  return now - read_ns_ >= kQuiet || now - opened_ns_ >= kOldest;
}

Counters Writer::CountersNow() const {
  const RingHeader& h = *ring_->header();
  return {.rows = rows_ + open_.rows,
          .dispatches = h.dispatches.load(std::memory_order_relaxed),
          .dropped_rows = h.dropped_rows.load(std::memory_order_relaxed),
          .dropped_records = h.dropped_records.load(std::memory_order_relaxed),
          .stalls = h.stalls.load(std::memory_order_relaxed)};
}

bool Writer::CloseBlock() {
  const RingHeader& ring = *ring_->header();
  const uint64_t begin = ring.persisted.load(std::memory_order_relaxed);
  opened_ns_ = 0;
  if (read_ == begin && builder_.pending() == 0) return true;
  BlockHeader header;
  header.file_uuid = ring.file_uuid;
  header.sequence = sequence_;
  header.ring_begin = begin;
  header.ring_end = read_;
  header.time_ns = static_cast<uint64_t>(Now(CLOCK_REALTIME));
  header.counters = CountersNow();
  header.header_size = sizeof(BlockHeader);
  header.cost = cost_.Read(file_.size(), Moment::Now());
  const Measure measure{.context = zstd_, .scratch = packed_};
  const size_t size =
      PackBlock(zstd_, &header, builder_.Finish(measure), packed_);
  errno = EOVERFLOW;  // what it is if PackBlock failed
  auto wrote = CaptureFile::Wrote::kFailed;
  if (size > 0) {
    wrote = telling_ ? file_.AppendAlways(packed_.data(), size)
                     : file_.Append(packed_.data(), size);
  }
  const bool written = wrote == CaptureFile::Wrote::kYes;
  if (written) {
    ++sequence_;
    rows_ += open_.rows;
    told_ = header.counters;
  } else {
    Discard(wrote, errno);
  }
  open_ = {};
  ring_->Persist(read_);
  if (untold_ && !telling_) TellLosses();
  return written;
}

// The block could not be written: its content is counted as lost.
void Writer::Discard(CaptureFile::Wrote why, int error) {
  if (open_.rows > 0 || open_.records > 0) {
    ring_->CountDrop(std::min(open_.first_step, step_), open_.rows,
                     open_.records);
    ring_->CountDrop(std::max(open_.last_step, step_), 0, 0);
  }
  ring_->header()->rows.fetch_sub(open_.rows, std::memory_order_relaxed);
  Merge(&carried_, open_.drops);
  if (disk_problem_[0] != '\0') return;
  constexpr char kLimit[] =
      "the capture file reached its limit (MOETAP_MAX_BYTES, or 5 % of the "
      "disk left): later rows are counted, not stored";
  if (why == CaptureFile::Wrote::kLimit) {
    snprintf(disk_problem_, sizeof(disk_problem_), "%s", kLimit);
  } else {
    snprintf(disk_problem_, sizeof(disk_problem_),
             "writing the capture file failed (%s): rows are counted, not "
             "stored, until it works again",
             strerrordesc_np(error));
  }
  Say("%s", disk_problem_);
  untold_ = true;
}

// Tells in the file what was lost so far, as far as it can be told.
void Writer::TellLosses() {
  telling_ = true;
  if (untold_) {
    uint8_t status[sizeof("disk") + sizeof(disk_problem_)] = "disk";
    const size_t text = strlen(disk_problem_);
    memcpy(status + sizeof("disk"), disk_problem_, text);
    Add(RecordType::kStatus, Bytes(status, sizeof("disk") + text));
  }
  AddDrops();
  if (CloseBlock()) untold_ = false;
  telling_ = false;
}

// Sleeps on the stop word: nobody but Finish() ever wakes this thread.  To be
// woken is most of what it costs where little is to be written.  What a device
// has takes whole slots there, however little of it comes here.
void Writer::Sleep() {
  const uint64_t came = read_ - slept_at_;
  slept_at_ = read_;
  const bool device = source_->load(std::memory_order_relaxed) != nullptr;
  const uint64_t little = device ? 0 : ring_->header()->capacity / kLittle;
  FutexWait(&stop_, 0, came > little ? kShortSleep : kSleep);
}

}  // namespace moetap
