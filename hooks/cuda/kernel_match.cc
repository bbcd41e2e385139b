#include "hooks/cuda/kernel_match.h"

#include "hooks/cuda/kernel_name.h"

namespace moetap {
namespace {

constexpr int64_t kMaxExperts = 1 << 16;

// How far a name agrees with a form.
enum class Fit : uint8_t { kArguments, kArity, kTypes, kAll };

constexpr const char* kWhy[] = {
    "other template arguments",
    "another number of parameters",
    "a parameter of another type",
};

// Whether the name begins with the row's base name.  What follows that of a
// scoped function is no digit: a digit would make it a scope.
bool HasBase(std::string_view mangled, std::string_view base) {
  if (!mangled.starts_with(base)) return false;
  mangled.remove_prefix(base.size());
  bool scoped = base.starts_with("_ZN");
  bool digit = !mangled.empty() && mangled[0] >= '0' && mangled[0] <= '9';
  return !(scoped && digit);
}

const KernelRow* FindRow(std::string_view mangled) {
  for (std::span rows : {VllmKernelRows(), SglangKernelRows()}) {
    for (const KernelRow& row : rows) {
      if (HasBase(mangled, row.base)) return &row;
    }
  }
  return nullptr;
}

// `kind` as in KernelForm::template_arguments.
bool IsOfKind(std::string_view argument, char kind) {
  bool literal = argument.starts_with('L');
  if (kind == 'T') return !literal && !argument.starts_with('J');
  if (!literal || argument.size() < 2) return false;
  bool named = argument[1] < 'a' || argument[1] > 'z';
  return kind == 'e' ? named : argument[1] == kind;
}

Fit FitOf(const KernelName& name, const KernelForm& form) {
  std::string_view kinds = form.template_arguments;
  if (name.is_template != !kinds.empty()) return Fit::kArguments;
  if (name.arguments.size != static_cast<int>(kinds.size())) {
    return Fit::kArguments;
  }
  for (int i = 0; i < name.arguments.size; ++i) {
    if (!IsOfKind(name.arguments.items[i], kinds[i])) return Fit::kArguments;
  }
  if (name.parameters.size != ParameterCount(form)) return Fit::kArity;
  for (int i = 0; i < name.parameters.size; ++i) {
    std::string_view type = name.parameters.items[i];
    if (!SameType(name, type, ParameterType(form, i))) return Fit::kTypes;
  }
  return Fit::kAll;
}

// False if `type` is not a builtin integer of known size and sign.
bool ResolveIdType(std::string_view type, KernelMatch* match) {
  constexpr std::string_view kSigned = "asilx";  // 1, 2, 4, 8, 8 bytes
  constexpr std::string_view kUnsigned = "htjmy";
  constexpr uint8_t kBytes[] = {1, 2, 4, 8, 8};
  if (type.size() != 1) return false;
  match->id_signed = kSigned.find(type[0]) != std::string_view::npos;
  size_t at = (match->id_signed ? kSigned : kUnsigned).find(type[0]);
  if (at == std::string_view::npos) return false;
  match->id_bytes = kBytes[at];
  return true;
}

KernelMatch UnknownForm(const KernelRow& row, const char* why) {
  return {
      .verdict = KernelMatch::Verdict::kUnknownForm, .row = &row, .why = why};
}

// The match of a name that fits `form` of `row`.
KernelMatch Resolve(const KernelName& name, const KernelRow& row,
                    const KernelForm& form) {
  KernelMatch match = {
      .verdict = KernelMatch::Verdict::kRow, .row = &row, .form = &form};
  uint8_t id = row.id_template_argument;
  std::string_view type = id == kNoArgument ? "i" : name.arguments.items[id];
  if (!ResolveIdType(type, &match)) {
    return UnknownForm(row, "ids that are no integers of known size");
  }
  if (row.experts.from == Quantity::From::kTemplateArgument) {
    int64_t experts;
    if (!IntegerLiteral(name.arguments.items[row.experts.value], &experts) ||
        experts < 1 || experts > kMaxExperts) {
      return UnknownForm(row, "an impossible number of experts");
    }
    match.experts = static_cast<uint32_t>(experts);
  }
  return match;
}

}  // namespace

KernelMatch MatchKernel(std::string_view mangled) {
  const KernelRow* row = FindRow(mangled);
  if (row == nullptr) return {};
  KernelName name;
  if (!ParseKernelName(mangled, &name)) {
    return UnknownForm(*row, "a name that is not understood");
  }
  Fit best = Fit::kArguments;
  for (const KernelForm& form : row->forms) {
    Fit fit = FitOf(name, form);
    if (fit == Fit::kAll) return Resolve(name, *row, form);
    if (fit > best) best = fit;
  }
  return UnknownForm(*row, kWhy[static_cast<int>(best)]);
}

}  // namespace moetap
