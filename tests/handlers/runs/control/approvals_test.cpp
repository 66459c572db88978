// Rules W2 and W3, one at a time: everything but the rule in question would let the approval count.
#include <doctest/doctest.h>

#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

const GivenReview& only_review(const ControlBench& bench) {
    REQUIRE(bench.policies.asked.reviews.size() == 1);
    return bench.policies.asked.reviews[0];
}

}  // namespace

TEST_CASE("W2: policies are told which approval is the author's own") {
    ControlBench bench;
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    bench.considered(run, {bench.review("ada")});
    CHECK(only_review(bench).is_author);
    bench.considered(run, {bench.review("grace")});
    CHECK_FALSE(only_review(bench).is_author);
}

TEST_CASE("T21, W2: an approval counts with write permission on the repository, and not without") {
    ControlBench bench;
    bench.with_roles();
    const auto run = bench.planned(RunKind::proposed, "p");
    for (const auto permission :
         {Permission::none, Permission::read, Permission::write, Permission::admin}) {
        bench.forge->permissions["grace"] = permission;
        bench.considered(run, {bench.review("grace")});
        CHECK(only_review(bench).may_write == (permission >= Permission::write));
    }
}

TEST_CASE("W2: with an organisation tree an approval needs the role writer in the space") {
    ControlBench bench;
    bench.with_roles();
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    bench.considered(run, {bench.review("grace")});
    CHECK(only_review(bench).may_write);
    bench.considered(run, {bench.review("linus")});
    CHECK_FALSE(only_review(bench).may_write);
    CHECK(only_review(bench).why_not == "no role writer in the space `production`");
    bench.context.has_organisation_tree = false;
    bench.considered(run, {bench.review("linus")});
    CHECK(only_review(bench).may_write);
}

TEST_CASE("S6: an approval from the owner's folder counts only where the space trusts the folder") {
    ControlBench bench;
    bench.with_roles();
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    bench.considered(run, {bench.review("grace")});
    CHECK(only_review(bench).may_write);
    bench.forge->can.is_owners_folder = true;
    bench.considered(run, {bench.review("grace")});
    CHECK_FALSE(only_review(bench).may_write);
    bench.organisation->trusting_folder = {SpaceId("production")};
    bench.considered(run, {bench.review("grace")});
    CHECK(only_review(bench).may_write);
}

TEST_CASE("W3: an approval counts for the commit and the plan that it saw") {
    ControlBench bench;
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    const auto counts = [&](const ForgeReview& review) {
        bench.considered(run, {review});
        return bench.policies.asked.reviews.size() == 1;
    };
    auto review = bench.review("grace");
    CHECK(counts(review));
    review.commit = CommitSha(std::string(40, 'b'));
    CHECK_FALSE(counts(review));
    review = bench.review("grace");
    review.submitted_at_ms = plan_of(run).at_ms - 1'000;
    CHECK_FALSE(counts(review));
    review.state = ReviewState::changes_requested;  // a refusal needs no plan
    CHECK(counts(review));
    review = bench.review("grace", ReviewState::dismissed);
    CHECK_FALSE(counts(review));
}

TEST_CASE(
    "W3: an approval without a commit counts only if given after the push and after the plan") {
    ControlBench bench;
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    const auto counts = [&](const ForgeReview& review) {
        bench.considered(run, {review});
        return bench.policies.asked.reviews.size() == 1;
    };
    auto review = bench.review("grace");
    review.commit.reset();
    CHECK_FALSE(counts(review));  // nobody knows when the head was pushed
    bench.pull.value.pull.head_pushed_at_ms = plan_of(run).at_ms - 5'000;
    CHECK(counts(review));
    review.submitted_at_ms = plan_of(run).at_ms - 1'000;
    CHECK_FALSE(counts(review));
    bench.pull.value.pull.head_pushed_at_ms = review.submitted_at_ms = plan_of(run).at_ms + 9'000;
    CHECK_FALSE(counts(review));  // pushed again since, back to this head
    review.state = ReviewState::changes_requested;
    CHECK(counts(review));
}

