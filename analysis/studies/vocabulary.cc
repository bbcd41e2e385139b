#include "analysis/studies/vocabulary.h"

#include <fmt/format.h>

#include <algorithm>

namespace moetap {
namespace {

// No model has more; a damaged or hostile first_id is passed over.
constexpr uint64_t kMaxVocabulary = uint64_t{1} << 22;

void AddRun(const log::VocabularyRun& run, std::vector<std::string>* tokens) {
  if (run.lengths() == nullptr || run.bytes() == nullptr) return;
  uint64_t id = run.first_id();
  size_t at = 0;
  for (const uint16_t length : *run.lengths()) {
    if (id >= kMaxVocabulary || at + length > run.bytes()->size()) return;
    if (tokens->size() <= id) tokens->resize(id + 1);
    const auto* bytes = reinterpret_cast<const char*>(run.bytes()->data());
    (*tokens)[id].assign(bytes + at, length);
    at += length;
    ++id;
  }
}

// Bytes of the valid UTF-8 character at the head of `text`, 0 if it is none;
// `*code` is its code point.
size_t Decode(std::string_view text, uint32_t* code) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) {
    *code = lead;
    return 1;
  }
  const size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  *code = lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    *code = *code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = *code >= 0xD800 && *code < 0xE000;
  return *code < kLeast[size] || *code > 0x10FFFF || surrogate ? 0 : size;
}

bool Invisible(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0xAD ||
         (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF ||
         code >= 0xE0000;
}

std::string Escape(uint32_t code) {
  switch (code) {
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    case '\r':
      return "\\r";
    default:
      return code < 0x100 ? fmt::format("\\x{:02x}", code)
                          : fmt::format("\\u{{{:x}}}", code);
  }
}

}  // namespace

Vocabulary::Vocabulary(const Capture& capture) {
  for (const CaptureFile& file : capture.files) {
    for (const CaptureBlock& block : file.blocks) {
      const auto* runs = block.content()->vocabulary();
      if (runs == nullptr) continue;
      for (const auto* run : *runs) AddRun(*run, &tokens_);
    }
  }
}

std::string Vocabulary::Text(std::span<const uint64_t> tokens) const {
  std::string text;
  for (const uint64_t token : tokens) {
    const std::string_view bytes = Bytes(token);
    if (bytes.empty()) {
      text += fmt::format("<{}>", token);
    } else {
      text += bytes;
    }
  }
  return text;
}

std::string EscapeLine(std::string_view bytes) {
  std::string line;
  while (!bytes.empty()) {
    uint32_t code = 0;
    const size_t size = Decode(bytes, &code);
    if (size == 0) {
      line += fmt::format("\\x{:02x}", static_cast<uint8_t>(bytes[0]));
      bytes.remove_prefix(1);
      continue;
    }
    if (code == '\\') {
      line += "\\\\";
    } else if (Invisible(code)) {
      line += Escape(code);
    } else {
      line += bytes.substr(0, size);
    }
    bytes.remove_prefix(size);
  }
  return line;
}

std::string Shorten(const std::string& text, size_t width) {
  std::vector<size_t> starts;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  if (starts.size() <= width) return text;
  const size_t tail = width / 3;
  const size_t head = width - tail - 1;
  return text.substr(0, starts[head]) + "…" +
         text.substr(starts[starts.size() - tail]);
}

}  // namespace moetap
