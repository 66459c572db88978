// Locks of stacks: who may set and lift one, what it keeps from being applied, and who goes on when
// it is over.
#include <doctest/doctest.h>

#include "service/base/pause.hpp"
#include "service/wording/locks.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

constexpr std::int64_t hour_ms = 3600 * 1000;

struct Bench : ControlBench {
    Bench() {
        with_roles();
        all_may_write();
    }
    Stored<StackLock> stored() {
        return run_task(io, load<StackLock>(*queue, lock_key(StackId("net"))));
    }
    StackLock lock() { return stored().value; }
    bool is_locked() { return holds(lock(), clock.now_ms()); }
    Answer asked(Verb verb, const char* login, std::int64_t lock_ms = 0) {
        auto wanted = request(verb, login);
        wanted.lock_ms = lock_ms;
        wanted.note = "migration tonight";
        return answer(wanted);
    }
    Answer::Kind kind(Verb verb, const char* login) { return asked(verb, login).kind; }
    // Does what the service has to do about locks and reviews, until nothing is left.
    void serve() {
        for (;;) {
            auto claimed = run_task(io, queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0)));
            if (!claimed) return;
            const auto lease = claimed->lease;
            if (claimed->job.kind == JobKind::lock)
                run_task(io, look_at_lock(context, std::move(*claimed)));
            else if (claimed->job.kind == JobKind::consider)
                run_task(io, consider(context, std::move(*claimed)));
            run_task(io, queue->finish(lease));
        }
    }
    void consider_now() { work(make_job(jobs::consider(pull_name), pull_name), consider); }
    void look() {
        const StackId net("net");
        work(make_job(jobs::lock_changed(net), net), look_at_lock);
    }
    bool says(const Answer& answer, const char* text) {
        return answer.text.find(text) != std::string::npos;
    }
};

// A run of the branch that would apply by itself: approved, as it was shown.
struct Automatic : Bench {
    Automatic() {
        put(planned(RunKind::proposed, "p"));
        auto run = planned(RunKind::tracked, "t");
        run.approved_run = RunId("p");
        put(run);
        Commit listed;  // as create_run() leaves it
        listed.index.push_back({runs_index(run.stack), "t", 1});
        commit(std::move(listed));
    }
};

// A call that names stacks and no pull request.
Request call(Verb verb, std::vector<std::string> patterns, Role granted) {
    Request out;
    out.verb = verb;
    out.granted = granted;
    out.actor.login = "ci";
    for (auto& pattern : patterns) out.targets.push_back({std::move(pattern), ""});
    return out;
}

Stack in_tree(const char* id, const RepositoryName& repository) {
    Stack out;
    out.id = StackId(id);
    out.space = SpaceId("production");
    out.repository = repository;
    return out;
}

}  // namespace

