// Results of compiles in a folder, so that they outlive the program.
#ifndef MOETAP_ANALYSIS_CODE_CODE_CACHE_H_
#define MOETAP_ANALYSIS_CODE_CODE_CACHE_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "analysis/code/compiler.h"

namespace moetap {

// One file per entry, named by a hash of the compiler and the code, and holding
// both.  An entry that is torn, changed or of another code is none.  Entries
// appear whole, so processes may share the folder.  Safe to use from several
// threads.
class CodeCache {
 public:
  // Makes `folder` if need be, for its owner only.  Entries of compilers with
  // another `identity` are not seen.  Throws Error if the folder belongs to
  // somebody else or others can write to it.
  CodeCache(std::filesystem::path folder, std::string identity);

  std::optional<Compiled> Find(std::string_view code) const;

  // Of results that would be the same again; others are not kept.  Without room
  // for it there is no entry.
  void Add(std::string_view code, const Compiled& compiled) const;

 private:
  std::filesystem::path PathOf(std::string_view code) const;

  const std::filesystem::path folder_;
  const std::string identity_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_CODE_CODE_CACHE_H_