TEST_CASE(
    "W3: a plan that was made again by itself keeps the approvals of an equal one, and of no "
    "other") {
    ControlBench bench;
    bench.all_may_write();
    const auto before = bench.planned(RunKind::proposed, "before");
    bench.put(before);
    KeptReview kept;
    kept.author = {bench.infra.forge, "linus"};
    kept.stack = "net";
    kept.plan_digest = plan_of(before).digest;
    kept.commit = before.head;
    bench.pull.value.kept_reviews = {kept};
    const auto review = bench.review("grace");
    const auto counted = [&](const std::function<void(Run&)>& change) {
        auto again = bench.planned(RunKind::proposed, "again");
        again.approved_run = before.id;
        set_plan(again).at_ms = review.submitted_at_ms + 60'000;
        change(again);
        bench.considered(again, {review});
        return bench.policies.asked.reviews.size();
    };
    CHECK(counted([](Run&) {}) == 2);
    CHECK(counted([](Run& run) { run.approved_run = RunId(); }) == 0);
    CHECK(counted([](Run& run) { set_plan(run).change_digest = "others"; }) == 0);
    CHECK(counted([](Run& run) { set_plan(run).change_digest.clear(); }) == 0);
    CHECK(counted([](Run& run) { set_plan(run).inputs_digest = "others"; }) == 0);
    // A review is of its commit, the comment names the plan: another head takes both away.
    CHECK(counted([](Run& run) { run.head = CommitSha(std::string(40, 'b')); }) == 0);

    // After the merge they carry over through both.
    auto again = bench.planned(RunKind::proposed, "again");
    again.approved_run = before.id;
    set_plan(again).at_ms = review.submitted_at_ms + 60'000;
    bench.put(again);
    auto merged = bench.planned(RunKind::tracked, "merged");
    merged.approved_run = again.id;
    bench.considered(merged, {review});
    CHECK(bench.policies.asked.reviews.size() == 2);
}

TEST_CASE("W3: a vote by comment counts for the plan that it names, and a refusal for its commit") {
    ControlBench bench;
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    KeptReview kept;
    kept.author = {bench.infra.forge, "grace"};
    kept.stack = "net";
    kept.plan_digest = plan_of(run).digest;
    kept.commit = run.head;
    kept.comment_id = "c1";
    kept.note = "as agreed";
    const auto ask = [&](const Run& about) {
        bench.pull.value.kept_reviews = {kept};
        bench.considered(about, {});
        return bench.policies.asked;
    };
    const auto asked = ask(run);
    REQUIRE(asked.reviews.size() == 1);
    CHECK(asked.reviews[0].author == "grace");
    CHECK(asked.reviews[0].may_write);
    CHECK(asked.reviews[0].source == "comment");
    CHECK(asked.reviews[0].plan == plan_of(run).digest);
    CHECK(asked.reviews[0].note == "as agreed");

    // After the merge for the same plan, carried over.
    bench.put(run);
    auto merged = bench.planned(RunKind::tracked, "t");
    merged.approved_run = run.id;
    CHECK(ask(merged).reviews.size() == 1);
    set_plan(merged).change_digest = "other changes";
    CHECK(ask(merged).reviews.empty());

    kept.plan_digest = "another plan";
    CHECK(ask(run).reviews.empty());
    CHECK(ask(run).older.size() == 1);
    kept.approves = false;
    CHECK(ask(run).reviews.size() == 1);
    kept.commit = CommitSha(std::string(40, 'b'));
    CHECK(ask(run).reviews.empty());

    kept.plan_digest = plan_of(run).digest;
    kept.comment_id.clear();
    CHECK(ask(run).reviews.at(0).source == "api");
    kept.stack = "db";
    CHECK(ask(run).reviews.empty());
    CHECK(ask(run).older.empty());
}

TEST_CASE("W3: somebody's newest review counts and no other of theirs") {
    ControlBench bench;
    bench.all_may_write();
    const auto run = bench.planned(RunKind::proposed, "p");
    bench.considered(run, {bench.review("grace", ReviewState::changes_requested),
                           bench.review("grace"), bench.review("grace", ReviewState::commented)});
    CHECK(only_review(bench).approves);
    bench.considered(run, {bench.review("grace"), bench.review("grace", ReviewState::dismissed)});
    CHECK(bench.policies.asked.reviews.empty());
}

