// What every study starts from: captures as traces, with what the client's
// manifests say about their requests, and only the requests that were asked
// for.
#ifndef MOETAP_ANALYSIS_STUDY_INPUTS_H_
#define MOETAP_ANALYSIS_STUDY_INPUTS_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/studies/envelope.h"
#include "analysis/studies/vocabulary.h"
#include "analysis/trace.h"

namespace moetap {

// What the user gives beside captures (study_options.h adds the options).
struct InputOptions {
  std::vector<std::filesystem::path> manifests;
  std::string select;    // conditions of selection.h; "" selects everything
  std::string category;  // a key of selection.h whose values are
                         // Sequence::category; "" leaves those empty
  std::string group;     // likewise, of Sequence::group
};

struct StudyInputs {
  std::vector<Trace> traces;       // one per capture, in their order
  std::vector<StudyInput> inputs;  // for StudyDocument::inputs
  Vocabulary vocabulary;           // of the first capture that has one
  // For the study's document, by AddInputs: what was given, how much of it
  // was joined and selected, and codes of reasons.h.
  Json options = Json::object();
  std::vector<std::pair<std::string, uint64_t>> units;
  std::vector<std::string> warnings;
  bool nothing_selected = false;
};

// Reads captures and manifests.  Every study verb calls this one.  `visit` is
// called with each capture in turn, for what its trace does not hold; the
// capture is gone afterwards.  Throws Error as ReadCapture, BuildTrace and
// ReadManifests do.
StudyInputs LoadStudyInputs(
    const std::vector<std::filesystem::path>& captures,
    const InputOptions& options,
    const std::function<void(const Capture&)>& visit = {});

// The part of LoadStudyInputs behind the reading of captures, for a caller
// that has traces; leaves `inputs` and `vocabulary` empty.
//
// Sequences that are not selected are taken out of the traces; an inherited
// position whose donor is gone has no `from` any more.  Trace::stats stay
// those of the capture.
StudyInputs NameAndSelect(std::vector<Trace> traces,
                          const InputOptions& options);

// Adds options, units and warnings of `inputs` to the document of a study; if
// nothing was selected, that is the reason why nothing could be computed.
void AddInputs(const StudyInputs& inputs, StudyDocument* document);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDY_INPUTS_H_
