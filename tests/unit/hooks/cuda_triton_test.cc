// Kernels of Triton, and its launcher, which goes past the loader.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <utility>

#include "hooks/cuda/cuda_abi.h"
#include "hooks/cuda/triton_kernels.h"
#include "tests/unit/hooks/cuda_fakes.h"
#include "tests/unit/hooks/fake/triton_launcher.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kOneBlock[] = {8, 4, 8, 8, 4, 8, 4, 4, 8, 8, 8};

class CudaTriton : public testing::TestWithParam<const char*> {
 protected:
  CudaTriton() {
    void* library = dlopen(GetParam(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) throw std::runtime_error(dlerror());
    launcher_ = static_cast<fake::TritonLauncher*>(dlsym(library, "launcher"));
    cuda_ = static_cast<fake::Cuda*>(dlsym(library, "fake_cuda"));
    cuda_->handle = &kernel_;
    cuda_->parameter_sizes.assign(std::begin(kOneBlock), std::end(kOneBlock));
    cuda_->calls.clear();
  }

  fake::TritonLauncher* launcher_;
  fake::Cuda* cuda_;
  LaunchVector sink_;
  char kernel_;
  int16_t ids_[1];
  CudaDriverLaunchConfig config_ = {};
};

class TritonLauncher : public CudaTriton {};
class OtherLauncher : public CudaTriton {};

TEST_P(TritonLauncher, ItsLaunchesAreSeen) {
  errno = EDOM;
  void* kernel = launcher_->load_binary("_topk_forward");
  EXPECT_EQ(errno, EDOM);
  Arguments arguments;
  arguments.Pointer(3, ids_).Int(4, 4).Int(6, 7).Int(7, 32);
  EXPECT_EQ(launcher_->launch(&config_, kernel, arguments.list()), 0);
  ASSERT_THAT(sink_.launches, SizeIs(1));
  const RouterLaunch& launch = sink_.launches[0];
  EXPECT_EQ(launch.ids, ids_);
  EXPECT_EQ(launch.rows, 7u);
  EXPECT_EQ(launch.k, 4u);
  EXPECT_EQ(launch.experts, 32u);
  EXPECT_EQ(launch.id_bytes, 2);
  EXPECT_TRUE(launch.id_signed);
  ASSERT_THAT(cuda_->calls, SizeIs(2));
  EXPECT_EQ(cuda_->calls[1].name, "cuLaunchKernelEx");
}

TEST_P(TritonLauncher, OtherLookUpsAreAsBefore) {
  launcher_->load_binary("kernel");
  void* driver = dlopen(FAKE_DRIVER, RTLD_NOW | RTLD_NOLOAD);
  for (const char* symbol : {"cuGraphLaunch", "cuFuncGetParamInfo"}) {
    EXPECT_EQ(launcher_->look_up(symbol), dlsym(driver, symbol));
  }
  for (const char* symbol : {"cuLaunchKernel", "cuLaunchKernelEx"}) {
    EXPECT_EQ(launcher_->look_up(symbol), dlsym(RTLD_DEFAULT, symbol));
    EXPECT_NE(launcher_->look_up(symbol), dlsym(driver, symbol));
  }
  EXPECT_EQ(launcher_->look_up("cuNoSuchFunction"), nullptr);
}

TEST_P(TritonLauncher, UnknownKernelsAreReportedAndNotRead) {
  Arguments arguments;
  cuda_->parameter_sizes.pop_back();
  void* kernel = launcher_->load_binary("_topk_forward");
  launcher_->launch(&config_, kernel, arguments.list());
  cuda_->parameter_sizes.clear();
  kernel = launcher_->load_binary("_dsv4_topk_kernel");
  launcher_->launch(&config_, kernel, arguments.list());
  kernel = launcher_->load_binary("_other_kernel");
  launcher_->launch(&config_, kernel, arguments.list());
  EXPECT_THAT(sink_.launches, IsEmpty());
  static bool first = true;  // each is reported once per process
  EXPECT_THAT(sink_.unknown, SizeIs(std::exchange(first, false) ? 2 : 0));
}

TEST_P(OtherLauncher, IsLeftAlone) {
  launcher_->load_binary("kernel");
  void* driver = dlopen(FAKE_DRIVER, RTLD_NOW | RTLD_NOLOAD);
  EXPECT_EQ(launcher_->look_up("cuLaunchKernelEx"),
            dlsym(driver, "cuLaunchKernelEx"));
}

// Bound when it is called, and bound and made read-only when it is loaded.
INSTANTIATE_TEST_SUITE_P(Cuda, TritonLauncher,
                         testing::Values(FAKE_TRITON_LAZY, FAKE_TRITON_NOW));
INSTANTIATE_TEST_SUITE_P(Cuda, OtherLauncher,
                         testing::Values(FAKE_TRITON_OTHER));

const char* WhyNot(std::string_view name, std::span<const size_t> sizes) {
  KernelMatch match = MatchTritonKernel(name, sizes);
  return match.verdict == KernelMatch::Verdict::kUnknownForm ? match.why : "";
}

TEST(CudaTritonKernels, FormsOfTopkForward) {
  struct {
    std::vector<size_t> sizes;
    Quantity::From rows;
    uint8_t experts;
  } const forms[] = {
      {{8, 4, 8, 8, 4, 8, 4, 4, 8, 4, 8, 8}, Quantity::From::kArgument, 7},
      {{8, 4, 8, 8, 4, 8, 4, 4, 8, 8, 8}, Quantity::From::kArgument, 7},
      {{8, 4, 8, 8, 4, 8, 4, 8, 4, 8, 8}, Quantity::From::kFixed, 6},
      {{8, 4, 8, 8, 4, 8, 4, 8, 8, 8}, Quantity::From::kFixed, 6},
  };
  for (const auto& form : forms) {
    KernelMatch match = MatchTritonKernel("_topk_forward", form.sizes);
    ASSERT_EQ(match.verdict, KernelMatch::Verdict::kRow);
    EXPECT_EQ(match.row->rows.from, form.rows);
    EXPECT_EQ(match.row->experts.value, form.experts);
    EXPECT_EQ(match.form, &match.row->forms[0]);
  }
}

TEST(CudaTritonKernels, OtherFormsAreUnknown) {
  EXPECT_STREQ(WhyNot("_topk_forward", {}), "the driver tells no parameters");
  const size_t k_is_one[] = {8, 4, 8, 8, 8, 4, 4, 8, 8, 8};
  EXPECT_STREQ(WhyNot("_topk_forward", k_is_one), "parameters of other sizes");
  EXPECT_STREQ(WhyNot("_dsv4_topk_kernel", kOneBlock),
               "a Triton kernel with ids of unknown size");
}

TEST(CudaTritonKernels, OnlyByFullName) {
  for (const char* name : {"_topk_forward_2", "topk_forward", ""}) {
    EXPECT_FALSE(IsTritonRouter(name));
    EXPECT_EQ(MatchTritonKernel(name, kOneBlock).verdict,
              KernelMatch::Verdict::kNone);
  }
  EXPECT_TRUE(IsTritonRouter("_topk_forward"));
  EXPECT_TRUE(IsTritonRouter("_dsv4_topk_kernel"));
}

}  // namespace
}  // namespace moetap
