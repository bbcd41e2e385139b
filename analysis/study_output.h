// What a study verb does with its document.
#ifndef MOETAP_ANALYSIS_STUDY_OUTPUT_H_
#define MOETAP_ANALYSIS_STUDY_OUTPUT_H_

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "analysis/studies/envelope.h"

namespace moetap {

struct StudyOutput {
  bool json = false;
  std::filesystem::path csv;  // folder; empty: none
};

// --json and --csv.  `output` must outlive parsing.
void AddOutputOptions(CLI::App* verb, StudyOutput* output);

// Bytes that are no UTF-8 are replaced.
void PrintJson(const Json& json);

// Prints the document, or `text(document)`, and writes the CSV.  The exit
// status.
int PrintStudy(const StudyDocument& document,
               std::string (*text)(const StudyDocument&),
               const StudyOutput& output);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_OUTPUT_H_
