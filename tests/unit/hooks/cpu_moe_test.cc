// The forwarders as the loader binds them: engine extension -> forwarder in
// this program -> real function in the extension.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "hooks/registry.h"
#include "tests/unit/hooks/fakes.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CpuMoe : public testing::Test {
 protected:
  CpuMoe() {
    LoadFakeTorch();
    engine_.last = {};
    engine_.throws = false;
  }

  fake::Engine& engine_ = LoadEngine(FAKE_ENGINE_A);
  int layer_[2] = {};
};

TEST_F(CpuMoe, ReportsAndForwardsCpuFusedMoe) {
  VectorSink sink;
  std::vector<int32_t> ids = {5, 1, 4, 0, 3, 2};
  Call call(Weights(6, &layer_[0]), Matrix(ids, 2, 3));
  call.CpuFusedMoe(engine_);

  ASSERT_EQ(sink.dispatches.size(), 1u);
  const Dispatch& d = sink.dispatches[0];
  EXPECT_EQ(d.hook, &kCpuFusedMoe);
  EXPECT_EQ(d.layer_key, &layer_[0]);
  EXPECT_EQ(d.experts, 6u);
  EXPECT_EQ(d.rows, 2u);
  EXPECT_EQ(d.k, 3u);
  EXPECT_THAT(d.ids, ElementsAre(5, 1, 4, 0, 3, 2));
  EXPECT_EQ(engine_.last.calls, 1);
  EXPECT_THAT(engine_.last.references,
              ElementsAre(&call.out, &call.input, &call.w13, &call.w2,
                          &call.none, &call.none, &call.topk_weights,
                          &call.topk_ids, &call.act, &call.isa));
  EXPECT_THAT(engine_.last.values, ElementsAre(1));
}

TEST_F(CpuMoe, TimesTheCallsThatAreToBeTimed) {
  VectorSink sink;
  std::vector<int32_t> ids(kAlwaysTimedIds);
  Call few(Weights(6, &layer_[0]), Matrix(ids, 1, 4));
  Call many(Weights(6, &layer_[0]), Matrix(ids, kAlwaysTimedIds / 8, 8));
  few.CpuFusedMoe(engine_);
  SampleNextCall();
  const uint64_t before = Ticks();
  few.CpuFusedMoe(engine_);
  few.CpuFusedMoe(engine_);
  many.CpuFusedMoe(engine_);
  SampleNextCall();
  many.CpuFusedMoe(engine_);
  few.CpuFusedMoe(engine_);
  std::vector<uint32_t> calls;
  for (const Dispatch& d : sink.dispatches) calls.push_back(d.timing.calls);
  EXPECT_THAT(calls, ElementsAre(0, 64, 0, 1, 1, 0));
  EXPECT_GE(sink.dispatches[1].timing.began, before);
  EXPECT_GE(sink.dispatches[3].timing.began, before);
}

TEST_F(CpuMoe, ReportsAndForwardsFusedExpertsCpu) {
  VectorSink sink;
  std::vector<int32_t> ids = {7, 3};
  Call c(Weights(9, &layer_[1]), Matrix(ids, 1, 2));
  fake::MaybeTensor some[7];
  std::optional<double> alpha = 1.5, limit;
  engine_.fused_experts_cpu(c.out, c.input, c.w13, c.w2, c.topk_weights,
                            c.topk_ids, 4, some[0], some[1], some[2], some[3],
                            some[4], {{128, 64}}, some[5], some[6], alpha,
                            limit, true);

  ASSERT_EQ(sink.dispatches.size(), 1u);
  EXPECT_EQ(sink.dispatches[0].hook, &kFusedExpertsCpu);
  EXPECT_EQ(sink.dispatches[0].layer_key, &layer_[1]);
  EXPECT_EQ(sink.dispatches[0].experts, 9u);
  EXPECT_THAT(sink.dispatches[0].ids, ElementsAre(7, 3));
  EXPECT_EQ(engine_.last.calls, 1);
  EXPECT_THAT(engine_.last.references,
              ElementsAre(&c.out, &c.input, &c.w13, &c.w2, &c.topk_weights,
                          &c.topk_ids, &some[0], &some[1], &some[2], &some[3],
                          &some[4], &some[5], &some[6], &alpha, &limit));
  EXPECT_THAT(engine_.last.values, ElementsAre(4, 1, 128, 64));
}

TEST_F(CpuMoe, ReportsDynamic4BitAndReturnsItsTensor) {
  VectorSink sink;
  std::vector<int64_t> ids = {2, 1, 0};
  Call call(Weights(3, &layer_[0]), Matrix(ids, 3, 1));
  call.input = Weights(1, nullptr);
  at::Tensor result = call.Dynamic4Bit(engine_);

  ASSERT_EQ(sink.dispatches.size(), 1u);
  EXPECT_EQ(sink.dispatches[0].hook, &kDynamic4BitIntMoeCpu);
  EXPECT_EQ(sink.dispatches[0].layer_key, &layer_[0]);
  EXPECT_THAT(sink.dispatches[0].ids, ElementsAre(2, 1, 0));
  ASSERT_NE(result.impl(), nullptr);
  EXPECT_THAT(result.impl()->sizes, ElementsAre(11));
  EXPECT_EQ(result.uses(), 1);
  EXPECT_EQ(call.topk_ids.uses(), 1);
  EXPECT_THAT(engine_.last.references,
              ElementsAre(call.input.impl(), call.topk_ids.impl(), nullptr,
                          call.w13.impl(), nullptr));
  EXPECT_THAT(engine_.last.values, ElementsAre(11, 12, -1, 1, 3));
}