TEST_CASE("W2: a stack is locked with permission to write and the role writer") {
    Automatic bench;
    CHECK(bench.kind(Verb::lock, "linus") == Answer::Kind::refused);
    CHECK_FALSE(bench.is_locked());
    bench.forge->permissions["grace"] = Permission::read;
    CHECK(bench.kind(Verb::lock, "grace") == Answer::Kind::refused);
    CHECK_FALSE(bench.is_locked());
    bench.forge->permissions["grace"] = Permission::write;
    CHECK(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    CHECK(bench.is_locked());
    CHECK(bench.lock().holder.login == "grace");
    CHECK(bench.lock().note == "migration tonight");
    CHECK(bench.lock().since_ms == bench.clock.now_ms());
    CHECK(bench.lock().expires_at_ms == bench.clock.now_ms() + 24 * hour_ms);
    CHECK(bench.left("lock/0/net", "service"));
}

TEST_CASE("a lock holds as long as it is asked for, and never more than 30 days") {
    Automatic bench;
    REQUIRE(bench.asked(Verb::lock, "grace", 4 * hour_ms).kind == Answer::Kind::done);
    CHECK(bench.lock().expires_at_ms == bench.clock.now_ms() + 4 * hour_ms);
    REQUIRE(bench.asked(Verb::lock, "grace", 24 * 365 * hour_ms).kind == Answer::Kind::done);
    CHECK(bench.lock().expires_at_ms == bench.clock.now_ms() + 24 * 30 * hour_ms);
}

TEST_CASE("the answer to a lock says until when, and never repeats a note") {
    Automatic bench;
    auto wanted = bench.request(Verb::lock, "grace");
    wanted.lock_ms = hour_ms;
    wanted.note = "@everybody <img src=x>\n# heading\x1B[31m";
    const auto done = bench.answer(wanted);
    CHECK(bench.says(done, lock_end_text(bench.clock.now_ms() + hour_ms).c_str()));
    CHECK(bench.says(done, "`/slipway unlock net`"));
    CHECK(bench.lock().note.find_first_of("\n\x1B") == std::string::npos);
    for (const auto& said : {done, bench.asked(Verb::lock, "ada"), bench.asked(Verb::unlock, "ada"),
                             bench.asked(Verb::apply, "ada")})
        CHECK_FALSE(bench.says(said, "everybody"));
}

TEST_CASE("a note is kept up to its limit, in whole characters") {
    Automatic bench;
    auto wanted = bench.request(Verb::lock, "grace");
    for (int i = 0; i < 5'000; ++i) wanted.note += "\xE2\x82\xAC";
    REQUIRE(bench.answer(wanted).kind == Answer::Kind::done);
    CHECK(bench.lock().note.size() == 999);
}

TEST_CASE("whoever else asks for a lock, or would lift it, is told who holds it and who can") {
    Automatic bench;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    for (const auto verb : {Verb::lock, Verb::unlock}) {
        CAPTURE(word(verb));
        const auto no = bench.asked(verb, "ada");
        CHECK(no.kind == Answer::Kind::refused);
        CHECK(bench.says(no, "locked by `grace` until"));
        CHECK(bench.says(no, "`grace` or somebody with the role admin in the space `production`"));
        CHECK(bench.lock().holder.login == "grace");
        CHECK(bench.is_locked());
    }
    const auto root = bench.asked(Verb::lock, "root");
    CHECK(root.kind == Answer::Kind::refused);  // an administrator lifts it first
    CHECK(bench.kind(Verb::unlock, "linus") == Answer::Kind::refused);
    CHECK(bench.is_locked());
}

TEST_CASE("a lock is lifted by who holds it, or by an administrator of the space") {
    for (const char* login : {"grace", "root"}) {
        CAPTURE(login);
        Automatic bench;
        REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
        CHECK(bench.kind(Verb::unlock, login) == Answer::Kind::done);
        CHECK_FALSE(bench.is_locked());
        CHECK(bench.kind(Verb::unlock, login) == Answer::Kind::refused);  // nothing is locked
    }
}

TEST_CASE("who has the holder's name elsewhere is somebody else") {
    Automatic bench;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    bench.organisation->stacks = {in_tree("net", bench.infra)};
    auto other = call(Verb::unlock, {"net"}, Role::writer);
    other.actor.login = "grace";
    bench.work(make_job(jobs::api_command("1"), other), answer_request);
    CHECK(bench.is_locked());
}

TEST_CASE("without a tree the repository's administrators lift any lock") {
    Automatic bench;
    bench.context.has_organisation_tree = false;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    const auto no = bench.asked(Verb::unlock, "ada");
    CHECK(no.kind == Answer::Kind::refused);
    CHECK(bench.says(no, "`grace` or an administrator of the repository"));
    bench.forge->permissions["root"] = Permission::admin;
    CHECK(bench.kind(Verb::unlock, "root") == Answer::Kind::done);
}

TEST_CASE("an expired lock is none: anybody who may locks anew, and nothing is left to lift") {
    Automatic bench;
    REQUIRE(bench.asked(Verb::lock, "grace", hour_ms).kind == Answer::Kind::done);
    bench.clock.advance(std::chrono::hours(1));
    CHECK(bench.kind(Verb::unlock, "grace") == Answer::Kind::refused);
    CHECK(bench.kind(Verb::lock, "ada") == Answer::Kind::done);
    CHECK(bench.lock().holder.login == "ada");
    CHECK(bench.lock().since_ms == bench.clock.now_ms());
}

TEST_CASE("who holds a lock may prolong it; it began when it began") {
    Automatic bench;
    REQUIRE(bench.asked(Verb::lock, "grace", hour_ms).kind == Answer::Kind::done);
    const auto first = bench.lock();
    bench.clock.advance(std::chrono::minutes(30));
    REQUIRE(bench.asked(Verb::lock, "grace", 2 * hour_ms).kind == Answer::Kind::done);
    CHECK(bench.lock().since_ms == first.since_ms);
    CHECK(bench.lock().expires_at_ms == bench.clock.now_ms() + 2 * hour_ms);
}

TEST_CASE("a run of a locked stack waits for that alone, and applies once it is unlocked") {
    Automatic bench;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    bench.serve();
    CHECK(bench.run("t").state == RunState::unconfirmed);
    CHECK(bench.run("t").reason == why_locked(bench.lock(), bench.clock.now_ms()));
    REQUIRE(bench.kind(Verb::unlock, "grace") == Answer::Kind::done);
    bench.serve();
    CHECK(bench.run("t").state == RunState::confirmed);
    CHECK(bench.left("perform/t/apply", "work/default"));
}

TEST_CASE("a run of a locked stack applies when the lock expires, and nobody has to push") {
    Automatic bench;
    REQUIRE(bench.asked(Verb::lock, "grace", hour_ms).kind == Answer::Kind::done);
    bench.serve();
    REQUIRE(bench.run("t").reason.cause == Cause::locked);
    bench.clock.advance(std::chrono::milliseconds(hour_ms - 1));
    bench.serve();
    CHECK(bench.run("t").state == RunState::unconfirmed);
    bench.clock.advance(std::chrono::milliseconds(1));
    bench.serve();
    CHECK(bench.run("t").state == RunState::confirmed);
}

TEST_CASE("whoever waits for a lock has its end looked at, though the lock's own job was lost") {
    Automatic bench;
    Stored<StackLock> lock;
    lock.value.stack = StackId("net");
    lock.value.holder.login = "grace";
    lock.value.expires_at_ms = bench.clock.now_ms() + hour_ms;
    Commit commit;
    commit.records.push_back(save(lock_key(lock.value.stack), lock));
    bench.commit(std::move(commit));
    bench.consider_now();
    bench.clock.advance(std::chrono::hours(1));
    CHECK(bench.left(lock_expiry(lock.value).id.value, "service"));
}

TEST_CASE("where the queue's clock is ahead, the end of a lock is waited for") {
    Automatic bench;
    REQUIRE(bench.asked(Verb::lock, "grace", hour_ms).kind == Answer::Kind::done);
    auto job = lock_expiry(bench.lock());
    ClaimedJob early{job, {job.id, 1}, 1};
    CHECK_THROWS_AS(run_task(bench.io, look_at_lock(bench.context, early)), Pause);
}

TEST_CASE("a change of a lock is looked at by each pull request that shows the stack") {
    Automatic bench;
    const PullRequestName other{bench.infra, 8}, closed{bench.infra, 9};
    Commit commit;
    for (const auto& name : {other, closed}) {
        Stored<PullRecord> record;
        record.value.pull.name = name;
        if (name == closed) record.value.pull.state = PullState::closed;
        auto run = bench.planned(RunKind::proposed, name == closed ? "c" : "o");
        run.pull = name.number;
        create_run(commit, run);
        commit.records.push_back(save(pull_key(name), record));
    }
    bench.commit(std::move(commit));
    bench.look();
    std::vector<std::string> left;
    while (auto claimed =
               run_task(bench.io, bench.queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0))))
        if (claimed->job.kind == JobKind::consider || claimed->job.kind == JobKind::report)
            left.push_back(claimed->job.id.value);
    std::sort(left.begin(), left.end());
    CHECK(left == std::vector<std::string>{jobs::consider(bench.pull_name).id.value,
                                           jobs::report(other).id.value});
}

