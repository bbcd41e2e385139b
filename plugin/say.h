// One line on the host's stderr.
#ifndef MOETAP_PLUGIN_SAY_H_
#define MOETAP_PLUGIN_SAY_H_

namespace moetap {

// "moetap: " and the formatted text, cut at 500 bytes and with '?' for control
// characters, in one write.  Keeps errno.
[[gnu::format(printf, 1, 2)]] void Say(const char* format, ...);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_SAY_H_
