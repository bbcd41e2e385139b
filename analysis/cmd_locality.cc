#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddLocalityCommand(CLI::App& app, Command* run) {
  app.add_subcommand("locality", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
