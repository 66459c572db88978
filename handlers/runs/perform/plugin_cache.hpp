// One provider cache for all runs, which Terraform itself does not lock. A run reads it where its
// lock file names providers that are all there (many at a time), and fills it alone otherwise;
// without a lock file the tool would take nothing from a cache, so such a run has none. Only `init`
// ever writes, which runs no code of the source and verifies what it downloads (rule R3).
#pragma once
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>

#include "service/base/task.hpp"

namespace slipway {

enum class CacheUse { none, read, fill };

CacheUse cache_use(const std::filesystem::path& cache, std::string_view lock_file);

// Held while `init` runs; readers share it. Works between processes as well.
class CacheLock {
  public:
    CacheLock() = default;
    CacheLock(CacheLock&& other) noexcept;
    CacheLock& operator=(CacheLock&& other) noexcept;
    ~CacheLock();

  private:
    friend Task<CacheLock> lock_cache(std::filesystem::path, CacheUse, std::chrono::milliseconds);
    int fd_ = -1;
};
// Throws Failure(later) where it is not free in time.
Task<CacheLock> lock_cache(std::filesystem::path cache, CacheUse use,
                           std::chrono::milliseconds limit);

}  // namespace slipway
