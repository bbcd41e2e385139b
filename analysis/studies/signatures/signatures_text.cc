#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "analysis/studies/reasons.h"
#include "analysis/studies/signatures/signatures.h"
#include "analysis/studies/text_figures.h"
#include "analysis/studies/vocabulary.h"

namespace moetap {
namespace {

std::string P(const std::optional<double>& p) {
  if (!p) return "-";
  return *p < 0.001 ? fmt::format("{:.1e}", *p) : fmt::format("{:.3f}", *p);
}

std::string WithDeviation(const StudyResult& result, int digits) {
  if (!result.estimate) return "-";
  const std::string mean = Number(result.estimate, digits);
  if (!result.deviation) return mean;
  return fmt::format("{} ± {}", mean, Number(result.deviation, digits));
}

std::string PublishedOf(const StudyResult& result) {
  return result.published ? fmt::format("{:g}", result.published->value) : "";
}

std::string LabelText(const Json& label) {
  return Shorten(EscapeLine(label.get<std::string>()), 16);
}

// "code 20, math 20".
std::string ClassSizes(const StudyDocument& document) {
  std::vector<size_t> sizes(document.signatures.at("labels").size(), 0);
  for (const Json& unit : document.signatures.at("units")) {
    ++sizes[unit.at("label").get<size_t>()];
  }
  std::string text;
  for (size_t c = 0; c < sizes.size(); ++c) {
    text += fmt::format("{}{} {}", c == 0 ? "" : ", ",
                        LabelText(document.signatures.at("labels").at(c)),
                        sizes[c]);
  }
  return text;
}

std::string Header(const StudyDocument& document) {
  const auto unit = [&](const char* name) { return document.unit(name); };
  return fmt::format(
      "signatures: {} units of {} classes ({}), {} requests, tokens: {}\n"
      "            left out: {} requests unlabelled, {} ambiguous, {} with "
      "missing rows, {} empty\n",
      unit("units"), unit("classes"), ClassSizes(document), unit("requests"),
      document.options.at("phase").get<std::string>(),
      unit("unlabelled_requests"),
      unit("ambiguous_requests") + unit("conflicting_requests"),
      unit("missing_rows_requests"), unit("no_rows_requests"));
}

std::string Similarities(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<34} {:>8} {:>17} {:>18} {:>7} {:>10}\n",
                                 "Similarity of pairs of units", "pairs",
                                 "value", "95 %", "p", "published*");
  const std::pair<const char*, const char*> rows[] = {
      {"cosine.within", "cosine, within a class"},
      {"cosine.across", "cosine, across classes"},
      {"cosine.gap", "gap"},
      {"cosine.d", "Cohen's d"},
      {"js.within", "1 - Jensen-Shannon, within"},
      {"js.across", "1 - Jensen-Shannon, across"},
      {"js.gap", "gap"},
      {"js.d", "Cohen's d"}};
  for (const auto& [name, label] : rows) {
    const StudyResult* result = document.Find(name);
    if (result == nullptr) continue;
    text += fmt::format("{:<34} {:>8} {:>17} {:>18} {:>7} {:>10}\n", label,
                        result->pairs ? fmt::format("{}", *result->pairs) : "",
                        WithDeviation(*result, 4),
                        result->lo ? Range(*result, 4) : "",
                        result->p ? P(result->p) : "", PublishedOf(*result));
  }
  return text;
}

std::string ClassifierRow(const StudyDocument& document,
                          const std::string& name, const char* label) {
  const StudyResult* accuracy = document.Find(name + ".accuracy");
  if (accuracy == nullptr) return "";
  return fmt::format(
      "{:<34} {:>8} {:>17} {:>18} {:>9} {:>9}\n", label,
      Number(accuracy->estimate, 3), Range(*accuracy, 3), "",
      Number(document.Find(name + ".f1")->estimate, 3),
      Number(document.Find(name + ".balanced_accuracy")->estimate, 3));
}

std::string Classifiers(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<34} {:>8} {:>17} {:>18} {:>9} {:>9}\n",
                                 "Logistic regression, 5 folds", "accuracy",
                                 "95 %", "", "macro F1", "balanced");
  text += ClassifierRow(document, "signatures", "signatures, 20 times");
  text += ClassifierRow(document, "length", "rival: prompt length alone");
  text += ClassifierRow(document, "words", "rival: bag of token ids");
  const StudyResult& any = *document.Find("signatures.accuracy");
  text += fmt::format("{:<34} {:>8}\n", "largest class",
                      Number(any.baselines.front().second, 3));
  const StudyResult& once = *document.Find("signatures.fold_accuracy");
  return text + fmt::format(
                    "once, mean of 5 folds: {}, p {}; labels permuted: {}; "
                    "published*: 0.925 ± 0.061\n",
                    WithDeviation(once, 3), P(once.p),
                    Number(once.baselines.front().second, 3));
}

std::string Confusion(const StudyDocument& document) {
  const Json& labels = document.signatures.at("labels");
  std::string text = fmt::format("\n{:<20}", "Class \\ predicted");
  for (const Json& label : labels) {
    text += fmt::format(" {:>16}", LabelText(label));
  }
  text += '\n';
  for (size_t c = 0; c < labels.size(); ++c) {
    text += fmt::format("{:<20}", LabelText(labels.at(c)));
    for (const Json& count : document.signatures.at("confusion").at(c)) {
      text += fmt::format(" {:>16.2f}", count.get<double>());
    }
    text += '\n';
  }
  return text;
}

