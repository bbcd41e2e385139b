#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "analysis/code/assembly_text.h"
#include "analysis/code/c_lexer.h"
#include "analysis/code/diagnostics.h"
#include "analysis/code/extract.h"
#include "analysis/error.h"
#include "analysis/labels.h"
#include "analysis/manifest.h"
#include "analysis/selection.h"
#include "tests/fuzz/targets.h"

namespace moetap::fuzz {
namespace {

std::string_view Text(Bytes input) {
  return {reinterpret_cast<const char*>(input.data()), input.size()};
}

// The input as a file, which the readers want.
class InputFile {
 public:
  explicit InputFile(Bytes input) : fd_(memfd_create("input", MFD_CLOEXEC)) {
    Require(fd_ >= 0 && write(fd_, input.data(), input.size()) ==
                            static_cast<ssize_t>(input.size()),
            "input file");
    path_ = "/proc/self/fd/" + std::to_string(fd_);
  }
  ~InputFile() { close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const int fd_;
  std::filesystem::path path_;
};

}  // namespace

void Manifest(Bytes input) {
  const InputFile file(input);
  const std::filesystem::path paths[] = {file.path()};
  try {
    const Manifests manifests = ReadManifests(paths);
    JoinManifests(manifests, Trace());
  } catch (const Error&) {
  }
}

void Labels(Bytes input) {
  const InputFile file(input);
  try {
    ReadLabels(file.path());
  } catch (const Error&) {
  }
}

void Select(Bytes input) {
  const std::string text(Text(input));
  if (!SelectError(text).empty()) return;
  Sequence sequence;
  sequence.id = text.substr(0, 64);
  for (const Condition& condition : ParseSelect(text)) {
    Holds(condition, sequence, nullptr);
    ValueOf(condition.key, sequence, nullptr);
  }
}

void CLexer(Bytes input) {
  size_t end = 0;
  for (const CToken& token : LexC(Text(input))) {
    Require(token.begin >= end && token.end > token.begin, "tokens ascend");
    end = token.end;
  }
  Require(end <= input.size(), "tokens lie in the text");
}

void CodeOf(Bytes input) {
  const std::string_view text = Text(input);
  for (const auto rule :
       {ExtractRule::kAuto, ExtractRule::kFenced, ExtractRule::kBare}) {
    const auto code = ExtractCode(text, text.size() / 3, rule);
    if (!code) continue;
    for (const CodeSegment& segment : code->segments) {
      Require(segment.text + segment.length <= text.size() &&
                  segment.code + segment.length <= code->text.size(),
              "segments lie in both texts");
    }
  }
}

void Assembly(Bytes input) {
  const std::string_view text = Text(input);
  NormalizeAssembly(text);
  DropRemarks(text);
  ParseFunctions(text);
}

void Diagnostics(Bytes input) { StatusOfError(FirstError(Text(input))); }

const std::vector<Target>& Targets() {
  static const std::vector<Target> targets = {
      {"block_scan", BlockScan},
      {"block_unpack", BlockUnpack},
      {"block_json", BlockJson},
      {"trace", TraceOf},
      {"ring", Ring},
      {"ring_records", RingRecords},
      {"records", Records},
      {"manifest", Manifest},
      {"labels", Labels},
      {"select", Select},
      {"c_lexer", CLexer},
      {"code", CodeOf},
      {"assembly", Assembly},
      {"diagnostics", Diagnostics},
  };
  return targets;
}

}  // namespace moetap::fuzz