TEST_F(CpuMoe, WithoutSinkOnlyForwards) {
  std::vector<int32_t> ids = {0};
  Call call(Weights(1, &layer_[0]), Matrix(ids, 1, 1));
  call.CpuFusedMoe(engine_);
  EXPECT_EQ(engine_.last.calls, 1);
  EXPECT_THAT(call.Dynamic4Bit(engine_).impl()->sizes, ElementsAre(11));
}

// The second call of an idle hook takes the shortcut.
TEST_F(CpuMoe, IdleShortcutPassesAllOn) {
  std::vector<int32_t> ids = {0};
  Call call(Weights(1, &layer_[0]), Matrix(ids, 1, 1));
  for (int i = 0; i < 3; ++i) {
    engine_.last.references.clear();
    call.CpuFusedMoe(engine_);
    EXPECT_THAT(engine_.last.references,
                ElementsAre(&call.out, &call.input, &call.w13, &call.w2,
                            &call.none, &call.none, &call.topk_weights,
                            &call.topk_ids, &call.act, &call.isa));
    EXPECT_THAT(call.Dynamic4Bit(engine_).impl()->sizes, ElementsAre(11));
    EXPECT_THAT(engine_.last.values, ElementsAre(11, 12, -1, 1, 3));
  }
  engine_.throws = true;
  EXPECT_THROW(call.CpuFusedMoe(engine_), std::out_of_range);
  EXPECT_THROW(call.Dynamic4Bit(engine_), std::out_of_range);
}

TEST_F(CpuMoe, IdleShortcutIsForOneExtensionOnly) {
  fake::Engine& other = LoadEngine(FAKE_ENGINE_B);
  other.last = {};
  std::vector<int32_t> ids = {0};
  Call call(Weights(1, &layer_[0]), Matrix(ids, 1, 1));
  for (int i = 0; i < 3; ++i) {
    call.CpuFusedMoe(engine_);
    call.CpuFusedMoe(other);
  }
  EXPECT_EQ(engine_.last.calls, 3);
  EXPECT_EQ(other.last.calls, 3);
  VectorSink sink;
  call.CpuFusedMoe(engine_);
  EXPECT_EQ(sink.dispatches.size(), 1u);
}

TEST_F(CpuMoe, ExceptionsPassThrough) {
  VectorSink sink;
  engine_.throws = true;
  std::vector<int64_t> ids = {0};
  Call call(Weights(1, &layer_[0]), Matrix(ids, 1, 1));
  EXPECT_THROW(call.CpuFusedMoe(engine_), std::out_of_range);
  EXPECT_THROW(call.Dynamic4Bit(engine_), std::out_of_range);
  EXPECT_EQ(sink.dispatches.size(), 2u);
  EXPECT_EQ(call.topk_ids.uses(), 1);
  engine_.throws = false;
  call.CpuFusedMoe(engine_);
  EXPECT_EQ(sink.dispatches.size(), 3u);
}

TEST_F(CpuMoe, KeepsErrno) {
  VectorSink sink;
  std::vector<int32_t> ids = {0};
  Call call(Weights(1, &layer_[0]), Matrix(ids, 1, 1));
  errno = EDOM;
  call.CpuFusedMoe(engine_);
  EXPECT_EQ(errno, EDOM);
}

