#include "analysis/compiler_options.h"

namespace moetap {

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
  verb->add_option("--cache", options->cache,
                   "Keep what was compiled in DIR, for the next time")
      ->type_name("DIR");
}

}  // namespace moetap
