#include "hooks/cuda/kernel_name.h"

namespace moetap {
namespace {

constexpr int kMaxDigits = 18;    // of a literal: fits in an int64_t
constexpr int kMaxSequence = 36;  // more substitutions than are remembered

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBuiltin(char c) {
  return std::string_view("vwbcahstijlmxynofdegz").find(c) !=
         std::string_view::npos;
}

// Skips `[digits or capitals]_`, the number of a substitution, and gives the
// index it stands for: "_" is 0, "0_" is 1.  False if it is none.
bool TakeSequence(std::string_view* text, int* index) {
  int value = -1;
  while (!text->empty()) {
    char c = text->front();
    text->remove_prefix(1);
    if (c == '_') {
      *index = value + 1;
      return true;
    }
    bool is_letter = c >= 'A' && c <= 'Z';
    if ((!IsDigit(c) && !is_letter) || value >= kMaxSequence) return false;
    int digit = is_letter ? c - 'A' + 10 : c - '0';
    value = (value < 0 ? 0 : value) * 36 + digit;
  }
  return false;
}

// Every function consumes what it names and returns false if it is not there
// or not understood.
class Parser {
 public:
  Parser(std::string_view text, KernelName* out) : text_(text), out_(*out) {}

  bool Run() {
    if (!Take('_') || !Take('Z')) return false;
    bool nested = Take('N');
    if (!(nested ? NestedFunction() : GlobalFunction())) return false;
    if (out_.is_template && !Take('v')) return false;  // kernels return void
    return Parameters();
  }

 private:
  char Peek() const { return text_.empty() ? '\0' : text_.front(); }

  bool Take(char c) {
    if (Peek() != c || c == '\0') return false;
    text_.remove_prefix(1);
    return true;
  }

  // What was consumed since the text began at `begin`.
  std::string_view Since(const char* begin) const {
    return {begin, static_cast<size_t>(text_.data() - begin)};
  }

  bool Remember(const char* begin) {
    return out_.substitutions.Add(Since(begin));
  }

  // scope::...::function [template arguments] E
  bool NestedFunction() {
    const char* begin = text_.data();
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) {
      if (!SourceName()) return false;
      bool last = Peek() == 'E';  // a function that is no template
      if (!last && !Remember(begin)) return false;
    }
    if (Peek() == 'I' && !FunctionArguments()) return false;
    return Take('E');
  }

  bool GlobalFunction() {
    const char* begin = text_.data();
    if (!SourceName()) return false;
    if (Peek() != 'I') return true;
    return Remember(begin) && FunctionArguments();
  }

  bool FunctionArguments() {
    out_.is_template = true;
    Take('I');
    while (Peek() != 'E') {
      const char* begin = text_.data();
      if (!TemplateArgument(0)) return false;
      if (!out_.arguments.Add(Since(begin))) return false;
    }
    return Take('E');
  }

  bool Parameters() {
    if (text_ == "v") return true;
    while (!text_.empty()) {
      const char* begin = text_.data();
      if (Peek() == 'v' || !Type(0)) return false;
      if (!out_.parameters.Add(Since(begin))) return false;
    }
    return out_.parameters.size > 0;
  }

  // A length and as many characters.
  bool SourceName() {
    size_t length = 0;
    if (!IsDigit(Peek()) || Peek() == '0') return false;
    for (; IsDigit(Peek()); text_.remove_prefix(1)) {
      length = length * 10 + static_cast<size_t>(Peek() - '0');
      if (length > text_.size()) return false;
    }
    if (length > text_.size()) return false;
    text_.remove_prefix(length);
    return true;
  }

  bool Type(int depth) {
    if (depth == kMaxTypeDepth) return false;
    const char* begin = text_.data();
    switch (Peek()) {
      case 'P':
      case 'R':
      case 'O':
        text_.remove_prefix(1);
        return Type(depth + 1) && Remember(begin);
      case 'r':
      case 'V':
      case 'K':
        return QualifiedType(depth);
      case 'N':
        return NestedType(depth);
      case 'T':
        return TemplateParameter() && Remember(begin);
      case 'S':
        return SubstitutionType(depth);
      default:
        return IsDigit(Peek()) ? NamedType(depth) : BuiltinType();
    }
  }

