#include "analysis/block_json.h"

#include <flatbuffers/idl.h>

#include "analysis/error.h"
#include "analysis/schema_text.h"

namespace moetap {

BlockJson::BlockJson() {
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  options.indent_step = -1;  // one line
  options.size_prefixed = true;
  parser_ = std::make_unique<flatbuffers::Parser>(options);
  if (!parser_->Parse(kSchemaText)) {
    throw Error("the built-in schema does not parse: " + parser_->error_);
  }
}

BlockJson::~BlockJson() = default;

std::string BlockJson::Content(const CaptureBlock& block) const {
  std::string text;
  if (!flatbuffers::GenerateText(*parser_, block.raw.data(), &text)) return "";
  return text;
}

}  // namespace moetap
