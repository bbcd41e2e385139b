#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "analysis/leftover_ring.h"
#include "analysis/output.h"

namespace moetap {
namespace {

namespace fs = std::filesystem;

std::string ReadLine(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

bool SameBoot(const RingInfo& info) {
  std::string text = ReadLine("/proc/sys/kernel/random/boot_id");
  std::erase(text, '-');
  return text == Hex(info.boot_id);
}

uint64_t NamespaceOf(const std::string& pid) {
  struct stat status;
  const std::string path = "/proc/" + pid + "/ns/pid";
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

bool NamespaceInUse(uint64_t inode) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (std::all_of(name.begin(), name.end(), ::isdigit) &&
        NamespaceOf(name) == inode) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool WriterAlive(const RingInfo& info) {
  if (!SameBoot(info)) return false;
  if (NamespaceOf("self") != info.pid_ns) return NamespaceInUse(info.pid_ns);
  // Field 2, the name, may hold blanks and parentheses: start behind it.
  const std::string stat = ReadLine(fmt::format("/proc/{}/stat", info.pid));
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;  // 3, the state
  if (field == "Z" || field == "X") return false;
  for (int i = 4; i <= 22; ++i) fields >> field;
  return field == std::to_string(info.pid_start);
}

}  // namespace moetap
