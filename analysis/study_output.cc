#include "analysis/study_output.h"

#include <fmt/format.h>

namespace moetap {

void AddOutputOptions(CLI::App* verb, StudyOutput* output) {
  verb->add_flag("--json", output->json,
                 "Print JSON as docs/study.schema.json defines it");
  verb->add_option("--csv", output->csv,
                   fmt::format("Also write {}.csv into DIR", verb->get_name()))
      ->type_name("DIR");
}

void PrintJson(const Json& json) {
  fmt::print("{}\n", json.dump(1, ' ', false, Json::error_handler_t::replace));
}

int PrintStudy(const StudyDocument& document,
               std::string (*text)(const StudyDocument&),
               const StudyOutput& output) {
  if (output.json) {
    PrintJson(ToJson(document));
  } else {
    fmt::print("{}", text(document));
  }
  if (!output.csv.empty()) WriteCsv(document, output.csv);
  return ExitStatus(document);
}

}  // namespace moetap
