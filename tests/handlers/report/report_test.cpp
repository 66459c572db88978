#include "handlers/report/report.hpp"

#include <doctest/doctest.h>

#include "queue/store.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/reports.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

// The report's surroundings: a queue and blobs in memory, a forge that records, and a pull request.
struct Desk {
    asio::io_context io;
    FixedClock clock{nine_fourteen};
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    std::unique_ptr<Blobs> blobs = make_memory_blobs();
    Plans plans{*blobs};
    RecordingForge* forge = new RecordingForge();
    Forges forges;
    PullRecord record;
    std::uint64_t record_version = 0;
    std::map<std::string, std::uint64_t> run_versions;

    Desk() {
        forges["github.com"].reset(forge);
        record.pull = report_of({}).pull;
        forge->pulls[7] = record.pull;
    }
    PullRequestName name() const { return record.pull.name; }
    ReportContext context() {
        return {*queue, plans, forges, clock, "slipway", "https://slipway.example.com", "/slipway", {}};
    }

    void commit(std::string key, std::uint64_t& version, std::string body) {
        Commit commit;
        commit.records.push_back({std::move(key), version, std::move(body)});
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
        ++version;
    }
    void store() { commit(pull_key(name()), record_version, encode(record).dump()); }
    // Stores the run and plan of `stack`, and makes the pull request concern it.
    void put(StackReport stack) {
        add(std::move(stack));
        store();
    }
    void add(StackReport stack) {
        auto run = *stack.run;
        run.head = record.pull.head;
        run.pull = 7;
        run.repository = name().repository;
        run.attempt = record.attempt;
        if (run.kind == RunKind::tracked) run.id = RunId("t" + run.id.value);
        if (stack.plan) run.plan_document = plans.put(*stack.plan);
        commit(run_key(run.id), run_versions[run.id.value], encode(run).dump());
        auto at = std::find_if(record.stacks.begin(), record.stacks.end(),
                               [&](const PullStack& s) { return s.settings.id == run.stack; });
        if (at == record.stacks.end()) at = record.stacks.insert(at, PullStack());
        at->settings = run.settings;
        at->approval = stack.approval;
        (run.kind == RunKind::tracked ? at->tracked : at->proposed) = run.id;
    }
    void report() {
        auto job = make_job(JobKind::report, name().text(), name());
        Commit leave;
        leave.jobs.push_back(job);
        run_task(io, queue->commit(std::move(leave)));
        auto claimed = run_task(io, queue->claim("service", "test", std::chrono::seconds(30), std::chrono::milliseconds(0)));
        REQUIRE(claimed);
        auto surroundings = context();
        const auto lease = claimed->lease;
        try {
            run_task(io, write_report(surroundings, std::move(*claimed)));
        } catch (...) {
            run_task(io, queue->finish(lease));
            throw;
        }
        run_task(io, queue->finish(lease));
    }
    std::int64_t waiting_jobs() {
        const auto status = run_task(io, queue->status());
        std::int64_t out = status.delayed;
        for (const auto& [name, count] : status.waiting) out += count;
        return out;
    }
    PostedRecord posted() { return run_task(io, load<PostedRecord>(*queue, posted_key(name()))).value; }
    std::string comment() const {
        REQUIRE(forge->own_comments.size() == 1);
        return forge->own_comments.begin()->second;
    }
    void push(char digit) {
        record.pull.head = CommitSha(std::string(40, digit));
        forge->pulls[7].head = record.pull.head;
        record.stacks.clear();
        record.attempt = 1;
    }
    void wait(int seconds) { clock.advance(std::chrono::seconds(seconds)); }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

StackReport numbered(StackReport stack, int push) {
    stack.run->id = RunId(stack.run->id.value + "-" + std::to_string(push));
    return stack;
}

}  // namespace

