// Writes a made-up capture of any size, fast: what stream_capture.py reads.
//
// Requests come in trees: those of one tree share their prompt, then branch in
// two at each token until every leaf is on its own path.  One step computes
// the prompts of a tree, each further step one token of all its leaves.  The
// sets depend on the path to the token alone; three of four are those of the
// token, so that the file compresses about as those of real models do.
// The same options give the same bytes.
#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "analysis/studies/counter_rng.h"
#include "schema/block_codec.h"
#include "schema/routing_log_generated.h"

namespace moetap {
namespace {

constexpr uint32_t kPrompt = 8;  // tokens
constexpr uint32_t kVocabulary = 1000;
constexpr size_t kSets = 4096;         // distinct sets
constexpr size_t kBlockIds = 1 << 20;  // bytes of ids that end a block

struct Options {
  std::filesystem::path directory;
  uint32_t trees = 10;
  uint32_t leaves = 64;
  uint32_t length = 400;  // tokens of each request
  uint16_t layers = 40;
  uint16_t experts = 256;  // one byte per id
  uint16_t k = 8;
};

class BigCapture {
 public:
  explicit BigCapture(const Options& options);
  void Write();

 private:
  // Names the path to position `p` of `leaf`, the same for all its leaves.
  uint64_t Path(uint32_t tree, uint32_t leaf, uint32_t p) const;
  uint32_t Token(uint32_t tree, uint32_t leaf, uint32_t p) const {
    return static_cast<uint32_t>(Path(tree, leaf, p) % kVocabulary);
  }
  void MakeSets();
  void AddRow(uint32_t tree, uint32_t leaf, uint32_t p);
  void AddRequests(uint32_t tree);
  void AddStep(uint32_t tree, uint32_t begin, uint32_t rows);
  void CloseBlock();
  flatbuffers::Offset<log::Block> Content();

