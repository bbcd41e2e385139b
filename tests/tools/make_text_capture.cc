// Writes a capture of requests with given texts: make_text_capture DIRECTORY.
// Standard input: a list of {"id", "text" (hex digits), "prompt_bytes",
// "finish"}.  Each byte is a token of its own; token 256 is the end token and
// 257 one without text.  A request that finished with "stop" ends with the end
// token; "unknown": true puts token 257 before it.  Token t is routed to expert
// t modulo 16 of one layer.
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/unit/analysis/capture_writer.h"

namespace moetap {
namespace {

constexpr uint32_t kEnd = 256;
constexpr uint32_t kWithoutText = 257;
constexpr uint32_t kExperts = 16;

std::vector<std::string> Bytes() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back(1, static_cast<char>(byte));
  }
  tokens.emplace_back("<|end|>");
  tokens.emplace_back("");
  return tokens;
}

std::vector<uint32_t> TokensOf(const nlohmann::json& request) {
  const std::string digits = request.at("text");
  std::vector<uint32_t> tokens;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    tokens.push_back(
        static_cast<uint32_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  }
  if (request.value("unknown", false)) tokens.push_back(kWithoutText);
  if (request.at("finish") == "stop") tokens.push_back(kEnd);
  return tokens;
}

void Announce(CaptureWriter* writer) {
  for (const auto& [key, value] : {std::pair("role", "worker"),
                                   {"engine", "vllm"},
                                   {"model", "texts"},
                                   {"moe_layers", "0"},
                                   {"num_experts", "16"},
                                   {"top_k", "1"}}) {
    writer->Fact(key, value);
  }
  writer->Layer(0, 0, kExperts);
  writer->Vocabulary(0, Bytes());
}

// All its rows in one step.
void Serve(const nlohmann::json& request, uint32_t number,
           CaptureWriter* writer) {
  const std::vector<uint32_t> tokens = TokensOf(request);
  const auto rows = static_cast<uint32_t>(tokens.size()) - 1;
  writer->Request(number, request.at("id").get<std::string>(),
                  request.at("prompt_bytes"), number);
  writer->Tokens(number, 0, tokens);
  writer->StepBegin(number, static_cast<uint16_t>(log::StepKind::Real),
                    {{number, 0, rows, 0}});
  std::vector<uint16_t> ids;
  for (uint32_t p = 0; p < rows; ++p) {
    ids.push_back(static_cast<uint16_t>(tokens[p] % kExperts));
  }
  writer->Dispatch(number, 0, 1, ids);
  writer->StepEnd(number, 1, 1);
  writer->Event(number, number, static_cast<uint16_t>(log::EventKind::Finished),
                0, request.at("finish").get<std::string>());
  writer->CloseBlock();
}

}  // namespace
}  // namespace moetap

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  moetap::CaptureWriter writer(0);
  moetap::Announce(&writer);
  uint32_t number = 0;
  for (const auto& request : nlohmann::json::parse(std::cin)) {
    moetap::Serve(request, ++number, &writer);
  }
  writer.Write(argv[1]);
  return 0;
}
