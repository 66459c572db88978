#include "service/git/written.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

#include "service/base/result.hpp"
#include "tests/support/git_fixture.hpp"

namespace slipway {
namespace {

void leave_lock(const GitRepo& repository, const std::string& ref, int seconds_old) {
    const auto lock = repository.path() / (ref + ".lock");
    write_file(lock, "");
    const timespec then{std::time(nullptr) - seconds_old, 0};
    const timespec times[] = {then, then};
    REQUIRE(::utimensat(AT_FDCWD, lock.c_str(), times, 0) == 0);
}

void write_note(WrittenRepository& written, const std::string& ref, const std::string& text) {
    auto note = [&](const Documents&) { return Documents{{"note", text}}; };
    written.update(ref, note, "a note", Signature{"ada", 1'700'000'000'000});
}

}  // namespace

TEST_CASE("the lock that a killed process left on a pull request's ref is broken") {
    TempDir directory;
    GitRepo repository(directory.path() / "r", true);
    auto written = std::make_unique<WrittenRepository>(repository.path());
    const std::string ref = "refs/pull/1/meta";
    leave_lock(repository, ref, 60);
    write_note(*written, ref, "first");
    leave_lock(repository, ref, 60);
    write_note(*written, ref, "second");
    CHECK(written->document(ref, "note") == "second");
    CHECK(!std::filesystem::exists(repository.path() / (ref + ".lock")));
}

TEST_CASE("a lock that was left just now is waited for until it counts as left") {
    TempDir directory;
    GitRepo repository(directory.path() / "r", true);
    auto written = std::make_unique<WrittenRepository>(repository.path());
    const std::string ref = "refs/pull/1/meta";
    leave_lock(repository, ref, 1);
    write_note(*written, ref, "after a kill");
    CHECK(written->document(ref, "note") == "after a kill");
}

TEST_CASE("a lock that may be in use, and one of another ref, is left to whoever holds it") {
    TempDir directory;
    GitRepo repository(directory.path() / "r", true);
    auto written = std::make_unique<WrittenRepository>(repository.path());
    for (const auto& [ref, age] :
         {std::pair<std::string, int>{"refs/pull/1/meta", -60}, {"refs/heads/main", 60}}) {
        CAPTURE(ref);
        leave_lock(repository, ref, age);
        CHECK_THROWS_AS(write_note(*written, ref, "mine"), Failure);
        CHECK(std::filesystem::exists(repository.path() / (ref + ".lock")));
        CHECK(!written->ref(ref));
    }
}

}  // namespace slipway
