#include <fmt/format.h>

#include "analysis/report/html.h"
#include "analysis/report/page.h"

namespace moetap {
namespace {

std::string Verdict(const VerifyResult& result) {
  if (!result.skipped.empty()) return "<span class=off>not checked</span>";
  if (result.count == 0) return "<span class=good>holds</span>";
  switch (result.rule->level) {
    case Level::kError:
      return "<span class=bad>error</span>";
    case Level::kWarning:
      return "<span class=warn>warning</span>";
    case Level::kInfo:
      return "<span class=off>note</span>";
  }
  return "";
}

std::string Row(const VerifyResult& result) {
  const std::string& remark =
      result.skipped.empty() ? result.place : result.skipped;
  return "<tr>" + html::Cell(Verdict(result)) +
         html::Cell(fmt::format("<code>{}</code>", result.rule->name)) +
         html::Cell(html::Text(result.rule->text)) +
         html::Cell(result.count == 0 ? "" : html::Count(result.count), true) +
         html::Cell(html::Text(remark)) + "</tr>\n";
}

std::string Table(const std::vector<const VerifyResult*>& results) {
  std::string table = "<div class=wide><table><tr>" + html::Head("") +
                      html::Head("rule") + html::Head("what an offence is") +
                      html::Head("count", true) + html::Head("first at") +
                      "</tr>\n";
  for (const VerifyResult* result : results) table += Row(*result);
  return table + "</table></div>\n";
}

}  // namespace

std::string VerifySection(const ReportInput& input) {
  std::vector<const VerifyResult*> broken;
  std::vector<const VerifyResult*> others;
  for (const VerifyResult& result : input.verify) {
    (result.count > 0 && result.skipped.empty() ? broken : others)
        .push_back(&result);
  }
  std::string section =
      "<h2>Verification</h2>\n<p>Rules that catch silent failure of a "
      "capture: wrong ids, missing layers, rows without an owner, gaps.</p>\n";
  if (broken.empty()) {
    section += fmt::format("<p class=good>No rule of {} is broken.</p>\n",
                           input.verify.size());
  } else {
    section += Table(broken);
  }
  return section + fmt::format(
                       "<details class=more><summary>{} rules that hold or "
                       "could not be checked</summary>\n{}</details>\n",
                       others.size(), Table(others));
}

}  // namespace moetap
