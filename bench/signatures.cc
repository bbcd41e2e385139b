// What signatures and their null models cost, on synthetic traces.  Prints one
// JSON document; signatures_check.py compares it with numpy.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "analysis/studies/counter_rng.h"
#include "analysis/studies/signatures/null_models.h"
#include "analysis/studies/signatures/signature_matrix.h"
#include "analysis/studies/signatures/signature_units.h"
#include "analysis/trace.h"

namespace moetap {
namespace {

constexpr uint32_t kTop = 8;
constexpr uint64_t kSeed = 1;

struct Shape {
  uint32_t prompts = 5000;
  uint32_t tokens = 16;  // of each prompt
  uint32_t layers = 48;
  uint32_t experts = 256;
};

// Seconds of all threads of the process, and of the wall clock.
double Now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

// A field of /proc/self/status in MiB.
double StatusMib(const std::string& field) {
  std::ifstream status("/proc/self/status");
  std::string word;
  double kib = 0;
  while (status >> word) {
    if (word == field + ":") status >> kib;
  }
  return kib / 1024;
}

// Expert j of a set is one of experts j * n/8 to (j + 1) * n/8: cheap, distinct
// and ascending.
void FillIds(const Shape& shape, Trace* trace) {
  const size_t rows = size_t{shape.prompts} * shape.tokens;
  const uint32_t part = shape.experts / kTop;
  trace->ids.resize(rows * trace->row_ids);
  for (size_t set = 0; set < rows * shape.layers; ++set) {
    uint64_t bits = Draw(kSeed, 0, set);
    for (uint32_t j = 0; j < kTop; ++j, bits >>= 8) {
      trace->ids[set * kTop + j] =
          static_cast<uint16_t>(j * part + (bits & 255) * part / 256);
    }
  }
}

Trace MakeTrace(const Shape& shape) {
  Trace trace;
  for (uint32_t l = 0; l < shape.layers; ++l) {
    trace.layers.push_back({l, shape.experts, kTop, l * kTop});
  }
  trace.row_ids = shape.layers * kTop;
  FillIds(shape, &trace);
  uint32_t row = 0;
  for (uint32_t s = 0; s < shape.prompts; ++s) {
    Sequence sequence;
    sequence.id = std::to_string(s);
    sequence.category = s % 2 == 0 ? "even" : "odd";
    sequence.prompt_tokens = shape.tokens;
    sequence.tokens.assign(shape.tokens + 1, s);
    sequence.positions.resize(shape.tokens);
    for (Position& position : sequence.positions) {
      position.row = row++;
      position.source = Source::kObserved;
    }
    trace.sequences.push_back(std::move(sequence));
  }
  return trace;
}

PositionRange Prompt(const Sequence& sequence) {
  return PhaseRange(sequence, Phase::kPrompt);
}

void WriteIds(const Trace& trace, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(trace.ids.data()),
             static_cast<std::streamsize>(trace.ids.size() * sizeof(uint16_t)));
}

// The mean signature in one streamed pass, `repeats` times.
nlohmann::json MeasurePass(const Trace& trace, unsigned threads, int repeats,
                           bool print_sum) {
  const std::span traces(&trace, 1);
  const auto units = FindSignatureUnits(traces, Phase::kPrompt).units;
  const size_t features = trace.layers.size() * trace.layers[0].experts;
  std::vector<double> sum;
  double cpu = std::numeric_limits<double>::max();
  double wall = cpu;
  double anonymous = 0;
  for (int i = 0; i < repeats; ++i) {
    sum.assign(features, 0);
    const double cpu_begin = Now(CLOCK_PROCESS_CPUTIME_ID);
    const double wall_begin = Now(CLOCK_MONOTONIC);
    ForEachSignature(traces, units, Prompt, threads,
                     [&](size_t unit, std::span<const double> signature) {
                       for (size_t f = 0; f < features; ++f) {
                         sum[f] += signature[f];
                       }
                       if (unit % 4096 == 0) {
                         anonymous = std::max(anonymous, StatusMib("RssAnon"));
                       }
                     });
    cpu = std::min(cpu, Now(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin);
    wall = std::min(wall, Now(CLOCK_MONOTONIC) - wall_begin);
  }
  nlohmann::json result = {{"units", units.size()},
                           {"cpu_s", cpu},
                           {"wall_s", wall},
                           {"anonymous_mib", anonymous}};
  if (print_sum) result["sum"] = sum;
  return result;
}

// Least CPU milliseconds of one draw on one thread.
nlohmann::json MeasureNulls(const Trace& trace, int repeats) {
  const std::span traces(&trace, 1);
  const auto units = FindSignatureUnits(traces, Phase::kPrompt).units;
  nlohmann::json result;
  for (const NullKind kind :
       {NullKind::kUniform, NullKind::kPopularity, NullKind::kPermuted}) {
    const auto model = NullModel::Make(traces, units, Prompt, kind);
    if (!model) continue;
    double least = std::numeric_limits<double>::max();
    for (int i = 0; i < repeats; ++i) {
      const double begin = Now(CLOCK_PROCESS_CPUTIME_ID);
      model->Draw(kSeed, static_cast<uint64_t>(i));
      least = std::min(least, Now(CLOCK_PROCESS_CPUTIME_ID) - begin);
    }
    result[NullKindName(kind)] = 1000 * least;
  }
  return result;
}

int Main(int argc, char** argv) {
  CLI::App app("Costs of signatures and null models on a synthetic trace");
  Shape shape;
  unsigned threads = 1;
  int repeats = 1;
  bool nulls = false;
  std::string ids;
  app.add_option("--prompts", shape.prompts);
  app.add_option("--tokens", shape.tokens, "of each prompt");
  app.add_option("--layers", shape.layers);
  app.add_option("--experts", shape.experts, "a multiple of 8, at most 2048");
  app.add_option("--threads", threads);
  app.add_option("--repeats", repeats, "the least time counts");
  app.add_flag("--nulls", nulls, "time draws of the null models instead");
  app.add_option("--ids", ids,
                 "write the ids to this file, and print the sum of signatures");
  CLI11_PARSE(app, argc, argv);
  const Trace trace = MakeTrace(shape);
  if (!ids.empty()) WriteIds(trace, ids);
  nlohmann::json result =
      nulls ? MeasureNulls(trace, repeats)
            : MeasurePass(trace, threads, repeats, !ids.empty());
  result["peak_mib"] = StatusMib("VmHWM");
  std::cout << result.dump() << '\n';
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) { return moetap::Main(argc, argv); }
