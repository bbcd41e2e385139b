// What each way of arranging expert sets costs, in bits and in time: the real
// encoders, zstd and the real decoder over the blocks of a capture, or over
// made-up traffic.  One line of JSON per traffic; layouts_check.py reads them.
#include <fmt/format.h>
#include <zstd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "analysis/capture.h"
#include "schema/layout_choice.h"
#include "schema/normal_form.h"
#include "schema/ranked_sets.h"
#include "schema/set_sort.h"
#include "schema/weighted_sets.h"

namespace moetap {
namespace {

struct Options {
  std::string capture;
  uint32_t blocks = 8;
  int level = kZstdLevel;
};

// The sets of one block and what they belong to.
struct Sets {
  std::vector<SetGroup> groups;
  std::vector<uint16_t> ids;
  std::vector<std::vector<uint16_t>> slots;
  int id_bytes = 1;

  size_t sets() const { return ids.size() / groups.front().k; }
};

double Now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

constexpr uint16_t kExperts = 256;
constexpr uint16_t kK = 8;
constexpr uint32_t kLayers = 48;
constexpr uint32_t kBatch = 64;
constexpr uint32_t kSteps = 21;

// Rows of independent sets.  Expert i of a layer's own order is drawn with
// weight (i + 1)^-skew, without repeats: the k largest of log-weight + Gumbel.
Sets Independent(double skew, uint32_t seed) {
  Sets made;
  std::mt19937_64 random(seed);
  made.slots.emplace_back(kLayers);
  std::iota(made.slots[0].begin(), made.slots[0].end(), 0);
  std::vector<std::vector<double>> weight(kLayers);
  std::mt19937_64 orders(1);  // the same in all blocks
  for (auto& of_layer : weight) {
    for (int i = 1; i <= kExperts; ++i) {
      of_layer.push_back(-skew * std::log(i));
    }
    std::shuffle(of_layer.begin(), of_layer.end(), orders);
  }
  std::extreme_value_distribution<double> gumbel;
  std::vector<std::pair<double, uint16_t>> draw(kExperts);
  for (uint32_t step = 0; step < kSteps; ++step) {
    made.groups.push_back({kBatch, kK, 0, kLayers, made.slots[0].data()});
    for (uint32_t set = 0; set < kBatch * kLayers; ++set) {
      for (uint16_t e = 0; e < kExperts; ++e) {
        draw[e] = {-weight[set % kLayers][e] - gumbel(random), e};
      }
      std::nth_element(draw.begin(), draw.begin() + kK, draw.end());
      for (size_t j = 0; j < kK; ++j) made.ids.push_back(draw[j].second);
      std::sort(made.ids.end() - kK, made.ids.end());
    }
  }
  return made;
}

// Blocks of the capture that hold many sets, all with one k.
std::vector<Sets> Recorded(const Capture& capture, size_t most) {
  std::vector<Sets> found;
  NormalForm form;
  for (const CaptureFile& file : capture.files) {
    for (const CaptureBlock& block : file.blocks) {
      const auto ids = form.Sets(*block.content());
      if (ids.size() < 100000 || found.size() == most) continue;
      Sets& sets = found.emplace_back();
      sets.ids.assign(ids.begin(), ids.end());
      sets.groups.assign(form.groups().begin(), form.groups().end());
      sets.id_bytes = block.content()->id_bytes();
    }
  }
  return found;
}

// Entropy of independent draws with the inclusion frequencies seen, given
// their number: sum of h(p) less the information in "there are k of them",
// with the normal approximation of that probability.
double OrderZeroBits(const std::vector<Sets>& blocks) {
  std::vector<std::vector<double>> count;
  std::vector<double> rows;
  for (const Sets& block : blocks) {
    size_t at = 0;
    for (const SetGroup& g : block.groups) {
      for (size_t set = 0; set < size_t{g.rows} * g.layers; ++set) {
        const uint16_t slot = g.slots[set % g.layers];
        if (slot >= rows.size()) {
          rows.resize(slot + 1u);
          count.resize(slot + 1u, std::vector<double>(65536));
        }
        ++rows[slot];
        for (size_t j = 0; j < g.k; ++j) ++count[slot][block.ids[at++]];
      }
    }
  }
  double bits = 0;
  double sets = 0;
  for (size_t slot = 0; slot < rows.size(); ++slot) {
    if (rows[slot] == 0) continue;
    double h = 0;
    double variance = 0;
    for (const double n : count[slot]) {
      const double p = n / rows[slot];
      if (p <= 0 || p >= 1) continue;
      h -= p * std::log2(p) + (1 - p) * std::log2(1 - p);
      variance += p * (1 - p);
    }
    h -= 0.5 * std::log2(2 * M_PI * variance);
    bits += h * rows[slot];
    sets += rows[slot];
  }
  return bits / sets;
}

double LogChoose(double n, double k) {
  return (std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1)) /
         M_LN2;
}

struct Cost {  // sums
  double packed = 0;
  double encode = 0;
  double pack = 0;
  double unpack = 0;
  double decode = 0;
};

// Of a set.  A sorting network takes as long for sorted ids as for others.
double SortNs(Sets sets) {
  const size_t n = sets.sets();
  double least = 1e18;
  for (int i = 0; i < 5; ++i) {
    const double begin = Now();
    SortSets(sets.ids.data(), n, sets.groups.front().k);
    least = std::min(least, Now() - begin);
  }
  return least / static_cast<double>(n);
}

enum Way { kSorted, kRanked, kWeighted, kReferenced };
constexpr std::array<const char*, 4> kWayNames = {"sorted", "ranked",
                                                  "weighted", "referenced"};

class Bench {
 public:
  explicit Bench(int level)
      : level_(level), scratch_(ZSTD_compressBound(kMaxRawBlock)) {}

