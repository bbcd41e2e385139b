// A line chart over the MoE layers, as SVG.  Colours come from the style
// sheet, by class.
#ifndef MOETAP_ANALYSIS_REPORT_CHART_H_
#define MOETAP_ANALYSIS_REPORT_CHART_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moetap {

struct ChartLine {
  std::string style;                          // class names
  std::string label;                          // escaped
  std::vector<std::optional<double>> values;  // one per layer
  std::vector<std::optional<double>> lo;      // empty, or one per layer
  std::vector<std::optional<double>> hi;
  bool dots = false;
};

struct ChartMark {  // a horizontal line with a label
  std::string style;
  std::string label;
  double value = 0;
};

struct Chart {
  std::string title;
  std::vector<uint32_t> layers;
  std::vector<ChartLine> lines;
  std::vector<ChartMark> marks;
  double top = 1;  // of the vertical axis, from 0
};

// The least multiple of 0.1, up to 1, that is above all values of `chart`.
double ChartTop(const Chart& chart);

std::string ChartSvg(const Chart& chart);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_REPORT_CHART_H_
