// Triton kernels of vLLM 0.33.0's model runner V2: what carries token ids,
// positions and lengths between steps.  Without them an engine on the stand-in
// runs another number of steps.
//
// Triton passes no argument that is 1 or None, so a kernel is known by its
// name and by how many arguments are left.  The last two are scratch memory.
#include <algorithm>
#include <iterator>
#include <string_view>

#include "tests/cuda_standin/core/memory.h"
#include "tests/cuda_standin/kernels/launch.h"

namespace standin {
namespace {

constexpr int64_t kMaxSlots = 1 << 16;
constexpr int64_t kMaxPosition = (1 << 24) - 1;

// The request slot of each row of a batch.  Rows of dummy batches name slots
// that kernels without a host version should have written.
class Slots {
 public:
  Slots(const Launch& launch, int argument)
      : slots_(launch.Pointer<int64_t>(argument)) {}

  // The slot of `row` if `per_slot`, an array by slot, has it; else -1.
  template <typename T>
  int64_t Of(uint32_t row, const T* per_slot) const {
    int64_t slot = slots_[row];
    bool known = slot >= 0 && slot < kMaxSlots;
    MemoryRange range;  // of the device, or pinned
    return known && FindRange(per_slot + slot, &range) ? slot : -1;
  }

 private:
  const int64_t* slots_;
};

// (output [, row stride], rows, starts, contents, ends of contents): copies
// pieces of 4-byte elements into rows of a matrix.
void ApplyWrite(const Launch& launch, int64_t stride, int first) {
  auto* output = launch.Pointer<int32_t>(0);
  const auto* rows = launch.Pointer<int32_t>(first);
  const auto* starts = launch.Pointer<int32_t>(first + 1);
  const auto* contents = launch.Pointer<int32_t>(first + 2);
  const auto* ends = launch.Pointer<int32_t>(first + 3);
  for (unsigned piece = 0; piece < launch.grid.x; ++piece) {
    int32_t begin = piece == 0 ? 0 : ends[piece - 1];
    std::copy(contents + begin, contents + ends[piece],
              output + rows[piece] * stride + starts[piece]);
  }
}

void ApplyWriteStrided(const Launch& launch) {
  ApplyWrite(launch, launch.Argument<int32_t>(1), 2);
}

void ApplyWritePacked(const Launch& launch) { ApplyWrite(launch, 1, 1); }

// Input ids of rows that are still in their prompt.
void PreparePrefillInputs(const Launch& launch) {
  auto* input_ids = launch.Pointer<int32_t>(0);
  Slots slots(launch, 3);
  const auto* query_start = launch.Pointer<int32_t>(4);
  const auto* tokens = launch.Pointer<int32_t>(5);
  int64_t stride = launch.Argument<int32_t>(6);
  const auto* prefill_length = launch.Pointer<int32_t>(7);
  const auto* computed = launch.Pointer<int32_t>(8);
  for (unsigned row = 0; row < launch.grid.x; ++row) {
    int64_t slot = slots.Of(row, prefill_length);
    if (slot < 0 || computed[slot] >= prefill_length[slot]) continue;
    const int32_t* from = tokens + slot * stride + computed[slot];
    std::copy(from, from + query_start[row + 1] - query_start[row],
              input_ids + query_start[row]);
  }
}

// Positions of tokens and lengths of sequences; the last block clears the
// lengths of rows that are not there.
void PreparePositions(const Launch& launch) {
  auto* positions = launch.Pointer<int64_t>(0);
  auto* lengths = launch.Pointer<int32_t>(1);
  Slots slots(launch, 2);
  const auto* query_start = launch.Pointer<int32_t>(3);
  const auto* computed = launch.Pointer<int32_t>(4);
  auto max_rows = launch.Argument<uint32_t>(5);
  unsigned rows = launch.grid.x - 1;
  for (unsigned row = 0; row < rows; ++row) {
    int64_t slot = slots.Of(row, computed);
    int32_t before = slot < 0 ? 0 : computed[slot];
    int32_t count = query_start[row + 1] - query_start[row];
    lengths[row] = before + count;
    for (int32_t i = 0; i < count; ++i) {
      positions[query_start[row] + i] = before + i;
    }
  }
  for (unsigned row = rows; row < max_rows; ++row) lengths[row] = 0;
}

// The token sampled last as the next input, and where logits are wanted.
void CombineSampledTokens(const Launch& launch) {
  auto* input_ids = launch.Pointer<int32_t>(0);
  Slots slots(launch, 1);
  const auto* last_sampled = launch.Pointer<int64_t>(2);
  const auto* query_start = launch.Pointer<int32_t>(3);
  const auto* lengths = launch.Pointer<int32_t>(4);
  const auto* prefill_length = launch.Pointer<int32_t>(5);
  const auto* logits_start = launch.Pointer<int32_t>(7);
  auto* logits_indices = launch.Pointer<int64_t>(8);
  for (unsigned row = 0; row < launch.grid.x; ++row) {
    int32_t count = logits_start[row + 1] - logits_start[row];
    int32_t first = query_start[row + 1] - count;
    for (int32_t i = 0; i < count; ++i) {
      logits_indices[logits_start[row] + i] = first + i;
    }
    int64_t slot = slots.Of(row, prefill_length);
    if (slot < 0) continue;
    bool decodes = lengths[row] > prefill_length[slot] &&
                   lengths[row] - count >= prefill_length[slot];
    if (decodes) input_ids[first] = static_cast<int32_t>(last_sampled[slot]);
  }
}

// No logits are real: a token that the position alone decides, so that it is
// the same whatever slot a request has and however it is batched.
void GumbelSample(const Launch& launch) {
  auto* sampled = launch.Pointer<int64_t>(0);
  const auto* positions = launch.Pointer<int64_t>(9);
  auto vocabulary = launch.Argument<int32_t>(11);
  for (unsigned row = 0; row < launch.grid.x; ++row) {
    int64_t* blocks = sampled + size_t{row} * launch.grid.y;
    std::fill(blocks, blocks + launch.grid.y,
              (33 + (positions[row] & kMaxPosition)) % vocabulary);
  }
}

void NumSampledAndRejected(const Launch& launch) {
  auto* sampled = launch.Pointer<int32_t>(0);
  auto* rejected = launch.Pointer<int32_t>(1);
  const auto* lengths = launch.Pointer<int32_t>(2);
  const auto* logits_start = launch.Pointer<int32_t>(3);
  Slots slots(launch, 4);
  const auto* prefill_length = launch.Pointer<int32_t>(5);
  for (unsigned row = 0; row < launch.grid.x; ++row) {
    int64_t slot = slots.Of(row, prefill_length);
    if (slot < 0) continue;
    int32_t logits = logits_start[row + 1] - logits_start[row];
    bool in_prompt = lengths[row] < prefill_length[slot];
    if (in_prompt) sampled[row] = 0;
    rejected[row] = in_prompt ? 0 : logits - sampled[row];
  }
}

// What the next step starts from.
void PostUpdate(const Launch& launch) {
  Slots slots(launch, 0);
  auto* computed = launch.Pointer<int32_t>(1);
  auto* last_sampled = launch.Pointer<int64_t>(2);
  const auto* sampled = launch.Pointer<int64_t>(5);
  const auto* num_sampled = launch.Pointer<int32_t>(6);
  const auto* num_rejected = launch.Pointer<int32_t>(7);
  const auto* query_start = launch.Pointer<int32_t>(8);
  auto* tokens = launch.Pointer<int32_t>(9);
  int64_t stride = launch.Argument<int32_t>(10);
  auto* length = launch.Pointer<int32_t>(11);
  for (unsigned row = 0; row < launch.grid.x; ++row) {
    int64_t slot = slots.Of(row, length);
    if (slot < 0) continue;
    if (num_sampled[row] == 1) {
      last_sampled[slot] = sampled[row];
      tokens[slot * stride + length[slot]] = static_cast<int32_t>(sampled[row]);
      ++length[slot];
    }
    int32_t count = 0;
    if (query_start != nullptr) count = query_start[row + 1] - query_start[row];
    computed[slot] += count - num_rejected[row];
  }
}

struct TritonKernel {
  std::string_view name;
  int arguments;
  void (*run)(const Launch& launch);
};

constexpr TritonKernel kKernels[] = {
    {"_apply_write_kernel", 8, ApplyWriteStrided},
    {"_apply_write_kernel", 7, ApplyWritePacked},
    {"_prepare_prefill_inputs_kernel", 11, PreparePrefillInputs},
    {"_prepare_pos_seq_lens_kernel", 8, PreparePositions},
    {"_combine_sampled_and_draft_tokens_kernel", 11, CombineSampledTokens},
    {"_gumbel_sample_kernel", 14, GumbelSample},
    {"_get_num_sampled_and_rejected_kernel", 8, NumSampledAndRejected},
    {"_post_update_kernel", 16, PostUpdate},
};

}  // namespace

bool RunTritonKernel(const Launch& launch) {
  const auto* kernel =
      std::find_if(std::begin(kKernels), std::end(kKernels),
                   [&launch](const TritonKernel& candidate) {
                     return candidate.name == launch.name &&
                            candidate.arguments == launch.nargs;
                   });
  if (kernel == std::end(kKernels)) return false;
  kernel->run(launch);
  return true;
}

}  // namespace standin
