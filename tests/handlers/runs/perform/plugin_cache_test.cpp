// The provider cache: who may write to it, and never two at a time.
#include "handlers/runs/perform/plugin_cache.hpp"

#include <doctest/doctest.h>

#include "service/base/result.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::string_view lock_file =
    "provider \"registry.terraform.io/hashicorp/null\" {\n  version     = \"3.2.4\"\n}\n";

TEST_CASE(
    "a cache is read where all is there, filled where something is missing, else left alone") {
    Scratch scratch;
    const auto cache = scratch.path / "plugins";
    CHECK(cache_use("", lock_file) == CacheUse::none);
    CHECK(cache_use(cache, "") == CacheUse::none);
    CHECK(cache_use(cache, "# nothing locked\n") == CacheUse::none);
    CHECK(cache_use(cache, lock_file) == CacheUse::fill);
    fs::create_directories(cache / "registry.terraform.io/hashicorp/null/3.2.4");
    CHECK(cache_use(cache, lock_file) == CacheUse::read);
}

TEST_CASE("readers share the cache, a writer has it alone") {
    Scratch scratch;
    const auto cache = scratch.path / "plugins";
    asio::io_context io;
    auto take = [&](CacheUse use) { return run_task(io, lock_cache(cache, use, 30ms)); };
    std::optional<CacheLock> first(take(CacheUse::read)), second(take(CacheUse::read));
    CHECK_THROWS_AS(take(CacheUse::fill), Failure);
    take(CacheUse::none);
    first.reset();
    CHECK_THROWS_AS(take(CacheUse::fill), Failure);
    second.reset();
    first.emplace(take(CacheUse::fill));
    CHECK_THROWS_AS(take(CacheUse::read), Failure);

    // Who waits gets it once it is free.
    auto wait = [&]() -> Task<void> { co_await lock_cache(cache, CacheUse::read, 10s); };
    bool waited = false;
    asio::co_spawn(io, wait(), [&](std::exception_ptr) { waited = true; });
    auto release = [&]() -> Task<void> {
        co_await sleep_for(20ms);
        CHECK_FALSE(waited);
        first.reset();
        while (!waited) co_await sleep_for(1ms);
    };
    run_task(io, release());
}

}  // namespace
}  // namespace slipway
