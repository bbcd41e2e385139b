// Buffered text output to a file or to standard output, and what JSON needs.
#ifndef MOETAP_ANALYSIS_OUTPUT_H_
#define MOETAP_ANALYSIS_OUTPUT_H_

#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace moetap {

class Output {
 public:
  // "-" is standard output.  Throws Error if `path` cannot be written.
  explicit Output(const std::string& path);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  template <typename... Args>
  void Print(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(buffer_), format,
                   std::forward<Args>(args)...);
    if (buffer_.size() >= kFlushBytes) Flush();
  }
  void Write(std::string_view text) {
    buffer_.append(text.data(), text.data() + text.size());
    if (buffer_.size() >= kFlushBytes) Flush();
  }

  // Writes what is left.  Throws Error if any of it could not be written.
  void Close();

 private:
  static constexpr size_t kFlushBytes = size_t{1} << 18;
  void Flush();

  const std::string path_;
  std::FILE* file_;
  fmt::memory_buffer buffer_;
};

// Two lower-case digits for each byte.
std::string Hex(std::span<const uint8_t> bytes);

// `text` as a quoted JSON string; bytes that are no UTF-8 become U+FFFD.
std::string JsonString(std::string_view text);

// `text` with control characters escaped, safe for a terminal.
std::string Printable(std::string_view text);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_OUTPUT_H_
