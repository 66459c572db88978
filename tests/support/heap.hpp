// How much memory the program has allocated: for what must stay small whatever goes through it.
#pragma once
#include <malloc.h>

#include <algorithm>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace slipway {

inline std::size_t heap_in_use() {
#if defined(__SANITIZE_ADDRESS__)
    return __sanitizer_get_current_allocated_bytes();
#else
    const auto info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

// The most that is in use at the moments when somebody looks, beyond what was at the beginning.
class HeapPeak {
  public:
    void look() { most_ = std::max(most_, heap_in_use()); }
    std::size_t bytes() const { return most_ > before_ ? most_ - before_ : 0; }

  private:
    const std::size_t before_ = heap_in_use();
    std::size_t most_ = 0;
};

}  // namespace slipway
