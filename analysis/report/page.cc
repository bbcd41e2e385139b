#include "analysis/report/page.h"

#include <fmt/format.h>

#include <set>

#include "analysis/report/assets.h"
#include "analysis/report/html.h"

namespace moetap {
namespace {

std::string Head(const std::string& title) {
  const std::string policy = fmt::format(
      "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; "
      "form-action 'none'",
      html::PolicyHash(kReportStyleHash), html::PolicyHash(kReportScriptHash));
  return fmt::format(
      "<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=referrer content=no-referrer>\n"
      "<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
      policy, title, kReportStyle);
}

std::string Footer(const ReportInput& input) {
  std::string uuids;
  for (const StudyInput& file : InputsOf(*input.capture)) {
    uuids += (uuids.empty() ? "" : ", ") + file.uuid;
  }
  std::string definitions;
  std::set<std::string> named;
  std::vector<const StudyDocument*> studies = {&input.locality, &input.sharing};
  for (const StudyDocument& one : input.alignments) studies.push_back(&one);
  if (input.signatures) studies.push_back(&*input.signatures);
  for (const StudyDocument* study : studies) {
    for (const std::string& name : study->definitions) {
      if (!named.insert(name).second) continue;
      definitions += (definitions.empty() ? "" : ", ") + name;
    }
  }
  return fmt::format(
      "<footer>Written by moetap {}. Capture files: <span class=mono>{}</span>."
      " Definitions, explained in docs/studies.md: {}.</footer>\n"
      "<script>{}</script>\n</body>\n</html>\n",
      MOETAP_VERSION, uuids, definitions.empty() ? "none" : definitions,
      kReportScript);
}

std::string Title(const ReportInput& input) {
  for (const CaptureFile& file : input.capture->files) {
    const std::string model = file.fact("model");
    if (!model.empty()) return html::Text(model);
  }
  return "Unnamed model";
}

}  // namespace

std::string ReportPage(const ReportInput& input) {
  const std::string model = Title(input);
  std::string page = Head("Expert routing: " + model);
  page += fmt::format("<h1>Expert routing of {}</h1>\n", model);
  page += CaptureSection(input);
  if (input.trace == nullptr) {
    page += fmt::format(
        "<div class=\"box bad\"><p>No trace could be made: {}</p></div>\n",
        html::Text(input.trace_error));
  } else {
    page += TreeSection(input);
    page += CurvesSection(input);
    page += ContrastsSection(input);
    page += AlignmentsSection(input);
    page += SharingSection(input);
    page += SignaturesSection(input);
    page += LoadSection(input);
  }
  page += VerifySection(input);
  return page + Footer(input);
}

}  // namespace moetap
