// The one exception of the moetap program: something the user must be told.
#ifndef MOETAP_ANALYSIS_ERROR_H_
#define MOETAP_ANALYSIS_ERROR_H_

#include <stdexcept>
#include <string>

namespace moetap {

// what() names the file, the place and the remedy.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace moetap

#endif  // MOETAP_ANALYSIS_ERROR_H_
