// Finds libmoetap.so and proves that it can be preloaded.
#ifndef MOETAP_ANALYSIS_RECORD_LIBRARY_H_
#define MOETAP_ANALYSIS_RECORD_LIBRARY_H_

#include <filesystem>
#include <vector>

namespace moetap {

// Where the library lies, seen from the program's folder, installed or in a
// build tree; most likely first.
std::vector<std::filesystem::path> LibraryCandidates(
    const std::filesystem::path& program_folder);

// Absolute path of the library: MOETAP_LIBRARY if that is set, else next to
// the running program.  Throws Error that lists where it looked.
std::filesystem::path FindLibrary();

// Runs a harmless program with the library preloaded.  Throws Error with the
// loader's own words if it would not load.
void ProveLibraryLoads(const std::filesystem::path& library);

// True if the shim lies where the library will look for it.
bool ShimPresent(const std::filesystem::path& library);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_LIBRARY_H_
