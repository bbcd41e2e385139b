// The variables that make a process record itself.
#ifndef MOETAP_ANALYSIS_RECORD_ENVIRONMENT_H_
#define MOETAP_ANALYSIS_RECORD_ENVIRONMENT_H_

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/record/options.h"

namespace moetap {

// Name of the shim's vllm.general_plugins entry point.
inline constexpr std::string_view kShimPlugin = "moetap";

struct Variable {
  std::string name;
  std::string value;
  friend bool operator==(const Variable&, const Variable&) = default;
};

// Value of a variable the user has set, or null; like getenv.
using Lookup = std::function<const char*(const char*)>;

// `list` with `item` at its end, unless it is in there already.
std::string AppendItem(std::string_view list, std::string_view item,
                       char separator);

// 32 random hex digits: the key of the prefix hashes of one capture.
std::string RandomKey();

// The MOETAP_* variables.  `directory` must be absolute.
std::vector<Variable> CaptureVariables(const CaptureOptions& options,
                                       const std::filesystem::path& directory,
                                       const std::string& key);

// All variables for a child of this process: the above, LD_PRELOAD with what
// the user had there, and VLLM_PLUGINS if the user restricted it.
std::vector<Variable> ChildVariables(const CaptureOptions& options,
                                     const std::filesystem::path& directory,
                                     const std::string& key,
                                     const std::filesystem::path& library,
                                     const Lookup& lookup);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_ENVIRONMENT_H_
