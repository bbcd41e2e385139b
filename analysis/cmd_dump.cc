#include <memory>
#include <string>

#include "analysis/block_json.h"
#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/output.h"
#include "analysis/progress.h"
#include "analysis/trace.h"

namespace moetap {
namespace {

struct Options {
  std::string capture;
  bool json = false;
  bool blocks = false;
  bool rows = false;
};

std::string CostJson(const BlockHeader& header) {
  if (!header.has_cost()) return "null";
  const Cost& c = header.cost;
  return fmt::format(
      R"({{"bytes":{},"engine_ns":{},"shim_ns":{},"writer_ns":{}}})", c.bytes,
      c.engine_ns, c.shim_ns, c.writer_ns);
}

void PrintBlockJson(const CaptureFile& file, const CaptureBlock& block,
                    const BlockJson& json, Output* out) {
  const BlockHeader& h = block.header;
  const Counters& c = h.counters;
  const std::string content = json.Content(block);
  out->Print(
      R"({{"kind":"block","file":{},"sequence":{},"offset":{},)"
      R"("from_ring":{},"file_uuid":"{}","version":{},)"
      R"("compatible_flags":{},"incompatible_flags":{},"packed_size":{},)"
      R"("raw_size":{},"payload_checksum":"{:016x}","ring_begin":{},)"
      R"("ring_end":{},"time_ns":{},"counters":{{"rows":{},)"
      R"("dispatches":{},"dropped_rows":{},"dropped_records":{},)"
      R"("stalls":{}}},"cost":{},"content":{}}})"
      "\n",
      JsonString(file.Where(block)), h.sequence, block.offset, block.from_ring,
      Hex(h.file_uuid), h.version, h.compatible_flags, h.incompatible_flags,
      h.packed_size, h.raw_size, h.payload_checksum, h.ring_begin, h.ring_end,
      h.time_ns, c.rows, c.dispatches, c.dropped_rows, c.dropped_records,
      c.stalls, CostJson(h), content.empty() ? "null" : content);
}

template <typename T>
size_t Count(const T* vector) {
  return vector == nullptr ? 0 : vector->size();
}

void PrintBlockText(const CaptureFile& file, const CaptureBlock& block,
                    Output* out) {
  const log::Block& b = *block.content();
  out->Print(
      "block {} of {} at {}: {} bytes packed, {} unpacked; {} groups, {} "
      "steps, {} requests, {} token runs, {} samples, {} kv runs, {} events, "
      "{} deliveries, {} drops, {} statuses\n",
      block.header.sequence, Printable(file.Where(block)), block.offset,
      block.header.packed_size, block.header.raw_size, Count(b.groups()),
      Count(b.steps()), Count(b.requests()), Count(b.tokens()),
      Count(b.samples()), Count(b.kv()), Count(b.events()),
      Count(b.deliveries()), Count(b.drops()), Count(b.status()));
}

void DumpBlocks(const Capture& capture, bool as_json, Output* out) {
  const BlockJson json;
  size_t blocks = 0;
  for (const CaptureFile& file : capture.files) blocks += file.blocks.size();
  Progress progress("dumping blocks", blocks);
  for (const CaptureFile& file : capture.files) {
    for (const CaptureBlock& block : file.blocks) {
      if (as_json) {
        PrintBlockJson(file, block, json, out);
      } else {
        PrintBlockText(file, block, out);
      }
      progress.Add(1);
    }
  }
}

// "3":[1,2],"5":[0,7] of a row; nothing for a missing one.
std::string LayersJson(const Trace& trace, uint32_t row) {
  std::string text;
  if (row == kNone) return text;
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    text +=
        fmt::format("{}\"{}\":[", l == 0 ? "" : ",", trace.layers[l].number);
    const char* comma = "";
    for (const uint16_t expert : trace.set(row, l)) {
      if (expert == kNoRoute) break;
      text += fmt::format("{}{}", comma, expert);
      comma = ",";
    }
    text += "]";
  }
  return text;
}

std::string TokenJson(const Trace& trace, uint64_t token) {
  if (trace.has_token_ids) {
    return fmt::format(R"("token_id":{})",
                       token == kUnknownToken ? "null" : std::to_string(token));
  }
  if (token == kUnknownToken) return R"("token_id":null,"prefix_hash":null)";
  return fmt::format(R"("token_id":null,"prefix_hash":"{:016x}")", token);
}

void PrintRowJson(const Trace& trace, const Sequence& sequence,
                  const std::string& id, uint32_t p, Output* out) {
  const Position& position = sequence.positions[p];
  const bool has_reason = position.reason != MissingReason::kNotMissing;
  out->Print(
      R"({{"kind":"row","request_id":{},"position":{},{},"phase":"{}",)"
      R"("source":"{}","from":{},"reason":{},"unreturned":{},)"
      R"("layers":{{{}}}}})"
      "\n",
      id, p, TokenJson(trace, sequence.tokens[p]),
      sequence.generated(p) ? "generated" : "prompt",
      SourceName(position.source),
      position.from == kNone ? "null"
                             : JsonString(trace.sequences[position.from].id),
      has_reason ? JsonString(MissingReasonName(position.reason)) : "null",
      position.unreturned, LayersJson(trace, position.row));
}

void PrintRowText(const Trace& trace, const Sequence& sequence,
                  const std::string& id, uint32_t p, Output* out) {
  const Position& position = sequence.positions[p];
  const uint64_t token = sequence.tokens[p];
  std::string detail = MissingReasonName(position.reason);
  if (position.from != kNone) {
    detail = "from " + Printable(trace.sequences[position.from].id);
  }
  out->Print("row {} {} token {} {} {}{}{}{} {}\n", id, p,
             token == kUnknownToken ? "?"
             : trace.has_token_ids  ? std::to_string(token)
                                    : fmt::format("#{:016x}", token),
             sequence.generated(p) ? "generated" : "prompt",
             SourceName(position.source), detail.empty() ? "" : " ", detail,
             position.unreturned ? " unreturned" : "",
             LayersJson(trace, position.row));
}

void DumpRows(const Trace& trace, bool as_json, Output* out) {
  Progress progress("dumping rows", trace.sequences.size());
  for (const Sequence& sequence : trace.sequences) {
    const std::string id =
        as_json ? JsonString(sequence.id) : Printable(sequence.id);
    for (uint32_t p = 0; p < sequence.positions.size(); ++p) {
      if (as_json) {
        PrintRowJson(trace, sequence, id, p, out);
      } else {
        PrintRowText(trace, sequence, id, p, out);
      }
    }
    progress.Add(1);
  }
}

int Dump(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  Output out("-");
  if (!options.rows) DumpBlocks(capture, options.json, &out);
  if (!options.blocks) DumpRows(BuildTrace(capture), options.json, &out);
  out.Close();
  return HasLosses(capture) ? kExitLosses : kExitOk;
}

}  // namespace

void AddDumpCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "dump", "Print every block and every effective row of a capture");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command->add_flag("--json", options->json,
                    "Print JSON lines: blocks as flatc prints them, then rows");
  auto* blocks = command->add_flag("--blocks", options->blocks, "Blocks only");
  command->add_flag("--rows", options->rows, "Effective rows only")
      ->excludes(blocks);
  command->footer("Example: moetap dump run1 --json --rows | head");
  command->callback(
      [run, options] { *run = [options] { return Dump(*options); }; });
}

}  // namespace moetap
