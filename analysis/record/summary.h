// Tells the user what one `record` found.
#ifndef MOETAP_ANALYSIS_RECORD_SUMMARY_H_
#define MOETAP_ANALYSIS_RECORD_SUMMARY_H_

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analysis/record/findings.h"
#include "analysis/record/processes.h"
#include "analysis/record/salvage.h"

namespace moetap {

// Lines without line ends, in the order they should be printed.
using Lines = std::vector<std::string>;

// One line for each process that matters: those that captured and Python
// programs; without any of these, whatever else was seen.
Lines DescribeProcesses(const ProcessWatch& watch, const Findings& findings);

// What was moved out of leftover rings, and what was not and why.
Lines DescribeSalvage(const std::vector<Salvaged>& salvaged);

// Files, rows and drops, what the library said, the verdict with its remedy,
// and the next commands.
Lines DescribeFindings(const std::filesystem::path& directory,
                       const Findings& findings, Verdict verdict);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_RECORD_SUMMARY_H_