TEST_CASE("a run without a pull request says again what it waits for once the lock is lifted") {
    Bench bench;
    auto run = bench.planned(RunKind::tracked, "alone");
    run.pull.reset();
    run.must_confirm = {Cause::no_merged_pull, "main"};
    run.reason = {Cause::locked, "grace"};
    Commit commit;
    create_run(commit, run);
    bench.commit(std::move(commit));
    bench.look();
    CHECK(bench.run("alone").reason == run.must_confirm);
}

TEST_CASE("nobody confirms an apply of a locked stack, not even who holds the lock") {
    Automatic bench;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    const auto no = bench.asked(Verb::apply, "grace");
    CHECK(no.kind == Answer::Kind::refused);
    CHECK(bench.says(no, "`net` is locked by `grace` until"));
    CHECK(bench.says(no, "`/slipway unlock net`"));
    CHECK(bench.run("t").state == RunState::unconfirmed);
    REQUIRE(bench.kind(Verb::unlock, "grace") == Answer::Kind::done);
    CHECK(bench.kind(Verb::apply, "grace") == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::confirmed);
}

TEST_CASE("before the merge nothing of a locked stack is applied either, and plans are made") {
    Bench bench;
    auto shown = bench.planned(RunKind::proposed, "p");
    shown.settings.apply_when = ApplyWhen::before_merge;
    bench.put(shown);
    auto record = run_task(bench.io, load<PullRecord>(*bench.queue, pull_key(bench.pull_name)));
    record.value.stacks.front().approval.approval = Approval::approved;
    Commit commit;
    commit.records.push_back(save(pull_key(bench.pull_name), record));
    bench.commit(std::move(commit));
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    CHECK(bench.kind(Verb::apply, "ada") == Answer::Kind::refused);
    CHECK(bench.record().stacks.front().tracked.empty());
    CHECK(bench.kind(Verb::plan, "ada") == Answer::Kind::done);
    REQUIRE(bench.kind(Verb::unlock, "grace") == Answer::Kind::done);
    CHECK(bench.kind(Verb::apply, "ada") == Answer::Kind::done);
}

