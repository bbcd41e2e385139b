// An engine whose operator has a name that no hook knows: SYMBOL.
extern "C" [[gnu::visibility("default")]] void Operator() asm(SYMBOL);
extern "C" void Operator() {}
