#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddInfoCommand(CLI::App& app, Command* run) {
  app.add_subcommand("info", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