TEST_CASE("the summary check stands at once; the comment comes with the stacks") {
    Desk desk;
    desk.record.looking = true;
    desk.store();
    desk.report();
    REQUIRE(desk.forge->check("slipway"));
    CHECK(desk.forge->check("slipway")->status == CheckStatus::running);
    CHECK(desk.forge->own_comments.empty());

    desk.record.looking = false;
    desk.put(queued("network-prod", 0));
    const auto calls = desk.forge->calls.size();
    desk.report();
    CHECK(desk.forge->calls.size() == calls);  // it may be done soon
    desk.wait(3);
    desk.report();
    CHECK(contains(desk.comment(), "network-prod is queued"));
    CHECK(desk.comment().starts_with("<!-- slipway -->\n"));

    desk.put(approved(planned("network-prod", network_plan()), ""));
    desk.report();
    CHECK(contains(desk.comment(), "network-prod changes, ready to merge"));
    CHECK(desk.forge->check("slipway")->conclusion == Conclusion::success);
    REQUIRE(desk.forge->check("slipway/network-prod"));
    CHECK(desk.forge->check("slipway/network-prod")->external_id == "01J9network-prod");
    CHECK(desk.forge->check("slipway/network-prod")->status == CheckStatus::completed);
    CHECK(desk.forge->comment_writes.size() == 2);
}

TEST_CASE("what stands is not written again") {
    Desk desk;
    desk.put(approved(planned("network-prod", network_plan()), ""));
    desk.report();
    const auto calls = desk.forge->calls.size();
    desk.report();
    desk.report();
    CHECK(desk.forge->calls.size() == calls);
}

TEST_CASE("a head that moved on is never written to") {
    Desk desk;
    desk.put(approved(planned("network-prod", network_plan()), ""));
    desk.forge->pulls[7].head = CommitSha(std::string(40, 'f'));
    desk.report();
    CHECK(desk.forge->check_writes.empty());
    CHECK(desk.forge->own_comments.empty());
    desk.forge->pulls.clear();
    desk.report();
    CHECK(desk.forge->check_writes.empty());
}

TEST_CASE("where no stack is concerned there is a green check and no comment") {
    Desk desk;
    desk.store();
    desk.report();
    CHECK(desk.forge->check("slipway")->conclusion == Conclusion::success);
    CHECK(desk.forge->check("slipway")->title == "no stack is concerned");
    CHECK(desk.forge->own_comments.empty());
}

TEST_CASE("what was written before a failure is remembered") {
    Desk desk;
    desk.put(approved(planned("a", network_plan()), ""));
    desk.put(approved(planned("b", network_plan()), ""));
    desk.forge->failing = "put_check";
    desk.forge->calls_until_failing = 1;
    CHECK_THROWS_AS(desk.report(), Failure);
    CHECK(desk.forge->check_writes.size() == 1);
    CHECK(desk.posted().check_ids.size() == 2);  // the second is known to have been tried
    CHECK(desk.forge->own_comments.size() == 1);
    desk.report();
    CHECK(desk.forge->checks.size() == 3);
    CHECK(desk.forge->check_writes.size() == 3);
    CHECK(desk.forge->own_comments.size() == 1);
}

