// What requests are selected and grouped by: keys, and what a request or its
// row in a manifest has under them.
#ifndef MOETAP_ANALYSIS_SELECTION_H_
#define MOETAP_ANALYSIS_SELECTION_H_

#include <string>
#include <vector>

#include "analysis/manifest.h"
#include "analysis/trace.h"

namespace moetap {

// A key is strategy, prompt, id (the client's or the engine's) or label.NAME
// (of a manifest; a value that is no text as JSON).

// "", or what is wrong with a key.
std::string KeyError(const std::string& key);

// A pattern is one of the shell: *, ? and [...].
struct Condition {
  std::string key;
  std::string pattern;
};

// Conditions KEY=PATTERN, joined by commas; "" has none.  Throws Error that
// says what is wrong.
std::vector<Condition> ParseSelect(const std::string& select);

// "", or what ParseSelect throws.
std::string SelectError(const std::string& select);

// `row`: of the manifest, null if there is none.  A label that is not there
// matches nothing.
bool Holds(const Condition& condition, const Sequence& sequence,
           const ManifestRow* row);

// What the sequence has under a key, "" if nothing.
std::string ValueOf(const std::string& key, const Sequence& sequence,
                    const ManifestRow* row);

// The client's id, or the engine's if that is unknown.
const std::string& ClientId(const Sequence& sequence);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_SELECTION_H_
