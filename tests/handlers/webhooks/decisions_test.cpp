// What follows from a look at a pull request or a push: from values to one commit, without a queue,
// a forge or git.
#include <doctest/doctest.h>

#include <algorithm>

#include "handlers/webhooks/pull_decision.hpp"
#include "handlers/webhooks/push_decision.hpp"

using namespace slipway;

namespace {

const RepositoryName infra{"forge.test", "acme/infra"};
const PullRequestName seven{infra, 7};

ConcernedStack concerned(const char* id) {
    ConcernedStack out;
    out.stack.id = StackId(id);
    out.decision.action = PushAction::propose;
    return out;
}

PullStack known_stack(const char* id, const char* run) {
    PullStack out;
    out.settings.id = StackId(id);
    out.proposed = RunId(run);
    return out;
}

StoredRun stored(const char* id, RunKind kind = RunKind::proposed) {
    StoredRun out;
    out.version = 3;
    out.value.id = RunId(id);
    out.value.stack = StackId("net");
    out.value.kind = kind;
    return out;
}

// One stack, seen and planned before, at a head that has not moved.
PullLook look() {
    PullLook out;
    out.known.version = 2;
    auto& pull = out.known.value.pull;
    pull.name = seven;
    pull.head = CommitSha(std::string(40, 'a'));
    pull.base_branch = "main";
    out.fresh = pull;
    out.known.value.base = out.base = CommitSha(std::string(40, 'b'));
    out.known.value.stacks = {known_stack("net", "p")};
    out.merge.tree = TreeId(std::string(40, 'c'));
    out.base_tree = TreeId(std::string(40, 'd'));
    out.concerned = {concerned("net")};
    out.earlier = {stored("p")};
    out.now_ms = 1'700'000'000'000;
    return out;
}

template <class T>
std::optional<T> written(const Commit& commit, const std::string& key) {
    for (const auto& record : commit.records)
        if (record.key == key) return decoded_record<T>(key, Record{1, record.body});
    return std::nullopt;
}
PullRecord record(const Commit& commit) {
    auto out = written<PullRecord>(commit, pull_key(seven));
    REQUIRE(out);
    return *out;
}
bool leaves(const Commit& commit, const std::string& job) {
    return std::any_of(commit.jobs.begin(), commit.jobs.end(),
                       [&](const Job& one) { return one.id.value == job; });
}
bool cancels(const Commit& commit, const std::string& job) {
    return std::find(commit.cancel.begin(), commit.cancel.end(), JobId(job)) != commit.cancel.end();
}
std::size_t runs_made(const Commit& commit) {
    return static_cast<std::size_t>(
        std::count_if(commit.jobs.begin(), commit.jobs.end(),
                      [](const Job& job) { return job.kind == JobKind::prepare; }));
}

}  // namespace

TEST_CASE("F4: a look that finds nothing new keeps the plan, and has its approvals looked at") {
    CHECK(earlier_runs(look()).empty());
    auto same = look();
    same.earlier.clear();
    const auto commit = plan_pull(same);
    CHECK(record(commit).stacks.at(0).proposed == RunId("p"));
    CHECK(runs_made(commit) == 0);
    CHECK(leaves(commit, "consider/" + seven.text()));
    CHECK(leaves(commit, "report/" + seven.text()));
}

