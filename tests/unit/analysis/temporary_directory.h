// A directory that is gone at the end of its test.
#ifndef MOETAP_TESTS_UNIT_ANALYSIS_TEMPORARY_DIRECTORY_H_
#define MOETAP_TESTS_UNIT_ANALYSIS_TEMPORARY_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace moetap {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name =
        (std::filesystem::temp_directory_path() / "moetap-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace moetap

#endif  // MOETAP_TESTS_UNIT_ANALYSIS_TEMPORARY_DIRECTORY_H_