TEST_CASE("T30: twenty pushes and fifty stacks make one comment, made again if it is deleted") {
    Desk desk;
    for (int push = 0; push < 20; ++push) {
        desk.push(static_cast<char>('a' + push % 6));
        if (push > 0 && push % 6 == 0) desk.push(static_cast<char>('0' + push / 6));
        for (int i = 0; i < 50; ++i)
            desk.add(numbered(missing(planned("stack-" + std::to_string(i), network_plan(), "9f3c" + std::to_string(push)), "1 of team dba"), push));
        desk.store();
        desk.wait(60);
        desk.report();
        CHECK(desk.comment().size() <= 60'000);
        CHECK(contains(desk.comment(), "50 stacks change, waiting for 1 approval"));
    }
    CHECK(desk.forge->comment_writes.size() == 20);
    CHECK(desk.forge->added_comments.size() == 1);  // one mention, since the same has been needed all along
    desk.forge->own_comments.clear();
    desk.push('9');
    desk.put(approved(planned("network-prod", network_plan()), ""));
    desk.report();
    CHECK(desk.forge->own_comments.size() == 1);
}

TEST_CASE("a round costs at most two calls a stack and ten, however often something happens") {
    for (int stacks : {1, 3, 20, 40}) {
        CAPTURE(stacks);
        Desk desk;
        desk.record.looking = true;
        desk.store();
        desk.report();
        desk.record.looking = false;
        for (int i = 0; i < stacks; ++i) desk.add(queued("stack-" + std::to_string(i), i));
        desk.store();
        desk.report();
        for (int i = 0; i < stacks; ++i) {
            desk.wait(1);
            desk.put(planning("stack-" + std::to_string(i), second));
            desk.report();
            desk.wait(2);
            desk.put(approved(planned("stack-" + std::to_string(i), network_plan()), ""));
            desk.report();
        }
        CHECK(static_cast<int>(desk.forge->calls.size()) <= 2 * stacks + 10);
        MESSAGE(stacks << " stacks: " << desk.forge->calls.size() << " calls, of which " << desk.forge->comment_writes.size()
                       << " of the comment and " << desk.forge->check_writes.size() << " of checks");
        CHECK(desk.forge->check("slipway")->conclusion == Conclusion::success);
        CHECK(contains(desk.comment(), stacks == 1 ? "stack-0 changes, ready to merge" : " stacks change, ready to merge"));
        for (const auto& [id, check] : desk.forge->checks) CHECK(check.status == CheckStatus::completed);
        CHECK(desk.forge->comment_writes.size() >= (stacks > 1 ? 2 : 1));
    }
}

TEST_CASE("above thirty stacks only those that need attention have a check of their own") {
    Desk desk;
    for (int i = 0; i < 40; ++i) desk.put(approved(planned("stack-" + std::to_string(i), network_plan()), ""));
    desk.put(failed("broken", "ended with 1", "Error: x"));
    desk.report();
    CHECK(desk.forge->checks.size() == 2);
    REQUIRE(desk.forge->check("slipway/broken"));
    CHECK(desk.forge->check("slipway/broken")->conclusion == Conclusion::failure);
}

TEST_CASE("bad news waits a second at most") {
    Desk desk;
    desk.put(planning("a", second));
    desk.put(planning("b", second));
    desk.report();
    CHECK(desk.forge->check("slipway")->status == CheckStatus::running);
    CHECK(desk.forge->own_comments.empty());
    desk.wait(1);
    desk.put(failed("a", "ended with 1", "Error: x"));
    desk.report();
    REQUIRE(desk.forge->check("slipway/a"));
    CHECK(desk.forge->check("slipway/a")->conclusion == Conclusion::failure);
    CHECK(contains(desk.comment(), "planning 2 stacks (1 failed)"));
}

TEST_CASE("a plan is remembered as shown from its first time on, and the next head is compared with it") {
    Desk desk;
    desk.put(approved(planned("payments-prod", network_plan(), "9f3c"), ""));
    desk.report();
    CHECK(desk.posted().posted_at_ms.at("9f3c") == nine_fourteen);
    desk.wait(30);
    desk.record.stacks[0].approval.approved_by = {"ada"};
    desk.store();
    desk.report();
    CHECK(desk.posted().posted_at_ms.at("9f3c") == nine_fourteen);

    desk.push('b');
    desk.put(numbered(approved(planned("payments-prod", payments_plan(), "77aa"), ""), 2));
    desk.report();
    CHECK(contains(desk.comment(), "New since 1a2b3c4: `aws_db_instance.main`, `aws_s3_bucket.audit` and `aws_iam_role.app`. "
                                   "Gone since 1a2b3c4: `aws_route_table.private`."));
    CHECK(desk.posted().posted_at_ms.at("77aa") == nine_fourteen + 30'000);
    // Another look at the same head says the same.
    desk.record.stacks[0].approval.approved_by = {"grace"};
    desk.store();
    desk.report();
    CHECK(contains(desk.comment(), "New since 1a2b3c4: "));
}

TEST_CASE("one mention when an approval becomes needed, and one more when it is needed anew") {
    Desk desk;
    auto waiting = missing(planned("payments-prod", network_plan(), "9f3c"), "1 of team dba");
    waiting.approval.may_approve = {"grace", "linus", "not a login\n/close"};
    desk.put(planning("payments-prod", second));
    desk.report();
    CHECK(desk.forge->added_comments.empty());
    desk.put(waiting);
    desk.report();
    desk.record.pull.title = "another title";
    desk.store();
    desk.report();
    REQUIRE(desk.forge->added_comments.size() == 1);
    CHECK(desk.forge->added_comments[0].second == "@grace @linus: an approval is needed here: 1 of team dba. The comment above says more.");
    desk.put(approved(planned("payments-prod", network_plan(), "9f3c")));
    desk.report();
    CHECK(desk.forge->added_comments.size() == 1);
    desk.push('b');
    desk.put(numbered(missing(planned("payments-prod", payments_plan(), "77aa"), "1 of team dba"), 2));
    desk.report();
    CHECK(desk.forge->added_comments.size() == 2);
}

TEST_CASE("after the merge comment and checks tell what became of it") {
    Desk desk;
    desk.put(approved(planned("network-prod", network_plan()), ""));
    desk.report();
    const auto checks = desk.forge->check_writes.size();
    desk.wait(60);
    desk.record.pull.state = PullState::merged;
    desk.forge->pulls[7].state = PullState::merged;
    desk.put(tracked("network-prod", network_plan(), RunState::applying));
    desk.report();
    CHECK(contains(desk.comment(), "Slipway is applying network-prod"));
    CHECK(desk.forge->check_writes.size() == checks);
    desk.put(tracked("network-prod", network_plan(), RunState::failed));
    desk.report();
    CHECK(contains(desk.comment(), "the apply of network-prod failed"));
    REQUIRE(desk.forge->added_comments.size() == 1);
    CHECK(desk.forge->added_comments[0].second == "@lin: the apply of network-prod failed. The comment above says more.");
    for (const char* name : {"slipway", "slipway/network-prod"}) {
        CHECK(desk.forge->check(name)->conclusion == Conclusion::failure);
        CHECK(desk.forge->check(name)->title == "The apply failed");
    }
    CHECK(desk.forge->checks.size() == 2);
}

TEST_CASE("a merged head whose check was overridden gets what really happened; where we had written nothing we write none") {
    for (const bool written : {true, false}) {
        CAPTURE(written);
        Desk desk;
        desk.put(missing(planned("network-prod", network_plan()), "1 of team dba"));
        if (written) desk.report();
        if (written) CHECK(desk.forge->check("slipway")->conclusion == Conclusion::action_required);
        desk.record.pull.state = PullState::merged;
        desk.put(tracked("network-prod", network_plan(), RunState::finished));
        desk.report();
        CHECK(desk.forge->checks.size() == (written ? 2 : 0));
        for (const auto& [id, check] : desk.forge->checks) {
            CHECK(check.conclusion == Conclusion::success);
            CHECK(contains(check.title, "pplied"));
        }
    }
}

TEST_CASE("the open checks of a head that was replaced are closed, also where nobody knows whether they were made") {
    for (const bool lost : {false, true}) {
        CAPTURE(lost);
        Desk desk;
        desk.put(planning("a", second));
        desk.report();
        desk.wait(4);
        if (lost) {
            desk.forge->failing = "put_check";
            CHECK_THROWS_AS(desk.report(), Failure);
        } else {
            desk.report();
            CHECK(desk.forge->check("slipway/a")->status == CheckStatus::running);
        }
        const auto old = desk.record.pull.head;
        desk.push('b');
        desk.put(numbered(approved(planned("a", network_plan()), ""), 2));
        desk.report();
        int closed = 0;
        for (const auto& [id, check] : desk.forge->checks) {
            CHECK(check.status == CheckStatus::completed);
            if (check.commit != old) continue;
            ++closed;
            CHECK(check.conclusion == Conclusion::cancelled);
            CHECK(check.title == "Superseded by bbbbbbb");
            CHECK(check.external_id == (check.name == "slipway" ? "" : "01J9a"));
        }
        CHECK(closed == 2);
        for (const auto& [key, digest] : desk.posted().check_digests) CHECK(key.ends_with("@" + desk.record.pull.head.value));
        const auto calls = desk.forge->calls.size();
        desk.report();
        CHECK(desk.forge->calls.size() == calls);
    }
}

TEST_CASE("what decides is written first, then what needs attention, then the rest") {
    Desk desk;
    desk.add(approved(planned("a", network_plan()), ""));
    desk.add(failed("b", "ended with 1", "Error: x"));
    desk.add(approved(planned("c", network_plan()), ""));
    desk.store();
    desk.report();
    std::vector<std::string> names;
    for (const auto& [id, check] : desk.forge->check_writes) names.push_back(check.name);
    CHECK(names == std::vector<std::string>{"slipway", "slipway/b", "slipway/a", "slipway/c"});
    const auto& calls = desk.forge->calls;
    CHECK(calls == std::vector<std::string>{"pull_request", "put_check", "put_comment", "put_check", "put_check", "put_check"});
}

TEST_CASE("where little is left of the forge's limits only summary and comment are written, and the rest later") {
    Desk desk;
    desk.forge->rest_waits = std::chrono::seconds(20);
    desk.add(approved(planned("a", network_plan()), ""));
    desk.add(failed("b", "ended with 1", "Error: x"));
    desk.store();
    desk.report();
    CHECK(desk.forge->check_writes.size() == 1);
    CHECK(desk.forge->own_comments.size() == 1);
    CHECK(desk.waiting_jobs() == 1);  // the report comes again by itself
    const auto calls = desk.forge->calls.size();
    desk.report();
    CHECK(desk.forge->calls.size() == calls);  // still
    desk.forge->rest_waits = {};
    desk.report();
    CHECK(desk.forge->checks.size() == 3);
    CHECK(desk.waiting_jobs() == 0);
}

TEST_CASE("progress waits for its time and comes without anything else happening") {
    Desk desk;
    desk.put(planning("a", second));
    desk.report();
    CHECK(desk.forge->own_comments.empty());
    CHECK(desk.waiting_jobs() == 1);
    desk.wait(3);
    desk.report();
    CHECK(contains(desk.comment(), "planning a"));
    CHECK(desk.forge->check("slipway/a")->status == CheckStatus::running);
}

TEST_CASE("a head that was read a moment ago is not read again; a clock that was set back makes nobody wait") {
    Desk desk;
    desk.record.read_at_ms = desk.clock.now_ms() - 900;
    desk.put(planning("a", second));
    desk.report();
    CHECK(desk.forge->count("pull_request") == 0);
    desk.wait(-3600);
    desk.report();
    CHECK(desk.forge->count("pull_request") == 1);
    CHECK(contains(desk.comment(), "planning a"));
}

TEST_CASE("what waits after the merge shows how its plan differs from the approved one") {
    Desk desk;
    auto proposed = approved(planned("payments-prod", network_plan(), "aaaa"), "");
    proposed.run->change_digest = "1";
    desk.put(proposed);
    auto waiting = tracked("payments-prod", payments_plan(), RunState::unconfirmed);
    waiting.run->lender = proposed.run->id;
    waiting.run->change_digest = "2";
    waiting.run->reason = "its plan is not the one that was approved";
    desk.record.pull.state = PullState::merged;
    desk.put(waiting);
    desk.report();
    CHECK(contains(desk.comment(), "payments-prod waits for confirmation, because its plan is not the one that was approved"));
    CHECK(contains(desk.comment(), "# not in the plan that was approved:"));
    CHECK(contains(desk.comment(), "approved, but no longer in the plan"));
}

TEST_CASE("W4: a check that was open is closed when the pull request is") {
    for (auto state : {PullState::merged, PullState::closed}) {
        Desk desk;
        desk.put(planning("network-prod", second));
        desk.report();
        CHECK(desk.forge->check("slipway")->status == CheckStatus::running);
        desk.wait(4);
        desk.report();
        REQUIRE(desk.forge->check("slipway/network-prod"));
        CHECK(desk.forge->check("slipway/network-prod")->status == CheckStatus::running);
        auto stopped = planning("network-prod", second);
        moved_on(*stopped.run, RunState::stopped, nine_fourteen);
        desk.record.pull.state = state;
        desk.put(stopped);
        desk.report();
        CHECK(desk.forge->check("slipway")->status == CheckStatus::completed);
        CHECK(desk.forge->check("slipway")->conclusion == Conclusion::cancelled);
        CHECK(desk.forge->check("slipway/network-prod")->status == CheckStatus::completed);
    }
}
