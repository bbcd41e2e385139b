// Reads what a fresh capture says about itself, and judges it.
#ifndef MOETAP_ANALYSIS_RECORD_FINDINGS_H_
#define MOETAP_ANALYSIS_RECORD_FINDINGS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "schema/block_format.h"

namespace moetap {

struct StatusText {
  std::string code;
  std::string text;
};

struct FoundFile {
  std::filesystem::path path;
  std::string pid;  // facts of the process; "" if it did not say
  std::string process;
  std::string role;
  uint64_t bytes = 0;
  uint64_t blocks = 0;
  uint64_t damaged_bytes = 0;
  Counters counters;
  std::vector<StatusText> status;
};

struct Findings {
  std::vector<FoundFile> files;  // by name
  uint64_t bytes = 0;
  Counters total;

  bool HasStatus(const std::string& code) const;
  // Some process told which request each row belongs to.
  bool identity() const;
};

// Reads every capture file in `directory`, one block at a time.
Findings ReadFindings(const std::filesystem::path& directory);

// What became of the capture as a whole.
enum class Verdict {
  kGood,
  kLosses,      // rows dropped, damage, or no identity: usable, not whole
  kUnhooked,    // the library says that it missed dispatches
  kNoDispatch,  // nothing was dispatched through a known hook
  kNotLoaded,   // ... and the library was missing wherever we looked
};

// `library_missing`: processes were looked at, and none carried the library.
Verdict Judge(const Findings& findings, bool library_missing);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_FINDINGS_H_
