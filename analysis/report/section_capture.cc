#include <fmt/format.h>

#include <ctime>

#include "analysis/capture_summary.h"
#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

struct FactRow {
  const char* label;
  std::vector<const char*> keys;
};

std::string Fact(const Capture& capture, const char* key) {
  for (const CaptureFile& file : capture.files) {
    const std::string value = file.fact(key);
    if (!value.empty()) return value;
  }
  return "";
}

std::string FactTable(const Capture& capture) {
  static const std::vector<FactRow> rows = {
      {"Engine", {"engine", "engine_version", "runner"}},
      {"Architecture", {"architecture"}},
      {"Decoder layers", {"num_layers"}},
      {"Experts, top-k", {"num_experts", "top_k"}},
      {"Hidden size, expert size", {"hidden_size", "moe_intermediate_size"}},
      {"Vocabulary", {"vocab_size"}},
      {"Type, quantization", {"dtype", "quantization"}},
      {"Prefix caching", {"prefix_caching"}},
      {"KV block size", {"kv_block_size"}},
      {"Tokens in the capture", {"tokens"}},
      {"When the ring is full", {"on_full"}},
  };
  std::string table = "<table>";
  for (const FactRow& row : rows) {
    std::string values;
    for (const char* key : row.keys) {
      std::string value = Fact(capture, key);
      if (std::string_view(key) == "prefix_caching" && !value.empty()) {
        value = value == "0" ? "off" : "on";
      }
      if (value.empty()) continue;
      values += (values.empty() ? "" : ", ") + html::Text(value);
    }
    if (values.empty()) continue;
    table += "<tr>" + html::Cell(row.label) + html::Cell(values) + "</tr>\n";
  }
  return table + "</table>\n";
}

std::string Rank(const CaptureFile& file) {
  std::string text;
  for (const char* kind : {"tp", "pp", "dp"}) {
    const std::string size = file.fact(fmt::format("{}_size", kind));
    if (size.empty() || size == "1") continue;
    text += fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", kind,
                        html::Text(file.fact(fmt::format("{}_rank", kind))),
                        html::Text(size));
  }
  return text;
}

std::string FileTable(const Capture& capture) {
  using html::Cell;
  using html::Head;
  std::string table = "<div class=wide><table><tr>" + Head("file") +
                      Head("process") + Head("rank") + Head("size", true) +
                      Head("blocks", true) + Head("token-layers", true) +
                      Head("dropped", true) + "</tr>\n";
  for (const CaptureFile& file : capture.files) {
    const std::string role = file.fact("role");
    table +=
        "<tr>" +
        Cell("<code>" + html::Text(file.path.filename().string()) + "</code>") +
        Cell(html::Text(file.fact("process") +
                        (role.empty() ? "" : ", " + role))) +
        Cell(Rank(file)) + Cell(html::Size(file.bytes), true) +
        Cell(html::Count(file.blocks.size()), true) +
        Cell(html::Count(file.counters.rows), true) +
        Cell(html::Count(file.counters.dropped_rows), true) + "</tr>\n";
  }
  return table + "</table></div>\n";
}

std::string Tile(const std::string& value, const char* label) {
  return fmt::format("<div class=tile><b>{}</b><span>{}</span></div>\n", value,
                     label);
}

std::string Tiles(const CaptureTotals& totals, const Trace* trace) {
  std::string tiles = "<div class=tiles>\n";
  if (trace != nullptr) {
    const Provenance p = CountProvenance(*trace);
    tiles += Tile(html::Count(p.requests), "requests");
    tiles += Tile(html::Count(p.prompt_tokens), "prompt tokens");
    tiles += Tile(html::Count(p.generated_tokens), "generated tokens");
    tiles += Tile(html::Count(trace->layers.size()), "MoE layers");
  }
  tiles += Tile(html::Count(totals.counters.rows), "token-layers captured");
  tiles +=
      Tile(totals.counters.rows == 0
               ? "–"
               : fmt::format("{:.2f}",
                             static_cast<double>(totals.bytes) /
                                 static_cast<double>(totals.counters.rows)),
           "bytes per token-layer");
  tiles += Tile(html::Size(totals.bytes), "on disk");
  tiles +=
      Tile(html::Count(totals.counters.dropped_rows), "token-layers dropped");
  return tiles + "</div>\n";
}