TEST_CASE("W5, R4: approvals carry over to the same changes from the same inputs only") {
    ControlBench bench;
    bench.all_may_write();
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto run = bench.planned(RunKind::tracked, "t");
    run.approved_run = RunId("p");
    CHECK(bench.considered(run, {bench.review("grace")}).carried_over);
    CHECK(bench.policies.asked.reviews.size() == 1);

    auto other = run;
    set_plan(other).change_digest = "other changes";
    auto found = bench.considered(other, {bench.review("grace")});
    CHECK_FALSE(found.carried_over);
    CHECK(found.not_carried == Reason{Cause::other_plan});
    CHECK(bench.policies.asked.reviews.empty());

    other = run;
    set_plan(other).inputs.push_back({InputKind::module, "vpc", "digest"});
    CHECK_FALSE(bench.considered(other, {bench.review("grace")}).carried_over);

    other = run;
    set_plan(other).inputs_digest.clear();
    CHECK_FALSE(bench.considered(other, {bench.review("grace")}).carried_over);

    other = run;
    other.approved_run = RunId();
    found = bench.considered(other, {bench.review("grace")});
    CHECK_FALSE(found.carried_over);
    CHECK(found.not_carried == Reason{Cause::not_on_pull});
}

TEST_CASE("W5: each reason keeps a run of the branch from applying by itself") {
    ControlBench bench;
    auto run = bench.planned(RunKind::tracked, "t");
    Considered fine;
    fine.approval.approval = Approval::approved;
    fine.carried_over = true;
    REQUIRE(why_not_automatic(run, fine).empty());

    const auto reason = [&](auto change) {
        auto changed = run;
        auto considered = fine;
        change(changed, considered);
        return why_not_automatic(changed, considered).cause;
    };
    CHECK(reason([](Run& r, Considered&) { r.settings.mode = Mode::observe; }) == Cause::observed);
    CHECK(reason([](Run& r, Considered&) { r.must_confirm = {Cause::forced_push}; }) ==
          Cause::forced_push);
    CHECK(reason([](Run&, Considered& c) { c.approval.approval = Approval::error; }) ==
          Cause::approval_error);
    CHECK(reason([](Run&, Considered& c) { c.approval.approval = Approval::rejected; }) ==
          Cause::approval_rejected);
    CHECK(reason([](Run&, Considered& c) { c.approval.approval = Approval::undecided; }) ==
          Cause::approvals_missing);
    CHECK(reason([](Run&, Considered& c) { c.carried_over = false; }) == Cause::unseen_plan);
    CHECK(reason([](Run& r, Considered&) { r.settings.apply_when = ApplyWhen::before_merge; }) ==
          Cause::asked_on_pull);
    CHECK(reason([](Run& r, Considered&) { r.settings.apply_start = ApplyStart::confirmed; }) ==
          Cause::stack_confirms);
    CHECK(reason([](Run& r, Considered&) { set_plan(r).decision.verdict = Verdict::warned; }) ==
          Cause::policy_warns);
    CHECK(reason([](Run& r, Considered&) {
              r.renamed_from = "stacks/old";
              set_plan(r).counts.remove = 1;
          }) == Cause::destroys_renamed);
    // Somebody who asked for it before the merge has confirmed it, and lifts nothing else.
    CHECK(reason([](Run& r, Considered&) {
              r.confirmation = Confirmation{"ada", std::nullopt};
              r.settings.apply_start = ApplyStart::confirmed;
          }) == Cause::none);
    CHECK(reason([](Run& r, Considered& c) {
              r.confirmation = Confirmation{"ada", std::nullopt};
              c.carried_over = false;
          }) == Cause::unseen_plan);
}

TEST_CASE("W5: a run that must be confirmed waits although everything is approved") {
    ControlBench bench;
    bench.all_may_write();
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto run = bench.planned(RunKind::tracked, "t");
    run.approved_run = RunId("p");
    run.must_confirm = {Cause::forced_push, "main"};
    bench.put(run);
    const auto job = make_job(jobs::consider(bench.pull_name), bench.pull_name);
    bench.work(job, consider);
    CHECK(bench.run("t").state == RunState::unconfirmed);
    CHECK(bench.run("t").reason == Reason{Cause::forced_push, "main"});

    run.must_confirm = Reason();
    bench.put(run);
    bench.work(job, consider);
    CHECK(bench.run("t").state == RunState::confirmed);
    CHECK(confirmed_by(bench.run("t")) == "slipway");
    CHECK(bench.left("perform/t/apply", "work/" + run.settings.pool));
}
