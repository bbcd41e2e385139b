// What launches are reported as.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hooks/cuda/cuda_abi.h"
#include "tests/unit/hooks/cuda_fakes.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kTopkGating[] =
    "_ZN4vllm3moe10topkGatingILi10ELi320ELi4ELi4ELi32Ei13__nv_bfloat16LNS0_"
    "11ScoringFuncE0EEEvPKT5_PKbPfiPT4_PiiiibPKfdS8_";
constexpr char kTopkGatingLong[] =
    "_ZN4vllm3moe10topkGatingILi10ELi320ELi4ELi4ELi32El13__nv_bfloat16LNS0_"
    "11ScoringFuncE0EEEvPKT5_PKbPfiPT4_PiiiibPKfdS8_";
constexpr char kMoeTopK[] =
    "_ZN4vllm3moe7moeTopKILi256EjEEvPKfPKbPfPT0_PiiiiibS3_dS5_";
constexpr char kDsv4Hash[] =
    "_ZN4vllm3moe24dsv4HashTopkSoftplusSqrtIiiEEvPKfPfPT_iifPKT0_S9_PKbS3_l";
constexpr char kGroupedSmall[] =
    "_ZN4vllm3moe44grouped_topk_fused_small_expert_count_kernelI13__nv_"
    "bfloat166__halfiLNS0_11ScoringFuncE0ELi128ELb0ELi8EEEvPT_PfPT1_PKT0_"
    "llllllbd";
constexpr char kAlign[] =
    "_ZN4vllm3moe27moe_align_block_size_kernelIlEEvPKT_PiS5_S5_S5_iiiimS5_iib";
constexpr char kPreprocess[] = "_Z22preprocessTopkIdKernelPiiPKii";
constexpr char kUnknown[] =
    "_ZN4vllm3moe7moeTopKILi256EiEEvPKfPKbPfPT0_PiiiiibS3_d";
constexpr char kForeign[] = "_ZN2at6native4fillEPfi";

class CudaLaunch : public testing::Test {
 protected:
  CudaLaunch() { cuda_.status = 0; }

  // A host function that is registered as `name`.
  void* Register(const char* name, int n = 0) {
    calls_.__cudaRegisterFunction(nullptr, &host_[n], nullptr, name, -1,
                                  nullptr, nullptr, nullptr, nullptr, nullptr);
    return &host_[n];
  }

  int Launch(const void* kernel, Arguments& arguments, uint32_t grid_x = 1) {
    return calls_.cudaLaunchKernel(kernel, {grid_x, 1, 1}, {32, 1, 1},
                                   arguments.list(), 0, stream_);
  }

  // Arguments of topkGating: 5 rows, k 8.
  Arguments Gating() {
    Arguments arguments;
    arguments.Int(3, 5).Pointer(4, ids_).Int(6, 8).Pointer(12, padding_);
    return arguments;
  }

  LoadedCuda loaded_{FAKE_CUDA_CALLER_A};
  const fake::CudaCalls& calls_ = *loaded_.calls;
  fake::Cuda& cuda_ = *loaded_.cuda;
  LaunchVector sink_;
  int64_t ids_[1];
  bool padding_[1];
  static inline char host_[64];
  CudaStream stream_ = reinterpret_cast<CudaStream>(0x5000);
};

void Expect(const RouterLaunch& launch, const char* base_name, uint32_t rows,
            uint32_t k, uint32_t experts) {
  EXPECT_STREQ(launch.row->base_name, base_name);
  EXPECT_EQ(launch.rows, rows);
  EXPECT_EQ(launch.k, k);
  EXPECT_EQ(launch.experts, experts);
}

TEST_F(CudaLaunch, TopkGating) {
  Arguments arguments = Gating();
  EXPECT_EQ(Launch(Register(kTopkGating), arguments), 0);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  const RouterLaunch& launch = sink_.launches[0];
  Expect(launch, "vllm::moe::topkGating", 5, 8, 320);
  EXPECT_EQ(launch.ids, ids_);
  EXPECT_EQ(launch.padding, padding_);
  EXPECT_EQ(launch.id_bytes, 4);
  EXPECT_TRUE(launch.id_signed);
  EXPECT_EQ(launch.stream, stream_);
  EXPECT_FALSE(launch.programmatic);
  EXPECT_EQ(launch.timing.calls, 1u);
}

