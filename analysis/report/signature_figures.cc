#include "analysis/report/signature_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <vector>

#include "analysis/report/html.h"

namespace moetap {
namespace {

constexpr size_t kMostCells = 120;  // of one side of the similarity map
constexpr double kSide = 420;
constexpr double kBar = 6;  // of the classes, beside the map
constexpr int kShades = 9;

// Units in order of their class.
std::vector<size_t> ByClass(const Json& units) {
  std::vector<size_t> order(units.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return units[a].at("label").get<size_t>() <
           units[b].at("label").get<size_t>();
  });
  return order;
}

struct Cells {
  size_t side = 0;
  std::vector<double> values;   // row after row
  std::vector<size_t> classes;  // of the first unit of each
};

// Means over square blocks of units; a unit with itself is left out where
// there are others.
Cells CellsOf(const StudyDocument& document) {
  const Json& units = document.signatures.at("units");
  const Json& similarity = document.signatures.at("similarity");
  const std::vector<size_t> order = ByClass(units);
  const size_t per_cell = (order.size() + kMostCells - 1) / kMostCells;
  Cells cells;
  for (size_t i = 0; i < order.size(); i += per_cell) {
    cells.classes.push_back(units[order[i]].at("label").get<size_t>());
  }
  cells.side = cells.classes.size();
  std::vector<double> counts(cells.side * cells.side, 0);
  cells.values.assign(counts.size(), 0);
  for (size_t i = 0; i < order.size(); ++i) {
    const Json& row = similarity[order[i]];
    for (size_t j = 0; j < order.size(); ++j) {
      if (i == j && per_cell > 1) continue;
      const size_t at = i / per_cell * cells.side + j / per_cell;
      cells.values[at] += row[order[j]].get<double>();
      ++counts[at];
    }
  }
  for (size_t at = 0; at < counts.size(); ++at) {
    cells.values[at] = counts[at] > 0 ? cells.values[at] / counts[at] : 1;
  }
  return cells;
}

// A rectangle that begins where the pen is.
std::string Rectangle(double x, double y, double width, double height) {
  return fmt::format("M{:.1f} {:.1f}h{:.2f}v{:.2f}h-{:.2f}z", x, y, width,
                     height, width);
}

// All cells of one shade are one path, neighbours in a row one rectangle.
std::string ShadedCells(const Cells& cells, double lo, double hi) {
  const double cell = kSide / static_cast<double>(cells.side);
  const auto shade = [&](size_t row, size_t column) {
    const double value = cells.values[row * cells.side + column];
    const double place = hi > lo ? (value - lo) / (hi - lo) : 1;
    return std::clamp(static_cast<int>(place * kShades), 0, kShades - 1);
  };
  std::array<std::string, kShades> paths;
  for (size_t row = 0; row < cells.side; ++row) {
    for (size_t first = 0; first < cells.side;) {
      size_t last = first;
      const int now = shade(row, first);
      while (last < cells.side && shade(row, last) == now) ++last;
      paths[static_cast<size_t>(now)] +=
          Rectangle(kBar + 2 + cell * static_cast<double>(first),
                    cell * static_cast<double>(row),
                    cell * static_cast<double>(last - first), cell);
      first = last;
    }
  }
  std::string svg;
  for (size_t i = 0; i < paths.size(); ++i) {
    if (paths[i].empty()) continue;
    svg += fmt::format("<path class=h{} d=\"{}\" />\n", i, paths[i]);
  }
  return svg;
}

std::string ClassBars(const Cells& cells) {
  const double cell = kSide / static_cast<double>(cells.side);
  std::string svg;
  for (size_t first = 0; first < cells.side;) {
    size_t last = first;
    while (last < cells.side && cells.classes[last] == cells.classes[first]) {
      ++last;
    }
    svg += fmt::format("<rect class=k{} x=0 y={:.1f} width={} height={:.1f} />",
                       cells.classes[first] % kClassColours,
                       cell * static_cast<double>(first), kBar,
                       cell * static_cast<double>(last - first));
    first = last;
  }
  return svg;
}

struct Range {
  double lo = std::numeric_limits<double>::infinity();
  double hi = -lo;

  void Add(double value) {
    lo = std::min(lo, value);
    hi = std::max(hi, value);
  }
  double Place(double value) const {
    return hi > lo ? (value - lo) / (hi - lo) : 0.5;
  }
};

}  // namespace

std::string SimilarityMap(const StudyDocument& document) {
  const Cells cells = CellsOf(document);
  Range range;
  for (const double value : cells.values) range.Add(value);
  return fmt::format(
             "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=img aria-label=\"Cosine "
             "similarity of each pair of units\">\n",
             kSide + kBar + 4, kSide + 18) +
         ShadedCells(cells, range.lo, range.hi) + ClassBars(cells) +
         fmt::format(
             "<text x={} y={}>cosine, light {:.3f} to dark "
             "{:.3f}</text></svg>\n",
             kBar + 2, kSide + 13, range.lo, range.hi);
}

std::string UnitMap(const StudyDocument& document, const std::string& key,
                    const std::string& title) {
  const Json& units = document.signatures.at("units");
  if (units.empty() || !units[0].contains(key)) return "";
  Range x;
  Range y;
  for (const Json& unit : units) {
    x.Add(unit.at(key)[0].get<double>());
    y.Add(unit.at(key)[1].get<double>());
  }
  std::string svg = fmt::format(
      "<svg viewBox=\"0 0 {0} {0}\" role=img aria-label=\"{1}\"><text "
      "class=title x=4 y=14>{1}</text>\n",
      kSide, title);
  for (const Json& unit : units) {
    const double px = 14 + (kSide - 28) * x.Place(unit.at(key)[0]);
    const double py = kSide - 14 - (kSide - 46) * y.Place(unit.at(key)[1]);
    svg += fmt::format(
        "<circle class=\"dot k{}\" cx={:.1f} cy={:.1f} r=4><title>{}</title>"
        "</circle>\n",
        unit.at("label").get<size_t>() % kClassColours, px, py,
        html::Text(unit.at("name").get<std::string>()));
  }
  return svg + "</svg>\n";
}

std::string ClassKey(const StudyDocument& document) {
  std::string text;
  size_t number = 0;
  for (const Json& label : document.signatures.at("labels")) {
    text += fmt::format(
        "<span class=classkey><svg viewBox=\"0 0 10 10\"><circle class=k{} "
        "cx=5 cy=5 r=5 /></svg>{}</span> ",
        number++ % kClassColours, html::Text(label.get<std::string>()));
  }
  return "<p>" + text + "</p>\n";
}

}  // namespace moetap
