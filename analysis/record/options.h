// What `record` and `env` can be asked for.
#ifndef MOETAP_ANALYSIS_RECORD_OPTIONS_H_
#define MOETAP_ANALYSIS_RECORD_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

namespace moetap {

struct CaptureOptions {
  std::string directory;  // as typed; "" = choose one
  std::string tokens = "none";
  std::string on_full = "drop";
  uint64_t max_bytes = uint64_t{10} << 30;
};

// Puts the options on `command`; `*options` must outlive the parser.
void AddCaptureOptions(CLI::App* command, CaptureOptions* options);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_OPTIONS_H_
