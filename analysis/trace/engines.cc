#include "analysis/trace/engines.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>
#include <tuple>

#include "analysis/error.h"

namespace moetap {
namespace {

bool HasGroups(const ProcessLog& log) {
  return std::any_of(
      log.steps.begin(), log.steps.end(), [](const StepLog& step) {
        return step.kind != log::StepKind::Dummy && !step.groups.empty();
      });
}

void CheckOneModel(const Capture& capture,
                   const std::vector<ProcessLog>& logs) {
  std::set<std::string> models;
  std::string names;
  for (const ProcessLog& log : logs) {
    const std::string model = log.file->fact("model");
    if (model.empty() || !models.insert(model).second) continue;
    names += (names.empty() ? "" : ", ") + model;
  }
  if (models.size() > 1) {
    throw Error(fmt::format(
        "{}: holds {} models ({}); put the files of each into a directory of "
        "its own (moetap info names them)",
        capture.path.string(), models.size(), names));
  }
}

void CheckPipeline(const std::vector<ProcessLog>& logs) {
  for (const ProcessLog& log : logs) {
    if (NumberFact(*log.file, "pp_size", 1) <= 1) continue;
    throw Error(fmt::format(
        "{}: the layers are split over {} pipeline stages, which no trace can "
        "be made of; serve with one stage (moetap info, verify and dump "
        "--blocks work on this capture)",
        log.file->path.string(), log.file->fact("pp_size")));
  }
}

[[noreturn]] void NoRows(const Capture& capture) {
  throw Error(fmt::format(
      "{}: no dispatch of a request was captured, so there are no rows; "
      "moetap verify says "
      "what the library saw",
      capture.path.string()));
}

[[noreturn]] void NoIdentity(const Capture& capture) {
  throw Error(fmt::format(
      "{}: rows were captured, but not which request they belong to: the "
      "engine's shim did not report. Record without isolated Python (-I, -E) "
      "and with the shim's directory in PYTHONPATH, as `moetap env` prints "
      "it (moetap info, verify and dump --blocks work on this capture)",
      capture.path.string()));
}

// Requests of `a` that `b` has too.
size_t SharedRequests(const ProcessLog& a, const ProcessLog& b) {
  std::set<std::string_view> ids;
  for (const log::Request* request : a.requests) {
    ids.insert(request->id()->string_view());
  }
  return static_cast<size_t>(std::count_if(
      b.requests.begin(), b.requests.end(), [&](const log::Request* request) {
        return ids.contains(request->id()->string_view());
      }));
}

// The engine whose lower ranks served the same requests, or null.
Engine* FindEngineOf(std::vector<Engine>* engines, const ProcessLog& log) {
  Engine* best = nullptr;
  size_t most = 0;
  const uint64_t rank = NumberFact(*log.file, "tp_rank", 0);
  for (Engine& engine : *engines) {
    const ProcessLog& first = engine.ranks.front().log;
    const bool has_rank = std::any_of(
        engine.ranks.begin(), engine.ranks.end(), [&](const Rank& other) {
          return NumberFact(*other.log.file, "tp_rank", 0) == rank;
        });
    const size_t shared = has_rank ? 0 : SharedRequests(first, log);
    if (shared > most) {
      most = shared;
      best = &engine;
    }
  }
  return best;
}

}  // namespace

uint64_t RawBytes(const Engine& engine) {
  uint64_t bytes = 0;
  for (const Rank& rank : engine.ranks) {
    for (const CaptureBlock& block : rank.log.file->blocks) {
      bytes += block.raw.size();
    }
  }
  return bytes;
}

uint64_t NumberFact(const CaptureFile& file, std::string_view key,
                    uint64_t otherwise) {
  const std::string text = file.fact(key);
  uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  const bool all = !text.empty() && end == text.data() + text.size();
  return error == std::errc() && all ? value : otherwise;
}

std::vector<Engine> FindEngines(const Capture& capture) {
  std::vector<ProcessLog> logs;
  for (const CaptureFile& file : capture.files) {
    ProcessLog log = ReadLog(file);
    if (log.IsWorker()) logs.push_back(std::move(log));
  }
  if (std::none_of(logs.begin(), logs.end(), HasGroups)) NoRows(capture);
  if (std::all_of(logs.begin(), logs.end(),
                  [](const ProcessLog& log) { return log.requests.empty(); })) {
    NoIdentity(capture);
  }
  CheckOneModel(capture, logs);
  CheckPipeline(logs);
  const auto key = [](const ProcessLog& log) {
    return std::tuple(NumberFact(*log.file, "tp_rank", 0),
                      NumberFact(*log.file, "dp_rank", 0));
  };
  std::stable_sort(logs.begin(), logs.end(), [&](const auto& a, const auto& b) {
    return key(a) < key(b);
  });
  std::vector<Engine> engines;
  for (ProcessLog& log : logs) {
    Engine* engine = FindEngineOf(&engines, log);
    if (engine == nullptr) engine = &engines.emplace_back();
    engine->ranks.push_back({std::move(log), {}, {}});
  }
  return engines;
}

}  // namespace moetap
