// The way past a hook to which nobody listens.
//
// A hooked operator has up to twelve arguments on the stack.  A forwarder in
// C++ copies them all, which takes longer than all else that an idle hook has
// to do; so on x86-64 a few instructions stand before it that touch nothing
// but a scratch register.  Elsewhere the forwarder is the hook.
#ifndef MOETAP_HOOKS_SHORTCUT_H_
#define MOETAP_HOOKS_SHORTCUT_H_

#include <atomic>
#include <cstdint>

namespace moetap {

// Calls from [begin, begin + size) go to `real`.  Written once, `size` last;
// all zero before.  The code below knows the layout.
struct Shortcut {
  std::atomic<uintptr_t> begin;
  std::atomic<uintptr_t> size;
  std::atomic<void*> real;
};

}  // namespace moetap

// For the hook that is called `name`, a literal:
// MOETAP_SHORTCUT(name) names the variable of its shortcut;
// MOETAP_FORWARDER(symbol, name) names its forwarder;
// MOETAP_ENTRY(symbol, name) defines the exported `symbol`: with no sink and a
// caller that the shortcut knows a jump to the real function, else one to the
// forwarder, which then stands as if it had been called.
#define MOETAP_SHORTCUT(name) \
  asm("moetap_shortcut_" name) __attribute__((visibility("hidden"), used))
#ifdef __x86_64__
#define MOETAP_FORWARDER(symbol, name) \
  asm("moetap_forward_" name) __attribute__((visibility("hidden"), used))
#define MOETAP_ENTRY(symbol, name)                                       \
  asm(".pushsection .text\n.p2align 5\n.globl " symbol "\n.type " symbol \
      ", @function\n" symbol                                             \
      ":\n.cfi_startproc\n"                                              \
      "cmpq $0, moetap_routing_sink(%rip)\njne 1f\n"                     \
      "movq (%rsp), %rax\n"                                              \
      "subq moetap_shortcut_" name                                       \
      "(%rip), %rax\n"                                                   \
      "cmpq 8+moetap_shortcut_" name                                     \
      "(%rip), %rax\njae 1f\n"                                           \
      "jmp *16+moetap_shortcut_" name                                    \
      "(%rip)\n"                                                         \
      "1:\njmp moetap_forward_" name "\n.cfi_endproc\n.size " symbol     \
      ", .-" symbol "\n.popsection")
#else
#define MOETAP_FORWARDER(symbol, name) \
  asm(symbol) __attribute__((visibility("default")))
#define MOETAP_ENTRY(symbol, name) static_assert(true)
#endif

#endif  // MOETAP_HOOKS_SHORTCUT_H_
