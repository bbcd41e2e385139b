#include <cstdio>
#include <exception>

#include "analysis/commands.h"
#include "analysis/error.h"

int main(int argc, char** argv) {
  CLI::App app{
      "moetap records which experts a mixture-of-experts server "
      "routes every token to, and studies the routing.",
      "moetap"};
  app.set_version_flag("--version", MOETAP_VERSION);
  app.require_subcommand(1);
  moetap::Command run;
  moetap::AddRecordCommand(app, &run);
  moetap::AddEnvCommand(app, &run);
  moetap::AddInfoCommand(app, &run);
  moetap::AddVerifyCommand(app, &run);
  moetap::AddRecoverCommand(app, &run);
  moetap::AddDumpCommand(app, &run);
  moetap::AddExportCommand(app, &run);
  moetap::AddRepackCommand(app, &run);
  moetap::AddTreeCommand(app, &run);
  moetap::AddLocalityCommand(app, &run);
  moetap::AddSharingCommand(app, &run);
  moetap::AddAssemblyCommand(app, &run);
  moetap::AddDiversityCommand(app, &run);
  moetap::AddSignaturesCommand(app, &run);
  moetap::AddCompareCommand(app, &run);
  moetap::AddReportCommand(app, &run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? moetap::kExitOk : moetap::kExitUsage;
  }
  try {
    return run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "moetap: %s\n", error.what());
    return moetap::kExitFailed;
  }
}
