// What loaded code tells about kernels and their parameters.
#include "tests/cuda_standin/core/image.h"

#include <cuda.h>
#include <elf.h>
#include <gmock/gmock.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace standin {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

template <typename T>
void Put(std::string* bytes, T value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof value);
}

// A record of .nv.info that describes one parameter.
std::string Parameter(uint16_t ordinal, uint32_t size) {
  std::string record("\x04\x17\x0c\x00", 4);
  Put<uint32_t>(&record, 0);
  Put<uint16_t>(&record, ordinal);
  Put<uint16_t>(&record, 0);
  Put<uint32_t>(&record, size << 18);
  return record;
}

// An ELF file with an empty .text.bare, and parameters of `kernel`.
std::string MakeElf(const std::string& info) {
  const std::string names("\0.names\0.nv.info.kernel\0.text.bare\0", 36);
  std::string bytes(sizeof(Elf64_Ehdr), '\0');
  const auto section = [&](uint32_t name, const std::string& contents) {
    Elf64_Shdr header = {};
    header.sh_name = name;
    header.sh_type = SHT_PROGBITS;
    header.sh_offset = bytes.size();
    header.sh_size = contents.size();
    bytes += contents;
    return header;
  };
  const Elf64_Shdr table[] = {section(1, names), section(8, info),
                              section(24, "")};
  Elf64_Ehdr header = {};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_shoff = bytes.size();
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  std::memcpy(bytes.data(), &header, sizeof header);
  for (const Elf64_Shdr& one : table) Put(&bytes, one);
  return bytes;
}

TEST(Image, ReadsParametersOfCubins) {
  // A record of the format without contents, which must be skipped.
  const std::string other("\x01\x17\x00\x00", 4);
  const std::string elf =
      MakeElf(Parameter(1, 4) + other + Parameter(0, 8) + Parameter(2, 24));
  Image image;
  ASSERT_EQ(CUDA_SUCCESS, image.Load(elf.data()));
  std::vector<int> sizes;
  EXPECT_EQ(CUDA_SUCCESS, image.Find("kernel", &sizes));
  EXPECT_THAT(sizes, ElementsAre(8, 4, 24));
  EXPECT_EQ(CUDA_SUCCESS, image.Find("bare", &sizes));
  EXPECT_THAT(sizes, IsEmpty());
  EXPECT_EQ(CUDA_ERROR_NOT_FOUND, image.Find("other", &sizes));
}

TEST(Image, ReadsFilesAndRefusesDamagedOnes) {
  const std::string path = ::testing::TempDir() + "standin_image_test.cubin";
  const std::string elf = MakeElf(Parameter(0, 8));
  for (size_t length = 0; length <= elf.size(); ++length) {
    std::ofstream(path, std::ios::binary) << elf.substr(0, length);
    Image image;
    const int status = image.LoadFile(path.c_str());
    std::vector<int> sizes;
    const bool found = image.Find("kernel", &sizes) == CUDA_SUCCESS;
    EXPECT_EQ(length == elf.size(), status == CUDA_SUCCESS && found)
        << "length " << length;
  }
  std::remove(path.c_str());
  EXPECT_EQ(CUDA_ERROR_FILE_NOT_FOUND, Image().LoadFile(path.c_str()));
}

TEST(Image, ReadsPtx) {
  const auto kernels = ParsePtx(
      ".version 7.0 /* .entry none() */\n"
      ".visible .entry a(.param .u64 .ptr .global .align 8 p, .param .f32 x,\n"
      ".param .align 16 .b8 s[32], .param .b16 h, .param .u8 b) { ret; }\n"
      ".entry b { ret; } .entry c() { ret; }");
  ASSERT_EQ(3U, kernels.size());
  EXPECT_THAT(kernels.at("a"), ElementsAre(8, 4, 32, 2, 1));
  EXPECT_THAT(kernels.at("b"), IsEmpty());
  EXPECT_THAT(kernels.at("c"), IsEmpty());
}

TEST(Image, TakesAnyNameOfAFatBinary) {
  const uint32_t fat[] = {0xBA55ED50, 0};
  Image image;
  ASSERT_EQ(CUDA_SUCCESS, image.Load(fat));
  std::vector<int> sizes;
  EXPECT_EQ(CUDA_SUCCESS, image.Find("_Z1fPfi", &sizes));
  EXPECT_THAT(sizes, ElementsAre(8, 4));
}

TEST(MangledNames, TellSizesUpToTheFirstUnknownType) {
  EXPECT_THAT(SizesOfName("_Z1fv"), IsEmpty());
  EXPECT_THAT(SizesOfName("plain"), IsEmpty());
  EXPECT_THAT(SizesOfName("_Z1fbcstijlmfdPKfRi"),
              ElementsAre(1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 8, 8));
  EXPECT_THAT(SizesOfName("_Z1fi6StructPv"), ElementsAre(4));
  EXPECT_THAT(SizesOfName("_ZN2ns1gIiLi3EEEvPT_St4pairIS1_S1_E"),
              ElementsAre(8));
  EXPECT_THAT(SizesOfName("_ZN12_GLOBAL__N_11hEPiPFviES0_"),
              ElementsAre(8, 8, 8));
}

}  // namespace
}  // namespace standin
