// The thread that turns published records into blocks of the capture file.
#ifndef MOETAP_PLUGIN_WRITER_H_
#define MOETAP_PLUGIN_WRITER_H_

#include <atomic>
#include <cstdint>
#include <span>

#include "plugin/cost_meter.h"
#include "plugin/private_files.h"
#include "plugin/record_source.h"
#include "plugin/ring_buffer.h"
#include "schema/block_builder.h"

struct ZSTD_CCtx_s;

namespace moetap {

class Writer {
 public:
  // All memory that the writer ever needs, in one mapping that a forked child
  // does not inherit.  Null: no memory.  The arguments must outlive the thread;
  // what `source` holds, if anything, may be set at any time.
  static Writer* Create(RingBuffer* ring,
                        const std::atomic<RecordSource*>* source,
                        const HostTime* host_time);

  // To be created before Launch().
  CaptureFile& file() { return file_; }

  // Starts the thread: all signals blocked, any CPU, lowest scheduling class
  // that still runs on a busy machine.  False: errno.
  bool Launch();

  // Any thread: writes what was published, closes the file and waits for that
  // at most `milliseconds`.  True: everything reserved in the ring is in the
  // file, and so is how much was lost; the ring is not needed any more.
  bool Finish(int milliseconds);

  // The thread's body; public for tests that have no use for a thread.
  void Run();

 private:
  Writer(RingBuffer* ring, const std::atomic<RecordSource*>* source,
         const HostTime* host_time, std::span<uint8_t> arena,
         std::span<uint8_t> zstd_memory, std::span<uint8_t> packed);

  struct Open {  // what the open block holds
    uint64_t rows = 0;
    uint64_t records = 0;
    uint64_t first_step = UINT64_MAX;
    uint64_t last_step = 0;
    DropRecord drops{};
  };

  void Pump();
  bool ReadRing();
  void ReadToTheEnd();
  void Add(RecordType type, Bytes payload);
  void Account(RecordType type, Bytes payload);
  void AccountStep(Bytes payload);
  void AddDrops();
  bool Due() const;
  bool CloseBlock();  // false: what it held is counted as lost
  void Discard(CaptureFile::Wrote why, int error);
  void TellLosses();
  Counters CountersNow() const;
  void Sleep();

  RingBuffer* ring_;
  const std::atomic<RecordSource*>* source_;
  BlockBuilder builder_;
  ZSTD_CCtx_s* zstd_;
  std::span<uint8_t> packed_;
  CaptureFile file_;
  CostMeter cost_;
  uint64_t close_at_;      // ring bytes that make a full block
  uint64_t read_ = 0;      // position of the next record
  uint64_t slept_at_ = 0;  // where it was before the last sleep
  uint64_t rows_ = 0;      // in written blocks
  uint64_t sequence_ = 0;  // of the next block
  uint64_t step_ = 0;      // last one seen
  int64_t opened_ns_ = 0;  // first record of the open block
  int64_t read_ns_ = 0;    // last record read
  Open open_;
  Counters told_;                // those of the last written block
  DropRecord carried_{};         // drops told in a block that was lost itself
  char disk_problem_[192] = "";  // first one
  bool untold_ = false;          // and it is not in the file
  bool telling_ = false;         // the open block only says what was lost
  std::atomic<uint32_t> stop_ = 0;
  std::atomic<uint32_t> done_ = 0;
};

}  // namespace moetap

#endif  // MOETAP_PLUGIN_WRITER_H_
