#include "tests/cuda_standin/router_reference.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include "tests/cuda_standin/core/memory.h"
#include "tests/cuda_standin/runtime.h"

namespace standin {

Logged logged;

bool FindRange(const void*, MemoryRange*) { return true; }

void LogRouter(const char* kernel, uint32_t rows, uint32_t k, uint32_t experts,
               const int64_t* ids) {
  logged = {kernel, rows, k, experts, {ids, ids + size_t{rows} * k}};
}

namespace {

constexpr double kRounding = 1e-6;

uint16_t ToHalf(double value) {
  if (value == 0) return 0;
  int exponent;
  double fraction = std::frexp(std::abs(value), &exponent);
  auto mantissa = static_cast<int>((fraction * 2 - 1) * 1024);
  return static_cast<uint16_t>((value < 0 ? 0x8000 : 0) |
                               (exponent - 1 + 15) << 10 | mantissa);
}

uint16_t ToBfloat16(double value) {
  auto single = static_cast<float>(value);
  uint32_t bits;
  memcpy(&bits, &single, sizeof bits);
  return static_cast<uint16_t>(bits >> 16);
}

template <typename T>
void Append(T value, std::vector<char>* data) {
  data->insert(data->end(), reinterpret_cast<char*>(&value),
               reinterpret_cast<char*>(&value + 1));
}

std::vector<double> Scores(const Problem& problem, const Options& options,
                           uint32_t row) {
  std::vector<double> result(problem.experts);
  double sum = 0;
  for (uint32_t i = 0; i < problem.experts; ++i) {
    double x = problem.logits[row * problem.experts + i];
    if (options.cap != 0) x = options.cap * std::tanh(x / options.cap);
    if (options.bias_in_logits) x += problem.bias[i];
    switch (options.scoring) {
      case Scoring::kNone:
        result[i] = x;
        break;
      case Scoring::kSoftmax:
        sum += result[i] = std::exp(x);
        break;
      case Scoring::kSigmoid:
        result[i] = 1 / (1 + std::exp(-x));
        break;
      case Scoring::kSqrtSoftplus:
        result[i] = std::sqrt(std::log(1 + std::exp(x)));
        break;
    }
  }
  if (sum != 0) {
    for (double& value : result) value /= sum;
  }
  return result;
}

// The place of the largest number of [begin, end) that is not taken.
int ArgMax(const std::vector<double>& numbers, const std::set<int>& taken,
           int begin, int end) {
  int best = -1;
  for (int i = begin; i < end; ++i) {
    if (taken.count(i) != 0) continue;
    if (best < 0 || numbers[i] > numbers[best]) best = i;
  }
  return best;
}

// The experts that group selection excludes.
std::set<int> Excluded(const std::vector<double>& choice,
                       const Options& options) {
  int size = static_cast<int>(choice.size()) / options.groups;
  std::vector<double> sums;
  std::set<int> excluded, kept;
  for (int group = 0; group < options.groups; ++group) {
    int first = ArgMax(choice, {}, group * size, (group + 1) * size);
    int second = ArgMax(choice, {first}, group * size, (group + 1) * size);
    sums.push_back(choice[first] + choice[second]);
  }
  for (int i = 0; i < options.kept_groups; ++i) {
    kept.insert(ArgMax(sums, kept, 0, options.groups));
  }
  for (int i = 0; i < static_cast<int>(choice.size()); ++i) {
    if (kept.count(i / size) == 0) excluded.insert(i);
  }
  return excluded;
}

void ExpectRow(const Problem& problem, const Options& options,
               const Written& written, uint32_t row) {
  std::vector<double> scores = Scores(problem, options, row);
  std::vector<double> choice = scores;
  for (uint32_t i = 0; options.bias && i < problem.experts; ++i) {
    choice[i] += problem.bias[i];
  }
  std::set<int> taken = Excluded(choice, options);
  std::set<int64_t> seen;
  double sum = 0;
  for (uint32_t rank = 0; rank < problem.k; ++rank) {
    int expected = ArgMax(choice, taken, 0, static_cast<int>(problem.experts));
    int64_t id = written.Id(row * problem.k + rank);
    ASSERT_TRUE(id >= 0 && id < problem.experts) << id;
    ASSERT_NEAR(choice[id], choice[expected], kRounding)
        << "row " << row << " rank " << rank << " id " << id;
    ASSERT_TRUE(seen.insert(id).second) << "twice: " << id;
    taken.insert(expected);
    sum += scores[id];
  }
  for (uint32_t rank = 0; rank < problem.k; ++rank) {
    size_t at = row * problem.k + rank;
    double weight = scores[written.Id(at)] * options.scale;
    if (options.renormalize) weight /= sum;
    ASSERT_NEAR(written.weights[at], weight, 1e-5) << row << " " << rank;
  }
}

}  // namespace

std::vector<char> Encode(const std::vector<double>& numbers,
                         const std::string& type) {
  std::vector<char> result;
  for (double number : numbers) {
    if (type == "f") {
      Append(static_cast<float>(number), &result);
    } else {
      Append(type == "6__half" ? ToHalf(number) : ToBfloat16(number), &result);
    }
  }
  return result;
}

Problem MakeProblem(uint32_t experts, uint32_t k, uint32_t rows,
                    const std::string& type) {
  std::mt19937 generator(experts * 1000 + k * 100 + rows);
  // Multiples of 1/64 are exact in every type.
  std::uniform_int_distribution<int> steps(-256, 255);
  std::uniform_int_distribution<int> bias_steps(-12, 12);
  Problem result = {experts, k, rows, type, {}, {}, {}};
  for (uint32_t i = 0; i < rows * experts; ++i) {
    result.logits.push_back(steps(generator) / 64.0);
  }
  for (uint32_t i = 0; i < experts; ++i) {
    result.bias.push_back(static_cast<float>(bias_steps(generator)) / 64);
  }
  result.data = Encode(result.logits, type);
  return result;
}

void ForEachProblem(const std::function<void(const Problem&)>& test) {
  for (uint32_t experts : {60, 64, 72, 128, 160, 192, 256, 320, 384, 512}) {
    for (uint32_t k : {1, 2, 6, 7, 8, 22}) {
      for (uint32_t rows : {1, 3, 17}) {
        for (const char* type : {"f", "6__half", "13__nv_bfloat16"}) {
          SCOPED_TRACE(testing::Message() << experts << " experts, k " << k
                                          << ", " << rows << " " << type);
          test(MakeProblem(experts, k, rows, type));
          if (testing::Test::HasFatalFailure()) return;
        }
      }
    }
  }
}

Written::Written(const Problem& problem, char type)
    : id_type(type),
      ids(size_t{problem.rows} * problem.k * (type == 'l' ? 8 : 4)),
      weights(size_t{problem.rows} * problem.k),
      source_rows(size_t{problem.rows} * problem.k) {}

int64_t Written::Id(size_t index) const {
  if (id_type == 'l') return reinterpret_cast<const int64_t*>(&ids[0])[index];
  return reinterpret_cast<const int32_t*>(&ids[0])[index];
}

std::vector<int64_t> Written::Ids() const {
  std::vector<int64_t> result;
  for (size_t i = 0; i < weights.size(); ++i) result.push_back(Id(i));
  return result;
}

void ExpectRouted(const Problem& problem, const Options& options,
                  const Written& written) {
  for (uint32_t row = 0; row < problem.rows; ++row) {
    ASSERT_NO_FATAL_FAILURE(ExpectRow(problem, options, written, row));
  }
  ASSERT_EQ(logged.rows, problem.rows);
  ASSERT_EQ(logged.k, problem.k);
  ASSERT_EQ(logged.experts, problem.experts);
  ASSERT_EQ(logged.ids, written.Ids());
}

}  // namespace standin
