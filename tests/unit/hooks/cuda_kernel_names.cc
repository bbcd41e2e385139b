#include "tests/unit/hooks/cuda_kernel_names.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace moetap {

std::vector<ListedKernel> ListedKernels() {
  std::vector<ListedKernel> kernels;
  std::ifstream file(KERNEL_NAMES);
  for (std::string line; std::getline(file, line);) {
    std::istringstream columns(line);
    ListedKernel kernel;
    std::getline(columns, kernel.name, '\t');
    for (std::string column; std::getline(columns, column, '\t');) {
      kernel.columns.push_back(column);
    }
    kernels.push_back(kernel);
  }
  return kernels;
}

std::vector<std::string> Columns(const KernelMatch& match) {
  using Verdict = KernelMatch::Verdict;
  if (match.verdict == Verdict::kNone) return {"none"};
  if (match.verdict == Verdict::kUnknownForm) {
    return {"unknown-form", match.row->base_name, match.why};
  }
  std::string id = match.id_signed ? "int" : "uint";
  return {"row",
          match.row->base_name,
          match.row->engine,
          std::to_string(ParameterCount(*match.form)),
          id + std::to_string(match.id_bytes * 8),
          match.experts ? std::to_string(match.experts) : "-"};
}

ExactCopy::ExactCopy(std::string_view text)
    : size_(text.size()), bytes_(new char[text.size()]) {
  std::copy(text.begin(), text.end(), bytes_.get());
}

bool DemangledParameters(const std::string& name,
                         std::vector<std::string>* types) {
  int status = 0;
  std::unique_ptr<char, decltype(&free)> text(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), &free);
  if (status != 0) return false;
  std::string_view all = text.get();
  if (!all.ends_with(')')) return false;
  all.remove_suffix(1);
  // Backwards, to the bracket that opens the parameters.
  types->assign(1, "");
  int depth = 0;
  for (; !all.empty(); all.remove_suffix(1)) {
    char c = all.back();
    if (c == '(' && depth == 0) break;
    depth += c == '>' || c == ')';
    depth -= c == '<' || c == '(';
    if (c == ',' && depth == 0) {
      types->emplace_back();
    } else if (c != ' ' || !types->back().empty()) {
      types->back() += c;
    }
  }
  for (std::string& type : *types) {
    std::reverse(type.begin(), type.end());
    type.erase(0, type.find_first_not_of(' '));
  }
  std::reverse(types->begin(), types->end());
  return true;
}

}  // namespace moetap
