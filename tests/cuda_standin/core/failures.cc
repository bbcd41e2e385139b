#include "tests/cuda_standin/core/failures.h"

#include <cuda.h>
#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace standin {
namespace {

struct Rule {
  std::string entry;
  int calls_left = 0;
  int code = CUDA_ERROR_UNKNOWN;
  std::string caller;
};

[[noreturn]] void Refuse(const std::string& text) {
  std::fprintf(stderr,
               "standin: STANDIN_FAIL: %s is not NAME:N or NAME:N:CODE\n",
               text.c_str());
  std::exit(2);
}

Rule Parse(const std::string& text) {
  char name[128];
  Rule rule;
  int read = 0;
  if (std::sscanf(text.c_str(), "%127[A-Za-z0-9_]:%d%n", name, &rule.calls_left,
                  &read) != 2 ||
      rule.calls_left < 1) {
    Refuse(text);
  }
  const char* rest = text.c_str() + read;
  if (*rest != '\0') {
    read = 0;
    if (std::sscanf(rest, ":%d%n", &rule.code, &read) != 1 ||
        rest[read] != '\0') {
      Refuse(text);
    }
  }
  rule.entry = name;
  const char* caller = std::getenv("STANDIN_FAIL_CALLER");
  if (caller != nullptr) rule.caller = caller;
  return rule;
}

struct Rules {
  Rules() {
    const char* text = std::getenv("STANDIN_FAIL");
    if (text != nullptr) rules.push_back(Parse(text));
    any = !rules.empty();
  }

  std::mutex mutex;
  std::atomic<bool> any;
  std::vector<Rule> rules;
};

Rules& All() {
  static auto* const rules = new Rules;
  return *rules;
}

bool ComesFrom(const void* caller, const std::string& object) {
  if (object.empty()) return true;
  Dl_info info;
  if (dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
  const std::string_view path = info.dli_fname;
  return path.substr(path.rfind('/') + 1).find(object) != path.npos;
}

}  // namespace

int InjectedFailure(const char* entry, const void* caller) {
  Rules& all = All();
  if (!all.any) return CUDA_SUCCESS;
  const std::lock_guard lock(all.mutex);
  for (Rule& rule : all.rules) {
    if (rule.entry == entry && rule.calls_left > 0 &&
        ComesFrom(caller, rule.caller) && --rule.calls_left == 0) {
      return rule.code;
    }
  }
  return CUDA_SUCCESS;
}

void FailCall(const std::string& entry, int n, int code,
              const std::string& caller) {
  Rules& all = All();
  const std::lock_guard lock(all.mutex);
  if (n > 0) {
    all.rules.push_back({entry, n, code, caller});
  } else {
    std::erase_if(all.rules,
                  [&](const Rule& rule) { return rule.entry == entry; });
  }
  all.any = !all.rules.empty();
}

}  // namespace standin