TEST_CASE("an apply that has begun goes on, and whoever locks its stack is told so") {
    Automatic bench;
    auto run = bench.run("t");
    run.state = RunState::applying;
    bench.put(run);
    Commit commit;
    commit.enter.push_back({stack_lane(run.stack), "t", make_job(jobs::prepare(run.id), run.id)});
    bench.commit(std::move(commit));
    const auto done = bench.asked(Verb::lock, "grace");
    CHECK(done.kind == Answer::Kind::done);
    CHECK(bench.says(done, "The apply of `net` has begun already"));
    CHECK(bench.run("t").state == RunState::applying);
}

TEST_CASE("a lock of what the pull request does not concern is refused") {
    Automatic bench;
    bench.organisation->stacks = {in_tree("dns", bench.infra)};
    auto wanted = bench.request(Verb::lock, "grace");
    wanted.targets = {{"dns", ""}};
    CHECK(bench.answer(wanted).kind == Answer::Kind::impossible);
    CHECK(run_task(bench.io, bench.queue->read(lock_key(StackId("dns")))).version == 0);
}

TEST_CASE("`atlantis unlock` lifts a lock, and frees the lane where there is none") {
    Automatic bench;
    REQUIRE(bench.kind(Verb::lock, "grace") == Answer::Kind::done);
    auto wanted = bench.request(Verb::unlock, "grace");
    wanted.or_cancel = true;
    CHECK(bench.answer(wanted).kind == Answer::Kind::done);
    CHECK_FALSE(bench.is_locked());
    CHECK(bench.run("t").state == RunState::unconfirmed);
    CHECK(bench.answer(wanted).kind == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::discarded);
}

