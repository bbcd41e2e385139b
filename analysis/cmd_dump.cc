#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddDumpCommand(CLI::App& app, Command* run) {
  app.add_subcommand("dump", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
