// FlatBuffers refers to the C++ heap on paths that BlockBuilder's fixed
// allocator never takes.  These stand in for libstdc++'s, hidden from the
// host.
#include <cstddef>
#include <cstdlib>

void* operator new[](size_t size) { return malloc(size); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