TEST_F(CudaLaunch, NoPaddingIsNull) {
  Arguments arguments = Gating();
  arguments.Pointer(12, nullptr);
  Launch(Register(kTopkGatingLong), arguments);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  EXPECT_EQ(sink_.launches[0].padding, nullptr);
  EXPECT_EQ(sink_.launches[0].id_bytes, 8);
}

TEST_F(CudaLaunch, RowsOfTheGrid) {
  Arguments arguments;
  arguments.Pointer(3, ids_).Int(5, 60).Int(6, 4).Pointer(12, nullptr);
  Launch(Register(kMoeTopK), arguments, 77);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  Expect(sink_.launches[0], "vllm::moe::moeTopK", 77, 4, 60);
  EXPECT_FALSE(sink_.launches[0].id_signed);
}

TEST_F(CudaLaunch, FixedK) {
  Arguments arguments;
  arguments.Pointer(2, ids_).Int(3, 9).Int(4, 256).Pointer(8, padding_);
  Launch(Register(kDsv4Hash), arguments);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  Expect(sink_.launches[0], "vllm::moe::dsv4HashTopkSoftplusSqrt", 9, 6, 256);
  EXPECT_EQ(sink_.launches[0].padding, padding_);
}

TEST_F(CudaLaunch, EightByteNumbers) {
  Arguments arguments;
  arguments.Pointer(2, ids_).Long(4, 70000).Long(7, 8).Long(8, 256);
  Launch(Register(kGroupedSmall), arguments);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  Expect(sink_.launches[0],
         "vllm::moe::grouped_topk_fused_small_expert_count_kernel", 70000, 8,
         256);
}

TEST_F(CudaLaunch, RowsTimesK) {
  Arguments arguments;
  arguments.Pointer(0, ids_).Int(5, 64).Long(9, 24).Int(12, 8);
  void* kernel = Register(kAlign);
  Launch(kernel, arguments);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  Expect(sink_.launches[0], "vllm::moe::moe_align_block_size_kernel", 3, 8, 64);
  arguments.Long(9, 25);
  Launch(kernel, arguments);
  EXPECT_THAT(sink_.launches, SizeIs(1));
  EXPECT_THAT(sink_.unreadable,
              ElementsAre("vllm::moe::moe_align_block_size_kernel: rows: the "
                          "ids do not fill the last row"));
}

TEST_F(CudaLaunch, ImplausibleNumbersAreUnreadable) {
  void* kernel = Register(kTopkGating);
  auto why = [&](Arguments arguments) {
    sink_.unreadable.clear();
    EXPECT_EQ(Launch(kernel, arguments), 0);
    return sink_.unreadable.empty() ? "" : sink_.unreadable.back();
  };
  const std::string name = "vllm::moe::topkGating: ";
  EXPECT_EQ(why(Gating().Int(6, 0)), name + "k: not between 1 and 1024");
  EXPECT_EQ(why(Gating().Int(6, 1025)), name + "k: not between 1 and 1024");
  EXPECT_EQ(why(Gating().Int(6, 321)), name + "k: more than there are experts");
  EXPECT_EQ(why(Gating().Int(3, 0)), name + "rows: not between 1 and 16777216");
  EXPECT_EQ(why(Gating().Int(3, -1)),
            name + "rows: not between 1 and 16777216");
  EXPECT_EQ(why(Gating().Pointer(4, nullptr)), name + "ids: a null pointer");
  for (int argument : {3, 4, 6, 12}) {
    EXPECT_EQ(why(Gating().NoPlace(argument)),
              name + "arguments: not passed as a list of addresses");
  }
  EXPECT_THAT(sink_.launches, IsEmpty());
}

TEST_F(CudaLaunch, NumbersThatAreNotToldOrImpossible) {
  Arguments arguments;
  arguments.Pointer(0, ids_).Int(1, 16).Int(3, 8);
  Launch(Register(kPreprocess), arguments);
  arguments.Pointer(3, ids_).Int(5, 0).Int(6, 4).Pointer(12, nullptr);
  Launch(Register(kMoeTopK), arguments);
  EXPECT_THAT(
      sink_.unreadable,
      ElementsAre("preprocessTopkIdKernel: k: the launch does not tell it",
                  "vllm::moe::moeTopK: experts: not between 1 and 65536"));
  EXPECT_THAT(sink_.launches, IsEmpty());
}

