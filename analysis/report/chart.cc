#include "analysis/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace moetap {
namespace {

constexpr double kWidth = 860;
constexpr double kHeight = 300;
constexpr double kLeft = 44;
constexpr double kRight = 170;  // room for the labels of lines
constexpr double kTop = 30;
constexpr double kBottom = 40;
constexpr double kLabelGap = 13;

struct Label {
  double y;
  std::string style;
  std::string text;
};

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart), top_(chart.top) {}

  std::string Svg() {
    svg_ = fmt::format(
        "<svg viewBox=\"0 0 {} {}\" role=img aria-label=\"{}\">"
        "<text class=title x={} y=16>{}</text>\n",
        kWidth, kHeight, chart_.title, kLeft, chart_.title);
    Axes();
    for (const ChartMark& mark : chart_.marks) Mark(mark);
    for (const ChartLine& line : chart_.lines) Band(line);
    for (const ChartLine& line : chart_.lines) Line(line);
    Labels();
    return svg_ + "</svg>\n";
  }

 private:
  double X(size_t index) const {
    const double room = kWidth - kLeft - kRight - 16;
    if (chart_.layers.size() < 2) return kLeft + room / 2;
    return kLeft + 8 +
           room * static_cast<double>(index) /
               static_cast<double>(chart_.layers.size() - 1);
  }
  double Y(double value) const {
    const double room = kHeight - kTop - kBottom;
    return kTop + room * (1 - std::clamp(value / top_, 0.0, 1.0));
  }

  void Axes() {
    const double step = top_ > 10    ? std::ceil(top_ / 5)
                        : top_ > 2   ? 1
                        : top_ > 1   ? 0.5
                        : top_ > 0.5 ? 0.2
                        : top_ > 0.2 ? 0.1
                                     : 0.05;
    for (double value = 0; value < top_ + 1e-9; value += step) {
      svg_ += fmt::format(
          "<line class=grid x1={0} x2={1} y1={2:.1f} y2={2:.1f} />"
          "<text x={3} y={4:.1f} text-anchor=end>{5:.2g}</text>\n",
          kLeft, kWidth - kRight, Y(value), kLeft - 6, Y(value) + 4, value);
    }
    const size_t every = (chart_.layers.size() + 23) / 24;
    for (size_t i = 0; i < chart_.layers.size(); i += every) {
      svg_ += fmt::format("<text x={:.1f} y={} text-anchor=middle>{}</text>",
                          X(i), kHeight - kBottom + 17, chart_.layers[i]);
    }
    svg_ +=
        fmt::format("<text x={} y={} text-anchor=middle>decoder layer</text>\n",
                    (kLeft + kWidth - kRight) / 2, kHeight - 6);
  }

  void Mark(const ChartMark& mark) {
    const double y = Y(mark.value);
    svg_ += fmt::format(
        "<line class=\"{0}\" x1={1} x2={2} y1={3:.1f} y2={3:.1f} />\n",
        mark.style, kLeft, kWidth - kRight, y);
    labels_.push_back({y, mark.style, mark.label});
  }

  void Band(const ChartLine& line) {
    std::string upper;
    std::string lower;
    for (size_t i = 0; i < line.lo.size(); ++i) {
      if (!line.lo[i] || !line.hi[i]) return;  // no band with holes
      upper += fmt::format(" {:.1f},{:.1f}", X(i), Y(*line.hi[i]));
      lower = fmt::format(" {:.1f},{:.1f}", X(i), Y(*line.lo[i])) + lower;
    }
    if (upper.empty()) return;
    svg_ += fmt::format("<polygon class=\"band {}\" points=\"{}{}\" />\n",
                        line.style, upper, lower);
  }

  void Line(const ChartLine& line) {
    std::string path;
    bool open = false;
    double last = 0;
    bool any = false;
    for (size_t i = 0; i < line.values.size(); ++i) {
      if (line.values[i]) {
        last = Y(*line.values[i]);
        any = true;
        path += fmt::format("{}{:.1f} {:.1f}", open ? 'L' : 'M', X(i), last);
      }
      open = line.values[i].has_value();
    }
    if (!any) return;
    svg_ +=
        fmt::format("<path class=\"line {}\" d=\"{}\" />\n", line.style, path);
    for (size_t i = 0; line.dots && i < line.values.size(); ++i) {
      if (!line.values[i]) continue;
      svg_ += fmt::format(
          "<circle class=\"dot {}\" cx={:.1f} cy={:.1f} r=3.2><title>layer {}: "
          "{:.4f}, {}</title></circle>",
          line.style, X(i), Y(*line.values[i]), chart_.layers[i],
          *line.values[i], line.label);
    }
    labels_.push_back({last, "key " + line.style, line.label});
  }

  // At the right of the lines, moved apart where they would overlap.
  void Labels() {
    std::stable_sort(labels_.begin(), labels_.end(),
                     [](const Label& a, const Label& b) { return a.y < b.y; });
    for (size_t i = 1; i < labels_.size(); ++i) {
      labels_[i].y = std::max(labels_[i].y, labels_[i - 1].y + kLabelGap);
    }
    double below = kHeight - kBottom + 8;
    for (size_t i = labels_.size(); i-- > 0;) {
      labels_[i].y = std::min(labels_[i].y, below);
      below = labels_[i].y - kLabelGap;
    }
    for (const Label& label : labels_) {
      svg_ += fmt::format("<text class=\"{}\" x={} y={:.1f}>{}</text>\n",
                          label.style, kWidth - kRight + 8, label.y + 4,
                          label.text);
    }
  }

  const Chart& chart_;
  const double top_;
  std::string svg_;
  std::vector<Label> labels_;
};

}  // namespace

double ChartTop(const Chart& chart) {
  double most = 0;
  for (const ChartLine& line : chart.lines) {
    for (const auto* values : {&line.values, &line.hi}) {
      for (const auto& value : *values) {
        most = std::max(most, value.value_or(0));
      }
    }
  }
  for (const ChartMark& mark : chart.marks) most = std::max(most, mark.value);
  return std::clamp(std::ceil(most * 10) / 10, 0.1, 1.0);
}

std::string ChartSvg(const Chart& chart) { return Drawing(chart).Svg(); }

}  // namespace moetap
