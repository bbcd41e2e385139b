// The verbs of the moetap program.  Each Add function puts one subcommand on
// the parser; when the user chose it, parsing sets `*run` to what main calls.
//
// A verb returns its exit status: 0 all well, 1 nothing could be computed or
// the check failed, 3 done on a capture with losses (or descriptive only).
// It throws Error (analysis/error.h) for what the user must be told; main
// prints that and returns 1.  Wrong usage is CLI11's: 2.
#ifndef MOETAP_ANALYSIS_COMMANDS_H_
#define MOETAP_ANALYSIS_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>

namespace moetap {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitLosses = 3;

using Command = std::function<int()>;

// Capture.
void AddRecordCommand(CLI::App& app, Command* run);
void AddEnvCommand(CLI::App& app, Command* run);
// Look.
void AddInfoCommand(CLI::App& app, Command* run);
void AddVerifyCommand(CLI::App& app, Command* run);
void AddRecoverCommand(CLI::App& app, Command* run);
void AddDumpCommand(CLI::App& app, Command* run);
void AddExportCommand(CLI::App& app, Command* run);
void AddRepackCommand(CLI::App& app, Command* run);
// Study.
void AddTreeCommand(CLI::App& app, Command* run);
void AddLocalityCommand(CLI::App& app, Command* run);
void AddSharingCommand(CLI::App& app, Command* run);
void AddAssemblyCommand(CLI::App& app, Command* run);
void AddDiversityCommand(CLI::App& app, Command* run);
void AddSignaturesCommand(CLI::App& app, Command* run);
void AddCompareCommand(CLI::App& app, Command* run);
void AddReportCommand(CLI::App& app, Command* run);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_COMMANDS_H_