TEST_CASE(
    "F8: another head, another base and whoever asks for it get new runs, and end the old ones") {
    const auto planned_anew = [](const PullLook& one) {
        CHECK(earlier_runs(one) == std::vector<RunId>{RunId("p")});
        const auto commit = plan_pull(one);
        const auto made = record(commit).stacks.at(0).proposed;
        CHECK(runs_made(commit) == 1);
        CHECK(made != RunId("p"));
        const auto run = written<Run>(commit, run_key(made));
        REQUIRE(run);
        CHECK(run->head == one.fresh.head);
        CHECK(run->tree == *one.merge.tree);
        const auto old = written<Run>(commit, run_key(RunId("p")));
        REQUIRE(old);
        CHECK(old->state == RunState::canceled);
        CHECK(old->reason.cause == Cause::superseded);
        CHECK(cancels(commit, "prepare/p"));
        CHECK_FALSE(leaves(commit, "consider/" + seven.text()));
    };
    auto pushed = look();
    pushed.fresh.head = CommitSha(std::string(40, 'e'));
    pushed.nothing_kept = true;
    planned_anew(pushed);
    auto moved = look();
    moved.base = CommitSha(std::string(40, 'f'));
    planned_anew(moved);
    auto asked = look();
    asked.again = LookAgain::always;
    planned_anew(asked);
    CHECK(record(plan_pull(asked)).attempt == asked.known.value.attempt + 1);
    asked.targets = {StackId("net")};
    planned_anew(asked);
    asked.targets = {StackId("other")};  // of another stack
    CHECK(earlier_runs(asked).empty());
}

TEST_CASE("a stack that is planned when somebody asks has no run before, and keeps it afterwards") {
    auto first = look();
    first.known.value.stacks.clear();
    first.earlier.clear();
    first.concerned.at(0).stack.plan_when = PlanWhen::asked;
    const auto unasked = plan_pull(first);
    CHECK(runs_made(unasked) == 0);
    CHECK(record(unasked).stacks.at(0).proposed.empty());
    CHECK(record(unasked).stacks.at(0).not_planned.empty());
    auto stale = first;
    stale.again = LookAgain::stale;
    CHECK(runs_made(plan_pull(stale)) == 0);
    auto asked = first;
    asked.again = LookAgain::always;
    asked.targets = {StackId("other")};
    CHECK(runs_made(plan_pull(asked)) == 0);
    asked.targets = {StackId("net")};
    CHECK(runs_made(plan_pull(asked)) == 1);
    auto later = look();
    later.earlier.clear();
    later.concerned = first.concerned;
    CHECK(record(plan_pull(later)).stacks.at(0).proposed == RunId("p"));
    later.nothing_kept = true;  // another head
    CHECK(runs_made(plan_pull(later)) == 0);
}

TEST_CASE("a plan that was dropped stays so until somebody asks, or the head moves") {
    auto dropped = look();
    auto& stack = dropped.known.value.stacks.at(0);
    stack.proposed = RunId();
    stack.not_planned = {Cause::ended_by, "grace"};
    dropped.earlier.clear();
    for (const auto again : {LookAgain::if_new, LookAgain::stale}) {
        dropped.again = again;
        const auto commit = plan_pull(dropped);
        CHECK(runs_made(commit) == 0);
        CHECK(record(commit).stacks.at(0).not_planned == Reason{Cause::ended_by, "grace"});
    }
    auto asked = dropped;
    asked.again = LookAgain::always;
    CHECK(runs_made(plan_pull(asked)) == 1);
    CHECK(record(plan_pull(asked)).stacks.at(0).not_planned.empty());
    auto pushed = dropped;
    pushed.again = LookAgain::if_new;
    pushed.nothing_kept = true;
    CHECK(runs_made(plan_pull(pushed)) == 1);
}

TEST_CASE(
    "W3: only a plan that nobody asked for refers to the one before, whose approvals it may keep") {
    const auto approved_before = [](PullLook one) {
        one.base = CommitSha(std::string(40, 'f'));
        const auto commit = plan_pull(one);
        const auto run = written<Run>(commit, run_key(record(commit).stacks.at(0).proposed));
        REQUIRE(run);
        return run->approved_run;
    };
    auto stale = look();
    stale.again = LookAgain::stale;
    stale.earlier[0].value.plan.emplace();
    CHECK(approved_before(stale) == RunId("p"));
    auto in_flight = stale;  // planned again before it was planned once
    in_flight.earlier[0].value.plan.reset();
    in_flight.earlier[0].value.approved_run = RunId("o");
    CHECK(approved_before(in_flight) == RunId("o"));
    auto asked = stale;
    asked.again = LookAgain::always;
    CHECK(approved_before(asked).empty());
    auto pushed = stale;
    pushed.nothing_kept = true;
    CHECK(approved_before(pushed).empty());
}

