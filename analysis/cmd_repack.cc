#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <string>

#include "analysis/capture.h"
#include "analysis/commands.h"
#include "analysis/error.h"
#include "analysis/output.h"
#include "analysis/repack.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string capture;
  std::string output;
  int level = 19;
};

// Files of the capture; throws if some of its records are in no file yet.
std::set<fs::path> FilesOf(const Capture& capture) {
  std::set<fs::path> files;
  for (const CaptureFile& file : capture.files) {
    if (file.ring_found) {
      throw Error(fmt::format(
          "{}: its process {}; repack the capture when all of it is in files",
          Printable(file.path.string()),
          file.writer_alive ? "is still running"
                            : "left records in a ring that no file has"));
    }
    files.insert(file.parts.begin(), file.parts.end());
  }
  return files;
}

int Repack(const Options& options) {
  const Capture capture = ReadCapture(options.capture);
  const std::set<fs::path> files = FilesOf(capture);
  if (mkdir(options.output.c_str(), 0700) != 0) {
    throw Error(fmt::format("cannot make the directory '{}': {}",
                            options.output, std::strerror(errno)));
  }
  Repacked total;
  for (const fs::path& file : files) {
    RepackFile(file, options.output / file.filename(), options.level, &total);
  }
  Output out("-");
  out.Print(
      "{}: {} files, {} blocks, {} bytes; were {} bytes\n"
      "  ranked differences in {} blocks, weighted sets in {}, sorted in {}, "
      "as they were {}\n",
      Printable(options.output), total.files, total.blocks, total.bytes_after,
      total.bytes_before, total.ranked, total.weighted,
      total.blocks - total.ranked - total.weighted - total.kept, total.kept);
  out.Close();
  return HasLosses(capture) ? kExitLosses : kExitOk;
}

}  // namespace

void AddRepackCommand(CLI::App& app, Command* run) {
  CLI::App* command = app.add_subcommand(
      "repack", "Write a smaller copy of a capture, which reads the same");
  command->group("Look");
  auto options = std::make_shared<Options>();
  command->add_option("CAPTURE", options->capture, "Capture directory or file")
      ->required();
  command->add_option("-o,--output", options->output, "Directory to make")
      ->required();
  command->add_option("--level", options->level, "Level of zstd")
      ->check(CLI::Range(1, 22))
      ->capture_default_str();
  command->footer("Example: moetap repack run1 -o run1-small");
  command->callback(
      [run, options] { *run = [options] { return Repack(*options); }; });
}

}  // namespace moetap
