// Planning again, and what else people ask: on a pull request, on a run, for a provider.
#include <doctest/doctest.h>

#include "service/model/provider.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

struct Asked : ControlBench {
    Asked() {
        with_roles();
        all_may_write();
    }
    Run over(const char* id, RunState state, const char* stack = "net") {
        auto run = planned(RunKind::tracked, id);
        run.state = state;
        run.stack = run.settings.id = StackId(stack);
        pull.value.pull.state = PullState::merged;
        return run;
    }
    // Stored beside the run of the pull request.
    void keep(const Run& run, bool in_lane = false) {
        Commit one;
        one.records.push_back(save(run_key(run.id), StoredRun{run, 0}));
        one.index.push_back({"runs/" + run.stack.value, run.id.value, clock.now_ms()});
        if (in_lane)
            one.enter.push_back(
                {lane_of(run), run.id.value, make_job(jobs::prepare(run.id), run.id)});
        commit(std::move(one));
    }
    Answer ask(Verb verb, const char* login = "grace") { return answer(request(verb, login)); }
    std::vector<RunId> retried() {
        for (;;) {
            auto job = run_task(io, queue->claim("service", "test", std::chrono::seconds(30),
                                                 std::chrono::milliseconds(0)));
            if (!job) return {};
            if (job->job.kind == JobKind::look) return job_payload<LookRequest>(job->job).retried;
        }
    }
};

}  // namespace

TEST_CASE("an open pull request is planned again, all of it or what failed") {
    Asked bench;
    bench.put(bench.planned(RunKind::proposed, "p"));
    CHECK(bench.ask(Verb::plan, "linus").kind == Answer::Kind::refused);
    CHECK(bench.ask(Verb::plan).kind == Answer::Kind::done);
    CHECK(bench.left("look/" + bench.pull_name.text() + "/", "service"));
    CHECK(bench.ask(Verb::retry).kind == Answer::Kind::done);
    auto failed = bench.request(Verb::retry, "grace");
    failed.only_failed = true;
    CHECK(bench.answer(failed).kind == Answer::Kind::refused);  // nothing did
    auto run = bench.run("p");
    run.state = RunState::failed;
    bench.put(run);
    CHECK(bench.answer(failed).kind == Answer::Kind::done);
}

TEST_CASE("a merged pull request is not planned, what failed of it is, with what was skipped") {
    Asked bench;
    auto run = bench.over("t", RunState::failed);
    run.dependents = {RunId("d"), RunId("e")};
    bench.put(run);
    bench.keep(bench.over("d", RunState::skipped, "app"));
    bench.keep(bench.over("e", RunState::finished, "web"));
    CHECK(bench.ask(Verb::plan).kind == Answer::Kind::impossible);
    CHECK(bench.ask(Verb::retry, "linus").kind == Answer::Kind::refused);
    CHECK(bench.ask(Verb::retry).kind == Answer::Kind::done);
    CHECK(bench.retried() == std::vector<RunId>{RunId("t"), RunId("d")});
}

TEST_CASE("what is over without having failed has nothing to begin again") {
    for (const auto state : {RunState::finished, RunState::unconfirmed, RunState::applying,
                             RunState::unknown, RunState::planning}) {
        Asked bench;
        bench.put(bench.over("t", state));
        CHECK(bench.ask(Verb::retry).kind == Answer::Kind::refused);
        CHECK(bench.retried().empty());
    }
    Asked canceled;
    canceled.put(canceled.over("t", RunState::canceled));
    auto failed = canceled.request(Verb::retry, "grace");
    failed.only_failed = true;
    CHECK(canceled.answer(failed).kind == Answer::Kind::refused);
}

TEST_CASE("a run is not asked for again while another holds its lane, or was asked for already") {
    Asked busy;
    busy.put(busy.over("t", RunState::failed));
    busy.keep(busy.over("o", RunState::planning), true);
    CHECK(busy.ask(Verb::retry).kind == Answer::Kind::refused);

    Asked asked;
    asked.put(asked.over("t", RunState::failed));
    auto again = asked.over("o", RunState::finished);
    again.retry_of = RunId("t");
    asked.keep(again);
    CHECK(asked.ask(Verb::retry).kind == Answer::Kind::refused);

    Asked free;
    free.put(free.over("t", RunState::failed));
    free.keep(free.over("o", RunState::finished), true);  // over, and about to leave
    CHECK(free.ask(Verb::retry).kind == Answer::Kind::done);
}

