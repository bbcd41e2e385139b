// How many distinct experts a batch would touch if its rows had nothing in
// common but chance.  docs/studies.md has the formulas.
#ifndef MOETAP_ANALYSIS_STUDIES_SHARING_EXPECTED_H_
#define MOETAP_ANALYSIS_STUDIES_SHARING_EXPECTED_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analysis/trace.h"

namespace moetap {

struct ExpectedDistinct {
  std::optional<double> uniform;     // expected.uniform@1
  std::optional<double> popularity;  // expected.popularity@1
};

// Of `rows` rows in `layer`.  `expert_rows[e]` of the layer's `usable_rows`
// rows have expert e.
ExpectedDistinct ExpectDistinct(const MoeLayer& layer,
                                std::span<const uint64_t> expert_rows,
                                uint64_t usable_rows, uint32_t rows);

// A mean of expectations, each weighted by how often it is compared with.
class MeanExpected {
 public:
  void Add(const ExpectedDistinct& expected, uint64_t weight);

  // For StudyResult::baselines, times `factor`.
  std::vector<std::pair<std::string, std::optional<double>>> Baselines(
      double factor) const;

 private:
  uint64_t weight_ = 0;
  ExpectedDistinct sum_{0, 0};
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SHARING_EXPECTED_H_