  bool BuiltinType() {
    if (text_.empty() || !IsBuiltin(Peek())) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool QualifiedType(int depth) {
    const char* begin = text_.data();
    Take('r');
    Take('V');
    Take('K');
    return Type(depth + 1) && Remember(begin);
  }

  bool NamedType(int depth) {
    const char* begin = text_.data();
    if (!SourceName() || !Remember(begin)) return false;
    return OptionalArguments(begin, depth);
  }

  bool OptionalArguments(const char* begin, int depth) {
    if (Peek() != 'I') return true;
    return ArgumentList('I', depth) && Remember(begin);
  }

  // T_, T0_, ...
  bool TemplateParameter() {
    int index;
    return Take('T') && TakeSequence(&text_, &index);
  }

  // S_, S0_, ...; the abbreviations of std:: are not understood.
  bool Substitution() {
    int index;
    return Take('S') && TakeSequence(&text_, &index) &&
           index < out_.substitutions.size;
  }

  bool SubstitutionType(int depth) {
    const char* begin = text_.data();
    return Substitution() && OptionalArguments(begin, depth);
  }

  bool NestedType(int depth) {
    const char* begin = text_.data();
    Take('N');
    if (Peek() == 'S' && !Substitution()) return false;
    if (Peek() == 'E') return false;
    while (Peek() != 'E') {
      bool ok = Peek() == 'I' ? ArgumentList('I', depth) : SourceName();
      if (!ok || !Remember(begin)) return false;
    }
    Take('E');
    out_.substitutions.items[out_.substitutions.size - 1] = Since(begin);
    return true;
  }

  // `open` argument... E
  bool ArgumentList(char open, int depth) {
    if (!Take(open)) return false;
    while (Peek() != 'E') {
      if (!TemplateArgument(depth + 1)) return false;
    }
    return Take('E');
  }

  bool TemplateArgument(int depth) {
    if (depth >= kMaxTypeDepth) return false;
    if (Peek() == 'L') return Literal(depth);
    if (Peek() == 'J') return ArgumentList('J', depth);
    return Type(depth);
  }

  // L type [n] digits E
  bool Literal(int depth) {
    if (!Take('L') || !Type(depth + 1)) return false;
    Take('n');
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) text_.remove_prefix(1);
    return Take('E');
  }

  std::string_view text_;  // what is left
  KernelName& out_;
};

bool TakePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// Takes `type` off the front of `*plain`, its substitutions written out.  What
// a substitution stands for has only earlier ones in it.
bool TakeType(const KernelName& name, std::string_view type, int depth,
              std::string_view* plain) {
  if (depth == kMaxTypeDepth) return false;
  while (!type.empty() && type.front() != 'S') {
    if (!TakePrefix(plain, {type.data(), 1})) return false;
    type.remove_prefix(1);
  }
  if (type.empty()) return true;
  type.remove_prefix(1);
  int index;
  if (!TakeSequence(&type, &index) || index >= name.substitutions.size) {
    return false;
  }
  return TakeType(name, name.substitutions.items[index], depth + 1, plain) &&
         TakeType(name, type, depth + 1, plain);
}

}  // namespace

bool ParseKernelName(std::string_view mangled, KernelName* out) {
  *out = {};
  return Parser(mangled, out).Run();
}

bool IntegerLiteral(std::string_view argument, int64_t* value) {
  if (argument.size() < 4 || argument[0] != 'L' || !IsBuiltin(argument[1])) {
    return false;
  }
  argument.remove_prefix(2);
  bool negative = TakePrefix(&argument, "n");
  int64_t sum = 0;
  int digits = 0;
  for (; !argument.empty() && IsDigit(argument[0]); argument.remove_prefix(1)) {
    if (++digits > kMaxDigits) return false;
    sum = sum * 10 + (argument[0] - '0');
  }
  *value = negative ? -sum : sum;
  return digits > 0 && argument == "E";
}

bool SameType(const KernelName& name, std::string_view type,
              std::string_view plain) {
  return TakeType(name, type, 0, &plain) && plain.empty();
}

}  // namespace moetap
