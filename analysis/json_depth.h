// Refuses JSON that is nested too deeply before anything recurses over it.
#ifndef MOETAP_ANALYSIS_JSON_DEPTH_H_
#define MOETAP_ANALYSIS_JSON_DEPTH_H_

#include <cstddef>
#include <string_view>

namespace moetap {

// No file that moetap reads nests more.
inline constexpr size_t kMaxJsonDepth = 64;

// Whether arrays and objects of `json`, valid or not, are nested more deeply.
inline bool TooDeep(std::string_view json) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '[' || c == '{')) {
      if (++depth > kMaxJsonDepth) return true;
    } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_JSON_DEPTH_H_
