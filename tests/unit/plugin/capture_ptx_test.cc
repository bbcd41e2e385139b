#include "plugin/cuda/capture_ptx.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "plugin/cuda/capture_kernel.h"

namespace moetap {
namespace {

bool Has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(CapturePtx, IsThereFromAmpereOn) {
  EXPECT_TRUE(CapturePtx(0).empty());
  EXPECT_TRUE(CapturePtx(7).empty());
  for (int major = 8; major <= 13; ++major) {
    EXPECT_TRUE(CapturePtx(major).starts_with(
        major == 8 ? ".version 8.0\n.target sm_80\n"
                   : ".version 8.0\n.target sm_90\n"))
        << major;
  }
}

TEST(CapturePtx, DefinesBothKernelsAndEndsWithNul) {
  for (int major : {8, 9}) {
    const std::string_view ptx = CapturePtx(major);
    for (std::string kernel : {kCaptureKernelName, kSetStepKernelName}) {
      EXPECT_TRUE(Has(ptx, ".visible .entry " + kernel + "(")) << kernel;
    }
    EXPECT_EQ(ptx.data()[ptx.size()], '\0');
    EXPECT_FALSE(Has(ptx, "//"));
    EXPECT_FALSE(Has(ptx, ".local"));
  }
}

// Programmatic launches exist from sm_90 on.
TEST(CapturePtx, WaitsBeforeItLetsDependentsBegin) {
  EXPECT_FALSE(Has(CapturePtx(8), "griddepcontrol"));
  const std::string_view ptx = CapturePtx(9);
  EXPECT_TRUE(Has(ptx, "griddepcontrol.wait"));
  EXPECT_TRUE(Has(ptx, "griddepcontrol.launch_dependents"));
  EXPECT_LT(ptx.find("griddepcontrol.wait"),
            ptx.find("griddepcontrol.launch_dependents"));
  EXPECT_LT(ptx.find("griddepcontrol.wait"), ptx.find("ld.global"));
}

TEST(CapturePtx, PublishesBySystemScopeRelease) {
  for (int major : {8, 9}) {
    EXPECT_TRUE(Has(CapturePtx(major), "st.release.sys.global.u64"));
  }
}

}  // namespace
}  // namespace moetap