  void Run(const std::string& name, const std::vector<Sets>& blocks);

 private:
  static constexpr int kRepeats = 3;

  void Add(const Sets& sets, Way way, Cost* cost);
  size_t Arrange(const Sets& sets, Way way);
  bool Decode(const Sets& sets, Way way, size_t size);

  int level_;
  ZSTD_CCtx* pack_ = ZSTD_createCCtx();
  ZSTD_DCtx* unpack_ = ZSTD_createDCtx();
  std::vector<uint8_t> scratch_;
  std::vector<uint8_t> arranged_ = std::vector<uint8_t>(2 * kMaxBlockIds);
  std::vector<uint16_t> decoded_ = std::vector<uint16_t>(kMaxBlockIds);
  std::unique_ptr<RankedWorkspace> ranked_{new RankedWorkspace};
  std::unique_ptr<WeightedWorkspace> weighted_{new WeightedWorkspace};
  std::unique_ptr<LayoutChoice> choice_{new LayoutChoice};
};

size_t Bench::Arrange(const Sets& sets, Way way) {
  switch (way) {
    case kSorted:
      std::copy(sets.ids.begin(), sets.ids.end(), arranged_.begin());
      return sets.ids.size();
    case kWeighted:
      return EncodeWeightedSets(sets.groups, sets.ids.data(), weighted_.get(),
                                arranged_);
    default:
      return EncodeRankedSets(sets.groups, sets.ids.data(), sets.id_bytes,
                              way == kReferenced, ranked_.get(), arranged_);
  }
}

bool Bench::Decode(const Sets& sets, Way way, size_t size) {
  const Bytes bytes = Bytes(arranged_).first(size);
  switch (way) {
    case kSorted:
      std::copy(bytes.begin(), bytes.end(), decoded_.begin());
      return true;
    case kWeighted:
      return DecodeWeightedSets(sets.groups, bytes, sets.id_bytes,
                                weighted_.get(), decoded_.data());
    default:
      return DecodeRankedSets(sets.groups, bytes, sets.id_bytes, ranked_.get(),
                              decoded_.data());
  }
}

// The least of a few tries for each part.
void Bench::Add(const Sets& sets, Way way, Cost* cost) {
  Cost least{0, 1e18, 1e18, 1e18, 1e18};
  for (int i = 0; i < kRepeats; ++i) {
    const double t0 = Now();
    const size_t size = Arrange(sets, way);
    const double t1 = Now();
    const size_t packed =
        ZSTD_compressCCtx(pack_, scratch_.data(), scratch_.size(),
                          arranged_.data(), size, level_);
    const double t2 = Now();
    ZSTD_decompressDCtx(unpack_, arranged_.data(), arranged_.size(),
                        scratch_.data(), packed);
    const double t3 = Now();
    const bool read = Decode(sets, way, size);
    const double t4 = Now();
    if (!read ||
        !std::equal(sets.ids.begin(), sets.ids.end(), decoded_.begin())) {
      std::abort();
    }
    least = {static_cast<double>(packed), std::min(least.encode, t1 - t0),
             std::min(least.pack, t2 - t1), std::min(least.unpack, t3 - t2),
             std::min(least.decode, t4 - t3)};
  }
  cost->packed += least.packed;
  cost->encode += least.encode;
  cost->pack += least.pack;
  cost->unpack += least.unpack;
  cost->decode += least.decode;
}

void Bench::Run(const std::string& name, const std::vector<Sets>& blocks) {
  double n = 0;
  uint16_t top = 0;
  for (const Sets& block : blocks) {
    n += static_cast<double>(block.sets());
    top = std::max(top, *std::max_element(block.ids.begin(), block.ids.end()));
  }
  if (n == 0) return;
  const double k = blocks.front().groups.front().k;
  fmt::print(R"({{"traffic":"{}","level":{},"sets":{},"k":{},"uniform":{:.2f},)"
             R"("order0":{:.2f})",
             name, level_, n, k, LogChoose(top + 1, k), OrderZeroBits(blocks));
  fmt::print(R"(,"sort_ns":{:.1f})", SortNs(blocks.front()));
  for (const Way way : {kSorted, kRanked, kWeighted, kReferenced}) {
    Cost cost;
    for (const Sets& block : blocks) Add(block, way, &cost);
    fmt::print(R"(,"{}":{{"bits":{:.3f},"encode_ns":{:.1f},"pack_ns":{:.1f},)"
               R"("unpack_ns":{:.1f},"decode_ns":{:.1f}}})",
               kWayNames[way], cost.packed * 8 / n, cost.encode / n,
               cost.pack / n, cost.unpack / n, cost.decode / n);
  }
  const Measure measure{pack_, level_, scratch_};
  double packed = 0;
  const double begin = Now();
  for (const Sets& block : blocks) {
    const ArrangedIds chosen =
        choice_->Arrange(block.groups, block.ids, block.id_bytes, measure);
    packed += static_cast<double>(
        ZSTD_compressCCtx(pack_, scratch_.data(), scratch_.size(),
                          chosen.bytes.data(), chosen.bytes.size(), level_));
  }
  fmt::print(R"(,"chosen":{{"bits":{:.3f},"ns":{:.1f}}}}})"
             "\n",
             packed * 8 / n, (Now() - begin) / n);
  std::fflush(stdout);
}

int Main(const Options& options) {
  Bench bench(options.level);
  if (!options.capture.empty()) {
    const Capture capture = ReadCapture(options.capture);
    bench.Run("capture", Recorded(capture, options.blocks));
    return 0;
  }
  for (const double skew : {0.0, 0.5, 1.0}) {
    std::vector<Sets> blocks;
    for (uint32_t i = 0; i < options.blocks; ++i) {
      blocks.push_back(Independent(skew, i));
    }
    bench.Run(skew == 0 ? "uniform" : fmt::format("skew {}", skew), blocks);
  }
  return 0;
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  moetap::Options options;
  CLI::App app{"Bits and time of each layout of expert sets"};
  app.add_option("CAPTURE", options.capture, "Its blocks, not made-up ones");
  app.add_option("--blocks", options.blocks, "Blocks of each traffic");
  app.add_option("--level", options.level, "zstd level");
  CLI11_PARSE(app, argc, argv);
  return moetap::Main(options);
}
