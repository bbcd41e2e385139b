#include "analysis/studies/reasons.h"

#include <stdexcept>
#include <string>

namespace moetap {

const std::vector<Reason>& Reasons() {
  static const std::vector<Reason> reasons = {
      {"drops", "The capture lost rows or blocks.",
       "moetap verify CAPTURE; record again with MOETAP_RING_BYTES=67108864, "
       "or with --on-full block"},
      {"few-trees",
       "There are fewer than 10 trees with pairs, so intervals hold for these "
       "trees alone and say nothing about other prompts.",
       "record branching requests from at least 10 different prompts"},
      {"malformed-sets",
       "Some expert sets repeat an id or name an expert that does not exist; "
       "they were left out.",
       "moetap verify CAPTURE"},
      {"missing-rows",
       "Some token paths have no routing in the capture; they were left out.",
       "moetap info CAPTURE"},
      {"no-forks", "No two requests share a token prefix and then differ.",
       "send several requests that share a prefix, or sample with n > 1, "
       "under moetap record"},
      {"no-popularity",
       "The popularity baseline of some layer could not be fitted.",
       "moetap locality --json CAPTURE shows for which"},
      {"no-rows",
       "There are forks, but no two rows after one of them have routing.",
       "moetap verify CAPTURE"},
      {"no-sequences", "The capture holds no tokens of any request.",
       "moetap info CAPTURE"},
      {"nothing-selected", "No request of the capture matches --select.",
       "moetap tree --json CAPTURE lists ids; name the --manifest for "
       "strategies, prompts and labels"},
      {"parent-mismatch",
       "Some requests do not begin with the tokens of the parent that the "
       "engine or the manifest gives them; they were placed by their tokens.",
       "check that the manifest is of the run that was captured"},
      {"tokens-none",
       "The capture holds prefix hashes instead of token ids, so equal tokens "
       "on different paths cannot be told.",
       "moetap record --tokens full -- COMMAND"},
      {"unjoined-rows",
       "The manifest names requests that the capture does not hold.",
       "name the captures and the manifests of the same runs"},
      {"unjoined-sequences",
       "The capture holds requests that no manifest names; their strategy and "
       "prompt are unknown.",
       "name every manifest of the run with --manifest, or leave these "
       "requests out with --select"},
      {"unrouted-sets",
       "Some tokens were routed to fewer experts than the others; their sets "
       "were left out.",
       "moetap verify CAPTURE"},
  };
  return reasons;
}

const Reason& FindReason(std::string_view code) {
  for (const Reason& reason : Reasons()) {
    if (reason.code == code) return reason;
  }
  throw std::logic_error("unknown reason " + std::string(code));
}

}  // namespace moetap
