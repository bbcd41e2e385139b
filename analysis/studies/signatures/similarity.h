// How similar the signatures of two units are.  All functions are pure.
#ifndef MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIMILARITY_H_
#define MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIMILARITY_H_

#include <cstddef>
#include <vector>

#include "analysis/studies/signatures/signature_matrix.h"

namespace moetap {

// Units by units, symmetric; no value is larger than 1 but for rounding.
struct SimilarityMatrix {
  size_t units = 0;
  std::vector<double> values;  // row after row

  double at(size_t i, size_t j) const { return values[i * units + j]; }
};

// Cosine of whole rows, x.y / (|x| |y|); 0 if one of them is all 0.
SimilarityMatrix CosineSimilarity(const SignatureMatrix& matrix);

// Likewise of one block's features alone; blocks[block] exists.
SimilarityMatrix BlockCosineSimilarity(const SignatureMatrix& matrix,
                                       size_t block);

// 1 - mean over blocks of the Jensen-Shannon divergence in bits, H((p + q)/2) -
// (H(p) + H(q))/2 with H the entropy (Lin, IEEE Transactions on Information
// Theory 37(1), 1991).  Blocks in which one of the two units has no route are
// left out; 0 if none is left.
SimilarityMatrix DivergenceSimilarity(const SignatureMatrix& matrix,
                                      unsigned threads);

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_STUDIES_SIGNATURES_SIMILARITY_H_
