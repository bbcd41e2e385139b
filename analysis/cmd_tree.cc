#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddTreeCommand(CLI::App& app, Command* run) {
  app.add_subcommand("tree", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
