#include "analysis/code/line_classes.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "analysis/code/line_diff.h"

namespace moetap {
namespace {

using Lines = std::span<const uint32_t>;  // numbers of lines, ascending

// One of the two texts, and what its changed lines turned out to be.
struct Side {
  const CodeLines& text;
  std::vector<ChangedLine> changed;  // in order of lines
  std::vector<uint32_t> code;        // indices in `changed` of a hunk's lines
                                     // that have code

  const CodeLine& line(uint32_t index) const {
    return text.lines[changed[index].line];
  }
};

std::vector<uint32_t> Keys(const Side& side, Lines lines, Reading reading) {
  std::vector<uint32_t> keys;
  for (const uint32_t index : lines) {
    keys.push_back(side.line(index).ids[static_cast<size_t>(reading)]);
  }
  return keys;
}

// Numbers of the tokens that have a byte on one of `lines`, each once.
std::vector<uint32_t> Tokens(const Side& side, Lines lines, Reading reading,
                             bool comments) {
  std::vector<uint32_t> ids;
  uint32_t next = 0;
  for (const uint32_t index : lines) {
    const CodeLine& line = side.line(index);
    for (next = std::max(next, line.first_token); next < line.last_token;
         ++next) {
      const CodeToken& token = side.text.tokens[next];
      if (comments || !token.comment) {
        ids.push_back(token.ids[static_cast<size_t>(reading)]);
      }
    }
  }
  return ids;
}

// Of the whole text, comments aside.
std::vector<uint32_t> CodeTokens(const CodeLines& text) {
  std::vector<uint32_t> ids;
  for (const CodeToken& token : text.tokens) {
    if (!token.comment) ids.push_back(token.ids[0]);
  }
  return ids;
}

// Of two texts with equal tokens, in which the script matched lines such that
// tokens are in another hunk than their like.
void Excuse(Side* side) {
  for (ChangedLine& line : side->changed) {
    line.line_class = std::min(line.line_class, LineClass::kWhiteSpace);
  }
}

class Comparison {
 public:
  Comparison(const CodeLines& a, const CodeLines& b)
      : a_{a, {}, {}}, b_{b, {}, {}} {}

  ChangedLines Run() {
    std::vector<uint32_t> keys[2];
    for (const CodeLine& line : a_.text.lines) keys[0].push_back(line.id);
    for (const CodeLine& line : b_.text.lines) keys[1].push_back(line.id);
    for (const Hunk& hunk : DiffLines(keys[0], keys[1])) {
      Change(hunk.a_begin, hunk.a_end, &a_);
      Change(hunk.b_begin, hunk.b_end, &b_);
      Judge(a_.code, b_.code, Reading::kTokens);
    }
    if (CodeTokens(a_.text) == CodeTokens(b_.text)) {
      Excuse(&a_);
      Excuse(&b_);
    } else {
      FindMoved();
    }
    return {std::move(a_.changed), std::move(b_.changed)};
  }

 private:
  static void Change(size_t begin, size_t end, Side* side) {
    side->code.clear();
    for (size_t number = begin; number < end; ++number) {
      const CodeLine& line = side->text.lines[number];
      if (line.code) {
        side->code.push_back(static_cast<uint32_t>(side->changed.size()));
      }
      const LineClass line_class = line.blank     ? LineClass::kBlank
                                   : line.comment ? LineClass::kComment
                                   : line.code    ? LineClass::kOther
                                                  : LineClass::kWhiteSpace;
      side->changed.push_back({static_cast<uint32_t>(number), line_class});
    }
  }

  // Gives lines with code of both sides, between lines that are settled, the
  // class of the first reading, from `reading` on, in which they are equal.
  void Judge(Lines a, Lines b, Reading reading) {
    if (a.empty() || b.empty()) return;
    if (Tokens(a_, a, reading, false) == Tokens(b_, b, reading, false)) {
      const LineClass line_class = ClassOf(a, b, reading);
      for (const uint32_t index : a) a_.changed[index].line_class = line_class;
      for (const uint32_t index : b) b_.changed[index].line_class = line_class;
      return;
    }
    const std::vector<Hunk> hunks =
        DiffLines(Keys(a_, a, reading), Keys(b_, b, reading));
    if (hunks.size() == 1 && hunks[0] == Hunk{0, a.size(), 0, b.size()}) {
      if (reading == Reading::kIdentifiers) return;
      return Judge(a, b, static_cast<Reading>(static_cast<int>(reading) + 1));
    }
    size_t x = 0;
    size_t y = 0;
    for (const Hunk& hunk : hunks) {
      for (; x < hunk.a_begin; ++x, ++y) {
        Judge(a.subspan(x, 1), b.subspan(y, 1), reading);
      }
      Judge(a.subspan(x, hunk.a_end - x), b.subspan(y, hunk.b_end - y),
            reading);
      x = hunk.a_end;
      y = hunk.b_end;
    }
    for (; x < a.size(); ++x, ++y) {
      Judge(a.subspan(x, 1), b.subspan(y, 1), reading);
    }
  }

  // Of lines whose tokens are equal in `reading` and in none before it.
  LineClass ClassOf(Lines a, Lines b, Reading reading) const {
    if (reading == Reading::kLiterals) return LineClass::kLiteral;
    if (reading == Reading::kIdentifiers) return LineClass::kIdentifier;
    return Tokens(a_, a, reading, true) == Tokens(b_, b, reading, true)
               ? LineClass::kWhiteSpace
               : LineClass::kComment;
  }

  // Declarations of one text that are somewhere else in the other.
  void FindMoved() {
    std::map<uint32_t, std::vector<uint32_t>> left;
    for (uint32_t index = 0; index < b_.changed.size(); ++index) {
      if (IsLoose(b_, index)) left[Key(b_, index)].push_back(index);
    }
    for (auto& [key, indices] : left) std::ranges::reverse(indices);
    for (uint32_t index = 0; index < a_.changed.size(); ++index) {
      if (!IsLoose(a_, index)) continue;
      std::vector<uint32_t>& others = left[Key(a_, index)];
      if (others.empty()) continue;
      a_.changed[index].line_class = LineClass::kDeclarationOrder;
      b_.changed[others.back()].line_class = LineClass::kDeclarationOrder;
      others.pop_back();
    }
  }

  static bool IsLoose(const Side& side, uint32_t index) {
    return side.changed[index].line_class == LineClass::kOther &&
           side.line(index).declares;
  }

  static uint32_t Key(const Side& side, uint32_t index) {
    return side.line(index).ids[static_cast<size_t>(Reading::kTokens)];
  }

  Side a_;
  Side b_;
};

}  // namespace

const char* LineClassName(LineClass line_class) {
  static constexpr const char* kNames[kLineClasses] = {
      "blank",      "comment",           "white_space", "literal",
      "identifier", "declaration_order", "other"};
  return kNames[static_cast<size_t>(line_class)];
}

ChangedLines CompareLines(const CodeLines& a, const CodeLines& b) {
  return Comparison(a, b).Run();
}

}  // namespace moetap
