#include <gmock/gmock.h>

#include <random>
#include <string>

#include "hooks/cuda/kernel_match.h"
#include "tests/unit/hooks/cuda_kernel_names.h"

namespace moetap {
namespace {

using testing::ElementsAre;
using Verdict = KernelMatch::Verdict;

constexpr char kTopkGating[] =
    "_ZN4vllm3moe10topkGatingILi8ELi256ELi4ELi16ELi32Ei6__halfLNS0_"
    "11ScoringFuncE0EEEvPKT5_PKbPfiPT4_PiiiibPKfdS8_";

KernelMatch Match(std::string_view name) {
  return MatchKernel(ExactCopy(name));
}

std::string Replaced(std::string text, std::string_view old,
                     std::string_view now) {
  size_t at = text.find(old);
  EXPECT_NE(at, text.npos) << old;
  return at == text.npos ? text : text.replace(at, old.size(), now);
}

const char* WhyNot(std::string_view name) {
  KernelMatch match = Match(name);
  return match.verdict == Verdict::kUnknownForm ? match.why : "no unknown form";
}

// The C++ type of an id.
std::string IdType(const KernelMatch& match) {
  bool is_signed = match.id_signed;
  switch (match.id_bytes) {
    case 1:
      return is_signed ? "signed char" : "unsigned char";
    case 2:
      return is_signed ? "short" : "unsigned short";
    case 4:
      return is_signed ? "int" : "unsigned int";
    default:
      return is_signed ? "long" : "unsigned long";
  }
}

// The C++ runtime reads the same from the name: ids, arity, padding.
void ExpectDemanglerAgrees(const std::string& name, const KernelMatch& match) {
  std::vector<std::string> types;
  ASSERT_TRUE(DemangledParameters(name, &types)) << name;
  ASSERT_EQ(types.size(), ParameterCount(*match.form)) << name;
  std::string& ids = types[match.row->ids_argument];
  if (size_t at = ids.find("long long"); at != ids.npos) ids.erase(at, 5);
  EXPECT_THAT(ids,
              testing::AnyOf(IdType(match) + "*", IdType(match) + " const*"))
      << name;
  if (match.form->padding_argument != kNoArgument) {
    EXPECT_EQ(types[match.form->padding_argument], "bool const*") << name;
  }
}

TEST(CudaKernelMatch, RealNames) {
  std::vector<ListedKernel> kernels = ListedKernels();
  ASSERT_GT(kernels.size(), 80u);
  for (const ListedKernel& kernel : kernels) {
    KernelMatch match = Match(kernel.name);
    EXPECT_EQ(Columns(match), kernel.columns) << kernel.name;
    if (match.verdict == Verdict::kRow) {
      ExpectDemanglerAgrees(kernel.name, match);
    }
  }
}

TEST(CudaKernelMatch, EverythingNeededIsResolved) {
  KernelMatch match = Match(kTopkGating);
  ASSERT_EQ(match.verdict, Verdict::kRow);
  EXPECT_EQ(match.id_bytes, 4);
  EXPECT_TRUE(match.id_signed);
  EXPECT_EQ(match.experts, 256u);
  EXPECT_EQ(match.form->padding_argument, 12);
  EXPECT_EQ(ArgumentBytes(*match.form, match.row->rows.value), 4);
  match = Match(Replaced(kTopkGating, "ELi32Ei6", "ELi32Ej6"));
  EXPECT_EQ(match.id_bytes, 4);
  EXPECT_FALSE(match.id_signed);
  match = Match(Replaced(kTopkGating, "ELi32Ei6", "ELi32El6"));
  EXPECT_EQ(match.id_bytes, 8);
  EXPECT_TRUE(match.id_signed);
}

TEST(CudaKernelMatch, EnginesAreToldApartByNamespace) {
  EXPECT_THAT(
      Columns(Match("_ZN4vllm3moe7moeTopKILi256ElEEvPKfPKbPfPT0_PiiiiibS3_")),
      ElementsAre("row", "vllm::moe::moeTopK", "vllm", "11", "int64", "-"));
  EXPECT_THAT(
      Columns(Match("_Z7moeTopKILi256EEvPfPKbS0_Piiiiib")),
      ElementsAre("row", "moeTopK", "sglang-kernel", "9", "int32", "-"));
  // The parameters of one engine under the name of the other.
  EXPECT_STREQ(WhyNot("_Z7moeTopKILi256ElEvPKfPKbPfPT0_PiiiiibS3_"),
               "other template arguments");
  EXPECT_STREQ(WhyNot("_ZN4vllm3moe7moeTopKILi256EEEvPfPKbS2_Piiiiib"),
               "other template arguments");
}

TEST(CudaKernelMatch, UnknownForms) {
  const std::string good = kTopkGating;
  EXPECT_STREQ(WhyNot(good + "i"), "another number of parameters");
  EXPECT_STREQ(WhyNot(Replaced(good, "PKfdS8_", "PKfd")),
               "another number of parameters");
  EXPECT_STREQ(WhyNot(Replaced(good, "PiiiibPKf", "PiiilbPKf")),
               "a parameter of another type");
  EXPECT_STREQ(WhyNot(Replaced(good, "PfiPT4_Pi", "PfiPT5_Pi")),
               "a parameter of another type");
  EXPECT_STREQ(WhyNot(Replaced(good, "dS8_", "dS7_")),
               "a parameter of another type");
  EXPECT_STREQ(WhyNot(Replaced(good, "ILi8E", "ILi8ELi8E")),
               "other template arguments");
  EXPECT_STREQ(WhyNot(Replaced(good, "ELi32Ei6", "ELi32ELb1E6")),
               "other template arguments");
  EXPECT_STREQ(WhyNot(Replaced(good, "dS8_", "dSZ_")),
               "a name that is not understood");
  EXPECT_STREQ(WhyNot("_ZN4vllm3moe10topkGating"),
               "a name that is not understood");
  EXPECT_STREQ(WhyNot("_ZN4vllm3moe10topkGatingEPKfi"),
               "other template arguments");
  EXPECT_STREQ(WhyNot("_Z22preprocessTopkIdKernelIiEvPiiPKii"),
               "other template arguments");
}

TEST(CudaKernelMatch, UnknownIds) {
  for (const char* type : {"f", "b", "c", "w", "n", "d"}) {
    std::string id = std::string("ELi32E") + type + "6";
    EXPECT_STREQ(WhyNot(Replaced(kTopkGating, "ELi32Ei6", id)),
                 "ids that are no integers of known size")
        << type;
  }
  EXPECT_STREQ(
      WhyNot("_ZN4vllm3moe7moeTopKILi256E6__halfEEvPKfPKbPfPT0_PiiiiibS4_"),
      "ids that are no integers of known size");
  for (const char* experts : {"Li0E", "Lin256E", "Li65537E"}) {
    EXPECT_STREQ(WhyNot(Replaced(kTopkGating, "Li256E", experts)),
                 "an impossible number of experts")
        << experts;
  }
}

TEST(CudaKernelMatch, SimilarNamesAreNone) {
  const std::string good = kTopkGating;
  for (const std::string& name : {
           std::string(),
           std::string("_Z"),
           std::string("topkGating"),
           Replaced(good, "10topkGating", "11topkGatingX"),
           Replaced(good, "10topkGating", "9topkGatin"),
           Replaced(good, "10topkGating", "10topkgating"),
           Replaced(good, "10topkGating", "10topkGating3foo"),
           Replaced(good, "3moe", "4moe2"),
           Replaced(good, "4vllm", "4VLLM"),
           Replaced(good, "_ZN", "_ZNK"),
           Replaced(good, "_ZN", "_ZTSN"),
           "_" + good,
           " " + good,
           std::string("_Z10topkGatingILi8EEvPi"),
           std::string("_ZN4vllm7moeTopKILi256EEEvPi"),
       }) {
    EXPECT_EQ(Match(name).verdict, Verdict::kNone) << name;
  }
}

TEST(CudaKernelMatch, TruncatedNamesAreNeverTheSameForm) {
  for (const ListedKernel& kernel : ListedKernels()) {
    const KernelForm* whole = Match(kernel.name).form;
    for (size_t size = 0; size < kernel.name.size(); ++size) {
      std::string text = kernel.name.substr(0, size);
      KernelMatch match = Match(text);
      if (match.verdict != Verdict::kRow) continue;
      EXPECT_NE(match.form, whole) << text;
      ExpectDemanglerAgrees(text, match);
    }
  }
}

// One to three characters of a real name replaced, removed or doubled.
std::string Mutated(std::string text, std::mt19937& random) {
  constexpr std::string_view kLetters = "EILNPKSTJ_0123456789ijlmxbfdv\x80";
  for (auto i = random() % 3 + 1; i > 0 && !text.empty(); --i) {
    size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = kLetters[random() % kLetters.size()];
        break;
      case 1:
        text.erase(at, 1);
        break;
      default:
        text.insert(at, 1, text[random() % text.size()]);
    }
  }
  return text;
}

TEST(CudaKernelMatch, MutatedNames) {
  std::mt19937 random(20261124);
  std::vector<ListedKernel> kernels = ListedKernels();
  int rows = 0;
  for (int i = 0; i < 100000; ++i) {
    const ListedKernel& kernel = kernels[random() % kernels.size()];
    std::string text = Mutated(kernel.name, random);
    KernelMatch match = Match(text);
    if (match.verdict != Verdict::kRow) continue;
    ++rows;
    ExpectDemanglerAgrees(text, match);
  }
  EXPECT_GT(rows, 100);  // the others would prove nothing
}

}  // namespace
}  // namespace moetap
