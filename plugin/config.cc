#include "plugin/config.h"

#include <cstdio>
#include <cstring>

namespace moetap {
namespace {

void Refuse(Config* config, const char* name, const char* expected) {
  snprintf(config->problem, sizeof(config->problem), "%s must be %s", name,
           expected);
}

// Decimal number of at least one digit.
bool ParseNumber(const char* text, uint64_t* value) {
  if (*text == '\0') return false;
  *value = 0;
  for (; *text != '\0'; ++text) {
    if (*text < '0' || *text > '9' || *value > UINT64_MAX / 10 - 1) {
      return false;
    }
    *value = *value * 10 + static_cast<uint64_t>(*text - '0');
  }
  return true;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ParseKey(const char* text, uint8_t (&key)[16]) {
  if (strlen(text) != 2 * sizeof(key)) return false;
  for (size_t i = 0; i < sizeof(key); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
}

// Sets `*flag` if the variable is `on`, clears it if it is `off`.
void ReadChoice(Config* config, const char* name, const char* value,
                const char* off, const char* on, bool* flag) {
  if (value == nullptr) return;
  *flag = strcmp(value, on) == 0;
  if (*flag || strcmp(value, off) == 0) return;
  snprintf(config->problem, sizeof(config->problem), "%s must be %s or %s",
           name, off, on);
}

void ReadSizes(Config* config, Lookup lookup) {
  const char* max_bytes = lookup("MOETAP_MAX_BYTES");
  if (max_bytes != nullptr && !ParseNumber(max_bytes, &config->max_bytes)) {
    Refuse(config, "MOETAP_MAX_BYTES", "a number of bytes");
  }
  const char* ring = lookup("MOETAP_RING_BYTES");
  if (ring != nullptr &&
      (!ParseNumber(ring, &config->ring_bytes) ||
       config->ring_bytes % 4096 != 0 || config->ring_bytes < kMinRingBytes ||
       config->ring_bytes > kMaxRingBytes)) {
    Refuse(config, "MOETAP_RING_BYTES",
           "a multiple of 4096 from 262144 to 4294967296");
  }
}

}  // namespace

Config ReadConfig(Lookup lookup) {
  Config config;
  const char* disable = lookup("MOETAP_DISABLE");
  config.enabled = disable == nullptr || strcmp(disable, "1") != 0;
  ReadChoice(&config, "MOETAP_TOKENS", lookup("MOETAP_TOKENS"), "none", "full",
             &config.store_tokens);
  ReadChoice(&config, "MOETAP_ON_FULL", lookup("MOETAP_ON_FULL"), "drop",
             "block", &config.block_on_full);
  ReadSizes(&config, lookup);
  const char* key = lookup("MOETAP_KEY");
  config.has_key = key != nullptr && ParseKey(key, config.key);
  if (key != nullptr && !config.has_key) {
    Refuse(&config, "MOETAP_KEY", "32 hexadecimal digits");
  }
  const char* directory = lookup("MOETAP_DIR");
  if (directory == nullptr || *directory == '\0') return config;
  if (strlen(directory) >= sizeof(config.directory)) {
    Refuse(&config, "MOETAP_DIR", "a path of less than 2048 bytes");
    return config;
  }
  memcpy(config.directory, directory, strlen(directory) + 1);
  return config;
}

}  // namespace moetap
