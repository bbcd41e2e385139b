#include "analysis/record/options.h"

namespace moetap {

void AddCaptureOptions(CLI::App* command, CaptureOptions* options) {
  command
      ->add_option("-o,--output", options->directory,
                   "Capture directory, new or empty")
      ->type_name("DIR");
  command
      ->add_option("--tokens", options->tokens,
                   "none: keyed prefix hashes only; full: token ids and the "
                   "vocabulary too")
      ->check(CLI::IsMember({"none", "full"}))
      ->capture_default_str();
  command
      ->add_option("--on-full", options->on_full,
                   "When the ring is full: drop (and count) rows, or block "
                   "the engine until there is room")
      ->check(CLI::IsMember({"drop", "block"}))
      ->capture_default_str();
  command
      ->add_option("--max-bytes", options->max_bytes,
                   "Bytes each process may write, e.g. 500M; the last 5 % of "
                   "the disk are never used")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("N")
      ->default_str("10G");
}

}  // namespace moetap
