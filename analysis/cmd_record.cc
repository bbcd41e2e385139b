// moetap record: runs a command and captures its routing.
#include "analysis/commands.h"
#include "analysis/record/options.h"
#include "analysis/record/session.h"

namespace moetap {

void AddRecordCommand(CLI::App& app, Command* run) {
  CLI::App* record = app.add_subcommand(
      "record", "Run a command and capture which experts it routes to");
  record->group("Capture");
  record->footer(
      "Example:\n  moetap record -o run1 -- vllm serve Qwen/Qwen3-30B-A3B\n"
      "The exit status is the command's if that is not 0; else 1 if nothing "
      "was captured, 3 if something was lost.");
  auto options = std::make_shared<CaptureOptions>();
  auto command = std::make_shared<std::vector<std::string>>();
  AddCaptureOptions(record, options.get());
  record->add_option("command", *command, "The command, after --")
      ->type_name("-- COMMAND...")
      ->required();
  record->callback([=] { *run = [=] { return Record(*options, *command); }; });
}

}  // namespace moetap
