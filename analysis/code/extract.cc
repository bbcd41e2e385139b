#include "analysis/code/extract.h"

#include <algorithm>
#include <array>

namespace moetap {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\v\f";

std::string_view Trim(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

// A line that begins with three or more ` or ~.
struct Fence {
  char mark = '`';
  size_t marks = 0;  // 0: the line is no fence
  std::string_view info;
};

Fence ParseFence(std::string_view line) {
  line = Trim(line);
  Fence fence;
  if (line.empty() || (line[0] != '`' && line[0] != '~')) return fence;
  fence.mark = line[0];
  const size_t marks = std::min(line.find_first_not_of(line[0]), line.size());
  fence.info = Trim(line.substr(marks));
  // `code` on one line, in text.
  const bool in_text = fence.mark == '`' && fence.info.find('`') != line.npos;
  if (marks >= 3 && !in_text) fence.marks = marks;
  return fence;
}

bool Closes(const Fence& fence, const Fence& open) {
  return fence.mark == open.mark && fence.marks >= open.marks &&
         fence.info.empty();
}

enum class Language : uint8_t { kNone, kC, kOther };

// Models call C by the names of C++ as well.
Language LanguageOf(std::string_view info) {
  if (info.empty()) return Language::kNone;
  std::string tag(info.substr(0, info.find_first_of(" \t{,:")));
  for (char& c : tag) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  static constexpr auto kTags =
      std::to_array<std::string_view>({"c", "h", "c++", "cpp"});
  return std::find(kTags.begin(), kTags.end(), tag) != kTags.end()
             ? Language::kC
             : Language::kOther;
}

struct Block {
  size_t begin = 0;  // its content
  size_t end = 0;
  Language language = Language::kNone;

  size_t size() const { return end - begin; }
};

// In order of the text; the last may lack its closing fence.
std::vector<Block> FindBlocks(std::string_view text) {
  std::vector<Block> blocks;
  std::optional<Fence> open;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const Fence fence = ParseFence(text.substr(at, end - at));
    const size_t next = std::min(end + 1, text.size());
    if (open && Closes(fence, *open)) {
      blocks.back().end = at;
      open.reset();
    } else if (!open && fence.marks > 0) {
      blocks.push_back({next, text.size(), LanguageOf(fence.info)});
      open = fence;
    }
    at = next;
  }
  return blocks;
}

// The longest block of C, or if none is called C the longest without a name;
// of equals, the first.
const Block* ChooseBlock(const std::vector<Block>& blocks) {
  const Block* chosen = nullptr;
  for (const Block& block : blocks) {
    if (block.language == Language::kOther) continue;
    const bool better =
        chosen == nullptr || block.language > chosen->language ||
        (block.language == chosen->language && block.size() > chosen->size());
    if (better) chosen = &block;
  }
  return chosen;
}

// As special tokens are written: </s>, <|endoftext|>.
bool IsMarker(std::string_view token) {
  return token.size() > 2 && token.front() == '<' && token.back() == '>' &&
         token.find_first_of(kBlanks) == token.npos;
}

bool IsEndToken(const Sequence& sequence, size_t index,
                std::string_view bytes) {
  return index + 1 == sequence.tokens.size() &&
         index >= sequence.prompt_tokens && sequence.finish_reason == "stop" &&
         (bytes.empty() || IsMarker(bytes));
}

}  // namespace

std::optional<Code> ExtractCode(std::string_view text, size_t prompt_bytes,
                                ExtractRule rule) {
  Block code{0, text.size()};
  std::vector<Block> blocks;
  if (rule != ExtractRule::kBare) blocks = FindBlocks(text);
  std::erase_if(blocks, [prompt_bytes](const Block& block) {
    return block.end < prompt_bytes;
  });
  if (rule == ExtractRule::kFenced || !blocks.empty()) {
    const Block* block = ChooseBlock(blocks);
    if (block == nullptr) return std::nullopt;
    code = *block;
  }
  const std::string_view content = text.substr(code.begin, code.size());
  if (Trim(content).empty()) return std::nullopt;
  return Code{std::string(content), {{0, code.begin, code.size()}}};
}

SequenceText TextOf(const Sequence& sequence, const Vocabulary& vocabulary) {
  SequenceText text;
  for (size_t i = 0; i < sequence.tokens.size(); ++i) {
    text.first.push_back(text.bytes.size());
    const std::string_view bytes = vocabulary.Bytes(sequence.tokens[i]);
    if (IsEndToken(sequence, i, bytes)) continue;
    if (bytes.empty()) text.known = false;
    text.bytes += bytes;
  }
  text.first.push_back(text.bytes.size());
  return text;
}

std::vector<std::optional<size_t>> CodeBytes(const Code& code,
                                             const SequenceText& text) {
  std::vector<std::optional<size_t>> result(text.first.size() - 1);
  auto segment = code.segments.begin();
  for (size_t i = 0; i < result.size(); ++i) {
    const auto token =
        std::string_view(text.bytes).substr(0, text.first[i + 1]);
    const size_t at = token.find_first_not_of(kBlanks, text.first[i]);
    if (at == token.npos) continue;
    while (segment != code.segments.end() &&
           segment->text + segment->length <= at) {
      ++segment;
    }
    if (segment == code.segments.end()) break;
    if (at >= segment->text) result[i] = segment->code + (at - segment->text);
  }
  return result;
}

}  // namespace moetap
