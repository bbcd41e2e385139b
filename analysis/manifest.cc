#include "analysis/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>

#include "analysis/error.h"
#include "analysis/json_depth.h"
#include "analysis/output.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

constexpr int kManifestVersion = 1;

// Reads the lines of one file into `manifests`.
class Reader {
 public:
  Reader(const std::filesystem::path& path, Manifests* manifests)
      : path_(path), manifests_(*manifests) {}

  void Read() {
    std::ifstream file(path_, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
      if (file.eof()) break;  // torn: no newline at its end
      ++line_;
      AddLine(line);
    }
    if (file.bad() || !file.eof()) {
      throw Error(Printable(path_.string()) +
                  ": cannot be read; name a manifest of moetap-branch");
    }
    if (line_ == 0) {
      throw Error(Printable(path_.string()) +
                  ": has no line; name a manifest of moetap-branch");
    }
  }

 private:
  [[noreturn]] void Fail(const std::string& what) const {
    throw Error(fmt::format(
        "{}: line {}: {}; name a manifest as moetap-branch wrote it",
        Printable(path_.string()), line_, what));
  }

  void AddLine(const std::string& line) {
    if (TooDeep(line)) Fail("nested too deeply");
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_object()) Fail("not a JSON object");
    const std::string kind = Text(row, "kind");
    if (line_ == 1) {
      CheckFirst(row, kind);
    } else if (kind == "session") {
      manifests_.prefixes.push_back(Text(row, "prefix"));
      if (manifests_.prefixes.back().empty()) Fail("\"prefix\" is empty");
    } else if (kind == "request") {
      AddRequest(row);
    }
  }

  void CheckFirst(const Json& row, const std::string& kind) const {
    if (kind != "run") Fail("not the beginning of a manifest");
    const auto version = row.find("schema_version");
    if (version == row.end() || *version != kManifestVersion) {
      Fail(fmt::format("not of the schema version that this moetap reads ({})",
                       kManifestVersion));
    }
  }

  void AddRequest(const Json& row) {
    ManifestRow request;
    request.request_id = TextOrNull(row, "request_id");
    request.strategy = Text(row, "strategy");
    request.prompt = Text(row, "prompt");
    const auto labels = row.find("labels");
    if (labels != row.end()) request.labels = *labels;
    if (!request.labels.is_null() && !request.labels.is_object()) {
      Fail("\"labels\" is no object");
    }
    AddParent(row, &request);
    const auto index = static_cast<uint32_t>(manifests_.rows.size());
    if (!row_of_.emplace(Text(row, "key"), index).second) {
      Fail("a second row with this \"key\"");
    }
    // The beams that a server returned are rows of one request.
    const auto choice = row.find("choice");
    const bool further =
        choice != row.end() && choice->is_number() && *choice != 0;
    if (!request.request_id.empty() &&
        !manifests_.by_id.emplace(request.request_id, index).second &&
        !further) {
      Fail(
          fmt::format("request {} has a row already (in this file or in one "
                      "named before)",
                      Printable(request.request_id)));
    }
    manifests_.longest_id =
        std::max(manifests_.longest_id, request.request_id.size());
    manifests_.rows.push_back(std::move(request));
  }

  void AddParent(const Json& row, ManifestRow* request) const {
    const std::string key = TextOrNull(row, "parent");
    if (key.empty()) return;
    const auto parent = row_of_.find(key);
    if (parent == row_of_.end()) {
      Fail("\"parent\" is the key of no row above");
    }
    const auto position = row.find("fork_position");
    if (position == row.end() || !position->is_number_unsigned() ||
        position->get<uint64_t>() >= kNone) {
      Fail("\"fork_position\" is no number of tokens");
    }
    request->parent = parent->second;
    request->fork_position = position->get<uint32_t>();
  }

  std::string Text(const Json& row, const char* name) const {
    const auto value = row.find(name);
    if (value == row.end() || !value->is_string()) {
      Fail(fmt::format("\"{}\" is missing or no text", name));
    }
    return value->get<std::string>();
  }

  std::string TextOrNull(const Json& row, const char* name) const {
    const auto value = row.find(name);
    return value != row.end() && value->is_null() ? "" : Text(row, name);
  }

  const std::filesystem::path path_;
  Manifests& manifests_;
  std::unordered_map<std::string, uint32_t> row_of_;  // by key
  size_t line_ = 0;
};

