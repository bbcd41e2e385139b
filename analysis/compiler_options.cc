#include "analysis/compiler_options.h"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

namespace moetap {
namespace {

// The value of an environment variable that is an absolute path, else "".
std::filesystem::path FolderOf(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && value[0] == '/' ? value : "";
}

std::filesystem::path DefaultCache() {
  std::filesystem::path cache = FolderOf("XDG_CACHE_HOME");
  if (cache.empty() && !FolderOf("HOME").empty()) {
    cache = FolderOf("HOME") / ".cache";
  }
  return cache.empty() ? cache : cache / "moetap" / "assembly";
}

}  // namespace

void AddCompilerOptions(CLI::App* verb, CompilerOptions* options) {
  verb->add_option("--compiler", options->compiler,
                   "gcc or clang that compiles the codes, under limits")
      ->type_name("PROGRAM")
      ->capture_default_str();
  verb->add_option("--flags", options->flags, "Its flags, joined by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("FLAG,...")
      ->capture_default_str();
  verb->add_option("--std", options->standard, "The standard of C")
      ->type_name("NAME")
      ->capture_default_str();
  options->cache = DefaultCache();
  verb->add_option("--cache", options->cache,
                   "Keep what was compiled in DIR, for the next time")
      ->type_name("DIR")
      ->capture_default_str();
  verb->add_flag_callback(
          "--no-cache", [options] { options->cache.clear(); },
          "Keep nothing, and compile all anew")
      ->excludes("--cache");
}

void AddExtractOption(CLI::App* verb, ExtractRule* rule) {
  const std::map<std::string, ExtractRule> rules = {
      {"auto", ExtractRule::kAuto},
      {"fenced", ExtractRule::kFenced},
      {"bare", ExtractRule::kBare}};
  verb->add_option("--extract", *rule, "Where the code is in a text")
      ->transform(
          CLI::CheckedTransformer(rules).description("auto|fenced|bare"))
      ->type_name("RULE");
}

void AddCompiler(const CompilerOptions& options, const Compiler& compiler,
                 StudyDocument* document) {
  document->options["compiler"] = compiler.version();
  document->options["flags"] = options.flags;
  document->options["standard"] = options.standard;
  document->options["confinement"] = compiler.confinement();
}

}  // namespace moetap