TEST_CASE("a run whose upstream did not finish is not begun before that") {
    Asked bench;
    auto run = bench.over("t", RunState::skipped);
    run.waits_for = {RunId("u")};
    bench.put(run);
    auto upstream = bench.over("u", RunState::failed, "dns");
    bench.keep(upstream);
    CHECK(bench.ask(Verb::retry).kind == Answer::Kind::refused);
    auto since = bench.over("u2", RunState::finished, "dns");
    since.retry_of = RunId("u");
    bench.keep(since);
    CHECK(bench.ask(Verb::retry).kind == Answer::Kind::done);
}

TEST_CASE(
    "`apply` on what failed after the merge plans it again, and a call confirms its run only") {
    Asked bench;
    bench.put(bench.over("t", RunState::failed));
    auto named = bench.request(Verb::apply, "grace");
    named.pull.reset();
    named.run = RunId("t");
    CHECK(bench.answer(named).kind == Answer::Kind::refused);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::done);
    CHECK(bench.retried() == std::vector<RunId>{RunId("t")});
}

TEST_CASE("a request must mean something that is there") {
    Asked bench;
    bench.organisation->roles[""]["writer"] = {"grace"};
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::impossible);  // never looked at
    CHECK(bench.ask(Verb::plan).kind == Answer::Kind::done);         // its event was lost
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto other = bench.request(Verb::approve, "grace");
    other.targets = {{"dns", ""}};
    CHECK(bench.answer(other).kind == Answer::Kind::impossible);
    auto gone = bench.request(Verb::cancel, "grace");
    gone.run = RunId("gone");
    CHECK(bench.answer(gone).kind == Answer::Kind::impossible);
    bench.pull.value.discovering_stacks = true;
    bench.put(bench.planned(RunKind::proposed, "p"));
    CHECK(bench.ask(Verb::approve).kind == Answer::Kind::impossible);
    bench.pull.value.discovering_stacks = false;
    bench.pull.value.stacks.clear();
    bench.pull.version = run_task(bench.io, bench.queue->read(pull_key(bench.pull_name))).version;
    Commit cleared;
    cleared.records.push_back(save(pull_key(bench.pull_name), bench.pull));
    bench.commit(std::move(cleared));
    CHECK(bench.ask(Verb::approve).kind == Answer::Kind::impossible);  // it concerns no stack
}

TEST_CASE("a run of a pushed commit is confirmed, and there is nothing about it to approve") {
    Asked bench;
    auto run = bench.planned(RunKind::tracked, "t");
    run.pull.reset();
    bench.keep(run, true);
    auto request = bench.request(Verb::approve, "grace");
    request.pull.reset();
    request.run = RunId("t");
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    request.verb = Verb::explain;
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    request.verb = Verb::apply;
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::confirmed);
}

TEST_CASE("a proposed run is applied before the merge where its stack says so, once approved") {
    Asked bench;
    auto run = bench.planned(RunKind::proposed, "p");
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);  // after the merge
    run.settings.apply_when = ApplyWhen::before_merge;
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);  // not approved
    bench.pull.value.stacks.front().approval.approval = Approval::approved;
    run.state = RunState::failed;
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);  // no plan
    set_plan(run).decision.verdict = Verdict::denied;
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);
    run = bench.planned(RunKind::proposed, "p");
    run.settings.apply_when = ApplyWhen::before_merge;
    run.destroy = true;
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);  // destroys, and is not named
    CHECK(bench.lane().empty());
    run.destroy = false;
    bench.put(run);
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::done);
    REQUIRE(bench.lane().size() == 1);
    const auto made = bench.run(bench.lane()[0].c_str());
    CHECK(made.before_merge);
    CHECK(made.kind == RunKind::tracked);
    CHECK(made.state == RunState::queued);
    CHECK(made.approved_run == RunId("p"));
    CHECK(confirmed_by(made) == "forge.test/grace");
    CHECK(plan_of(made).digest.empty());
    CHECK(bench.record().stacks.front().tracked == made.id);
}