TEST_CASE("a stack whose apply was asked for before the merge is not planned again by itself") {
    auto applies = look();
    applies.base = CommitSha(std::string(40, 'f'));
    applies.again = LookAgain::stale;
    applies.known.value.stacks[0].tracked = RunId("t");
    CHECK(earlier_runs(applies).empty());
    applies.earlier.clear();
    const auto commit = plan_pull(applies);
    CHECK(runs_made(commit) == 0);
    CHECK(record(commit).stacks.at(0).proposed == RunId("p"));
    CHECK(record(commit).stacks.at(0).tracked == RunId("t"));
    applies.again = LookAgain::always;
    CHECK(runs_made(plan_pull(applies)) == 1);
}

TEST_CASE("W4: what cannot be planned says why, and has no run") {
    const auto reason = [](const PullLook& one) {
        const auto commit = plan_pull(one);
        CHECK(runs_made(commit) == 0);
        CHECK(record(commit).stacks.at(0).proposed.empty());
        return record(commit).stacks.at(0).not_planned;
    };
    auto fork = look();
    fork.fresh.fork = true;
    CHECK(reason(fork).cause == Cause::from_fork);
    fork.known.value.allowed_commit = CommitSha(std::string(40, '9'));  // of before the last push
    CHECK(reason(fork).cause == Cause::from_fork);
    auto conflict = look();
    conflict.merge.tree.reset();
    conflict.merge.conflicts = {"main.tf"};
    CHECK(reason(conflict) == Reason{Cause::conflicts, "main"});
    auto failed = look();
    failed.concerned[0].decision.failed = true;
    CHECK(reason(failed).cause == Cause::push_policy_error);
    auto gone = look();
    gone.concerned[0].gone.emplace();
    CHECK(reason(gone).empty());
}

TEST_CASE("T15: the commit of a fork that somebody allowed is planned") {
    auto fork = look();
    fork.fresh.fork = true;
    fork.known.value.allowed_commit = fork.fresh.head;
    fork.again = LookAgain::always;
    const auto commit = plan_pull(fork);
    CHECK(record(commit).stacks.at(0).not_planned.empty());
    CHECK(runs_made(commit) == 1);
}

TEST_CASE("a stack that is gone is destroyed where its settings want that, from the tree before") {
    auto gone = look();
    gone.concerned[0].gone.emplace();
    gone.concerned[0].gone->on_delete = OnDelete::destroy;
    gone.nothing_kept = true;
    const auto commit = plan_pull(gone);
    const auto run = written<Run>(commit, run_key(record(commit).stacks.at(0).proposed));
    REQUIRE(run);
    CHECK(run->destroy);
    CHECK(run->tree == gone.base_tree);
}

TEST_CASE("where nothing is applied, no run is made for it") {
    auto observed = look();
    observed.mode = Mode::observe;
    observed.nothing_kept = true;
    const auto commit = plan_pull(observed);
    const auto run = written<Run>(commit, run_key(record(commit).stacks.at(0).proposed));
    REQUIRE(run);
    CHECK(run->settings.mode == Mode::observe);
}

TEST_CASE("a pull request that is closed ends its runs, and says nothing where it has no stack") {
    auto closed = look();
    closed.fresh.state = PullState::closed;
    const auto commit = put_away(closed);
    const auto run = written<Run>(commit, run_key(RunId("p")));
    REQUIRE(run);
    CHECK(run->reason.cause == Cause::pull_closed);
    CHECK(leaves(commit, "report/" + seven.text()));
    closed.known.value.stacks.clear();
    CHECK_FALSE(leaves(put_away(closed), "report/" + seven.text()));
}