TEST_CASE("`atlantis unlock` drops a plan, so that nothing applies it before it is planned again") {
    Bench bench;
    auto run = bench.planned(RunKind::proposed, "p");
    run.settings.apply_when = ApplyWhen::before_merge;
    bench.put(run);
    auto wanted = bench.request(Verb::unlock, "grace");
    wanted.or_cancel = true;
    const auto dropped = bench.answer(wanted);
    CHECK(dropped.kind == Answer::Kind::done);
    CHECK(bench.says(dropped, "The plan of `net` is dropped"));
    CHECK(bench.record().stacks.at(0).proposed.empty());
    CHECK(bench.record().stacks.at(0).not_planned == Reason{Cause::ended_by, "grace"});
    CHECK(bench.kind(Verb::apply, "grace") == Answer::Kind::refused);
    CHECK(bench.says(bench.answer(wanted), "holds no lock and no plan"));
    wanted.or_cancel = false;
    CHECK(bench.answer(wanted).kind == Answer::Kind::refused);
}

TEST_CASE("a call locks stacks of the tree, and those that describe themselves, by their names") {
    Automatic bench;
    bench.organisation->stacks = {in_tree("prod-a", bench.infra), in_tree("prod-b", bench.infra),
                                  in_tree("test", bench.infra)};
    const std::string own = bench.infra.text() + "/app";
    auto run = bench.planned(RunKind::proposed, "own");
    run.stack = run.settings.id = StackId(own);
    run.settings.self_described = true;
    Commit commit;
    create_run(commit, run);
    bench.commit(std::move(commit));
    bench.work(make_job(jobs::api_command("1"), call(Verb::lock, {"prod-*", "app"}, Role::writer)),
               answer_request);
    const auto held = [&](const std::string& id) {
        return run_task(bench.io, load<StackLock>(*bench.queue, lock_key(StackId(id)))).value;
    };
    for (const auto& id : {std::string("prod-a"), std::string("prod-b"), own}) {
        CAPTURE(id);
        CHECK(holds(held(id), bench.clock.now_ms()));
        CHECK(held(id).holder.login == "ci");
    }
    CHECK_FALSE(holds(held("test"), bench.clock.now_ms()));
    // All or none: one of them is not known.
    bench.work(make_job(jobs::api_command("2"), call(Verb::lock, {"test", "tset"}, Role::admin)),
               answer_request);
    CHECK_FALSE(holds(held("test"), bench.clock.now_ms()));
    // Who calls and may everything lifts any lock; a pattern skips what is not locked.
    bench.work(make_job(jobs::api_command("3"), call(Verb::unlock, {"*"}, Role::admin)),
               answer_request);
    CHECK_FALSE(holds(held("prod-a"), bench.clock.now_ms()));
}

TEST_CASE("a key that stacks of several repositories have means none of them") {
    Bench bench;
    Commit commit;
    for (const char* repository : {"acme/a", "acme/b"}) {
        auto run = bench.planned(RunKind::proposed, repository);
        run.settings.repository = {bench.infra.forge, repository};
        run.stack = run.settings.id = StackId(run.settings.repository.text() + "/app");
        run.settings.self_described = true;
        create_run(commit, run);
    }
    bench.commit(std::move(commit));
    const auto job = make_job(jobs::api_command("1"), call(Verb::lock, {"app"}, Role::admin));
    bench.work(job, answer_request);
    const auto answer = run_task(bench.io, load<Answer>(*bench.queue, answer_key(job.id))).value;
    CHECK(answer.kind == Answer::Kind::impossible);
    CHECK(bench.says(answer, "acme/b/app"));
}
