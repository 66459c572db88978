#include "handlers/runs/worker/journal.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "service/base/result.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

namespace fs = std::filesystem;

JournalEntry entry_of(char digit) {
    JournalEntry entry;
    entry.run = RunId("run-1");
    entry.plan_digest = std::string(64, digit);
    entry.fence = 3;
    return entry;
}

TEST_CASE("of all who begin an apply of one plan only one does, and it is known from then on") {
    Scratch scratch;
    const auto entry = entry_of('a');
    CHECK_FALSE(Journal(scratch.path / "journal").find(entry.plan_digest));
    std::atomic<int> first{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            auto mine = entry;
            mine.fence = static_cast<std::uint64_t>(i);
            if (Journal(scratch.path / "journal").begin(mine)) ++first;
        });
    for (auto& thread : threads) thread.join();
    CHECK(first == 1);
    CHECK(Journal(scratch.path / "journal").find(entry.plan_digest)->run == RunId("run-1"));
    CHECK_FALSE(Journal(scratch.path / "journal").find(std::string(64, 'b')));
    std::size_t files = 0;
    for (const auto& file : fs::directory_iterator(scratch.path / "journal"))
        files += file.exists();
    CHECK(files == 1);
}

TEST_CASE(
    "what became of an apply is read back, and an entry that cannot be read says that it began") {
    Scratch scratch;
    Journal journal(scratch.path);
    auto entry = entry_of('c');
    REQUIRE(journal.begin(entry));
    PhaseResult result;
    result.outcome = PhaseResult::Outcome::failed;
    result.begun = true;
    result.error = "no \"quota\"\nleft";
    entry.ended_at_ms = 17;
    entry.result = result;
    entry.lock_id = "1f-2";
    journal.update(entry);
    const auto found = Journal(scratch.path).find(entry.plan_digest);
    REQUIRE((found && found->result));
    CHECK(found->result->error == result.error);
    CHECK(found->result->begun);
    CHECK(found->lock_id == "1f-2");
    CHECK(found->ended_at_ms == 17);

    std::ofstream(scratch.path / (entry.plan_digest + ".json")) << "";
    const auto unreadable = journal.find(entry.plan_digest);
    REQUIRE(unreadable);
    CHECK_FALSE(unreadable->result);
    CHECK_FALSE(journal.begin(entry));
}

TEST_CASE("entries are forgotten after their time and no earlier") {
    Scratch scratch;
    Journal journal(scratch.path);
    REQUIRE(journal.begin(entry_of('d')));
    REQUIRE(journal.begin(entry_of('e')));
    const auto old = fs::file_time_type::clock::now() - std::chrono::hours(24 * 90 + 1);
    fs::last_write_time(scratch.path / (std::string(64, 'd') + ".json"), old);
    journal.forget_older_than(journal_days);
    CHECK_FALSE(journal.find(std::string(64, 'd')));
    CHECK(journal.find(std::string(64, 'e')));
}

TEST_CASE("a process is the same only if it started at the same time") {
    auto entry = entry_of('f');
    entry.pid = ::getpid();
    entry.pid_since = process_since(entry.pid);
    CHECK(entry.pid_since > 0);
    CHECK(still_runs(entry));
    entry.ended_at_ms = 1;
    CHECK_FALSE(still_runs(entry));
    entry.ended_at_ms = 0;
    ++entry.pid_since;
    CHECK_FALSE(still_runs(entry));
    CHECK(process_since(0) == 0);
}

}  // namespace
}  // namespace slipway
