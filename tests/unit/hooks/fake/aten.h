// As much of at::Tensor as the hooks can see: a class with a destructor, so
// that it is passed and returned through memory like the real one, and real
// mangled names.
#ifndef MOETAP_TESTS_UNIT_HOOKS_FAKE_ATEN_H_
#define MOETAP_TESTS_UNIT_HOOKS_FAKE_ATEN_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace at {

// torch's own numbers.
enum class Dtype : int32_t {
  kUint8 = 0,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kFloat32 = 6,
  kUint16 = 27,
  kUint32 = 28,
};

struct TensorImpl {
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  Dtype dtype = Dtype::kFloat32;
  void* data = nullptr;
};

class Tensor {
 public:
  Tensor() = default;
  explicit Tensor(TensorImpl impl)
      : impl_(std::make_shared<TensorImpl>(std::move(impl))) {}

  TensorImpl* impl() const { return impl_.get(); }
  long uses() const { return impl_.use_count(); }

 private:
  std::shared_ptr<TensorImpl> impl_;
};

}  // namespace at

#endif  // MOETAP_TESTS_UNIT_HOOKS_FAKE_ATEN_H_
