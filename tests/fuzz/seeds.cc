#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "analysis/capture.h"
#include "schema/layout_choice.h"
#include "schema/normal_form.h"
#include "tests/fuzz/targets.h"
#include "tests/unit/analysis/synthetic_capture.h"
#include "tests/unit/analysis/temporary_directory.h"
#include "tests/unit/schema/records.h"

namespace moetap::fuzz {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// What a small engine leaves behind: files, blocks, and a ring.
struct Made {
  std::vector<std::string> files;
  std::vector<std::string> rings;
  std::vector<std::string> contents;  // all blocks of a file, unpacked
  std::vector<std::string> arranged;  // blocks in the other layouts
};

std::string Text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void AddArranged(Bytes raw, std::vector<std::string>* arranged) {
  static const std::unique_ptr<RankedWorkspace> ranked(new RankedWorkspace);
  static const std::unique_ptr<WeightedWorkspace> weighted(
      new WeightedWorkspace);
  NormalForm form;
  const auto sets = form.Sets(*log::GetSizePrefixedBlock(raw.data()));
  if (sets.empty()) return;
  std::vector<uint8_t> ids(sets.size() * sizeof(uint16_t) + kArrangedMore);
  const auto add = [&](log::Layout layout, size_t size) {
    if (size == 0) return;
    arranged->push_back(
        Text(form.Rebuild(raw, layout, Bytes(ids).first(size))));
  };
  add(log::Layout::RankedDifferences,
      EncodeRankedSets(form.groups(), sets.data(), 1, true, ranked.get(), ids));
  add(log::Layout::WeightedSets,
      EncodeWeightedSets(form.groups(), sets.data(), weighted.get(), ids));
}

Made MakeCapture() {
  SyntheticOptions options;
  options.prompts = 2;
  options.requests_per_prompt = 2;
  options.generated = 6;
  options.layers = {1};
  options.steps_per_block = 2;
  options.fault = "ring";
  TemporaryDirectory directory;
  WriteSyntheticCapture(options, directory.path());
  Made made;
  for (const auto& e : std::filesystem::directory_iterator(directory.path())) {
    auto& to = e.path().extension() == ".ring" ? made.rings : made.files;
    to.push_back(ReadFile(e.path()));
  }
  for (const CaptureFile& file : ReadCapture(directory.path()).files) {
    std::string& all = made.contents.emplace_back();
    for (const CaptureBlock& block : file.blocks) {
      all += Text(block.raw);
      AddArranged(block.raw, &made.arranged);
    }
  }
  return made;
}

std::string Record1(RecordType type, const ByteVector& payload) {
  std::string text;
  text += static_cast<char>(type);
  text += static_cast<char>(payload.size() & 0xFF);
  text += static_cast<char>(payload.size() >> 8);
  return text.append(payload.begin(), payload.end());
}

ByteVector TextBytes(std::string_view text) {
  return {text.begin(), text.end()};
}

std::vector<std::string> RecordSeeds() {
  using V16 = std::vector<uint16_t>;
  using V32 = std::vector<uint32_t>;
  std::string all;
  all += Record1(RecordType::kFact, TextBytes({"model\0tiny", 10}));
  all += Record1(RecordType::kLayer,
                 Record(LayerRecord{1, 3, 2, 0, 16, 0}, "cpu_fused_moe"));
  all += Record1(RecordType::kRequest, Record(RequestRecord{1, 4, 1}, "r-1"));
  all += Record1(RecordType::kTokens,
                 Record(TokensRecord{1, 0, 4, 0}, V32{5, 6, 7, 8}));
  all += Record1(RecordType::kKv, Record(KvRecord{1, 1, 0, 1, 0}, V32{9}));
  all += Record1(RecordType::kStepBegin,
                 Record(StepBeginRecord{1, 9, 1, 0, 1},
                        std::vector<SpanRecord>{{1, 0, 4, 0}}));
  all += Record1(RecordType::kDispatch,
                 Dispatch(1, 1, 2, V16{1, 2, 3, 4, 5, 6, 7, 300}));
  all += Record1(RecordType::kStepEnd, Record(StepEndRecord{1, 1, 1}, ""));
  all += Record1(RecordType::kEvent,
                 Record(EventRecord{1, 1, 1, 0, 0, 0}, "stop"));
  all += Record1(RecordType::kDelivery,
                 Record(DeliveryRecord{4, 1}, {"r-1\0x\0\0stop", 11}));
  all += Record1(RecordType::kVocabulary,
                 Record(VocabularyRecord{5, 2}, {"\1\0\2\0abc", 7}));
  all += Record1(RecordType::kDrop, Record(DropRecord{1, 2, 3, 4}, ""));
  all += Record1(RecordType::kStatus, TextBytes({"off\0why", 7}));
  all += Record1(
      RecordType::kSamples,
      Record(SamplesRecord{1, 0}, std::vector<SampleRecord>{{1, 4, 9}}));
  return {all};
}

std::vector<std::string> TextSeeds(std::string_view target) {
  if (target == "manifest") {
    return {
        R"({"kind":"run","schema_version":1,"run":"a"})"
        "\n"
        R"({"kind":"request","request_id":"a-1","strategy":"tree","prompt_id":)"
        R"("p","parent":"a-0","fork_position":3,"labels":{"task":"code"}})"
        "\n"};
  }
  if (target == "labels") {
    return {R"({"label":"code","request":"chatcmpl-17"})"
            "\n",
            R"({"label":"math","prompt":"algebra-*","group":"algebra"})"
            "\n",
            R"({"label":"story","text":"*Once [a-z]pon*"})"
            "\n"};
  }
  if (target == "select") return {"strategy=tree,label.task=c*", "id=[a-z]?"};
  if (target == "assembly") {
    return {
        "\t.type f, @function\nf:\n\t.loc 1 2 3\n.L2:\n\tmovl\t$1, %eax # "
        "x\n\tjmp\t.L2\n\t.string \"a#b\"\n\t.size f, .-f\n"};
  }
  if (target == "diagnostics") {
    return {"<stdin>: In function 'f':\n<stdin>:1:2: error: expected ';'\n",
            "/usr/bin/ld: undefined reference to `main'\n"};
  }
  return {
      "Text\n```c\n#include <a.h>\nint f(int x) { return x /* y */ + 0x1p3 + "
      "'a' + L\"b\\\n\"; } // c\n```\n",
      "int main(void)\n{\n#define A(x) #x ## x\n return \"\\u00e9\"[0];\n}\n"};
}

}  // namespace

std::vector<std::string> Seeds(std::string_view target) {
  static const Made made = MakeCapture();
  if (target == "block_scan") return made.files;
  if (target == "ring") return made.rings;
  if (target == "trace") return made.contents;
  if (target == "block_json") {
    std::vector<std::string> seeds = made.contents;
    seeds.insert(seeds.end(), made.arranged.begin(), made.arranged.end());
    return seeds;
  }
  if (target == "records" || target == "ring_records") return RecordSeeds();
  if (target == "block_unpack") {
    std::vector<std::string> seeds;
    for (const std::string& file : made.files) {
      BlockHeader header;
      const Bytes bytes(reinterpret_cast<const uint8_t*>(file.data()),
                        file.size());
      if (CheckBlock(bytes, &header) != BlockError::kOk) continue;
      std::string seed(4, '\0');
      std::copy_n(reinterpret_cast<const char*>(&header.raw_size), 4,
                  seed.begin());
      seeds.push_back(seed +
                      file.substr(header.header_size, header.packed_size));
    }
    return seeds;
  }
  return TextSeeds(target);
}

}  // namespace moetap::fuzz