// The row whose id is `name`, or begins it and is followed by '-'.
uint32_t FindRow(const Manifests& manifests, std::string name) {
  while (!name.empty()) {
    if (name.size() <= manifests.longest_id) {
      const auto it = manifests.by_id.find(name);
      if (it != manifests.by_id.end()) return it->second;
    }
    const size_t dash = name.rfind('-', manifests.longest_id);
    name.resize(dash == std::string::npos ? 0 : dash);
  }
  return kNone;
}

// The first sequence of each row, kNone if it has none.
std::vector<uint32_t> SequenceOf(const Manifests& manifests,
                                 const std::vector<uint32_t>& row_of) {
  std::vector<uint32_t> sequence_of(manifests.rows.size(), kNone);
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    if (row_of[s] == kNone) continue;
    uint32_t& first = sequence_of[row_of[s]];
    first = std::min(first, s);
  }
  return sequence_of;
}

bool BeginAlike(const Sequence& a, const Sequence& b, uint32_t tokens) {
  if (a.tokens.size() < tokens || b.tokens.size() < tokens) return false;
  const auto end = a.tokens.begin() + tokens;
  return std::equal(a.tokens.begin(), end, b.tokens.begin(),
                    [](uint64_t x, uint64_t y) {
                      return x == y || x == kUnknownToken || y == kUnknownToken;
                    });
}

}  // namespace

Manifests ReadManifests(std::span<const std::filesystem::path> files) {
  Manifests manifests;
  for (const auto& file : files) Reader(file, &manifests).Read();
  return manifests;
}

std::vector<uint32_t> JoinManifests(const Manifests& manifests,
                                    const Trace& trace) {
  std::vector<uint32_t> row_of;
  row_of.reserve(trace.sequences.size());
  for (const Sequence& sequence : trace.sequences) {
    uint32_t row = FindRow(manifests, sequence.external_id);
    if (row == kNone) row = FindRow(manifests, sequence.parent);
    if (row == kNone) row = FindRow(manifests, sequence.id);
    row_of.push_back(row);
  }
  return row_of;
}

void NameSequences(const Manifests& manifests,
                   const std::vector<uint32_t>& row_of, Trace* trace) {
  const auto sequence_of = SequenceOf(manifests, row_of);
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    if (row_of[s] == kNone) continue;
    const ManifestRow& row = manifests.rows[row_of[s]];
    Sequence& sequence = trace->sequences[s];
    sequence.strategy = row.strategy;
    sequence.prompt = row.prompt;
    if (!sequence.parent.empty() || row.parent == kNone) continue;
    const uint32_t parent = sequence_of[row.parent];
    if (parent != kNone) sequence.parent = trace->sequences[parent].id;
  }
}

uint64_t CountParentMismatches(const Manifests& manifests,
                               const std::vector<uint32_t>& row_of,
                               const Trace& trace) {
  const auto sequence_of = SequenceOf(manifests, row_of);
  std::unordered_map<std::string_view, uint32_t> eldest;  // by n>1 request
  uint64_t mismatches = 0;
  for (uint32_t s = 0; s < row_of.size(); ++s) {
    const Sequence& sequence = trace.sequences[s];
    bool alike = true;
    if (!sequence.parent.empty()) {
      const uint32_t first = eldest.emplace(sequence.parent, s).first->second;
      const Sequence& sibling = trace.sequences[first];
      alike = sibling.prompt_tokens == sequence.prompt_tokens &&
              BeginAlike(sibling, sequence, sequence.prompt_tokens);
    }
    const uint32_t row = row_of[s];
    const uint32_t parent = row == kNone ? kNone : manifests.rows[row].parent;
    if (parent != kNone && sequence_of[parent] != kNone) {
      alike = alike && BeginAlike(trace.sequences[sequence_of[parent]],
                                  sequence, manifests.rows[row].fork_position);
    }
    mismatches += alike ? 0 : 1;
  }
  return mismatches;
}

}  // namespace moetap
