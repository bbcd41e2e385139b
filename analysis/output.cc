#include "analysis/output.h"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "analysis/error.h"

namespace moetap {

Output::Output(const std::string& path)
    : path_(path == "-" ? "standard output" : path),
      file_(path == "-" ? stdout : std::fopen(path.c_str(), "we")) {
  if (file_ == nullptr) {
    throw Error(
        fmt::format("{}: cannot be written: {}", path_, std::strerror(errno)));
  }
}

Output::~Output() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

void Output::Flush() {
  const size_t written = std::fwrite(buffer_.data(), 1, buffer_.size(), file_);
  if (written != buffer_.size()) {
    throw Error(
        fmt::format("{}: cannot be written: {}", path_, std::strerror(errno)));
  }
  buffer_.clear();
}

void Output::Close() {
  Flush();
  std::FILE* file = std::exchange(file_, nullptr);
  const int result = file == stdout ? std::fflush(file) : std::fclose(file);
  if (result != 0) {
    throw Error(
        fmt::format("{}: cannot be written: {}", path_, std::strerror(errno)));
  }
}

std::string Hex(std::span<const uint8_t> bytes) {
  std::string hex;
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string JsonString(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false,
                                   nlohmann::json::error_handler_t::replace);
}

std::string Printable(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    // U+0080 to U+009F in UTF-8: to a terminal as good as an escape.
    const bool c1 = byte == 0xC2 && i + 1 < text.size() &&
                    static_cast<uint8_t>(text[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || c1) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += text[i];
    }
    if (c1) out += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[++i]));
  }
  return out;
}

}  // namespace moetap
