// Looks for what a hook should have met.
#ifndef MOETAP_PLUGIN_SYMBOL_SEARCH_H_
#define MOETAP_PLUGIN_SYMBOL_SEARCH_H_

#include <cstddef>

namespace moetap {

// Searches the dynamic symbols that the loaded objects, this one left out,
// define, for the one that explains best why no hook was met: a hooked function
// with other arguments or at most two letters changed, else a hooked symbol
// itself, else a name that contains a hook's base name.  Writes one English
// clause, NUL-terminated, that says what was found, or that nothing was.
// Takes the loader's lock and reads every symbol once: milliseconds.
void DescribeNearMisses(char* out, size_t size);

}  // namespace moetap

#endif  // MOETAP_PLUGIN_SYMBOL_SEARCH_H_
