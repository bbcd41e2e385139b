#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddExportCommand(CLI::App& app, Command* run) {
  app.add_subcommand("export", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
