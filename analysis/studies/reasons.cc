#include "analysis/studies/reasons.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace moetap {

const std::vector<Reason>& Reasons() {
  static const std::vector<Reason> reasons = {
      {"ambiguous-labels",
       "Labels contradict each other for some requests, or for requests with "
       "equal prompts or of one group; they were left out, and "
       "signatures.left_out of --json names them.",
       "correct the labels"},
      {"different-k",
       "Some layer routes each token to another number of experts in A than in "
       "B; shares are compared all the same.",
       "moetap info CAPTURE; check that this is the change you mean"},
      {"drops", "The capture lost rows or blocks.",
       "moetap verify CAPTURE; record again with MOETAP_RING_BYTES=67108864, "
       "or with --on-full block"},
      {"equal-signatures",
       "All units have equal signatures, so there is nothing to project.",
       "moetap verify CAPTURE; check that the routing is captured"},
      {"equal-similarities",
       "The similarities of units do not vary, so d is not defined.",
       "moetap verify CAPTURE; check that the routing is captured"},
      {"few-compared-prompts",
       "A capture has fewer than 10 distinct prompts, so the figures describe "
       "these prompts and nothing was tested.",
       "record at least 10 different prompts, the same for both captures"},
      {"few-layers",
       "The crossing pattern needs at least 6 MoE layers, and layers on both "
       "sides of its band.",
       "moetap locality --band FROM:TO CAPTURE, or a model with more layers"},
      {"few-matched-units",
       "Fewer than 5 units of each class can be matched by length, so there is "
       "no length-matched control.",
       "record prompts of similar lengths in all classes"},
      {"few-prefixes",
       "Some prompts have more prefixes of codes than were compiled; the rule "
       "by assembly did not ask about the rest.",
       "moetap diversity --prefixes N CAPTURE"},
      {"few-prompts",
       "There are codes of fewer than 10 prompts, so the figures describe "
       "these prompts and have no intervals.",
       "record requests of at least 10 different prompts"},
      {"few-trees",
       "There are fewer than 10 trees with pairs, so intervals hold for these "
       "trees alone and say nothing about other prompts.",
       "record branching requests from at least 10 different prompts"},
      {"few-units",
       "Some class has fewer than 10 units: intervals and p are of little use.",
       "record at least 10 different prompts of each class"},
      {"hashed-prompts",
       "A capture holds prefix hashes instead of token ids, so prompts that "
       "are in both captures count as different ones.",
       "moetap record --tokens full -- COMMAND"},
      {"large-sets",
       "Some layer routes each token to more than 254 experts, which no study "
       "of pairs supports.",
       "moetap info CAPTURE; check that k is what the model has"},
      {"left-out-requests",
       "Some requests have no row of the phase, miss more than 1 % of its "
       "rows, or have no route in some layer; they were left out.",
       "moetap info CAPTURE; moetap verify CAPTURE"},
      {"malformed-sets",
       "Some expert sets repeat an id or name an expert that does not exist; "
       "they were left out.",
       "moetap verify CAPTURE"},
      {"missing-rows",
       "Some token paths have no routing in the capture; they were left out.",
       "moetap info CAPTURE"},
      {"nested-prompts",
       "Some prompts begin with another prompt of their capture, as beams, "
       "branches and conversations do; such prompts are not independent, and p "
       "is too small.",
       "moetap compare --select leaves requests out; keep one prompt of each "
       "beginning"},
      {"no-aligned-rows", "No two rows behind a fork of two codes are aligned.",
       "moetap locality --json CAPTURE: the units tail_rows_... say why"},
      {"no-batches",
       "No two rows of generated tokens stand at one position of a tree, or at "
       "one index of two prompts, so there is no batch.",
       "send several requests under moetap record, each generating two tokens "
       "or more"},
      {"no-category",
       "No two prompts of one category have rows of generated tokens at one "
       "index, so there are no batches of a category.",
       "moetap tree --json --manifest FILE CAPTURE lists strategies and "
       "prompts; labels are in the manifest"},
      {"no-class",
       "Some layer has no pair with equal tokens or none with different ones, "
       "so there are no curves to cross.",
       "record longer branches, or more of them"},
      {"no-codes",
       "No finished request gave a code that compiles, or the capture does not "
       "say what the bytes of its tokens are.",
       "moetap assembly CAPTURE says why; moetap tree CAPTURE shows the text"},
      {"no-compared-prompts",
       "A capture has no request with the rows of the phase.",
       "moetap info CAPTURE; with --select, check what it leaves of each "
       "capture"},
      {"no-decode-rows",
       "No token that a request generated was the input of a row with routing.",
       "moetap info CAPTURE; let requests generate two tokens or more"},
      {"no-equivalent-codes",
       "No two different sequences of one tree have codes that are equivalent.",
       "record more samples of each prompt, or leave --equivalent out"},
      {"no-expert-bytes",
       "The capture does not say what an expert's weights take, so there are "
       "no figures in bytes.",
       "moetap sharing --expert-bytes N CAPTURE"},
      {"no-forks", "No two requests share a token prefix and then differ.",
       "send several requests that share a prefix, or sample with n > 1, "
       "under moetap record"},
      {"no-labels", "No request has a label.",
       "moetap signatures CAPTURE --labels FILE, or --manifest FILE --category "
       "label.NAME"},
      {"no-popularity",
       "The popularity baseline of some layer could not be fitted.",
       "moetap locality --json CAPTURE shows for which"},
      {"no-rows",
       "There are forks, but no two rows after one of them have routing.",
       "moetap verify CAPTURE"},
      {"no-sequences", "The capture holds no tokens of any request.",
       "moetap info CAPTURE"},
      {"no-siblings",
       "No tree has two rows of generated tokens at one position, so there are "
       "no batches of siblings.",
       "send several requests with one prompt, or sample with n > 1, under "
       "moetap record"},
      {"no-unrelated",
       "No two prompts have rows of generated tokens at one index, so there "
       "are "
       "no batches of unrelated rows.",
       "send requests with different prompts under moetap record"},
      {"no-words",
       "The capture has no token ids, so signatures are not compared with the "
       "words of the prompts.",
       "record with --tokens full"},
      {"not-converged",
       "Some fits of the classifier did not converge; their predictions are "
       "those of the best point found.",
       "please report it, with the output of moetap signatures --json"},
      {"nothing-selected", "No request of the capture matches --select.",
       "moetap tree --json CAPTURE lists ids; name the --manifest for "
       "strategies, prompts and labels"},
      {"null-not-fitted",
       "No design has the popularity of some layer, so that null model is "
       "missing.",
       "moetap verify CAPTURE; check that k is what the model has"},
      {"one-class", "All labels are the same.",
       "label requests of at least two tasks"},
      {"one-strategy",
       "All requests are of one decoding strategy, so there is nothing to "
       "compare it with.",
       "record the same prompts with another strategy of moetap-branch, and "
       "name all manifests"},
      {"one-tree",
       "One tree has more than half of the pairs, so means over pairs have no "
       "interval for other prompts; means over trees (weight \"tree\") do.",
       "moetap locality --json CAPTURE, or leave that prompt out with "
       "--select"},
      {"parent-mismatch",
       "Some requests do not begin with the tokens of the parent that the "
       "engine or the manifest gives them; they were placed by their tokens.",
       "check that the manifest is of the run that was captured"},
      {"requests-with-missing-rows",
       "Some requests miss more than 1 % of their rows; they were left out, "
       "and signatures.left_out of --json names them.",
       "moetap verify CAPTURE; record again with MOETAP_RING_BYTES=67108864"},
      {"tokens-none",
       "The capture holds prefix hashes instead of token ids, so equal tokens "
       "on different paths cannot be told.",
       "moetap record --tokens full -- COMMAND"},
      {"too-few-units",
       "Some class has fewer units than the classifier has folds (5).",
       "record at least 5, better 10 different prompts of each class, or "
       "select the others with --select"},
      {"units-drawn",
       "There are more units than --units; so many of them were drawn.",
       "moetap signatures --units N CAPTURE takes more, in time that grows "
       "with their square"},
      {"unjoined-rows",
       "The manifest names requests that the capture does not hold.",
       "name the captures and the manifests of the same runs"},
      {"unjoined-sequences",
       "The capture holds requests that no manifest names; their strategy and "
       "prompt are unknown.",
       "name every manifest of the run with --manifest, or leave these "
       "requests out with --select"},
      {"unknown-text",
       "Some finished requests have tokens whose text is not in the capture; "
       "they were left out.",
       "record with --tokens full; moetap info CAPTURE shows the vocabulary"},
      {"unlabelled",
       "Some requests have no label; they were left out, and "
       "signatures.left_out of --json names them.",
       "label them, or leave them out with --select"},
      {"unmatched-prompts",
       "One capture holds all prompts of the other and more; those were left "
       "out, for nothing could be compared with them.",
       "send the same prompts to both servers"},
      {"unrouted-sets",
       "Some tokens were routed to fewer experts than the others; their sets "
       "were left out.",
       "moetap verify CAPTURE"},
      {"unshared-prompts",
       "Some prompts are in one capture only, and how they differ from the "
       "others counts as change, too.",
       "send the same prompts to both servers, or leave the others out with "
       "--select"},
      {"unusable-batches",
       "Some batches have a set with no route, a repeated id or an id that is "
       "no expert; they were left out in that layer.",
       "moetap verify CAPTURE"},
      {"unused-labels", "Some lines of the file of labels match no request.",
       "compare their patterns with the ids of moetap tree --json CAPTURE"},
  };
  return reasons;
}

const Reason& FindReason(std::string_view code) {
  for (const Reason& reason : Reasons()) {
    if (reason.code == code) return reason;
  }
  throw std::logic_error("unknown reason " + std::string(code));
}

std::string ReasonNote(std::string_view code) {
  const Reason& reason = FindReason(code);
  return fmt::format("{}: {}\n    next: {}\n", reason.code, reason.text,
                     reason.next);
}

}  // namespace moetap
