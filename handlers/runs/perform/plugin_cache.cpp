#include "handlers/runs/perform/plugin_cache.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "handlers/runs/perform/tools/terraform.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

CacheUse cache_use(const fs::path& cache, std::string_view lock_file) {
    if (cache.empty() || lock_file.empty()) return CacheUse::none;
    const auto providers = terraform::locked_providers(lock_file);
    if (providers.empty()) return CacheUse::none;
    for (const auto& provider : providers) {
        std::error_code error;
        if (!fs::is_directory(cache / provider.address / provider.version, error))
            return CacheUse::fill;
    }
    return CacheUse::read;
}

CacheLock::CacheLock(CacheLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
CacheLock& CacheLock::operator=(CacheLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}
CacheLock::~CacheLock() {
    if (fd_ >= 0) ::close(fd_);
}

Task<CacheLock> lock_cache(fs::path cache, CacheUse use, std::chrono::milliseconds limit) {
    CacheLock lock;
    if (use == CacheUse::none) co_return lock;
    std::error_code ignored;
    fs::create_directories(cache, ignored);
    const auto file = cache / ".lock";
    lock.fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock.fd_ < 0)
        throw Failure("cannot open the provider cache " + cache.string() + ": " +
                      std::strerror(errno));
    const int how = (use == CacheUse::fill ? LOCK_EX : LOCK_SH) | LOCK_NB;
    const auto end = std::chrono::steady_clock::now() + limit;
    for (auto pause = 10ms; ::flock(lock.fd_, how) != 0; pause = std::min(pause * 2, 200ms)) {
        if (std::chrono::steady_clock::now() >= end)
            throw Failure("the provider cache was not free in time");
        co_await sleep_for(pause);
    }
    co_return lock;
}

}  // namespace slipway
