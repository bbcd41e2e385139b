// A block's content as JSON, exactly as `flatc --json --strict-json` has it.
#ifndef MOETAP_ANALYSIS_BLOCK_JSON_H_
#define MOETAP_ANALYSIS_BLOCK_JSON_H_

#include <memory>
#include <string>

#include "analysis/capture.h"

namespace flatbuffers {
class Parser;
}  // namespace flatbuffers

namespace moetap {

class BlockJson {
 public:
  BlockJson();
  ~BlockJson();

  // One line without a line break; "" if a string in the block is not UTF-8,
  // which flatc refuses as well.
  std::string Content(const CaptureBlock& block) const;

 private:
  std::unique_ptr<flatbuffers::Parser> parser_;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_BLOCK_JSON_H_
