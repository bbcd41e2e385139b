#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddReportCommand(CLI::App& app, Command* run) {
  app.add_subcommand("report", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
