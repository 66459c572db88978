#include "service/git/written.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <ctime>

#include "service/base/result.hpp"
#include "tests/support/git_fixture.hpp"

namespace slipway {
namespace {

const std::string meta = "refs/pull/1/meta";

// A bare repository with a lock or two, as whoever is killed leaves them.
struct Locked {
    TempDir directory;
    GitRepo repository{directory.path() / "r", true};
    WrittenRepository written{repository.path()};

    void leave_lock(const std::string& ref, int seconds_old) {
        write_file(lock_of(ref), "");
        const timespec then{std::time(nullptr) - seconds_old, 0};
        const timespec times[] = {then, then};
        REQUIRE(::utimensat(AT_FDCWD, lock_of(ref).c_str(), times, 0) == 0);
    }
    std::filesystem::path lock_of(const std::string& ref) const {
        return repository.path() / (ref + ".lock");
    }
    void write_note(const std::string& ref, const std::string& text) {
        auto note = [&](const Documents&) { return Documents{{"note", text}}; };
        written.update(ref, note, "a note", Signature{"ada", 1'700'000'000'000});
    }
};

}  // namespace

TEST_CASE("the lock that a killed process left on a pull request's ref is broken") {
    Locked it;
    it.leave_lock(meta, 60);
    it.write_note(meta, "first");
    it.leave_lock(meta, 60);
    it.write_note(meta, "second");
    CHECK(it.written.document(meta, "note") == "second");
    CHECK(!std::filesystem::exists(it.lock_of(meta)));
}

TEST_CASE("a lock that was left just now is waited for until it counts as left") {
    Locked it;
    it.leave_lock(meta, 4);
    it.write_note(meta, "after a kill");
    CHECK(it.written.document(meta, "note") == "after a kill");
}

TEST_CASE("a lock that may be in use, and one of another ref, is left to whoever holds it") {
    Locked it;
    for (const auto& [ref, age] :
         {std::pair<std::string, int>{meta, -60}, {"refs/heads/main", 60}}) {
        CAPTURE(ref);
        it.leave_lock(ref, age);
        CHECK_THROWS_AS(it.write_note(ref, "mine"), Failure);
        CHECK(std::filesystem::exists(it.lock_of(ref)));
        CHECK(!it.written.ref(ref));
    }
}

}  // namespace slipway
