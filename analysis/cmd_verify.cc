#include "analysis/commands.h"
#include "analysis/error.h"

namespace moetap {

void AddVerifyCommand(CLI::App& app, Command* run) {
  app.add_subcommand("verify", "being written")->callback([run] {
    *run = []() -> int { throw Error("being written"); };
  });
}

}  // namespace moetap
