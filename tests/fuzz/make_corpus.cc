// make_corpus DIRECTORY: the seeds of each target, in a folder of its name.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/targets.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_corpus DIRECTORY\n");
    return 2;
  }
  for (const auto& target : moetap::fuzz::Targets()) {
    const auto folder = std::filesystem::path(argv[1]) / target.name;
    std::filesystem::create_directories(folder);
    int number = 0;
    for (const std::string& seed : moetap::fuzz::Seeds(target.name)) {
      std::ofstream(folder / ("seed" + std::to_string(number++)),
                    std::ios::binary)
          << seed;
    }
  }
  return 0;
}