std::string Nulls(const StudyDocument& document) {
  std::string text = fmt::format("\n{:<34} {:>8} {:>17} {:>18} {:>7}  {}\n",
                                 "Could it be less than task?", "observed",
                                 "null", "central 95 %", "p", "verdict");
  const std::pair<const char*, const char*> kinds[] = {
      {"uniform", "U, uniform sets"},
      {"popularity", "P, sets by popularity"},
      {"permuted", "M, captured sets, permuted"}};
  for (const char* figure : {"d", "accuracy"}) {
    for (const auto& [kind, label] : kinds) {
      const StudyResult* result =
          document.Find(fmt::format("null.{}.{}", kind, figure));
      if (result == nullptr) continue;
      const std::string verdict =
          result->verdict.empty() ? "-"
          : result->verdict == "explained"
              ? fmt::format("explained by {}", label[0])
              : fmt::format("not explained by {}", label[0]);
      text += fmt::format("{:<34} {:>8} {:>17} {:>18} {:>7}  {}\n",
                          fmt::format("{}: {}", figure, label),
                          Number(result->baselines.front().second, 3),
                          WithDeviation(*result, 3), Range(*result, 3),
                          P(result->p), verdict);
    }
  }
  return text;
}

std::string Controls(const StudyDocument& document) {
  const std::pair<const char*, const char*> rows[] = {
      {"control.without_common", "without common prefix and suffix"},
      {"control.length_matched", "prompts of matched length"},
      {"control.template_left_out", "each template left out"}};
  std::string text;
  for (const auto& [name, label] : rows) {
    const std::string base = name;
    const StudyResult* accuracy = document.Find(base + ".accuracy");
    if (accuracy == nullptr) continue;
    const StudyResult* d = document.Find(base + ".d");
    text += fmt::format("{:<34} {:>8} {:>17} {:>18} {:>7}\n", label,
                        accuracy->n_units, d ? Number(d->estimate, 4) : "",
                        Number(accuracy->estimate, 3), d ? P(d->p) : "");
  }
  if (text.empty()) return "";
  return fmt::format("\n{:<34} {:>8} {:>17} {:>18} {:>7}\n", "Controls",
                     "units", "d", "accuracy", "p of d") +
         text;
}

std::string Layers(const StudyDocument& document) {
  std::string text = fmt::format(
      "\n{:>5} {:>8} {:>18} {:>7} {:>9} {:>7} {:>8} {:>6} {:>9} {:>5} {:>5}\n",
      "layer", "d", "95 %", "p adj.", "accuracy", "p adj.", "entropy", "Gini",
      "max/mean", "hot", "dead");
  for (const StudyResult& d : document.results) {
    if (d.name != "layer.d") continue;
    const auto figure = [&](const char* name) {
      return document.Find(name, d.layer);
    };
    const StudyResult& accuracy = *figure("layer.accuracy");
    text += fmt::format(
        "{:>5} {:>8} {:>18} {:>7} {:>9} {:>7} {:>8} {:>6} {:>9} {:>5} {:>5}\n",
        *d.layer, Number(d.estimate, 4), Range(d, 4), P(d.p_adjusted),
        Number(accuracy.estimate, 3), P(accuracy.p_adjusted),
        Number(figure("balance.entropy")->estimate, 4),
        Number(figure("balance.gini")->estimate, 3),
        Number(figure("balance.max_mean")->estimate, 2),
        Number(figure("balance.hot")->estimate, 0),
        Number(figure("balance.dead")->estimate, 0));
  }
  const StudyResult& trend = *document.Find("depth.rho");
  if (!trend.estimate) return text;
  return text + fmt::format("d with depth: Spearman's rho {} ({}), p {}\n",
                            Number(trend.estimate, 3), Range(trend, 3),
                            P(trend.p));
}

std::string Variance(const StudyDocument& document) {
  std::string text;
  for (const StudyResult& result : document.results) {
    if (result.name != "pca.variance") continue;
    text += fmt::format(" {:.1f} %", 100 * *result.estimate);
  }
  if (text.empty()) return "";
  return "\nPrincipal components, variance explained:" + text + '\n';
}

}  // namespace

std::string SignaturesText(const StudyDocument& document) {
  std::string text = Header(document);
  if (!document.results.empty()) {
    text += Similarities(document) + Classifiers(document) +
            Confusion(document) + Nulls(document) + Controls(document) +
            Layers(document) + Variance(document);
    text +=
        "\np: by permutation of the units' labels, adj.: for all layers at "
        "once; ± is the deviation over pairs\nor folds and no error\n"
        "* published: another model (OLMoE-1B-7B-0125-Instruct, 64 experts, "
        "top-8) and other prompts\n(80 of four tasks)\n";
  }
  if (!document.reason.empty()) text += '\n' + ReasonNote(document.reason);
  for (const std::string& code : document.warnings) text += ReasonNote(code);
  return text;
}

}  // namespace moetap