TEST_F(CpuMoe, StridesCountOnlyWhereTheOperatorReadsThem) {
  VectorSink sink;
  std::vector<int64_t> memory = {0, 1, 2, 3, 4, 5, 6, 7};
  at::Tensor every_other({.sizes = {2, 2},
                          .strides = {4, 2},
                          .dtype = at::Dtype::kInt64,
                          .data = memory.data()});
  Call call(Weights(8, &layer_[0]), every_other);
  call.CpuFusedMoe(engine_);
  call.Dynamic4Bit(engine_);
  ASSERT_EQ(sink.dispatches.size(), 2u);
  EXPECT_THAT(sink.dispatches[0].ids, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(sink.dispatches[1].ids, ElementsAre(0, 2, 4, 6));
}

TEST_F(CpuMoe, TransposedAndRepeatedRows) {
  VectorSink sink;
  std::vector<int64_t> memory = {1, 2, 3, 4, 5, 6};
  for (std::vector<int64_t> strides : {std::vector<int64_t>{1, 3}, {0, 1}}) {
    at::Tensor ids({.sizes = {3, 2},
                    .strides = strides,
                    .dtype = at::Dtype::kInt64,
                    .data = memory.data()});
    Call(Weights(7, &layer_[0]), ids).Dynamic4Bit(engine_);
  }
  ASSERT_EQ(sink.dispatches.size(), 2u);
  EXPECT_THAT(sink.dispatches[0].ids, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(sink.dispatches[1].ids, ElementsAre(1, 2, 1, 2, 1, 2));
}

TEST_F(CpuMoe, EmptyBatchIsADispatch) {
  VectorSink sink;
  at::Tensor ids(
      {.sizes = {0, 8}, .strides = {8, 1}, .dtype = at::Dtype::kInt32});
  Call(Weights(8, &layer_[0]), ids).CpuFusedMoe(engine_);
  ASSERT_EQ(sink.dispatches.size(), 1u);
  EXPECT_EQ(sink.dispatches[0].rows, 0u);
  EXPECT_EQ(engine_.last.calls, 1);
}

TEST_F(CpuMoe, UnreadableTensorsAreReportedAndForwarded) {
  VectorSink sink;
  std::vector<int32_t> ids = {0, 0};
  at::Tensor good = Matrix(ids, 1, 2);
  at::Tensor floats = Matrix(ids, 1, 2);
  floats.impl()->dtype = at::Dtype::kFloat32;
  at::Tensor flat({.sizes = {2},
                   .strides = {1},
                   .dtype = at::Dtype::kInt32,
                   .data = ids.data()});
  at::Tensor dataless = Matrix(ids, 1, 2);
  dataless.impl()->data = nullptr;
  at::Tensor huge = Matrix(ids, int64_t{1} << 32, 2);
  at::Tensor weights = Weights(4, &layer_[0]);
  for (const at::Tensor& bad : {at::Tensor(), floats, flat, dataless, huge}) {
    Call(weights, bad).CpuFusedMoe(engine_);
  }
  Call(at::Tensor(), good).CpuFusedMoe(engine_);

  EXPECT_THAT(sink.dispatches, IsEmpty());
  EXPECT_EQ(engine_.last.calls, 6);
  std::vector<std::string> reasons;
  for (const auto& [hook, why] : sink.unreadable) {
    EXPECT_EQ(hook, &kCpuFusedMoe);
    reasons.push_back(why);
  }
  EXPECT_THAT(reasons,
              ElementsAre("ids: no dtype",
                          "ids: not an integer type of 16, 32 or 64 bits",
                          "ids: not a matrix of rows by k",
                          "ids: no memory behind them", "ids: too large",
                          "tensor without data"));
}

TEST_F(CpuMoe, WeightsWithoutAnExpertDimensionLeaveTheirNumberUnknown) {
  VectorSink sink;
  std::vector<int32_t> ids = {0, 0};
  Call(at::Tensor({.sizes = {}, .strides = {}}), Matrix(ids, 1, 2))
      .CpuFusedMoe(engine_);
  ASSERT_EQ(sink.dispatches.size(), 1u);
  EXPECT_EQ(sink.dispatches[0].experts, 0u);
}

// Ids that differ from row to row and from rank to rank.
template <typename T>
std::vector<T> SomeIds(int64_t rows, int64_t k, int64_t experts) {
  std::vector<T> ids;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t j = 0; j < k; ++j) {
      ids.push_back(static_cast<T>((experts - 1 + r * 31 + j * 7) % experts));
    }
  }
  return ids;
}

template <typename T>
class CpuMoeIds : public CpuMoe {
 protected:
  void ExpectRoundTrip(int64_t rows, int64_t k, int64_t experts) {
    SCOPED_TRACE(testing::Message()
                 << rows << " rows, k " << k << ", " << experts << " experts");
    VectorSink sink;
    std::vector<T> ids = SomeIds<T>(rows, k, experts);
    Call(Weights(experts, &layer_[0]), Matrix(ids, rows, k))
        .CpuFusedMoe(engine_);
    ASSERT_EQ(sink.dispatches.size(), 1u);
    EXPECT_EQ(sink.dispatches[0].rows, rows);
    EXPECT_EQ(sink.dispatches[0].k, k);
    EXPECT_EQ(sink.dispatches[0].experts, experts);
    std::vector<int64_t> expected(ids.begin(), ids.end());
    EXPECT_TRUE(sink.dispatches[0].ids == expected);
  }
};

using IdTypes = testing::Types<int16_t, int32_t, int64_t, uint16_t, uint32_t>;
TYPED_TEST_SUITE(CpuMoeIds, IdTypes);

TYPED_TEST(CpuMoeIds, AnyK) {
  for (int64_t k = 1; k <= 32; ++k) this->ExpectRoundTrip(3, k, 64);
}

TYPED_TEST(CpuMoeIds, AnyNumberOfRows) {
  for (int64_t rows = 1; rows <= 65536; rows *= 4) {
    this->ExpectRoundTrip(rows, 8, 256);
  }
}

TYPED_TEST(CpuMoeIds, AnyNumberOfExperts) {
  for (int64_t experts : {1, 2, 60, 256, 257, 32767, 65535}) {
    if (experts - 1 > std::numeric_limits<TypeParam>::max()) continue;
    this->ExpectRoundTrip(100, 1, experts);
  }
}

}  // namespace
}  // namespace moetap