TEST_F(CudaLaunch, FailedLaunchReportsNothing) {
  void* kernel = Register(kTopkGating);
  Arguments arguments = Gating();
  cuda_.status = 719;
  EXPECT_EQ(Launch(kernel, arguments), 719);
  EXPECT_THAT(sink_.launches, IsEmpty());
}

TEST_F(CudaLaunch, ForeignKernelsReportNothing) {
  Arguments arguments = Gating();
  Launch(Register(kForeign), arguments);
  Launch(&arguments, arguments);
  Launch(nullptr, arguments);
  EXPECT_THAT(sink_.launches, IsEmpty());
  EXPECT_THAT(sink_.unreadable, IsEmpty());
}

TEST_F(CudaLaunch, UnknownFormIsReportedOncePerName) {
  const std::string other = std::string(kUnknown) + "d";
  void* kernels[] = {Register(kUnknown, 0), Register(other.c_str(), 1),
                     Register(kUnknown, 2)};
  EXPECT_THAT(sink_.unknown, IsEmpty());
  Arguments arguments;
  for (int i = 0; i < 2; ++i) {
    for (void* kernel : kernels) Launch(kernel, arguments);
  }
  const std::string row = "vllm::moe::moeTopK ";
  EXPECT_THAT(sink_.unknown,
              ElementsAre(row + kUnknown + ": another number of parameters",
                          row + other + ": a parameter of another type"));
  EXPECT_THAT(sink_.launches, IsEmpty());
  EXPECT_THAT(sink_.unreadable, IsEmpty());
}

TEST_F(CudaLaunch, HandleOfAnotherKernelStopsToMatch) {
  Arguments arguments = Gating();
  void* kernel = Register(kTopkGating);
  Launch(kernel, arguments);
  Register(kForeign);
  Launch(kernel, arguments);
  EXPECT_THAT(sink_.launches, SizeIs(1));
  Register(kTopkGatingLong);
  Launch(kernel, arguments);
  ASSERT_THAT(sink_.launches, SizeIs(2));
  EXPECT_EQ(sink_.launches[1].id_bytes, 8);
}

// Each way to a handle, for one of ours and then for a foreign kernel.
TEST_F(CudaLaunch, HandlesFromEveryCall) {
  Arguments arguments = Gating();
  void* ours = Register(kTopkGating, 0);
  void* foreign = Register(kForeign, 1);
  void* out = nullptr;
  cuda_.handle = &host_[2];
  auto expect = [&](bool matches) {
    ASSERT_EQ(out, &host_[2]);
    sink_.launches.clear();
    Launch(out, arguments);
    EXPECT_EQ(sink_.launches.size(), matches ? 1u : 0u);
    out = nullptr;
  };
  for (auto* call : {calls_.__cudaGetKernel, calls_.cudaGetKernel,
                     calls_.cudaGetFuncBySymbol, calls_.cuKernelGetFunction}) {
    call(&out, ours);
    expect(true);
    call(&out, foreign);
    expect(false);
  }
  for (auto* call : {calls_.cudaLibraryGetKernel, calls_.cuLibraryGetKernel,
                     calls_.cuModuleGetFunction}) {
    call(&out, nullptr, kTopkGating);
    expect(true);
    call(&out, nullptr, kForeign);
    expect(false);
  }
  calls_.cuModuleGetFunction(&out, nullptr, kTopkGating);
  cuda_.status = 500;
  calls_.cuModuleGetFunction(&out, nullptr, kForeign);
  cuda_.status = 0;
  expect(true);
}

