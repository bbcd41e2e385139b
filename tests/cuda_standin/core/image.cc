#include "tests/cuda_standin/core/image.h"

#include <cuda.h>
#include <cxxabi.h>
#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include "tests/cuda_standin/kernels.h"

namespace standin {
namespace {

constexpr uint32_t kFatBinary = 0xBA55ED50;
constexpr uint32_t kFatBinaryWrapper = 0x466243B1;
constexpr int kParameterInfo = 0x17;  // EIATTR_KPARAM_INFO

bool Inside(std::string_view bytes, uint64_t offset, uint64_t size) {
  return offset <= bytes.size() && size <= bytes.size() - offset;
}

template <typename T>
T Read(std::string_view bytes, size_t at) {
  T value{};
  if (Inside(bytes, at, sizeof value)) {
    std::memcpy(&value, bytes.data() + at, sizeof value);
  }
  return value;
}

Elf64_Shdr Section(std::string_view bytes, const Elf64_Ehdr& header, size_t i) {
  return Read<Elf64_Shdr>(bytes, header.e_shoff + i * header.e_shentsize);
}

std::string_view Contents(std::string_view bytes, const Elf64_Shdr& section) {
  if (!Inside(bytes, section.sh_offset, section.sh_size)) return {};
  return bytes.substr(section.sh_offset, section.sh_size);
}

// How far an ELF file in memory reaches, by its section table.
size_t ElfBytes(const void* data) {
  Elf64_Ehdr header;
  std::memcpy(&header, data, sizeof header);
  size_t end = header.e_shoff + size_t{header.e_shnum} * header.e_shentsize;
  const std::string_view table(static_cast<const char*>(data), end);
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr section = Section(table, header, i);
    if (section.sh_type == SHT_NOBITS) continue;
    end = std::max<size_t>(end, section.sh_offset + section.sh_size);
  }
  return end;
}

// Sizes out of a section .nv.info.<kernel>: records of a format, a kind, and
// a length or a value.
std::vector<int> SizesOfInfo(std::string_view info) {
  constexpr uint8_t kHasLength = 4;
  std::vector<int> sizes;
  for (size_t at = 0; at + 4 <= info.size();) {
    const auto format = Read<uint8_t>(info, at);
    const auto kind = Read<uint8_t>(info, at + 1);
    const auto length = Read<uint16_t>(info, at + 2);
    if (format == kHasLength && kind == kParameterInfo) {
      const auto ordinal = Read<uint16_t>(info, at + 8);
      const auto flags = Read<uint32_t>(info, at + 12);
      if (sizes.size() <= ordinal) sizes.resize(size_t{ordinal} + 1);
      sizes[ordinal] = static_cast<int>(flags >> 18);
    }
    at += 4 + (format == kHasLength ? length : 0);
  }
  return sizes;
}

// Of a parameter as the demangler writes it; 0 if that does not tell.
int SizeOfType(std::string_view type) {
  while (type.starts_with(' ')) type.remove_prefix(1);
  if (type.find('*') != type.npos || type.ends_with('&')) return 8;
  static const std::map<std::string_view, int> sizes = {
      {"bool", 1},          {"char", 1},
      {"signed char", 1},   {"unsigned char", 1},
      {"short", 2},         {"unsigned short", 2},
      {"__half", 2},        {"__nv_bfloat16", 2},
      {"int", 4},           {"unsigned int", 4},
      {"float", 4},         {"long", 8},
      {"unsigned long", 8}, {"long long", 8},
      {"double", 8},        {"unsigned long long", 8}};
  const auto found = sizes.find(type);
  return found == sizes.end() ? 0 : found->second;
}

// Where the parameter list of a demangled function begins, behind its "(".
size_t ParameterList(std::string_view text) {
  int depth = 0;
  for (size_t i = text.rfind(')') + 1; i-- > 0;) {
    if (std::string_view(")>]}").find(text[i]) != text.npos) ++depth;
    if (std::string_view("(<[{").find(text[i]) != text.npos && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

}  // namespace

std::vector<int> SizesOfName(const std::string& mangled) {
  int known[64];
  const int count = KernelParameterSizes(mangled.c_str(), known, 64);
  if (count > 0) return {known, known + count};
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status),
      &std::free);
  std::vector<int> sizes;
  if (demangled == nullptr) return sizes;
  const std::string_view text = demangled.get();
  if (text.find('(') == text.npos) return sizes;
  int depth = 0;
  size_t begin = ParameterList(text);
  for (size_t i = begin; i < text.size() && depth >= 0; ++i) {
    const char c = text[i];
    if (std::string_view("(<[{").find(c) != text.npos) ++depth;
    if (std::string_view(")>]}").find(c) != text.npos) --depth;
    if (depth >= 0 && (depth > 0 || c != ',')) continue;
    const int size = SizeOfType(text.substr(begin, i - begin));
    if (size == 0) break;
    sizes.push_back(size);
    begin = i + 1;
  }
  return sizes;
}

int Image::LoadElf(std::string_view bytes) {
  const auto header = Read<Elf64_Ehdr>(bytes, 0);
  if (header.e_shoff == 0 || header.e_shentsize != sizeof(Elf64_Shdr) ||
      !Inside(bytes, header.e_shoff,
              uint64_t{header.e_shnum} * header.e_shentsize)) {
    return CUDA_ERROR_INVALID_IMAGE;
  }
  const auto names = Contents(bytes, Section(bytes, header, header.e_shstrndx));
  for (size_t i = 0; i < header.e_shnum; ++i) {
    const Elf64_Shdr section = Section(bytes, header, i);
    if (section.sh_name >= names.size()) return CUDA_ERROR_INVALID_IMAGE;
    std::string_view name = names.substr(section.sh_name);
    name = name.substr(0, name.find('\0'));
    if (name.starts_with(".nv.info.")) {
      kernels_[std::string(name.substr(9))] =
          SizesOfInfo(Contents(bytes, section));
    } else if (name.starts_with(".text.")) {
      kernels_.try_emplace(std::string(name.substr(6)));
    }
  }
  return CUDA_SUCCESS;
}

int Image::Load(const void* data) {
  if (data == nullptr) return CUDA_ERROR_INVALID_VALUE;
  const auto* text = static_cast<const char*>(data);
  if (std::memcmp(text, ELFMAG, 1) == 0) {
    if (std::memcmp(text, ELFMAG, SELFMAG) != 0)
      return CUDA_ERROR_INVALID_IMAGE;
    return LoadElf({text, ElfBytes(data)});
  }
  uint32_t magic = 0;
  std::memcpy(&magic, data, sizeof magic);
  if (magic == kFatBinary || magic == kFatBinaryWrapper) {
    any_name_ = true;
    return CUDA_SUCCESS;
  }
  if (std::strstr(text, ".version") == nullptr) return CUDA_ERROR_INVALID_IMAGE;
  kernels_ = ParsePtx(text);
  return CUDA_SUCCESS;
}

int Image::LoadFile(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return CUDA_ERROR_FILE_NOT_FOUND;
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.starts_with(ELFMAG)) return LoadElf(bytes);
  return bytes.size() < sizeof(uint32_t) ? CUDA_ERROR_INVALID_IMAGE
                                         : Load(bytes.c_str());
}

int Image::Find(const std::string& kernel, std::vector<int>* sizes) const {
  if (any_name_) {
    *sizes = SizesOfName(kernel);
    return CUDA_SUCCESS;
  }
  const auto found = kernels_.find(kernel);
  if (found == kernels_.end()) return CUDA_ERROR_NOT_FOUND;
  *sizes = found->second;
  return CUDA_SUCCESS;
}

}  // namespace standin
