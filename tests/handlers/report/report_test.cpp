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
struct Scene {
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

    Scene() {
        forges["github.com"].reset(forge);
        record.pull = report_of({}).pull;
        forge->pulls[7] = record.pull;
    }
    PullRequestName name() const { return record.pull.name; }
    ReportContext context() {
        return {*queue,     plans, forges, clock, "slipway", "https://slipway.example.com",
                "/slipway", {}};
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
        if (stack.plan) set_plan(run).document = plans.put(*stack.plan);
        commit(run_key(run.id), run_versions[run.id.value], encode(run).dump());
        auto at = std::find_if(record.stacks.begin(), record.stacks.end(),
                               [&](const PullStack& s) { return s.settings.id == run.stack; });
        if (at == record.stacks.end()) at = record.stacks.insert(at, PullStack());
        at->settings = run.settings;
        at->approval = stack.approval;
        (run.kind == RunKind::tracked ? at->tracked : at->proposed) = run.id;
    }
    void report() {
        auto job = make_job(jobs::report(name()), name());
        Commit leave;
        leave.jobs.push_back(job);
        run_task(io, queue->commit(std::move(leave)));
        auto claimed = run_task(io, queue->claim("service", "test", std::chrono::seconds(30),
                                                 std::chrono::milliseconds(0)));
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
    PostedRecord posted() {
        return run_task(io, load<PostedRecord>(*queue, posted_key(name()))).value;
    }
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

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

StackReport numbered(StackReport stack, int push) {
    stack.run->id = RunId(stack.run->id.value + "-" + std::to_string(push));
    return stack;
}

}  // namespace

TEST_CASE("the summary check stands at once; the comment comes with the stacks") {
    Scene scene;
    scene.record.discovering_stacks = true;
    scene.store();
    scene.report();
    REQUIRE(scene.forge->check("slipway"));
    CHECK(scene.forge->check("slipway")->status == CheckStatus::running);
    CHECK(scene.forge->own_comments.empty());
    REQUIRE(scene.posted().summary);
    CHECK(scene.posted().summary->status == CheckStatus::running);

    scene.record.discovering_stacks = false;
    scene.put(queued("network-prod", 0));
    const auto calls = scene.forge->calls.size();
    scene.report();
    CHECK(scene.forge->calls.size() == calls);  // it may be done soon
    scene.wait(3);
    scene.report();
    CHECK(contains(scene.comment(), "network-prod is queued"));
    CHECK(scene.comment().starts_with("<!-- slipway -->\n"));

    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.report();
    CHECK(contains(scene.comment(), "network-prod changes, ready to merge"));
    CHECK(scene.forge->check("slipway")->conclusion == Conclusion::passed);
    REQUIRE(scene.forge->check("slipway/network-prod"));
    CHECK(scene.forge->check("slipway/network-prod")->external_id == "01J9network-prod");
    CHECK(scene.forge->check("slipway/network-prod")->status == CheckStatus::done);
    CHECK(scene.forge->comment_writes.size() == 2);
}

TEST_CASE("the summary check is remembered as it stands, with its commit") {
    Scene scene;
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.put(approved(planned("web-prod", network_plan()), ""));
    scene.report();
    const auto shown = scene.forge->check("slipway");
    REQUIRE(scene.forge->check("slipway/web-prod")->title != shown->title);
    const auto posted = scene.posted().summary;
    REQUIRE(posted);
    CHECK(posted->commit == scene.record.pull.head);
    CHECK(posted->status == CheckStatus::done);
    CHECK(posted->conclusion == shown->conclusion);
    CHECK(posted->title == shown->title);
}

TEST_CASE("what stands is not written again") {
    Scene scene;
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.report();
    const auto calls = scene.forge->calls.size();
    scene.report();
    scene.report();
    CHECK(scene.forge->calls.size() == calls);
}

TEST_CASE("a head that moved on is never written to") {
    Scene scene;
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.forge->pulls[7].head = CommitSha(std::string(40, 'f'));
    scene.report();
    CHECK(scene.forge->check_writes.empty());
    CHECK(scene.forge->own_comments.empty());
    scene.forge->pulls.clear();
    scene.report();
    CHECK(scene.forge->check_writes.empty());
}

TEST_CASE("T31: where no stack is concerned there is a green check and no comment") {
    Scene scene;
    scene.store();
    scene.report();
    CHECK(scene.forge->check("slipway")->conclusion == Conclusion::passed);
    CHECK(scene.forge->check("slipway")->title == "no stack is concerned");
    CHECK(scene.forge->own_comments.empty());
}

TEST_CASE("what was written before a failure is remembered") {
    Scene scene;
    scene.put(approved(planned("a", network_plan()), ""));
    scene.put(approved(planned("b", network_plan()), ""));
    scene.forge->failing = "put_check";
    scene.forge->calls_until_failing = 1;
    CHECK_THROWS_AS(scene.report(), Failure);
    CHECK(scene.forge->check_writes.size() == 1);
    CHECK(scene.posted().check_ids.size() == 2);  // the second is known to have been tried
    CHECK(scene.forge->own_comments.size() == 1);
    scene.report();
    CHECK(scene.forge->checks.size() == 3);
    CHECK(scene.forge->check_writes.size() == 3);
    CHECK(scene.forge->own_comments.size() == 1);
}

TEST_CASE("comment and checks keep the limits of their forge") {
    Scene scene;
    scene.forge->can.limits.comment_bytes = 9'000;
    scene.forge->can.limits.title_bytes = 30;
    for (int i = 0; i < 50; ++i)
        scene.add(missing(planned("stack-" + std::to_string(i), network_plan()), of_team("dba")));
    scene.store();
    scene.report();
    CHECK(scene.comment().size() > 5'000);
    CHECK(scene.comment().size() <= 9'000);
    CHECK(scene.forge->check("slipway")->title.size() <= 30);
}

TEST_CASE("T30: twenty pushes and fifty stacks make one comment, made again if it is deleted") {
    Scene scene;
    for (int push = 0; push < 20; ++push) {
        scene.push(static_cast<char>('a' + push % 6));
        if (push > 0 && push % 6 == 0) scene.push(static_cast<char>('0' + push / 6));
        for (int i = 0; i < 50; ++i)
            scene.add(numbered(missing(planned("stack-" + std::to_string(i), network_plan(),
                                               "9f3c" + std::to_string(push)),
                                       of_team("dba")),
                               push));
        scene.store();
        scene.wait(60);
        scene.report();
        CHECK(scene.comment().size() <= 60'000);
        CHECK(contains(scene.comment(), "50 stacks change, waiting for 1 approval"));
    }
    CHECK(scene.forge->comment_writes.size() == 20);
    CHECK(scene.forge->added_comments.size() ==
          1);  // one mention, since the same has been needed all along
    scene.forge->own_comments.clear();
    scene.push('9');
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.report();
    CHECK(scene.forge->own_comments.size() == 1);
}

TEST_CASE("a round costs at most two calls a stack and ten, however often something happens") {
    for (int stacks : {1, 3, 20, 40}) {
        CAPTURE(stacks);
        Scene scene;
        scene.record.discovering_stacks = true;
        scene.store();
        scene.report();
        scene.record.discovering_stacks = false;
        for (int i = 0; i < stacks; ++i) scene.add(queued("stack-" + std::to_string(i), i));
        scene.store();
        scene.report();
        for (int i = 0; i < stacks; ++i) {
            scene.wait(1);
            scene.put(planning("stack-" + std::to_string(i), second));
            scene.report();
            scene.wait(2);
            scene.put(approved(planned("stack-" + std::to_string(i), network_plan()), ""));
            scene.report();
        }
        CHECK(static_cast<int>(scene.forge->calls.size()) <= 2 * stacks + 10);
        MESSAGE(stacks << " stacks: " << scene.forge->calls.size() << " calls, of which "
                       << scene.forge->comment_writes.size() << " of the comment and "
                       << scene.forge->check_writes.size() << " of checks");
        CHECK(scene.forge->check("slipway")->conclusion == Conclusion::passed);
        CHECK(contains(scene.comment(), stacks == 1 ? "stack-0 changes, ready to merge"
                                                    : " stacks change, ready to merge"));
        for (const auto& [id, check] : scene.forge->checks)
            CHECK(check.status == CheckStatus::done);
        CHECK(scene.forge->comment_writes.size() >= (stacks > 1 ? 2 : 1));
    }
}

TEST_CASE("above thirty stacks only those that need attention have a check of their own") {
    Scene scene;
    for (int i = 0; i < 40; ++i)
        scene.put(approved(planned("stack-" + std::to_string(i), network_plan()), ""));
    scene.put(failed("broken", "ended with 1", "Error: x"));
    scene.report();
    CHECK(scene.forge->checks.size() == 2);
    REQUIRE(scene.forge->check("slipway/broken"));
    CHECK(scene.forge->check("slipway/broken")->conclusion == Conclusion::failed);
}

TEST_CASE("bad news waits a second at most") {
    Scene scene;
    scene.put(planning("a", second));
    scene.put(planning("b", second));
    scene.report();
    CHECK(scene.forge->check("slipway")->status == CheckStatus::running);
    CHECK(scene.forge->own_comments.empty());
    scene.wait(1);
    scene.put(failed("a", "ended with 1", "Error: x"));
    scene.report();
    REQUIRE(scene.forge->check("slipway/a"));
    CHECK(scene.forge->check("slipway/a")->conclusion == Conclusion::failed);
    CHECK(contains(scene.comment(), "planning 2 stacks (1 failed)"));
}

TEST_CASE(
    "a plan is remembered as shown from its first time on, and the next head is compared with it") {
    Scene scene;
    scene.put(approved(planned("payments-prod", network_plan(), "9f3c"), ""));
    scene.report();
    CHECK(scene.posted().posted_at_ms.at("9f3c") == nine_fourteen);
    scene.wait(30);
    scene.record.stacks[0].approval.approved_by = {"ada"};
    scene.store();
    scene.report();
    CHECK(scene.posted().posted_at_ms.at("9f3c") == nine_fourteen);

    scene.push('b');
    scene.put(numbered(approved(planned("payments-prod", payments_plan(), "77aa"), ""), 2));
    scene.report();
    CHECK(contains(
        scene.comment(),
        "New since 1a2b3c4: `aws_db_instance.main`, `aws_s3_bucket.audit` and `aws_iam_role.app`. "
        "Gone since 1a2b3c4: `aws_route_table.private`."));
    CHECK(scene.posted().posted_at_ms.at("77aa") == nine_fourteen + 30'000);
    // Another look at the same head says the same.
    scene.record.stacks[0].approval.approved_by = {"grace"};
    scene.store();
    scene.report();
    CHECK(contains(scene.comment(), "New since 1a2b3c4: "));
}

TEST_CASE("one mention when an approval becomes needed, and one more when it is needed anew") {
    Scene scene;
    auto waiting = missing(planned("payments-prod", network_plan(), "9f3c"), of_team("dba"));
    waiting.approval.may_approve = {"grace", "linus", "not a login\n/close"};
    scene.put(planning("payments-prod", second));
    scene.report();
    CHECK(scene.forge->added_comments.empty());
    scene.put(waiting);
    scene.report();
    scene.record.pull.title = "another title";
    scene.store();
    scene.report();
    REQUIRE(scene.forge->added_comments.size() == 1);
    CHECK(scene.forge->added_comments[0].second ==
          "@grace @linus: an approval is needed here: 1 of team dba. The comment above says more.");
    scene.put(approved(planned("payments-prod", network_plan(), "9f3c")));
    scene.report();
    CHECK(scene.forge->added_comments.size() == 1);
    scene.push('b');
    scene.put(
        numbered(missing(planned("payments-prod", payments_plan(), "77aa"), of_team("dba")), 2));
    scene.report();
    CHECK(scene.forge->added_comments.size() == 2);
}

TEST_CASE("after the merge comment and checks tell what became of it") {
    Scene scene;
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.report();
    const auto checks = scene.forge->check_writes.size();
    scene.wait(60);
    scene.record.pull.state = PullState::merged;
    scene.forge->pulls[7].state = PullState::merged;
    scene.put(tracked("network-prod", network_plan(), RunState::applying));
    scene.report();
    CHECK(contains(scene.comment(), "Slipway is applying network-prod"));
    CHECK(scene.forge->check_writes.size() == checks);
    scene.put(tracked("network-prod", network_plan(), RunState::failed));
    scene.report();
    CHECK(contains(scene.comment(), "apply of network-prod failed"));
    REQUIRE(scene.forge->added_comments.size() == 1);
    CHECK(scene.forge->added_comments[0].second ==
          "@lin: the apply of network-prod failed. The comment above says more.");
    for (const char* name : {"slipway", "slipway/network-prod"}) {
        CHECK(scene.forge->check(name)->conclusion == Conclusion::failed);
        CHECK(scene.forge->check(name)->title == "The apply failed");
    }
    CHECK(scene.forge->checks.size() == 2);
}

TEST_CASE("an apply is shown as a deployment where the forge keeps them, once for each state") {
    Scene scene;
    scene.forge->can.records_deployments = true;
    const auto states = [&] {
        std::string out;
        for (const auto& [known, one] : scene.forge->deployments)
            out += (known.empty() ? "new " : "") + std::string(word(one.state)) + ";";
        return out;
    };
    scene.put(approved(planned("network-prod", network_plan()), ""));
    scene.report();
    CHECK(states().empty());
    scene.wait(60);
    scene.record.pull.state = PullState::merged;
    scene.forge->pulls[7].state = PullState::merged;
    auto run = tracked("network-prod", network_plan(), RunState::unconfirmed);
    scene.put(run);
    scene.report();
    CHECK(states().empty());  // nothing is applied yet
    const auto now = [&](RunState state) {
        run = tracked("network-prod", network_plan(), state);
        run.run->history.push_back({RunState::applying, 1, "slipway", "", RunEvent::begun});
        scene.put(run);
        scene.wait(60);
        scene.report();
        scene.report();
    };
    now(RunState::applying);
    CHECK(states() == "new in_progress;");
    now(RunState::unknown);
    now(RunState::finished);
    CHECK(states() == "new in_progress;error;success;");
    const auto& shown = scene.forge->deployments.back().second;
    CHECK(shown.environment == "network-prod");
    CHECK(shown.commit == run.run->head);
    CHECK_FALSE(shown.key.empty());
    for (const auto& [known, one] : scene.forge->deployments) CHECK(one.key == shown.key);

    Scene without;
    without.record.pull.state = PullState::merged;
    without.put(tracked("network-prod", network_plan(), RunState::finished));
    without.report();
    CHECK(without.forge->deployments.empty());
}

TEST_CASE("a deployment that the forge takes by no means keeps nothing else back") {
    Scene scene;
    scene.forge->can.records_deployments = true;
    scene.forge->failing = "put_deployment";
    scene.forge->fails_for_good = true;
    scene.record.pull.state = PullState::merged;
    auto run = tracked("network-prod", network_plan(), RunState::finished);
    run.run->history.push_back({RunState::applying, 1, "slipway", "", RunEvent::begun});
    scene.put(run);
    scene.report();
    scene.report();
    CHECK(scene.forge->count("put_deployment") == 1);
    CHECK(contains(scene.forge->check("slipway")->title, "pplied"));
}

TEST_CASE(
    "a merged head whose check was overridden gets what really happened, also where what was "
    "written is not remembered") {
    for (const bool written : {true, false}) {
        CAPTURE(written);
        Scene scene;
        scene.put(missing(planned("network-prod", network_plan()), of_team("dba")));
        if (written) scene.report();
        if (written) CHECK(scene.forge->check("slipway")->conclusion == Conclusion::needs_action);
        scene.record.pull.state = PullState::merged;
        scene.put(tracked("network-prod", network_plan(), RunState::finished));
        scene.report();
        CHECK(scene.forge->checks.size() == (written ? 2 : 1));
        for (const auto& [id, check] : scene.forge->checks) {
            CHECK(check.conclusion == Conclusion::passed);
            CHECK(contains(check.title, "pplied"));
        }
    }
}

TEST_CASE("two open pull requests that change one stack say so, and what they have in common") {
    Scene scene;
    auto other = *planned("network-prod", network_plan()).run;
    other.id = RunId("other");
    other.repository = scene.name().repository;
    other.pull = 12;
    set_plan(other).changes = true;
    auto others_plan = network_plan();
    others_plan.changes.resize(1);
    set_plan(other).document = scene.plans.put(others_plan);
    PullRecord theirs;
    theirs.pull.name = {other.repository, 12};
    theirs.pull.head = other.head;
    theirs.stacks.emplace_back();
    theirs.stacks.back().proposed = other.id;
    std::uint64_t run_version = 0, pull_version = 0;
    const auto store = [&] {
        Commit all;
        all.records.push_back({run_key(other.id), run_version++, encode(other).dump()});
        all.records.push_back({pull_key(theirs.pull.name), pull_version++, encode(theirs).dump()});
        all.index.push_back({runs_index(other.stack), other.id.value, nine_fourteen});
        REQUIRE(run_task(scene.io, scene.queue->commit(std::move(all))) == Committed::done);
    };
    const auto sentence = [&] {
        const auto comment = scene.comment();
        const auto at = comment.find("is also changed by ");
        return at == comment.npos ? "" : comment.substr(at, comment.find('\n', at) - at);
    };
    store();
    auto own = approved(planned("network-prod", network_plan()), "");
    set_plan(*own.run).changes = true;
    scene.put(own);
    scene.report();
    // Also where their own comment was not written yet.
    CHECK(sentence() == "is also changed by #12 (1 resource in common: `" +
                            others_plan.changes.front().address + "`).");
    set_plan(other).document = BlobId("gone");
    store();
    scene.report();
    CHECK(sentence() == "is also changed by #12.");
    theirs.pull.state = PullState::closed;
    store();
    scene.report();
    CHECK(sentence().empty());
    theirs.pull.state = PullState::open;
    theirs.stacks.back().proposed = RunId("newer");  // and of an older look
    store();
    scene.report();
    CHECK(sentence().empty());
}

TEST_CASE(
    "the open checks of a head that was replaced are closed, also where nobody knows whether they "
    "were made") {
    for (const bool lost : {false, true}) {
        CAPTURE(lost);
        Scene scene;
        scene.put(planning("a", second));
        scene.report();
        scene.wait(4);
        if (lost) {
            scene.forge->failing = "put_check";
            CHECK_THROWS_AS(scene.report(), Failure);
        } else {
            scene.report();
            CHECK(scene.forge->check("slipway/a")->status == CheckStatus::running);
        }
        const auto old = scene.record.pull.head;
        scene.push('b');
        scene.put(numbered(approved(planned("a", network_plan()), ""), 2));
        scene.report();
        int closed = 0;
        for (const auto& [id, check] : scene.forge->checks) {
            CHECK(check.status == CheckStatus::done);
            if (check.commit != old) continue;
            ++closed;
            CHECK(check.conclusion == Conclusion::cancelled);
            CHECK(check.title == "Superseded by bbbbbbb");
            CHECK(check.external_id == (check.name == "slipway" ? "" : "01J9a"));
        }
        CHECK(closed == 2);
        for (const auto& [key, digest] : scene.posted().check_digests)
            CHECK(key.ends_with("@" + scene.record.pull.head.value));
        const auto calls = scene.forge->calls.size();
        scene.report();
        CHECK(scene.forge->calls.size() == calls);
    }
}

TEST_CASE("a check that may have been opened again is written even where it says what it said") {
    Scene scene;
    scene.put(approved(planned("a", network_plan()), ""));
    scene.report();
    const auto title = scene.forge->check("slipway")->title;
    scene.wait(60);
    scene.put(planning("a", second));
    scene.forge->failing = "put_check";
    CHECK_THROWS_AS(scene.report(), Failure);  // its answer is lost: it may stand open there
    const auto writes = scene.forge->check_writes.size();
    scene.put(approved(planned("a", network_plan()), ""));
    scene.report();
    REQUIRE(scene.forge->check_writes.size() > writes);
    CHECK(scene.forge->check("slipway")->title == title);
    CHECK(scene.forge->check("slipway")->status == CheckStatus::done);
}

TEST_CASE("F19: what decides is written first, then what needs attention, then the rest") {
    Scene scene;
    scene.add(approved(planned("a", network_plan()), ""));
    scene.add(failed("b", "ended with 1", "Error: x"));
    scene.add(approved(planned("c", network_plan()), ""));
    scene.store();
    scene.report();
    std::vector<std::string> names;
    for (const auto& [id, check] : scene.forge->check_writes) names.push_back(check.name);
    CHECK(names == std::vector<std::string>{"slipway", "slipway/b", "slipway/a", "slipway/c"});
    const auto& calls = scene.forge->calls;
    CHECK(calls == std::vector<std::string>{"pull_request", "put_check", "put_comment", "put_check",
                                            "put_check", "put_check"});
}

TEST_CASE(
    "where little is left of the forge's limits only summary and comment are written, and the rest "
    "later") {
    Scene scene;
    scene.forge->rest_waits = std::chrono::seconds(20);
    scene.add(approved(planned("a", network_plan()), ""));
    scene.add(failed("b", "ended with 1", "Error: x"));
    scene.store();
    scene.report();
    CHECK(scene.forge->check_writes.size() == 1);
    CHECK(scene.forge->own_comments.size() == 1);
    CHECK(scene.waiting_jobs() == 1);  // the report comes again by itself
    const auto calls = scene.forge->calls.size();
    scene.report();
    CHECK(scene.forge->calls.size() == calls);  // still
    scene.forge->rest_waits = {};
    scene.report();
    CHECK(scene.forge->checks.size() == 3);
    CHECK(scene.waiting_jobs() == 0);
}

TEST_CASE("progress waits for its time and comes without anything else happening") {
    Scene scene;
    scene.put(planning("a", second));
    scene.report();
    CHECK(scene.forge->own_comments.empty());
    CHECK(scene.waiting_jobs() == 1);
    scene.wait(3);
    scene.report();
    CHECK(contains(scene.comment(), "planning a"));
    CHECK(scene.forge->check("slipway/a")->status == CheckStatus::running);
}

TEST_CASE(
    "a head that was read a moment ago is not read again; a clock that was set back makes nobody "
    "wait") {
    Scene scene;
    scene.record.read_at_ms = scene.clock.now_ms() - 900;
    scene.put(planning("a", second));
    scene.report();
    CHECK(scene.forge->count("pull_request") == 0);
    scene.wait(-3600);
    scene.report();
    CHECK(scene.forge->count("pull_request") == 1);
    CHECK(contains(scene.comment(), "planning a"));
}

TEST_CASE("what waits after the merge shows how its plan differs from the approved one") {
    Scene scene;
    auto proposed = approved(planned("payments-prod", network_plan(), "aaaa"), "");
    set_plan(*proposed.run).change_digest = "1";
    scene.put(proposed);
    auto waiting = tracked("payments-prod", payments_plan(), RunState::unconfirmed);
    waiting.run->approved_run = proposed.run->id;
    set_plan(*waiting.run).change_digest = "2";
    waiting.run->reason = {Cause::other_plan};
    scene.record.pull.state = PullState::merged;
    scene.put(waiting);
    scene.report();
    CHECK(contains(
        scene.comment(),
        "payments-prod waits for confirmation, because its plan is not the one that was approved"));
    CHECK(contains(scene.comment(), "# not in the plan that was approved:"));
    CHECK(contains(scene.comment(), "approved, but no longer in the plan"));
}

TEST_CASE("W4: a check that was open is closed when the pull request is") {
    for (auto state : {PullState::merged, PullState::closed}) {
        Scene scene;
        scene.put(planning("network-prod", second));
        scene.report();
        CHECK(scene.forge->check("slipway")->status == CheckStatus::running);
        scene.wait(4);
        scene.report();
        REQUIRE(scene.forge->check("slipway/network-prod"));
        CHECK(scene.forge->check("slipway/network-prod")->status == CheckStatus::running);
        auto stopped = planning("network-prod", second);
        moved_on(*stopped.run, RunState::stopped, nine_fourteen);
        scene.record.pull.state = state;
        scene.put(stopped);
        scene.report();
        CHECK(scene.forge->check("slipway")->status == CheckStatus::done);
        CHECK(scene.forge->check("slipway")->conclusion == Conclusion::cancelled);
        CHECK(scene.forge->check("slipway/network-prod")->status == CheckStatus::done);
    }
}

TEST_CASE("a lock is shown on its pull request for as long as it holds") {
    Scene scene;
    scene.put(approved(planned("network-prod", network_plan())));
    StackLock lock;
    lock.stack = StackId("network-prod");
    lock.holder.login = "ada";
    lock.expires_at_ms = nine_fourteen + 60 * second;
    std::uint64_t version = 0;
    scene.commit(lock_key(lock.stack), version, encode(lock).dump());
    scene.report();
    CHECK(contains(scene.comment(), "network-prod is locked by ada until"));
    scene.wait(60);
    scene.report();
    CHECK_FALSE(contains(scene.comment(), "locked by"));
}

namespace {

// Calls `meanwhile` once, when the next check is about to be written.
class SlowForge : public RecordingForge {
  public:
    std::function<void()> meanwhile;
    Task<std::string> put_check(RepositoryName repository, std::string known_id,
                                Check check) override {
        if (auto once = std::exchange(meanwhile, nullptr)) once();
        co_return co_await RecordingForge::put_check(std::move(repository), std::move(known_id),
                                                     std::move(check));
    }
};

}  // namespace

TEST_CASE("what a report wrote after its lease had gone is written again") {
    Scene scene;
    auto* slow = new SlowForge();
    slow->pulls = scene.forge->pulls;
    scene.forge = slow;
    scene.forges["github.com"].reset(slow);
    const auto done = approved(planned("network-prod", network_plan()), "");
    scene.put(done);
    scene.report();
    REQUIRE(scene.forge->check("slipway")->status == CheckStatus::done);

    scene.wait(60);
    scene.put(queued("network-prod", 0));
    slow->meanwhile = [&] {
        // This one stands still; another takes its job, and by then the plan is there again.
        scene.wait(31);
        asio::io_context io;
        run_task(io, scene.queue->expire());
        scene.put(done);
        auto next = run_task(io, scene.queue->claim("service", "other", std::chrono::seconds(30),
                                                    std::chrono::milliseconds(0)));
        REQUIRE(next);
        auto surroundings = scene.context();
        const auto lease = next->lease;
        run_task(io, write_report(surroundings, std::move(*next)));
        run_task(io, scene.queue->finish(lease));
    };
    scene.report();
    REQUIRE(scene.waiting_jobs() == 1);
    scene.report();
    CHECK(scene.forge->check("slipway")->status == CheckStatus::done);
}