TEST_CASE("R3: what was allowed on a pull request counts for its stacks once it is merged") {
    auto merged = look();
    merged.fresh.state = PullState::merged;
    merged.known.value.allowed_providers = {"acme/dns"};
    const auto key = providers_key(StackId("net"));
    merged.providers[key].version = 1;
    CHECK(written<ProviderBasis>(put_away(merged), key)->allowed ==
          std::vector<std::string>{"acme/dns"});
    merged.providers[key].value.allowed = {"acme/dns"};
    CHECK_FALSE(written<ProviderBasis>(put_away(merged), key));  // known already
    merged.providers[key] = {};
    CHECK_FALSE(written<ProviderBasis>(put_away(merged), key));  // none of its runs was prepared
    merged.providers[key].version = 1;
    merged.fresh.state = PullState::closed;
    CHECK_FALSE(written<ProviderBasis>(put_away(merged), key));
}

TEST_CASE("a new head is announced before anything is planned, and is another attempt") {
    auto fresh = look();
    CHECK_FALSE(begins_anew(fresh.known.value, fresh.fresh));
    fresh.fresh.head = CommitSha(std::string(40, 'e'));
    CHECK(begins_anew(fresh.known.value, fresh.fresh));
    auto written_record = record(announce(fresh));
    CHECK(written_record.discovering_stacks);
    CHECK(written_record.attempt == 2);
    fresh.known.version = 0;
    CHECK(record(announce(fresh)).attempt == 1);  // never seen before
    auto retargeted = look();
    retargeted.fresh.base_branch = "release";
    CHECK(begins_anew(retargeted.known.value, retargeted.fresh));
    auto reopened = look();
    reopened.known.value.pull.state = PullState::closed;
    CHECK(begins_anew(reopened.known.value, reopened.fresh));
}

namespace {

PushLook push() {
    PushLook out;
    out.repository = infra;
    out.branch = "main";
    out.pusher = {infra.forge, "ada"};
    out.before = CommitSha(std::string(40, 'a'));
    out.tip = CommitSha(std::string(40, 'b'));
    out.tip_tree = TreeId(std::string(40, 'c'));
    out.concerned = {concerned("net")};
    out.now_ms = 1'700'000'000'000;
    return out;
}

// With the merged pull request that brought it, and the run that was applied before the merge.
PushLook merge() {
    auto out = push();
    auto& record = out.pulls[7];
    record.version = 4;
    record.value.pull.name = seven;
    record.value.stacks = {known_stack("net", "p")};
    record.value.stacks[0].tracked = RunId("b");
    out.newest = 7;
    auto before = stored("b", RunKind::tracked);
    before.value.before_merge = true;
    out.earlier = {before};
    return out;
}

Run made(const Commit& commit) {
    REQUIRE(commit.enter.size() == 1);
    auto out = written<Run>(commit, run_key(RunId(commit.enter[0].member)));
    REQUIRE(out);
    return *out;
}

}  // namespace

TEST_CASE("W5: a push without a merged pull request, and a forced one, wait for a person") {
    CHECK(made(decide_push(push())).must_confirm == Reason{Cause::no_merged_pull, "main"});
    CHECK(made(decide_push(merge())).must_confirm.empty());
    auto forced = merge();
    forced.fast_forward = false;
    CHECK(made(decide_push(forced)).must_confirm == Reason{Cause::forced_push, "main"});
}

TEST_CASE("W5: a run of the branch carries over from the pull request that planned its stack") {
    const auto commit = decide_push(merge());
    const auto run = made(commit);
    CHECK(run.pull == 7);
    CHECK(run.approved_run == RunId("p"));
    CHECK(record(commit).stacks.at(0).tracked == run.id);
    CHECK(record(commit).stacks.at(0).before_merge == RunId("b"));
    CHECK(leaves(commit, "report/" + seven.text()));
    const auto branch = written<BranchRecord>(commit, branch_key(infra, "main"));
    REQUIRE(branch);
    CHECK(branch->tip == CommitSha(std::string(40, 'b')));
    CHECK(branch->moves == 1);
}

TEST_CASE("a run of before the merge leaves its lane with its jobs when the merge is looked at") {
    CHECK(earlier_runs(merge()) == std::vector<RunId>{RunId("b")});
    const auto commit = decide_push(merge());
    const auto run = written<Run>(commit, run_key(RunId("b")));
    REQUIRE(run);
    CHECK(run->state == RunState::canceled);
    CHECK(run->reason.cause == Cause::pull_merged);
    REQUIRE(commit.leave.size() == 1);
    CHECK(commit.leave[0].member == "b");
    for (const char* job : {"prepare/b", "perform/b/plan", "perform/b/apply"})
        CHECK(cancels(commit, job));
}

