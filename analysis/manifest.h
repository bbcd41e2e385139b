// What a client says about the requests it sent: the manifests that
// moetap-branch writes (../client/README.md), joined to a capture by request
// id.  A manifest is untrusted input.
#ifndef MOETAP_ANALYSIS_MANIFEST_H_
#define MOETAP_ANALYSIS_MANIFEST_H_

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

// One row of kind "request".
struct ManifestRow {
  std::string request_id;  // "": the server gave none, so nothing joins it
  std::string strategy;
  std::string prompt;          // the client's prompt id
  uint32_t parent = kNone;     // index of the row that it leaves ...
  uint32_t fork_position = 0;  // ... behind that many tokens
  nlohmann::json labels;       // an object, or null
};

struct Manifests {
  std::vector<ManifestRow> rows;                    // of all files
  std::unordered_map<std::string, uint32_t> by_id;  // request_id -> first row
  size_t longest_id = 0;                            // of all request_id
  // What the ids of each start of a client begin with.
  std::vector<std::string> prefixes;
};

// Ignores a torn last line, as the client does.  Throws Error with file, line
// and remedy for anything else that is no manifest, for a row that lacks what
// is needed here, and for a request that two rows name.
Manifests ReadManifests(std::span<const std::filesystem::path> files);

// Index of each sequence's row, kNone where no row names it.  A row names
// every request whose external id, parent or engine's id is its request_id or
// begins with that and '-'; of several such rows the longest id counts.
std::vector<uint32_t> JoinManifests(const Manifests& manifests,
                                    const Trace& trace);

// Gives each sequence the strategy, the prompt and, unless the engine named
// one, the parent of its row.  `row_of` is of JoinManifests.
void NameSequences(const Manifests& manifests,
                   const std::vector<uint32_t>& row_of, Trace* trace);

// Sequences whose tokens are not those of the parent that the engine or a
// manifest gives them: siblings of one n>1 request have one prompt, and what
// forks from a row shares its first `fork_position` tokens.  Tokens whose
// record was lost are not compared.
uint64_t CountParentMismatches(const Manifests& manifests,
                               const std::vector<uint32_t>& row_of,
                               const Trace& trace);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_MANIFEST_H_
