// One typed row per CUDA kernel that writes or reads the ids of a routing
// decision: what it is called and which launch arguments say what.
//
// Ids are packed: id j of row r is element r * k + j behind the pointer.  An
// id below 0, or not below the number of experts, means "no route".
#ifndef MOETAP_HOOKS_CUDA_KERNEL_ROWS_H_
#define MOETAP_HOOKS_CUDA_KERNEL_ROWS_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace moetap {

enum class KernelRole : uint8_t {
  kRouter,    // writes the ids: they are valid after the launch
  kConsumer,  // reads the ids: they are valid before the launch
  kFollower,  // reads the ids that a consumer read just before it
};

enum class KernelEvidence : uint8_t {
  kSeenOnHardware,  // ids captured on a GPU were compared with the truth
  kSeenOnStandIn,   // host code ran, device code did not
  kByConstruction,  // read from names and sources, never run
};

// Where a number of the launch comes from.  The width of an argument is that
// of its parameter type; ArgumentBytes() tells it.
struct Quantity {
  enum class From : uint8_t {
    kNotTold,
    kArgument,          // launch argument `value`
    kArgumentOverK,     // launch argument `value` is rows * k
    kTemplateArgument,  // template argument `value`, an integer literal
    kGridX,             // one block per row
    kFixed,             // always `value`
  };
  From from = From::kNotTold;
  uint8_t value = 0;
};

constexpr Quantity NotTold() { return {}; }
constexpr Quantity GridX() { return {Quantity::From::kGridX, 0}; }
constexpr Quantity Fixed(uint8_t value) {
  return {Quantity::From::kFixed, value};
}
constexpr Quantity Argument(uint8_t index) {
  return {Quantity::From::kArgument, index};
}
constexpr Quantity ArgumentOverK(uint8_t index) {
  return {Quantity::From::kArgumentOverK, index};
}
constexpr Quantity FromTemplate(uint8_t index) {
  return {Quantity::From::kTemplateArgument, index};
}

inline constexpr uint8_t kNoArgument = 0xff;

// One parameter list that a kernel has had.  A name of another form is not
// read at all.
struct KernelForm {
  const char* versions;  // releases whose binaries have this very form
  // One letter each: T a type, i an int literal, b a bool literal, e a
  // literal of an enumeration.  Empty: no template.
  const char* template_arguments;
  // Mangled types with spaces between, substitutions written out.
  const char* parameters;
  uint8_t padding_argument = kNoArgument;  // const bool*: rows to ignore
};

// Arguments are counted from 0, template arguments as well.
struct KernelRow {
  const char* base;       // mangled name up to the template arguments
  const char* base_name;  // as the source writes it
  const char* engine;     // distribution it was read from
  KernelRole role;
  KernelEvidence evidence;
  uint8_t ids_argument;          // pointer to the ids, in every form
  uint8_t id_template_argument;  // their type; kNoArgument: always int32
  Quantity rows;
  Quantity k;
  Quantity experts;
  std::span<const KernelForm> forms;
};

// Every row of an engine, valid for the life of the process.
std::span<const KernelRow> VllmKernelRows();
std::span<const KernelRow> SglangKernelRows();

// The n-th space-separated word of KernelForm::parameters; empty past the end.
std::string_view ParameterType(const KernelForm& form, int index);

int ParameterCount(const KernelForm& form);

// Size of a launch argument in bytes: 1, 4 or 8; 0 past the end.
int ArgumentBytes(const KernelForm& form, int index);

}  // namespace moetap

#endif  // MOETAP_HOOKS_CUDA_KERNEL_ROWS_H_