TEST_CASE("a run of the branch that waits is not replaced by the next push") {
    auto next = merge();
    next.earlier[0].value.before_merge = false;
    const auto commit = decide_push(next);
    CHECK_FALSE(written<Run>(commit, run_key(RunId("b"))));
    CHECK(commit.leave.empty());
}

TEST_CASE("a stack that is gone is told of on the pull request, and nothing is planned") {
    auto gone = merge();
    gone.concerned[0].gone.emplace();
    gone.concerned.push_back(concerned("new"));
    gone.concerned[1].gone.emplace();
    const auto commit = decide_push(gone);
    CHECK(commit.enter.empty());
    REQUIRE(record(commit).stacks.size() == 2);
    CHECK(record(commit).stacks[0].gone);
    CHECK(record(commit).stacks[1].gone);

    gone.concerned.resize(1);
    gone.concerned[0].gone->on_delete = OnDelete::destroy;
    CHECK(made(decide_push(gone)).must_confirm.cause == Cause::destroys_stack);
}

namespace {

// `app` reads an output of `net`; both were planned before.
PullLook look_at_two() {
    auto out = look();
    auto app = concerned("app");
    app.stack.depends_on = {StackId("net")};
    app.stack.references = {{StackId("net"), "id", "ID"}};
    out.concerned.insert(out.concerned.begin(), app);
    out.known.value.stacks.push_back(known_stack("app", "q"));
    out.again = LookAgain::always;
    return out;
}

Run run_of(const Commit& commit, const char* stack) {
    for (const auto& one : record(commit).stacks)
        if (one.settings.id == StackId(stack))
            if (auto run = written<Run>(commit, run_key(one.proposed))) return *run;
    return {};
}

}  // namespace

TEST_CASE("a plan that reads outputs is made again with the plan that has them, and after it") {
    auto again = look_at_two();
    again.targets = {StackId("net")};
    CHECK(earlier_runs(again) == std::vector<RunId>{RunId("p"), RunId("q")});
    auto old = stored("q");
    old.value.stack = StackId("app");
    old.value.plan.emplace();
    again.earlier.push_back(old);
    const auto commit = plan_pull(again);
    const auto net = run_of(commit, "net"), app = run_of(commit, "app");
    CHECK(net.dependents == std::vector<RunId>{app.id});
    CHECK(app.waits_for == std::vector<RunId>{net.id});
    CHECK(runs_made(commit) == 1);
    CHECK(leaves(commit, "prepare/" + net.id.value));
    CHECK(net.approved_run.empty());
    CHECK(app.approved_run == RunId("q"));  // nobody asked for it
    CHECK(record(commit).stacks.at(0).settings.id == StackId("app"));
}

TEST_CASE("a plan that is asked for alone waits for the plan under way whose outputs it reads") {
    auto alone = look_at_two();
    alone.targets = {StackId("app")};
    alone.earlier.clear();
    CHECK(earlier_runs(alone) == std::vector<RunId>{RunId("q")});
    CHECK(kept_upstreams(alone) == std::vector<RunId>{RunId("p")});
    for (const auto state : {RunState::planning, RunState::finished}) {
        auto one = alone;
        one.upstreams = {stored("p")};
        one.upstreams.front().value.state = state;
        const bool under_way = state == RunState::planning;
        const auto commit = plan_pull(one);
        const auto app = run_of(commit, "app");
        CHECK(app.waits_for.size() == (under_way ? 1 : 0));
        CHECK(runs_made(commit) == (under_way ? 0 : 1));
        const auto net = written<Run>(commit, run_key(RunId("p")));
        CHECK(net.has_value() == under_way);
        if (net) CHECK(net->dependents == std::vector<RunId>{app.id});
    }
}
