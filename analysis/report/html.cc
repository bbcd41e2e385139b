#include "analysis/report/html.h"

#include <fmt/format.h>

#include "analysis/studies/reasons.h"
#include "analysis/studies/vocabulary.h"

namespace moetap::html {

std::string Text(std::string_view text) {
  std::string result;
  for (const char c : EscapeLine(text)) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string Count(uint64_t value) {
  std::string digits = fmt::format("{}", value);
  for (size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, 1, ',');
  return digits;
}

std::string Figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "–";
}

std::string Size(uint64_t bytes) {
  const char* const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string Head(std::string_view html, bool number) {
  return fmt::format("<th{}>{}</th>", number ? " class=n" : "", html);
}

std::string Cell(std::string_view html, bool number) {
  return fmt::format("<td{}>{}</td>", number ? " class=n" : "", html);
}

std::string ReasonBox(std::string_view code) {
  const Reason& reason = FindReason(code);
  return fmt::format(
      "<div class=box><p>{}</p><p class=note>Next: <code>{}</code></p></div>\n",
      Text(reason.text), Text(reason.next));
}

std::string PolicyHash(std::string_view sha256) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const auto nibble = [](char c) {
    return static_cast<uint32_t>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  std::string result = "'sha256-";
  uint32_t bits = 0;
  int pending = 0;
  for (const char c : sha256) {
    bits = bits << 4 | nibble(c);
    pending += 4;
    if (pending < 6) continue;
    pending -= 6;
    result += kDigits[bits >> pending & 63];
  }
  // 32 bytes: four bits are left, and one character of padding.
  result += kDigits[bits << 2 & 63];
  return result + "='";
}

}  // namespace moetap::html
