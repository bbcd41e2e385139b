#include "tests/faults/host_options.h"

#include <cstdio>
#include <cstdlib>
#include <map>

namespace moetap {

HostOptions ReadHostOptions(int argc, char** argv) {
  HostOptions o;
  const std::map<std::string, uint64_t*> numbers = {
      {"--threads", &o.threads},
      {"--dispatches", &o.dispatches},
      {"--rows", &o.rows},
      {"--steps", &o.steps},
      {"--pause-us", &o.pause_us},
      {"--fsize", &o.fsize},
      {"--settle-ms", &o.settle_ms},
      {"--forks", &o.forks},
      {"--churn", &o.churn},
      {"--cancel", &o.cancel},
      {"--die", &o.die},
      {"--timer", &o.timer},
      {"--signals", &o.signals},
      {"--report", &o.report},
      {"--child", &o.child}};
  const std::map<std::string, std::string*> texts = {{"--unlink", &o.unlink},
                                                     {"--ending", &o.ending}};
  bool good = argc >= 2 && argc % 2 == 0;
  for (int i = 2; good && i < argc; i += 2) {
    if (const auto number = numbers.find(argv[i]); number != numbers.end()) {
      *number->second = strtoull(argv[i + 1], nullptr, 10);
    } else if (const auto text = texts.find(argv[i]); text != texts.end()) {
      *text->second = argv[i + 1];
    } else {
      good = false;
    }
  }
  if (!good) {
    fprintf(stderr, "usage: fault_host STATE [--NAME VALUE]...\n");
    exit(2);
  }
  o.program = argv[0];
  o.state = argv[1];
  return o;
}

}  // namespace moetap
