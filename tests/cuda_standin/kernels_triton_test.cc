// Triton kernels of vLLM's model runner on the host: two requests, of the
// slots 2 and 0, the first of which is in its prompt.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/cuda_standin/kernels.h"
#include "tests/cuda_standin/router_reference.h"

namespace standin {
namespace {

using Int32s = std::vector<int32_t>;
using Int64s = std::vector<int64_t>;

int unused;
int* const kScratch = &unused;

struct TwoRequests : testing::Test {
  Int64s slots = {2, 0};
  Int32s query_start = {0, 3, 4};
  Int32s logits_start = {0, 1, 2};
  Int32s prefill_length = {4, 0, 8};  // by slot, like the next three
  Int32s computed = {5, 0, 1};
  Int32s total_length = {6, 0, 8};
  Int32s tokens = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19,  // slot 0
                   20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
                   30, 31, 32, 33, 34, 35, 36, 37, 38, 39};
  Int32s lengths = {4, 6};
  Int32s input_ids = {-1, -1, -1, -1};
};

TEST_F(TwoRequests, ApplyWrite) {
  Int32s rows = {1, 0}, starts = {2, 1}, contents = {7, 8, 9}, ends = {2, 3};
  Int32s matrix(10);
  ASSERT_TRUE(MakeArguments(matrix.data(), 5, rows.data(), starts.data(),
                            contents.data(), ends.data(), kScratch, kScratch)
                  .Run("_apply_write_kernel", 2));
  EXPECT_EQ(matrix, (Int32s{0, 9, 0, 0, 0, 0, 0, 7, 8, 0}));
  Int32s column(5);
  ASSERT_TRUE(MakeArguments(column.data(), rows.data(), starts.data(),
                            contents.data(), ends.data(), kScratch, kScratch)
                  .Run("_apply_write_kernel", 2));
  EXPECT_EQ(column, (Int32s{0, 9, 0, 7, 8}));
}

TEST_F(TwoRequests, AnotherNumberOfArgumentsIsAnotherKernel) {
  EXPECT_FALSE(MakeArguments(1, 2, 3).Run("_apply_write_kernel", 1));
}

TEST_F(TwoRequests, PreparePrefillInputs) {
  ASSERT_TRUE(MakeArguments(input_ids.data(), kScratch, kScratch, slots.data(),
                            query_start.data(), tokens.data(), 10,
                            prefill_length.data(), computed.data(), kScratch,
                            kScratch)
                  .Run("_prepare_prefill_inputs_kernel", 2));
  EXPECT_EQ(input_ids, (Int32s{31, 32, 33, -1}));
}

TEST_F(TwoRequests, PreparePositions) {
  Int64s positions(4, -1);
  Int32s sequence(4, -1);
  ASSERT_TRUE(MakeArguments(positions.data(), sequence.data(), slots.data(),
                            query_start.data(), computed.data(), 4, kScratch,
                            kScratch)
                  .Run("_prepare_pos_seq_lens_kernel", 3));
  EXPECT_EQ(positions, (Int64s{1, 2, 3, 5}));
  EXPECT_EQ(sequence, (Int32s{4, 6, 0, 0}));
}

TEST_F(TwoRequests, CombineSampledTokens) {
  Int64s last = {77, 78, 79}, wanted(2, -1);
  ASSERT_TRUE(MakeArguments(input_ids.data(), slots.data(), last.data(),
                            query_start.data(), lengths.data(),
                            prefill_length.data(), kScratch,
                            logits_start.data(), wanted.data(), kScratch,
                            kScratch)
                  .Run("_combine_sampled_and_draft_tokens_kernel", 2));
  EXPECT_EQ(wanted, (Int64s{2, 3}));
  EXPECT_EQ(input_ids, (Int32s{-1, -1, -1, 77}));
}

TEST_F(TwoRequests, GumbelSample) {
  Int64s sampled(2, -1), positions = {3, 70};
  int* s = kScratch;
  ASSERT_TRUE(MakeArguments(sampled.data(), s, s, s, s, s, s, slots.data(), s,
                            positions.data(), s, 100, s, s)
                  .Run("_gumbel_sample_kernel", 2));
  EXPECT_EQ(sampled, (Int64s{36, 3}));
}

TEST_F(TwoRequests, NumSampledAndRejected) {
  Int32s sampled = {1, 1}, rejected = {-1, -1};
  ASSERT_TRUE(MakeArguments(sampled.data(), rejected.data(), lengths.data(),
                            logits_start.data(), slots.data(),
                            prefill_length.data(), kScratch, kScratch)
                  .Run("_get_num_sampled_and_rejected_kernel", 2));
  EXPECT_EQ(sampled, (Int32s{0, 1}));
  EXPECT_EQ(rejected, (Int32s{0, 0}));
}

TEST_F(TwoRequests, PostUpdate) {
  Int64s last = {77, 78, 79}, sampled = {36, 44};
  Int32s num_sampled = {0, 1}, num_rejected = {0, 0};
  int* s = kScratch;
  ASSERT_TRUE(MakeArguments(slots.data(), computed.data(), last.data(), s, s,
                            sampled.data(), num_sampled.data(),
                            num_rejected.data(), query_start.data(),
                            tokens.data(), 10, total_length.data(), s, s, s, s)
                  .Run("_post_update_kernel", 2));
  EXPECT_EQ(computed, (Int32s{6, 0, 4}));
  EXPECT_EQ(total_length, (Int32s{7, 0, 8}));
  EXPECT_EQ(last, (Int64s{44, 78, 79}));
  EXPECT_EQ(tokens[6], 44);
  EXPECT_EQ(tokens[28], 38);
}

}  // namespace
}  // namespace standin
