// What the environment asks of the recorder.
#ifndef MOETAP_PLUGIN_CONFIG_H_
#define MOETAP_PLUGIN_CONFIG_H_

#include <cstddef>
#include <cstdint>

namespace moetap {

inline constexpr size_t kMaxPath = 2048;
inline constexpr uint64_t kMinRingBytes = uint64_t{256} << 10;
inline constexpr uint64_t kMaxRingBytes = uint64_t{1} << 32;

struct Config {
  bool enabled = false;
  bool store_tokens = false;
  bool block_on_full = false;
  bool has_key = false;
  uint8_t key[16] = {};
  uint64_t max_bytes = uint64_t{10} << 30;  // of one capture file
  uint64_t ring_bytes = uint64_t{16} << 20;
  char directory[kMaxPath] = "moetap-capture";
  // What is wrong with the environment, "" = nothing.  The recorder then says
  // so at first need and stays off.
  char problem[192] = "";
};

using Lookup = char* (*)(const char* name);  // like getenv

// Makes no system call and allocates nothing.
Config ReadConfig(Lookup lookup);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_CONFIG_H_