std::string SourceBar(const Provenance& p) {
  const uint64_t all = p.observed + p.inherited + p.missing;
  if (all == 0) return "";
  std::string svg =
      "<svg viewBox=\"0 0 860 40\" role=img aria-label=\"Rows by source\">";
  double x = 0;
  double text = 0;
  const auto part = [&](uint64_t count, const char* name) {
    const double width =
        860 * static_cast<double>(count) / static_cast<double>(all);
    svg += fmt::format(
        "<rect class={0} x={1:.2f} y=0 width={2:.2f} height=12 />"
        "<rect class={0} x={3} y=24 width=10 height=10 />"
        "<text x={4} y=33>{5} {0} ({6:.1f} %)</text>\n",
        name, x, width, text, text + 15, html::Count(count),
        100 * static_cast<double>(count) / static_cast<double>(all));
    x += width;
    text += 230;
  };
  part(p.observed, "observed");
  part(p.inherited, "inherited");
  part(p.missing, "missing");
  return svg + "</svg>\n";
}

std::string ProvenanceBlock(const Trace& trace) {
  const Provenance p = CountProvenance(trace);
  const TraceStats& s = trace.stats;
  const auto row = [](const char* label, uint64_t count, const char* meaning) {
    return "<tr>" + html::Cell(label) + html::Cell(html::Count(count), true) +
           html::Cell(meaning) + "</tr>\n";
  };
  return "<h3>Where the rows come from</h3>\n<figure>" + SourceBar(p) +
         "<figcaption>Effective rows, one per request and position. "
         "<i>Observed</i>: computed for this request. <i>Inherited</i>: taken "
         "from the prefix cache, computed for a named earlier request. "
         "<i>Missing</i>: neither.</figcaption></figure>\n<table>" +
         row("executions", s.executions,
             "rows run for requests, on every tensor-parallel rank") +
         row("replays", s.replays,
             "executions besides the effective one: other ranks, recomputation "
             "after preemption") +
         row("replays that differ", s.replays_differing,
             "… with another expert set in some layer") +
         row("unreturned", p.unreturned,
             "positions whose token never reached the client") +
         row("discarded", s.discarded,
             "rows computed after their request had ended; in no study") +
         row("orphans", s.orphan_rows,
             "rows of a real step that no request owns") +
         row("warm-up, padding", s.dummy_rows + s.padding_rows,
             "rows that are no tokens; in no study") +
         "</table>\n";
}

std::string Period(const CaptureTotals& totals) {
  if (totals.first_ns == 0) return "";
  const auto seconds = static_cast<std::time_t>(totals.first_ns / 1000000000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &utc);
  return fmt::format(
      "{}, over {:.1f} s", text,
      static_cast<double>(totals.last_ns - totals.first_ns) / 1e9);
}

}  // namespace

std::string CaptureSection(const ReportInput& input) {
  const CaptureTotals totals = CountTotals(*input.capture);
  const std::string engine = Fact(*input.capture, "engine");
  const std::string version = Fact(*input.capture, "engine_version");
  std::string lead = Period(totals);
  if (!engine.empty()) {
    lead = "Served by " + html::Text(engine + " " + version) +
           (lead.empty() ? "" : ", captured " + lead);
  }
  std::string section = fmt::format("<p class=lead>{}</p>\n", lead);
  section += Tiles(totals, input.trace);
  if (input.trace != nullptr) section += ProvenanceBlock(*input.trace);
  return section + "<details class=more><summary>Model, engine and files" +
         "</summary>\n" + FactTable(*input.capture) +
         FileTable(*input.capture) + "</details>\n";
}

}  // namespace moetap
