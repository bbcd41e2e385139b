#include "tests/unit/plugin/capture_files.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <algorithm>
#include <fstream>

#include "schema/block_codec.h"
#include "schema/normal_form.h"

namespace moetap {
namespace {

void AddGroups(const log::Block& block, Captured* captured) {
  if (block.groups() == nullptr) return;
  const uint8_t* at = block.ids()->data();
  for (const log::Group* group : *block.groups()) {
    const auto* slots = block.layer_lists()->Get(group->layer_list())->slots();
    for (uint32_t row = 0; row < group->rows(); ++row) {
      for (uint16_t slot : *slots) {
        CapturedSet set{group->step(), slot, group->first_row() + row, {}};
        for (uint16_t j = 0; j < group->k(); ++j, at += block.id_bytes()) {
          set.ids.push_back(static_cast<uint16_t>(
              block.id_bytes() == 2 ? at[0] | at[1] << 8 : at[0]));
        }
        captured->sets.push_back(std::move(set));
      }
    }
  }
  EXPECT_EQ(at, block.ids()->data() + block.ids()->size());
}

// The block in `raw`, which may be replaced.
const log::Block* NormalBlock(std::vector<uint8_t>* raw) {
  const log::Block* block = log::GetSizePrefixedBlock(raw->data());
  if (block->layout() == log::Layout::SortedTokenMajor) return block;
  NormalForm form;
  std::vector<uint8_t> room(NormalForm::Room(*raw));
  Bytes normal;
  const char* wrong = form.Make(*raw, room, &normal);
  EXPECT_EQ(wrong, nullptr) << wrong;
  raw->assign(normal.begin(), normal.end());
  return log::GetSizePrefixedBlock(raw->data());
}

void AddTokens(const log::Block& block, Captured* captured) {
  if (block.tokens() != nullptr) {
    for (const log::TokenRun* run : *block.tokens()) {
      if (run->prefix_hashes() != nullptr) {
        for (uint64_t hash : *run->prefix_hashes()) {
          captured->token_values.push_back(hash);
        }
      }
      if (run->ids() != nullptr) {
        for (uint32_t id : *run->ids()) captured->token_ids.push_back(id);
      }
    }
  }
  if (block.samples() != nullptr) {
    for (const log::Sample* sample : *block.samples()) {
      captured->token_values.push_back(sample->value());
    }
  }
  if (block.vocabulary() == nullptr) return;
  for (const log::VocabularyRun* run : *block.vocabulary()) {
    captured->vocabulary.append(run->bytes()->begin(), run->bytes()->end());
  }
}

void AddRest(const log::Block& block, Captured* captured) {
  captured->facts.clear();  // repeated in every block
  for (const log::Fact* fact : *block.facts()) {
    captured->facts.emplace_back(fact->key()->str(), fact->value()->str());
  }
  if (block.layers() != nullptr) {
    for (const log::Layer* layer : *block.layers()) {
      captured->layers[layer->slot()] = {layer->number(), layer->source()};
      captured->hook = layer->hook()->str();
    }
  }
  if (block.status() != nullptr) {
    for (const log::Status* status : *block.status()) {
      captured->status.push_back(status->code()->str());
    }
  }
  if (block.steps() != nullptr) captured->steps += block.steps()->size();
  if (block.drops() == nullptr) return;
  for (const log::Drop* drop : *block.drops()) {
    captured->drop_rows += drop->rows();
    captured->drop_records += drop->records();
    captured->drop_first_step =
        std::min(captured->drop_first_step, drop->first_step());
    captured->drop_last_step =
        std::max(captured->drop_last_step, drop->last_step());
  }
}

}  // namespace

std::vector<std::filesystem::path> FilesIn(
    const std::filesystem::path& directory, const std::string& suffix) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().string().ends_with(suffix)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<uint8_t> ReadBytes(const std::filesystem::path& path,
                               size_t limit) {
  std::error_code error;
  std::vector<uint8_t> bytes(std::min<uint64_t>(
      std::filesystem::file_size(path, error), error ? 0 : limit));
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

Captured ReadCapture(const std::filesystem::path& path) {
  Captured captured;
  const std::vector<uint8_t> bytes = ReadBytes(path);
  ZSTD_DCtx* context = ZSTD_createDCtx();
  for (Bytes rest = bytes; !rest.empty();) {
    BlockHeader header;
    const BlockError error = CheckBlock(rest, &header);
    EXPECT_EQ(error, BlockError::kOk) << BlockErrorText(error);
    if (error != BlockError::kOk) break;
    EXPECT_EQ(header.sequence, captured.headers.size());
    if (!captured.headers.empty()) {  // a gap is a block lost to the disk
      EXPECT_GE(header.ring_begin, captured.headers.back().ring_end);
    }
    std::vector<uint8_t> raw(header.raw_size);
    EXPECT_EQ(UnpackBlock(context, header, rest, raw), BlockError::kOk);
    const log::Block& block = *NormalBlock(&raw);
    AddGroups(block, &captured);
    AddTokens(block, &captured);
    AddRest(block, &captured);
    EXPECT_EQ(header.counters.rows, captured.sets.size());
    captured.headers.push_back(header);
    rest = rest.subspan(header.header_size + header.packed_size);
  }
  ZSTD_freeDCtx(context);
  return captured;
}

Captured ReadOnlyCapture(const std::filesystem::path& directory) {
  const auto files = FilesIn(directory, ".moetap.zst");
  EXPECT_EQ(files.size(), 1u);
  return files.size() == 1 ? ReadCapture(files[0]) : Captured{};
}

}  // namespace moetap