TEST_CASE("what has begun is not cancelled at once, and what is over never") {
    for (const auto state : {RunState::applying, RunState::finished}) {
        Asked bench;
        auto run = bench.planned(RunKind::tracked, "t");
        run.state = state;
        bench.put(run);
        const auto answer = bench.ask(Verb::cancel);
        if (state == RunState::applying)
            CHECK_FALSE(answer.counts);
        else
            CHECK(answer.kind == Answer::Kind::refused);
        CHECK(bench.run("t").state == state);
    }
}

TEST_CASE("an apply whose end nobody saw is followed by a plan from the branch's tip") {
    Asked bench;
    auto& git = bench.with_git();
    auto run = bench.planned(RunKind::tracked, "t");
    run.state = RunState::unknown;
    run.head = git.head();
    bench.put(run);
    bench.with_git();
    auto request = bench.request(Verb::resolve, "grace");
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);  // how did it end?
    request.resolution = Resolution::failed;
    request.note = "the instance is not there";
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    const auto old = bench.run("t");
    CHECK(old.state == RunState::failed);
    CHECK(old.reason == Reason{Cause::resolved_failed, "grace", "the instance is not there"});
    const auto lane = bench.lane();
    REQUIRE(lane.size() == 1);
    const auto next = bench.run(lane[0].c_str());
    CHECK(next.head == git.head());
    CHECK(next.retry_of == RunId("t"));
    CHECK(next.must_confirm.cause == Cause::unseen_before);
    CHECK(bench.record().stacks.front().tracked == next.id);
}

TEST_CASE("R3: a provider is allowed for a stack by the run that waits for it") {
    Asked bench;
    auto run = bench.over("t", RunState::failed);
    run.pull.reset();
    run.base = CommitSha(std::string(40, 'b'));
    bench.keep(run);
    auto request = bench.request(Verb::allow, "root");
    request.pull.reset();
    request.run = RunId("t");
    request.providers = {"no provider at all"};
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    request.providers = {"acme/dns"};
    request.actor.login = "grace";
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    request.actor.login = "root";
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    const auto basis =
        run_task(bench.io, load<ProviderBasis>(*bench.queue, providers_key(StackId("net"))));
    CHECK(basis.value.allowed == std::vector<std::string>{"acme/dns"});
    CHECK(basis.value.commit == run.base);
    CHECK(bench.retried() == std::vector<RunId>{RunId("t")});
}

TEST_CASE("R3: providers are allowed on a pull request that was planned, which is planned again") {
    Asked bench;
    auto request = bench.request(Verb::allow, "root");
    request.providers = {"acme/dns"};
    bench.put(bench.planned(RunKind::proposed, "p"));
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.left("look/" + bench.pull_name.text() + "/", "service"));
    request.providers.clear();
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    bench.pull.value.pull.state = PullState::merged;
    bench.put(bench.planned(RunKind::proposed, "p"));
    request.providers = {"acme/web"};
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK_FALSE(bench.left("look/" + bench.pull_name.text() + "/", "service"));
}

TEST_CASE("T15, W4: a fork's commit is allowed by who may write, by its digits, and no other") {
    Asked bench;
    bench.pull.value.pull.fork = true;
    bench.pull.value.pull.head = CommitSha("1a2b3c4" + std::string(33, '0'));
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto request = bench.request(Verb::allow, "mallory");
    request.commit = "1a2b3c4";
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    request = bench.request(Verb::allow, "grace");
    request.commit = "9a2b3c4";  // the head has moved on meanwhile
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    CHECK(bench.record().allowed_commit.empty());
    request.commit = "1a2b3c4";
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.record().allowed_commit == bench.pull.value.pull.head);
    CHECK(bench.left("look/" + bench.pull_name.text() + "/", "service"));
}

