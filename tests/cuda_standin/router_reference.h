// What the tests of router kernels share: random problems, a naive reference
// in double, launches, and the comparison of both.
#ifndef MOETAP_TESTS_CUDA_STANDIN_ROUTER_REFERENCE_H_
#define MOETAP_TESTS_CUDA_STANDIN_ROUTER_REFERENCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/cuda_standin/kernels.h"

namespace standin {

enum class Scoring { kNone, kSoftmax, kSigmoid, kSqrtSoftplus };

struct Problem {
  uint32_t experts = 0;
  uint32_t k = 0;
  uint32_t rows = 0;
  std::string type;            // mangled: f, 6__half, 13__nv_bfloat16
  std::vector<double> logits;  // rows * experts
  std::vector<char> data;      // the same, of `type`
  std::vector<float> bias;     // experts
};

// A problem of every shape and type, with a random seed of its own.
void ForEachProblem(const std::function<void(const Problem&)>& test);

Problem MakeProblem(uint32_t experts, uint32_t k, uint32_t rows,
                    const std::string& type);

// Numbers as an array of a mangled type.  Halves and bfloat16 must be exact.
std::vector<char> Encode(const std::vector<double>& numbers,
                         const std::string& type);

struct Options {
  Scoring scoring = Scoring::kSoftmax;
  bool bias = false;            // chosen by score + bias
  bool bias_in_logits = false;  // SGLang's softmax
  double cap = 0;               // SGLang's softmax: cap * tanh(logit / cap)
  int groups = 1;
  int kept_groups = 1;
  bool renormalize = true;
  double scale = 1;
};

// What a router wrote: ids as int64, whatever their type.
struct Written {
  Written(const Problem& problem, char type);
  int64_t Id(size_t index) const;
  std::vector<int64_t> Ids() const;

  char id_type;
  std::vector<char> ids;
  std::vector<float> weights;
  std::vector<int32_t> source_rows;
};

// Fails the test unless every row is what a naive router decides, up to
// choices whose scores differ by less than rounding, and was logged so.
void ExpectRouted(const Problem& problem, const Options& options,
                  const Written& written);

// The last call of LogRouter.
struct Logged {
  std::string kernel;
  uint32_t rows = 0;
  uint32_t k = 0;
  uint32_t experts = 0;
  std::vector<int64_t> ids;
};
extern Logged logged;

// The arguments of a launch, each in memory of exactly its size.
class Arguments {
 public:
  template <typename T>
  Arguments& Add(T value) {
    auto bytes = std::make_unique<char[]>(sizeof value);
    *reinterpret_cast<T*>(bytes.get()) = value;
    pointers_.push_back(bytes.get());
    values_.push_back(std::move(bytes));
    return *this;
  }

  template <typename T, typename... More>
  Arguments& Add(T value, More... more) {
    return Add(value).Add(more...);
  }

  bool Run(const std::string& name, unsigned blocks) {
    return RunKernel(name.c_str(), {blocks, 1, 1}, {256, 1, 1},
                     pointers_.data(), static_cast<int>(pointers_.size()));
  }

 private:
  std::vector<std::unique_ptr<char[]>> values_;
  std::vector<void*> pointers_;
};

// Arguments from values.
template <typename... Values>
Arguments MakeArguments(Values... values) {
  Arguments result;
  result.Add(values...);
  return result;
}

}  // namespace standin

#endif  // MOETAP_TESTS_CUDA_STANDIN_ROUTER_REFERENCE_H_
