// fault_check CAPTURE STATE: what was captured against what the host says it
// dispatched (tests/faults/state.h), as one JSON object.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "analysis/capture.h"
#include "analysis/error.h"
#include "tests/faults/state.h"

namespace moetap {
namespace {

using Json = nlohmann::json;

// Dispatches [first, second] of the counts that a drop record covers.
using Ranges = std::vector<std::pair<uint64_t, uint64_t>>;

struct Writer {
  size_t file = 0;
  std::vector<uint16_t> rows;  // by dispatch: rows stored
  uint64_t last = 0;           // dispatch of the last row
};

class Check {
 public:
  explicit Check(const FaultState& state) : state_(state) {}

  void AddFile(const CaptureFile& file, size_t index) {
    for (const CaptureBlock& block : file.blocks) AddBlock(block, index);
    for (const SkippedRegion& region : file.skipped) {
      (region.torn_tail ? torn_ : damage_).push_back(region.message);
    }
    missing_blocks_ += file.missing_blocks;
    dropped_rows_ += file.counters.dropped_rows;
    dropped_records_ += file.counters.dropped_records;
    rows_ += file.counters.rows;
    rings_ += file.ring_found;
    if (file.blocks.empty()) ++empty_files_;
  }

  Json Result() {
    Json result = {{"stored_rows", stored_},
                   {"dropped_rows", dropped_rows_},
                   {"placed_rows", placed_},
                   {"dropped_records", dropped_records_},
                   {"counted_rows", rows_},
                   {"writers", writers_.size()},
                   {"damaged_sets", bad_},
                   {"disordered_sets", disordered_},
                   {"mixed_files", mixed_},
                   {"damage", damage_},
                   {"torn_tails", torn_},
                   {"missing_blocks", missing_blocks_},
                   {"rings", rings_},
                   {"status", status_},
                   {"empty_files", empty_files_},
                   {"last_dispatch", last_}};
    AddWriters(&result);
    return result;
  }

 private:
  void AddBlock(const CaptureBlock& block, size_t file) {
    const log::Block& content = *block.content();
    if (content.drops() != nullptr) {
      for (const log::Drop* drop : *content.drops()) {
        placed_ += drop->rows();
        places_.emplace_back(drop->first_step(), drop->last_step());
      }
    }
    if (content.status() != nullptr) {
      for (const log::Status* s : *content.status()) {
        ++status_[s->code()->str()];
      }
    }
    if (content.groups() == nullptr) return;
    const uint8_t* at = content.ids()->data();
    for (const log::Group* group : *content.groups()) {
      AddGroup(content, *group, file, &at);
    }
  }

  // Sets stand token-major; those of one layer are the rows of a dispatch.
  void AddGroup(const log::Block& block, const log::Group& group, size_t file,
                const uint8_t** at) {
    const size_t layers =
        block.layer_lists()->Get(group.layer_list())->slots()->size();
    const size_t n = group.rows() * layers;
    for (size_t i = 0; i < n; ++i) {
      uint16_t ids[kFaultTopK] = {};
      for (uint16_t j = 0; j < group.k(); ++j, *at += block.id_bytes()) {
        if (j >= kFaultTopK) continue;
        ids[j] = static_cast<uint16_t>(
            block.id_bytes() == 2 ? (*at)[0] | (*at)[1] << 8 : (*at)[0]);
      }
      AddSet(ids, group.k(), file);
    }
  }

  void AddSet(const uint16_t* ids, uint16_t k, size_t file) {
    ++stored_;
    const auto row = ReadRow(ids);
    if (k != kFaultTopK || !row || row->writer >= kMaxWriters ||
        row->number > state_.done[row->writer] ||
        row->row >= RowsOf(row->writer, row->number, state_.max_rows)) {
      ++bad_;
      return;
    }
    auto [it, added] = writers_.try_emplace(row->writer);
    Writer& writer = it->second;
    if (added) writer.file = file;
    if (writer.file != file) ++mixed_;
    if (writer.rows.size() <= row->number) writer.rows.resize(row->number + 1);
    if (writer.rows[row->number]++ != row->row || row->number < writer.last) {
      ++disordered_;
    }
    writer.last = row->number;
    last_ = std::max(last_, row->number + 1);
  }

  void MergePlaces() {
    std::sort(places_.begin(), places_.end());
    Ranges merged;
    for (const auto& place : places_) {
      if (merged.empty() || place.first > merged.back().second + 1) {
        merged.push_back(place);
      } else {
        merged.back().second = std::max(merged.back().second, place.second);
      }
    }
    places_ = merged;
  }

  bool Placed(uint64_t step) const {
    const auto after = std::upper_bound(places_.begin(), places_.end(),
                                        std::pair(step, UINT64_MAX));
    return after != places_.begin() && std::prev(after)->second >= step;
  }

  // Dispatches of which all rows are there; the rest is missing.
  void AddWriters(Json* result) {
    MergePlaces();
    uint64_t produced = 0, calls = 0, missing = 0, unplaced = 0, early = 0;
    for (uint32_t w = 0; w < kMaxWriters; ++w) {
      const uint64_t done = state_.done[w];
      calls += done;
      const auto found = writers_.find(w);
      const size_t known =
          found == writers_.end() ? 0 : found->second.rows.size();
      if (known > done) ++early;  // published, and the call had not returned
      for (uint64_t i = 0; i < std::max<uint64_t>(done, known); ++i) {
        const uint32_t rows = RowsOf(w, i, state_.max_rows);
        if (i < done) produced += rows;
        if (i < known && found->second.rows[i] == rows) continue;
        ++missing;
        if (!Placed(i + 1)) ++unplaced;
      }
    }
    (*result)["produced_rows"] = produced;
    (*result)["calls"] = calls;
    (*result)["missing_dispatches"] = missing;
    (*result)["unplaced_dispatches"] = unplaced;
    (*result)["unreturned_dispatches"] = early;
  }

  const FaultState& state_;
  std::map<uint32_t, Writer> writers_;
  Ranges places_;
  std::map<std::string, int> status_;
  std::vector<std::string> damage_, torn_;
  uint64_t stored_ = 0, dropped_rows_ = 0, dropped_records_ = 0, placed_ = 0;
  uint64_t rows_ = 0, bad_ = 0, disordered_ = 0, mixed_ = 0;
  uint64_t missing_blocks_ = 0, rings_ = 0, empty_files_ = 0, last_ = 0;
};

const FaultState& MapState(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  void* map = MAP_FAILED;
  if (fd >= 0) {
    map = mmap(nullptr, sizeof(FaultState), PROT_READ, MAP_SHARED, fd, 0);
  }
  if (map == MAP_FAILED) throw Error(fmt::format("{}: cannot be read", path));
  return *static_cast<const FaultState*>(map);
}

int Main(int argc, char** argv) {
  if (argc != 3) {
    fputs("usage: fault_check CAPTURE STATE\n", stderr);
    return 2;
  }
  try {
    Check check(MapState(argv[2]));
    const Capture capture = ReadCapture(argv[1]);
    for (size_t i = 0; i < capture.files.size(); ++i) {
      check.AddFile(capture.files[i], i);
    }
    Json result = check.Result();
    result["files"] = capture.files.size();
    puts(result.dump().c_str());
  } catch (const Error& error) {
    fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
