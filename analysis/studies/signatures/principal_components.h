// Projection of signatures on their directions of largest variance.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_PRINCIPAL_COMPONENTS_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_PRINCIPAL_COMPONENTS_H_

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"

namespace moetap {

struct PrincipalComponents {
  // Of each unit, in the unit of the signatures (shares).  0 in a component
  // without variance.
  std::vector<std::array<double, 2>> coordinates;
  // Share of the total variance, largest first: of min(units - 1, features,
  // kMostComponents) components.
  std::vector<double> explained;
};

inline constexpr size_t kMostComponents = 10;

// Features are centred, not scaled (Jolliffe, Principal Component Analysis,
// 2002, 3.5).  Of the two signs of a component, the one in which the largest
// loading by absolute value is positive; the first of those within 1e-9 of it.
// Nothing with fewer than 2 units, or if all have equal signatures.  Pure;
// time and memory of an eigenvalue problem of min(units, features) rows.
std::optional<PrincipalComponents> FindPrincipalComponents(
    const SignatureMatrix& matrix);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_PRINCIPAL_COMPONENTS_H_
