// The capture directory of one `record`.
#ifndef MOETAP_ANALYSIS_RECORD_DIRECTORY_H_
#define MOETAP_ANALYSIS_RECORD_DIRECTORY_H_

#include <ctime>
#include <filesystem>
#include <string>

namespace moetap {

// moetap-<command's base name>-<YYYYmmdd-HHMMSS>, safe as a file name.
std::string DefaultDirectoryName(const std::string& command, std::time_t now);

// Makes `directory` with mode 0700, or takes an empty one of ours and gives
// it that mode.  Returns its absolute path without symbolic links.  Throws
// Error with the remedy.
std::filesystem::path PrepareDirectory(const std::filesystem::path& directory);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_DIRECTORY_H_