TEST_CASE("T15: there is nothing to allow where no fork is, or where it is over") {
    Asked bench;
    bench.pull.value.pull.head = CommitSha("1a2b3c4" + std::string(33, '0'));
    auto request = bench.request(Verb::allow, "grace");
    request.commit = "1a2b3c4";
    bench.put(bench.planned(RunKind::proposed, "p"));
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    bench.pull.value.pull.fork = true;
    bench.pull.value.pull.state = PullState::merged;
    bench.put(bench.planned(RunKind::proposed, "p"));
    CHECK(bench.answer(request).kind == Answer::Kind::impossible);
    CHECK(bench.record().allowed_commit.empty());
}

TEST_CASE("W2: without an organisation tree the repository's permissions are all there is") {
    ControlBench bench;
    bench.put(bench.planned(RunKind::tracked, "t"));
    auto allow = bench.request(Verb::allow, "grace");
    allow.providers = {"acme/dns"};
    bench.forge->permissions["grace"] = Permission::write;
    CHECK(bench.answer(allow).kind == Answer::Kind::refused);
    CHECK(bench.record().allowed_providers.empty());
    bench.forge->permissions["grace"] = Permission::admin;
    CHECK(bench.answer(allow).kind == Answer::Kind::done);
    bench.forge->permissions["grace"] = Permission::read;
    CHECK(bench.answer(bench.request(Verb::apply, "grace")).kind == Answer::Kind::refused);
    CHECK(bench.answer(bench.request(Verb::explain, "grace")).kind == Answer::Kind::done);
    bench.forge->permissions["grace"] = Permission::none;
    CHECK(bench.answer(bench.request(Verb::explain, "grace")).kind == Answer::Kind::refused);
}

TEST_CASE("S2: a token's role is enough, and no more than that") {
    Asked bench;
    bench.put(bench.planned(RunKind::tracked, "t"));
    auto request = bench.request(Verb::apply, "nobody");
    request.granted = Role::reader;
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    request.granted = Role::writer;
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::confirmed);
}

TEST_CASE("T21, W2: members of a team that the forge keeps have the team's role") {
    Asked bench;
    bench.organisation->roles["production"]["writer"] = {"forge.test/acme/dba"};
    bench.put(bench.planned(RunKind::tracked, "t"));
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::refused);
    bench.forge->team_members["acme/dba"] = {"grace"};
    CHECK(bench.ask(Verb::apply).kind == Answer::Kind::done);
}

TEST_CASE("a comment is answered with a reply, and a note is not taken for an option") {
    Asked bench;
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto request = bench.request(Verb::explain, "grace");
    request.comment_id = "c1";
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.left("reply/forge.test/c1", "service"));
    request = bench.request(Verb::plan, "grace");
    request.note = "-target=x";
    const auto told = bench.answer(request).text;
    request.note.clear();
    CHECK(told.size() > bench.answer(request).text.size());
}

TEST_CASE(
    "T42: who lacks a role is told so once on a pull request, for each role and each person") {
    Asked bench;
    bench.put(bench.planned(RunKind::proposed, "p"));
    const auto replied = [&](Verb verb, const char* who, const std::string& comment) {
        auto request = bench.request(verb, who);
        request.comment_id = comment;
        if (verb == Verb::allow) request.providers = {"acme/dns"};
        CHECK(bench.answer(request).kind == Answer::Kind::refused);
        return bench.left("reply/forge.test/" + comment, "service");
    };
    CHECK(replied(Verb::apply, "mallory", "c1"));
    CHECK_FALSE(replied(Verb::apply, "mallory", "c2"));
    CHECK_FALSE(replied(Verb::cancel, "mallory", "c3"));
    CHECK(replied(Verb::allow, "mallory", "c4"));
    CHECK(replied(Verb::apply, "eve", "c5"));
    CHECK(bench.record().told_no.size() == 3);
    CHECK(
        bench.answer(bench.request(Verb::apply, "mallory")).text.find("mallory does not have it") !=
        std::string::npos);  // a call is always answered
}
