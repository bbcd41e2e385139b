#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analysis/report/html.h"
#include "analysis/report/page.h"
#include "analysis/studies/expert_load.h"

namespace moetap {
namespace {

constexpr size_t kColumns = 256;  // more experts share columns
constexpr double kLeft = 44;
constexpr double kWidth = 816;
constexpr double kTop = 6;
constexpr int kShades = 9;

// Load over the layer's mean, by shade: 0 for none, then up to 1/4, 1/2, 3/4,
// 1.25, 1.75, 2.5, 4, and beyond.
int ShadeOf(double relative) {
  constexpr double kBounds[] = {0, 0.25, 0.5, 0.75, 1.25, 1.75, 2.5, 4};
  int shade = 0;
  for (const double bound : kBounds) shade += relative > bound;
  return shade;
}

size_t ColumnsOf(size_t experts) {
  const size_t per_column = (experts + kColumns - 1) / kColumns;
  return per_column == 0 ? 0 : (experts + per_column - 1) / per_column;
}

std::vector<int> Shades(const ExpertLoad& load) {
  const size_t experts = load.tokens.size();
  const size_t per_column = (experts + kColumns - 1) / kColumns;
  std::vector<int> shades;
  for (size_t first = 0; first < experts; first += per_column) {
    const size_t last = std::min(experts, first + per_column);
    uint64_t tokens = 0;
    for (size_t e = first; e < last; ++e) tokens += load.tokens[e];
    const double mean = static_cast<double>(load.total) *
                        static_cast<double>(last - first) /
                        static_cast<double>(experts);
    shades.push_back(mean > 0 ? ShadeOf(static_cast<double>(tokens) / mean)
                              : 0);
  }
  return shades;
}

// All cells of one shade are one path, neighbours in a row one rectangle.
void AddRow(const std::vector<int>& shades, double y, double cell,
            double height, std::array<std::string, kShades>* paths) {
  for (size_t first = 0; first < shades.size();) {
    size_t last = first;
    while (last < shades.size() && shades[last] == shades[first]) ++last;
    (*paths)[static_cast<size_t>(shades[first])] +=
        fmt::format("M{:.1f} {:.1f}h{:.1f}v{:.1f}h-{:.1f}z",
                    kLeft + cell * static_cast<double>(first), y,
                    cell * static_cast<double>(last - first), height,
                    cell * static_cast<double>(last - first));
    first = last;
  }
}

std::string Legend(double y) {
  const char* const labels[] = {"0",     "≤¼",   "≤½", "≤¾", "≈1",
                                "≤1.75", "≤2.5", "≤4", ">4"};
  std::string svg;
  for (int i = 0; i < kShades; ++i) {
    const double x = kLeft + 66 * i;
    svg += fmt::format(
        "<rect class=h{} x={} y={} width=14 height=10 />"
        "<text x={} y={}>{}</text>",
        i, x, y, x + 19, y + 9, labels[i]);
  }
  return svg + fmt::format("<text x={} y={}>× the layer's mean</text>",
                           kLeft + 66 * kShades, y + 9);
}

std::string HeatMap(const Trace& trace, const std::vector<ExpertLoad>& loads) {
  size_t columns = 1;
  for (const ExpertLoad& load : loads) {
    columns = std::max(columns, ColumnsOf(load.tokens.size()));
  }
  const double height =
      std::clamp(220.0 / static_cast<double>(std::max<size_t>(loads.size(), 1)),
                 8.0, 22.0);
  const double cell = kWidth / static_cast<double>(columns);
  std::array<std::string, kShades> paths;
  std::string labels;
  const size_t every = height < 11 ? 2 : 1;
  for (size_t l = 0; l < loads.size(); ++l) {
    const double y = kTop + height * static_cast<double>(l);
    AddRow(Shades(loads[l]), y, cell, height - 1, &paths);
    if (l % every != 0) continue;
    labels +=
        fmt::format("<text x={} y={:.1f} text-anchor=end>{}</text>", kLeft - 6,
                    y + height / 2 + 3.5, trace.layers[l].number);
  }
  const double bottom = kTop + height * static_cast<double>(loads.size());
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 870 {:.0f}\" role=img "
      "aria-label=\"Load of each expert by layer\">",
      bottom + 42);
  for (int i = 0; i < kShades; ++i) {
    const std::string& path = paths[static_cast<size_t>(i)];
    if (path.empty()) continue;
    svg += fmt::format("<path class=h{} d=\"{}\" />\n", i, path);
  }
  return svg + labels +
         fmt::format(
             "<text x={} y={:.1f}>expert 0</text>"
             "<text x={} y={:.1f} text-anchor=end>last expert</text>",
             kLeft, bottom + 12, kLeft + kWidth, bottom + 12) +
         Legend(bottom + 24) + "</svg>\n";
}

std::string LoadTable(const Trace& trace,
                      const std::vector<ExpertLoad>& loads) {
  using html::Cell;
  using html::Head;
  std::string table = "<div class=wide><table><tr>" + Head("layer") +
                      Head("experts", true) + Head("top-k", true) +
                      Head("tokens × k", true) + Head("entropy", true) +
                      Head("max / mean", true) + Head("unused", true) +
                      Head("busiest") + "</tr>\n";
  for (size_t l = 0; l < loads.size(); ++l) {
    const ExpertLoad& load = loads[l];
    const auto busiest =
        std::max_element(load.tokens.begin(), load.tokens.end());
    table += "<tr>" + Cell(fmt::format("{}", trace.layers[l].number)) +
             Cell(html::Count(load.tokens.size()), true) +
             Cell(fmt::format("{}", trace.layers[l].k), true) +
             Cell(html::Count(load.total), true) +
             Cell(fmt::format("{:.4f}", load.entropy), true) +
             Cell(fmt::format("{:.2f}", load.max_mean), true) +
             Cell(html::Count(load.unused), true) +
             Cell(load.total == 0 ? ""
                                  : fmt::format("expert {}, {} tokens",
                                                busiest - load.tokens.begin(),
                                                html::Count(*busiest))) +
             "</tr>\n";
  }
  return table + "</table></div>\n";
}

}  // namespace

std::string LoadSection(const ReportInput& input) {
  const auto loads = ComputeExpertLoad(*input.trace);
  double most = 0;
  double least_entropy = 1;
  uint64_t unused = 0;
  for (const ExpertLoad& load : loads) {
    most = std::max(most, load.max_mean);
    least_entropy = std::min(least_entropy, load.entropy);
    unused += load.unused;
  }
  return fmt::format(
             "<h2>Load of the experts</h2>\n<p>Observed rows, prompt and "
             "generated. The busiest expert has {:.2f} times its layer's mean; "
             "the least even layer has an entropy of {:.3f} of the possible "
             "maximum; {} experts of all layers got no token.</p>\n<figure>",
             most, least_entropy, html::Count(unused)) +
         HeatMap(*input.trace, loads) +
         "<figcaption>One row per MoE layer, one column per expert, or per "
         "group of neighbouring experts beyond 256.</figcaption></figure>\n"
         "<details class=more><summary>Figures per layer</summary>\n" +
         LoadTable(*input.trace, loads) + "</details>\n";
}

}  // namespace moetap
