#include "analysis/code/code_alignment.h"

#include <algorithm>
#include <map>
#include <set>

namespace moetap {
namespace {

struct LineWeight {
  uint32_t column;
  uint32_t weight;  // matched instructions
};

// The pairs of lines that have matched instructions: rows are lines of `a`,
// columns lines of `b`, both only as far as they occur, ascending.
struct WeightTable {
  std::vector<uint32_t> lines_a;
  std::vector<uint32_t> lines_b;
  std::vector<std::vector<LineWeight>> rows;
};

using Weights = std::map<std::pair<uint32_t, uint32_t>, uint32_t>;

Weights MatchInstructions(const LinedCode& a, const LinedCode& b) {
  Weights weights;
  for (size_t f = 0; f < std::min(a.size(), b.size()); ++f) {
    for (const auto& [i, j] :
         LeastEdit(a[f].instructions, b[f].instructions, Unequal::kSkipped)) {
      const uint32_t line_a = a[f].lines[i];
      const uint32_t line_b = b[f].lines[j];
      if (line_a > 0 && line_b > 0) ++weights[{line_a, line_b}];
    }
  }
  return weights;
}

WeightTable MakeTable(const Weights& weights) {
  WeightTable table;
  std::set<uint32_t> lines_b;
  for (const auto& entry : weights) lines_b.insert(entry.first.second);
  table.lines_b.assign(lines_b.begin(), lines_b.end());
  for (const auto& [lines, weight] : weights) {
    if (table.lines_a.empty() || table.lines_a.back() != lines.first) {
      table.lines_a.push_back(lines.first);
      table.rows.emplace_back();
    }
    const auto column = std::lower_bound(table.lines_b.begin(),
                                         table.lines_b.end(), lines.second) -
                        table.lines_b.begin();
    table.rows.back().push_back({static_cast<uint32_t>(column), weight});
  }
  return table;
}

// The most instructions that lines from each row and column on can have
// matched, at [row * (columns + 1) + column].
std::vector<uint32_t> BestWeights(const WeightTable& table) {
  const size_t width = table.lines_b.size() + 1;
  std::vector<uint32_t> best((table.rows.size() + 1) * width, 0);
  for (size_t row = table.rows.size(); row-- > 0;) {
    const uint32_t* below = &best[(row + 1) * width];
    uint32_t* here = &best[row * width];
    for (const auto& [column, weight] : table.rows[row]) {
      here[column] = weight + below[column + 1];
    }
    for (size_t column = width - 1; column-- > 0;) {
      here[column] = std::max({here[column], here[column + 1], below[column]});
    }
  }
  return best;
}

struct TokensOfLine {
  std::vector<uint64_t> ids;
  std::vector<uint32_t> indices;
};

std::map<uint32_t, TokensOfLine> ByLine(const LinedTokens& tokens) {
  std::map<uint32_t, TokensOfLine> lines;
  for (uint32_t i = 0; i < tokens.ids.size(); ++i) {
    if (tokens.lines[i] == 0) continue;
    TokensOfLine& line = lines[tokens.lines[i]];
    line.ids.push_back(tokens.ids[i]);
    line.indices.push_back(i);
  }
  return lines;
}

uint64_t WithoutLine(const LinedTokens& tokens) {
  return static_cast<uint64_t>(
      std::count(tokens.lines.begin(), tokens.lines.end(), 0u));
}

}  // namespace

LinedCode NumberInstructions(const std::vector<AssemblyFunction>& functions,
                             uint32_t lines, InstructionNumbers* numbers) {
  LinedCode code;
  for (const AssemblyFunction& function : functions) {
    LinedFunction& lined = code.emplace_back();
    for (const Instruction& instruction : function.instructions) {
      lined.instructions.push_back(numbers->Of(instruction.text));
      lined.lines.push_back(instruction.line <= lines ? instruction.line : 0);
    }
  }
  return code;
}

uint64_t LineCells(const LinedCode& a, const LinedCode& b) {
  const auto instructions = [](const LinedCode& code) {
    uint64_t count = 0;
    for (const LinedFunction& one : code) count += one.instructions.size();
    return count;
  };
  return LeastEditCells(instructions(a), instructions(b));
}

std::optional<LinePairs> AlignLines(const LinedCode& a, const LinedCode& b) {
  if (LineCells(a, b) > kMostAlignedCells) return std::nullopt;
  const WeightTable table = MakeTable(MatchInstructions(a, b));
  const auto best = BestWeights(table);
  const size_t width = table.lines_b.size() + 1;
  LinePairs pairs;
  size_t from = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    for (const auto& [column, weight] : table.rows[row]) {
      if (column < from || best[row * width + from] !=
                               weight + best[(row + 1) * width + column + 1]) {
        continue;
      }
      pairs.emplace_back(table.lines_a[row], table.lines_b[column]);
      from = column + 1;
      break;
    }
  }
  return pairs;
}

std::optional<AlignedTokens> AlignTokens(const LinedTokens& a,
                                         const LinedTokens& b,
                                         const LinePairs& lines) {
  const auto lines_a = ByLine(a);
  const auto lines_b = ByLine(b);
  AlignedTokens aligned;
  aligned.no_line = WithoutLine(a) + WithoutLine(b);
  uint64_t in_matched = 0;
  for (const auto& [line_a, line_b] : lines) {
    const auto found_a = lines_a.find(line_a);
    const auto found_b = lines_b.find(line_b);
    const TokensOfLine none;
    const auto& tokens_a = found_a == lines_a.end() ? none : found_a->second;
    const auto& tokens_b = found_b == lines_b.end() ? none : found_b->second;
    if (LeastEditCells(tokens_a.ids.size(), tokens_b.ids.size()) >
        kMostAlignedCells) {
      return std::nullopt;
    }
    in_matched += tokens_a.ids.size() + tokens_b.ids.size();
    for (const auto& [i, j] :
         LeastEdit(tokens_a.ids, tokens_b.ids, Unequal::kPaired)) {
      aligned.pairs.emplace_back(tokens_a.indices[i], tokens_b.indices[j]);
    }
  }
  aligned.gaps = in_matched - 2 * aligned.pairs.size();
  aligned.unmatched_line =
      a.ids.size() + b.ids.size() - aligned.no_line - in_matched;
  return aligned;
}

}  // namespace moetap
