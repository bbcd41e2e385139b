// Looks mangled kernel names up in the rows of hooks/cuda: kernel_audit <NAMES
//
// One name per line in, one line of tab-separated columns per name out:
//
//   row           BASE  ENGINE  PARAMETERS  ID-TYPE  EXPERTS
//   unknown-form  BASE  WHY
//   none
//
// PARAMETERS is how many there are; EXPERTS is - if a launch argument tells.
#include <cstdio>
#include <iostream>
#include <string>

#include "hooks/cuda/kernel_match.h"

namespace moetap {
namespace {

void PrintRow(const KernelMatch& match) {
  std::string experts = match.experts ? std::to_string(match.experts) : "-";
  printf("row\t%s\t%s\t%d\t%sint%d\t%s\n", match.row->base_name,
         match.row->engine, ParameterCount(*match.form),
         match.id_signed ? "" : "u", match.id_bytes * 8, experts.c_str());
}

void Print(const KernelMatch& match) {
  switch (match.verdict) {
    case KernelMatch::Verdict::kRow:
      return PrintRow(match);
    case KernelMatch::Verdict::kUnknownForm:
      printf("unknown-form\t%s\t%s\n", match.row->base_name, match.why);
      return;
    case KernelMatch::Verdict::kNone:
      puts("none");
      return;
  }
}

}  // namespace
}  // namespace moetap

int main() {
  std::string name;
  while (std::getline(std::cin, name)) moetap::Print(moetap::MatchKernel(name));
  return 0;
}
