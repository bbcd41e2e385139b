// moetap env: the variables to set by hand where `record` cannot run.
#include <fmt/format.h>

#include <filesystem>

#include "analysis/commands.h"
#include "analysis/record/environment.h"
#include "analysis/record/library.h"
#include "analysis/record/options.h"

namespace moetap {
namespace {

// `value` as one word of a POSIX shell.
std::string Quoted(const std::string& value) {
  std::string quoted = "'";
  for (char c : value) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

void PrintShell(const std::vector<Variable>& variables,
                const std::string& library) {
  fmt::print("# eval these lines in the shell that starts the engine\n");
  for (const Variable& variable : variables) {
    fmt::print("export {}={}\n", variable.name, Quoted(variable.value));
  }
  fmt::print(
      "export LD_PRELOAD=\"${{LD_PRELOAD:+$LD_PRELOAD:}}{}\"\n"
      "if [ -n \"${{VLLM_PLUGINS+set}}\" ]; then\n"
      "  export VLLM_PLUGINS=\"${{VLLM_PLUGINS:+$VLLM_PLUGINS,}}{}\"\n"
      "fi\n",
      library, kShimPlugin);
}

std::vector<Variable> WithPreload(std::vector<Variable> variables,
                                  const std::string& library) {
  variables.push_back({"LD_PRELOAD", library});
  return variables;
}

void PrintSystemd(const std::vector<Variable>& variables) {
  fmt::print(
      "# systemctl edit UNIT; systemd doubles a percent sign\n"
      "[Service]\n");
  for (const Variable& variable : variables) {
    std::string value;
    for (char c : variable.value) {
      if (c == '"' || c == '\\') value += '\\';
      value += c == '%' ? "%%" : std::string(1, c);
    }
    fmt::print("Environment=\"{}={}\"\n", variable.name, value);
  }
}

void PrintKubernetes(const std::vector<Variable>& variables) {
  fmt::print(
      "# of the container; mount the library and the directory\n"
      "env:\n");
  for (const Variable& variable : variables) {
    std::string value;
    for (char c : variable.value) value += c == '\'' ? "''" : std::string(1, c);
    fmt::print("- name: {}\n  value: '{}'\n", variable.name, value);
  }
}

void PrintDocker(const std::vector<Variable>& variables) {
  fmt::print(
      "# docker run --env-file FILE; mount the library and the "
      "directory\n");
  for (const Variable& variable : variables) {
    fmt::print("{}={}\n", variable.name, variable.value);
  }
}

int PrintVariables(const CaptureOptions& options, const std::string& format) {
  const std::string library = FindLibrary().string();
  const auto directory = std::filesystem::absolute(
      options.directory.empty() ? "moetap-capture" : options.directory);
  const auto variables = CaptureVariables(options, directory, RandomKey());
  if (format == "shell") PrintShell(variables, library);
  if (format == "systemd") PrintSystemd(WithPreload(variables, library));
  if (format == "kubernetes") PrintKubernetes(WithPreload(variables, library));
  if (format == "docker") PrintDocker(WithPreload(variables, library));
  return kExitOk;
}

}  // namespace

void AddEnvCommand(CLI::App& app, Command* run) {
  CLI::App* env = app.add_subcommand(
      "env", "Print the variables that make a process record itself");
  env->group("Capture");
  env->footer(
      "For containers, systemd and Kubernetes, where 'moetap record' cannot "
      "start the engine.\nExample:\n  eval \"$(moetap env -o run1)\"");
  auto options = std::make_shared<CaptureOptions>();
  auto format = std::make_shared<std::string>("shell");
  AddCaptureOptions(env, options.get());
  env->add_option("--format", *format, "Who will read the variables")
      ->check(CLI::IsMember({"shell", "systemd", "kubernetes", "docker"}))
      ->capture_default_str();
  env->callback(
      [=] { *run = [=] { return PrintVariables(*options, *format); }; });
}

}  // namespace moetap
