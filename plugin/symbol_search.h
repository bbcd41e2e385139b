// Looks for what a hook should have met.
#ifndef MOETAP_PLUGIN_SYMBOL_SEARCH_H_
#define MOETAP_PLUGIN_SYMBOL_SEARCH_H_

#include <cstddef>

namespace moetap {

// Searches the dynamic symbols that the loaded objects, this one left out,
// define, for one that is a hooked symbol, contains a hook's base name or
// differs from a hooked symbol in at most two letters.  Writes one English
// clause, NUL-terminated, that says what was found, or that nothing was.
// Takes the loader's lock and reads every symbol once: milliseconds.
void DescribeNearMisses(char* out, size_t size);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_SYMBOL_SEARCH_H_