  const Options options_;
  std::ofstream file_;
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context_;
  BlockHeader header_;
  std::vector<uint8_t> sets_;  // kSets x k, each ascending
  // The open block.
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<flatbuffers::Offset<log::Request>> requests_;
  std::vector<flatbuffers::Offset<log::TokenRun>> tokens_;
  std::vector<flatbuffers::Offset<log::Step>> steps_;
  std::vector<log::StepEnd> step_ends_;
  std::vector<log::Sample> samples_;
  std::vector<log::Group> groups_;
  std::vector<uint8_t> ids_;
  std::vector<uint8_t> packed_;
  uint64_t step_ = 0;
};

BigCapture::BigCapture(const Options& options)
    : options_(options), context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
  std::filesystem::create_directories(options.directory);
  file_.open(options.directory / "1-00000000.moetap.zst", std::ios::binary);
  file_.exceptions(std::ios::failbit | std::ios::badbit);
  MakeSets();
}

void BigCapture::MakeSets() {
  std::mt19937_64 random(1);
  std::vector<uint8_t> all(options_.experts);
  std::iota(all.begin(), all.end(), uint8_t{0});
  for (size_t i = 0; i < kSets; ++i) {
    for (size_t j = 0; j < options_.k; ++j) {
      std::swap(all[j], all[j + random() % (all.size() - j)]);
    }
    std::sort(all.begin(), all.begin() + options_.k);
    sets_.insert(sets_.end(), all.begin(), all.begin() + options_.k);
  }
}

uint64_t BigCapture::Path(uint32_t tree, uint32_t leaf, uint32_t p) const {
  const uint32_t forks = p < kPrompt ? 0 : std::min(p - kPrompt + 1, 31u);
  const uint32_t width = std::max(1u, options_.leaves >> forks);
  return Mix(Mix(uint64_t{tree} << 32 | p) + leaf / width);
}

void BigCapture::AddRow(uint32_t tree, uint32_t leaf, uint32_t p) {
  const uint64_t path = Path(tree, leaf, p);
  const uint64_t token = Token(tree, leaf, p);
  for (uint32_t layer = 0; layer < options_.layers; ++layer) {
    uint64_t set = Mix(path + layer);
    if (set % 4 != 0) set = Mix(token << 32 | layer);
    const uint8_t* from = &sets_[(set >> 8) % kSets * options_.k];
    ids_.insert(ids_.end(), from, from + options_.k);
  }
}

void BigCapture::AddRequests(uint32_t tree) {
  for (uint32_t leaf = 0; leaf < options_.leaves; ++leaf) {
    const uint32_t number = tree * options_.leaves + leaf;
    std::vector<uint32_t> prompt;
    for (uint32_t p = 0; p < kPrompt; ++p) {
      prompt.push_back(Token(tree, leaf, p));
    }
    requests_.push_back(log::CreateRequest(
        builder_, number, builder_.CreateString(fmt::format("r{}", number)),
        kPrompt, step_ + 1));
    tokens_.push_back(log::CreateTokenRun(builder_, number, 0,
                                          builder_.CreateVector(prompt)));
  }
}

void BigCapture::AddStep(uint32_t tree, uint32_t begin, uint32_t rows) {
  ++step_;
  std::vector<log::Span> spans;
  for (uint32_t leaf = 0; leaf < options_.leaves; ++leaf) {
    const uint32_t number = tree * options_.leaves + leaf;
    spans.emplace_back(number, begin, rows, 0);
    for (uint32_t p = begin; p < begin + rows; ++p) AddRow(tree, leaf, p);
    samples_.emplace_back(number, begin + rows,
                          Token(tree, leaf, begin + rows));
  }
  const uint32_t all = rows * options_.leaves;
  steps_.push_back(log::CreateStep(builder_, step_, log::StepKind::Real,
                                   step_ * 20'000'000,
                                   builder_.CreateVectorOfStructs(spans)));
  step_ends_.emplace_back(step_, options_.layers, options_.layers);
  groups_.emplace_back(step_, static_cast<uint32_t>(step_), 0, all, 0,
                       options_.k);
  header_.counters.rows += uint64_t{all} * options_.layers;
  header_.counters.dispatches += options_.layers;
  if (ids_.size() >= kBlockIds) CloseBlock();
}

flatbuffers::Offset<log::Block> BigCapture::Content() {
  const auto fact = [this](const char* key, const std::string& value) {
    return log::CreateFactDirect(builder_, key, value.c_str());
  };
  const std::vector facts = {
      fact("role", "worker"), fact("model", "made-up"),
      fact("num_experts", std::to_string(options_.experts))};
  std::vector<flatbuffers::Offset<log::Layer>> layers;
  std::vector<uint16_t> slots(options_.layers);
  std::iota(slots.begin(), slots.end(), uint16_t{0});
  for (const uint16_t slot : slots) {
    layers.push_back(log::CreateLayer(
        builder_, slot, slot, log::LayerSource::Pointer, options_.experts));
  }
  const std::vector lists = {log::CreateLayerListDirect(builder_, &slots)};
  return log::CreateBlockDirect(
      builder_, &facts, &layers, &requests_, false, &tokens_, &samples_,
      nullptr, &steps_, &step_ends_, nullptr, nullptr, nullptr, nullptr,
      nullptr, log::Layout::SortedTokenMajor, 1, &lists, &groups_, &ids_);
}

void BigCapture::CloseBlock() {
  if (steps_.empty()) return;
  builder_.FinishSizePrefixed(Content(), log::BlockIdentifier());
  const Bytes raw(builder_.GetBufferPointer(), builder_.GetSize());
  packed_.resize(PackedBound(raw.size()));
  const size_t size = PackBlock(context_.get(), &header_, raw, packed_);
  if (size == 0) throw std::runtime_error("zstd failed");
  file_.write(reinterpret_cast<const char*>(packed_.data()),
              static_cast<std::streamsize>(size));
  ++header_.sequence;
  builder_.Clear();
  requests_.clear();
  tokens_.clear();
  steps_.clear();
  step_ends_.clear();
  samples_.clear();
  groups_.clear();
  ids_.clear();
}

void BigCapture::Write() {
  for (uint32_t tree = 0; tree < options_.trees; ++tree) {
    AddRequests(tree);
    AddStep(tree, 0, kPrompt);
    for (uint32_t p = kPrompt; p + 1 < options_.length; ++p) {
      AddStep(tree, p, 1);
    }
  }
  CloseBlock();
  file_.close();
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  moetap::Options options;
  CLI::App app{"Writes a made-up capture of any size.", "big_capture"};
  app.add_option("DIRECTORY", options.directory)->required();
  app.add_option("--trees", options.trees);
  app.add_option("--leaves", options.leaves, "requests per tree");
  app.add_option("--length", options.length, "tokens per request")
      ->check(CLI::Range(10, 1 << 20));
  app.add_option("--layers", options.layers);
  app.add_option("--experts", options.experts)->check(CLI::Range(1, 256));
  app.add_option("-k", options.k, "at most the experts");
  CLI11_PARSE(app, argc, argv);
  moetap::BigCapture(options).Write();
  return 0;
}
