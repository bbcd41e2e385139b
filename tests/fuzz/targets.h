// What is fuzzed: each target reads any bytes as one kind of untrusted input.
// It returns; a crash, a leak, an abort or a second of time is a finding.
#ifndef MOETAP_TESTS_FUZZ_TARGETS_H_
#define MOETAP_TESTS_FUZZ_TARGETS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "schema/block_codec.h"

namespace moetap::fuzz {

struct Target {
  const char* name;
  void (*run)(Bytes input);
};

// Of the capture files and rings.
void BlockScan(Bytes input);    // a capture file
void BlockUnpack(Bytes input);  // raw size (4 bytes), then a zstd frame
void BlockJson(Bytes input);    // a size-prefixed FlatBuffer
void TraceOf(Bytes input);      // several of those: a file with true checksums
void Ring(Bytes input);         // a ring file
void RingRecords(Bytes input);  // records (below), published in a ring
void Records(Bytes input);      // records, given to BlockBuilder
// Of what else a user hands to moetap.
void Manifest(Bytes input);
void Labels(Bytes input);
void Select(Bytes input);
void CLexer(Bytes input);
void CodeOf(Bytes input);
void Assembly(Bytes input);
void Diagnostics(Bytes input);

const std::vector<Target>& Targets();

// Seeds of the target of that name, made from a made-up capture.
std::vector<std::string> Seeds(std::string_view target);

// Records in an input: type (1 byte), size (2 bytes), payload.
struct RecordOf {
  uint8_t type = 0;
  Bytes payload;
};
bool NextRecord(Bytes* rest, RecordOf* record);

// Ends the process: `input` made the program contradict itself.
void Require(bool holds, const char* what);

}  // namespace moetap::fuzz

#endif  // MOETAP_TESTS_FUZZ_TARGETS_H_