// Which stream each entry point launches to when given none.
TEST_F(CudaLaunch, EveryEntryPointReportsItsStream) {
  Arguments list = Gating();
  void** args = list.list();
  void* f = Register(kTopkGating);
  auto streams = [&](void* stream) {
    CudaRuntimeLaunchConfig runtime = {};
    runtime.stream = static_cast<CudaStream>(stream);
    CudaDriverLaunchConfig driver = {};
    driver.stream = static_cast<CudaStream>(stream);
    for (auto* call :
         {calls_.cudaLaunchKernel, calls_.__cudaLaunchKernel,
          calls_.cudaLaunchCooperativeKernel, calls_.cudaLaunchKernel_ptsz,
          calls_.__cudaLaunchKernel_ptsz,
          calls_.cudaLaunchCooperativeKernel_ptsz}) {
      call(f, {1, 1, 1}, {1, 1, 1}, args, 0, stream);
    }
    calls_.cudaLaunchKernelExC(&runtime, f, args);
    calls_.cudaLaunchKernelExC_ptsz(&runtime, f, args);
    calls_.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, args, nullptr);
    calls_.cuLaunchKernel_ptsz(f, 1, 1, 1, 1, 1, 1, 0, stream, args, nullptr);
    calls_.cuLaunchCooperativeKernel(f, 1, 1, 1, 1, 1, 1, 0, stream, args);
    calls_.cuLaunchCooperativeKernel_ptsz(f, 1, 1, 1, 1, 1, 1, 0, stream, args);
    calls_.cuLaunchKernelEx(&driver, f, args, nullptr);
    calls_.cuLaunchKernelEx_ptsz(&driver, f, args, nullptr);
    std::vector<CudaStream> found;
    for (const RouterLaunch& launch : sink_.launches) {
      found.push_back(launch.stream);
    }
    sink_.launches.clear();
    return found;
  };
  const CudaStream l = kLegacyStream, p = kPerThreadStream;
  EXPECT_THAT(streams(nullptr),
              ElementsAre(l, l, l, p, p, p, l, p, l, p, l, p, l, p));
  EXPECT_THAT(streams(l), testing::AllOf(SizeIs(14), testing::Each(l)));
  EXPECT_THAT(streams(p), testing::AllOf(SizeIs(14), testing::Each(p)));
  EXPECT_THAT(streams(stream_),
              testing::AllOf(SizeIs(14), testing::Each(stream_)));
}

TEST_F(CudaLaunch, ConfigTellsGridAndProgrammaticLaunch) {
  Arguments arguments;
  arguments.Pointer(3, ids_).Int(5, 60).Int(6, 4).Pointer(12, nullptr);
  void* kernel = Register(kMoeTopK);
  CudaLaunchAttribute attributes[2] = {};
  attributes[0].id = 2;
  attributes[0].value.programmatic = 1;
  attributes[1].id = kCudaProgrammaticStream;
  for (int programmatic : {0, 1}) {
    attributes[1].value.programmatic = programmatic;
    CudaRuntimeLaunchConfig runtime = {{11, 1, 1}, {32, 1, 1}, 0,
                                       stream_,    attributes, 2};
    CudaDriverLaunchConfig driver = {{22, 1, 1}, {32, 1, 1}, 0,
                                     stream_,    attributes, 2};
    calls_.cudaLaunchKernelExC(&runtime, kernel, arguments.list());
    calls_.cuLaunchKernelEx(&driver, kernel, arguments.list(), nullptr);
    ASSERT_THAT(sink_.launches, SizeIs(2));
    EXPECT_EQ(sink_.launches[0].rows, 11u);
    EXPECT_EQ(sink_.launches[1].rows, 22u);
    EXPECT_EQ(sink_.launches[0].programmatic, programmatic);
    EXPECT_EQ(sink_.launches[1].programmatic, programmatic);
    sink_.launches.clear();
  }
}

TEST_F(CudaLaunch, ArgumentsInABufferAreUnreadable) {
  void* kernel = Register(kTopkGating);
  void* extra[1] = {};
  calls_.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream_, nullptr, extra);
  EXPECT_THAT(sink_.launches, IsEmpty());
  EXPECT_THAT(sink_.unreadable,
              ElementsAre("vllm::moe::topkGating: arguments: not passed as a "
                          "list of addresses"));
}

TEST_F(CudaLaunch, RuntimeThatCallsTheDriverIsOneLaunch) {
  void* kernel = Register(kTopkGating);
  Arguments arguments = Gating();
  cuda_.inside = [&] {
    calls_.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, stream_,
                          arguments.list(), nullptr);
    calls_.cuGraphLaunch(&host_[0], nullptr);
  };
  cuda_.calls.clear();
  Launch(kernel, arguments);
  EXPECT_THAT(cuda_.calls, SizeIs(3));
  EXPECT_THAT(sink_.launches, SizeIs(1));
  EXPECT_THAT(sink_.graphs, IsEmpty());
}

}  // namespace
}  // namespace moetap
