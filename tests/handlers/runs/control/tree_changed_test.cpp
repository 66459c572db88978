#include "handlers/runs/control/tree_changed.hpp"

#include "service/model/request.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

Policy policy(PolicyKind kind, std::string text) {
    Policy out;
    out.name = "p";
    out.kind = kind;
    out.place.file = "policies/" + std::string(word(kind)) + "/p.rego";
    out.text = std::move(text);
    return out;
}

// Pull request 7 with one plan, made and judged by the tree as it is.
struct Tree : ControlBench {
    Run run_ = planned(RunKind::proposed, "p");

    Tree() {
        organisation->digest = "d1";
        organisation->policies = {policy(PolicyKind::push, "1"), policy(PolicyKind::plan, "1"),
                                  policy(PolicyKind::approval, "1")};
        organisation->stacks = {run_.settings};
        run_.push.policy_set = digest(PolicyKind::push);
        set_plan(run_).decision.policy_set = digest(PolicyKind::plan);
        pull.value.stacks.emplace_back();
        pull.value.stacks.front().approval.policy_set = digest(PolicyKind::approval);
        put(run_);
        Commit listed;
        listed.index.push_back({pulls_index(), pull_name.text(), 1});
        commit(std::move(listed));
    }
    std::string digest(PolicyKind kind) {
        PolicySet set;
        set.policies = organisation->policies_for(run_.settings, kind);
        set.library = organisation->policy_library;
        return policy_set_digest(set, kind);
    }
    OtherRules by() { return by_other_rules(*organisation, pull.value.stacks.front(), run_); }
    // The jobs that the look leaves, by id.
    std::map<std::string, Job> look() {
        run_task(io, look_at_tree(context));
        std::map<std::string, Job> out;
        for (;;) {
            auto claimed = run_task(io, queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0)));
            if (!claimed) return out;
            out.emplace(claimed->job.id.value, claimed->job);
            run_task(io, queue->finish(claimed->lease));
        }
    }
    bool outdated() { return record().stacks.front().outdated; }
};

}  // namespace

TEST_CASE("a stack is planned again by other settings or policies, and not where a line moved") {
    Tree tree;
    CHECK(tree.by() == OtherRules::none);
    tree.organisation->stacks[0].place = {"stacks/net.yaml", 7, 1};
    CHECK(tree.by() == OtherRules::none);
    const auto before = tree.organisation->stacks[0];
    tree.organisation->stacks[0].version = "~> 1.10.0";
    CHECK(tree.by() == OtherRules::of_plan);
    tree.organisation->stacks[0] = before;
    tree.organisation->stacks[0].mode = Mode::observe;
    CHECK(tree.by() == OtherRules::of_plan);
    tree.organisation->stacks[0] = before;
    for (std::size_t i = 0; i < 3; ++i) {
        auto& text = tree.organisation->policies[i].text;
        text = "2";
        CHECK(tree.by() == (i == 2 ? OtherRules::of_approval : OtherRules::of_plan));
        text = "1";
    }
    tree.organisation->policy_library["lib/a.rego"] = "package lib.a";
    CHECK(tree.by() == OtherRules::of_plan);
    tree.organisation->policy_library.clear();
    tree.organisation->stacks.clear();
    CHECK(tree.by() == OtherRules::of_plan);
}

TEST_CASE(
    "the service's own mode, and a directory that git took for the renamed one, are no change") {
    Tree tree;
    tree.run_.settings.mode = Mode::observe;
    CHECK(tree.by() == OtherRules::none);
    tree.run_.renamed_from = tree.run_.settings.directory;
    tree.run_.settings.directory = "stacks/network";
    CHECK(tree.by() == OtherRules::none);
}

TEST_CASE("a tree that changes nothing for an open pull request leaves it alone") {
    Tree tree;
    CHECK(tree.look().empty());
    CHECK_FALSE(tree.outdated());
}

TEST_CASE(
    "other plan policies mark the stack, and it is planned again after what people wait for") {
    Tree tree;
    tree.organisation->policies[1].text = "2";
    tree.organisation->digest = "d2";
    const auto jobs = tree.look();
    CHECK(tree.outdated());
    CHECK(jobs.contains("report/" + tree.pull_name.text()));
    const auto again = jobs.find("look/" + tree.pull_name.text() + "/tree/d2");
    REQUIRE(again != jobs.end());
    CHECK(again->second.priority < 0);
    const auto request = decode<LookRequest>(std::string_view(again->second.payload));
    REQUIRE(request);
    CHECK(request->stale);
    CHECK(request->targets == std::vector<StackId>{StackId("net")});
}

TEST_CASE("other approval policies have the approvals considered at once, and nothing planned") {
    Tree tree;
    tree.organisation->policies[2].text = "2";
    const auto jobs = tree.look();
    CHECK_FALSE(tree.outdated());
    REQUIRE(jobs.size() == 1);
    CHECK(jobs.begin()->first == "consider/" + tree.pull_name.text());
    CHECK(jobs.begin()->second.priority == 0);
}

TEST_CASE("votes are counted again by every tree: roles and teams may be others") {
    Tree tree;
    tree.pull.value.reviews = {tree.review("grace")};
    tree.put(tree.run_);
    CHECK(tree.look().contains("consider/" + tree.pull_name.text()));
}

TEST_CASE("a pull request that is merged, looked at already or applied is left alone") {
    for (int i = 0; i < 3; ++i) {
        Tree tree;
        tree.organisation->policies[1].text = "2";
        if (i == 0) tree.pull.value.pull.state = PullState::merged;
        if (i == 1) tree.pull.value.discovering_stacks = true;
        if (i == 2) tree.pull.value.stacks.front().tracked = RunId("t");
        tree.put(tree.run_);
        CHECK(tree.look().empty());
        CHECK_FALSE(tree.outdated());
    }
}

TEST_CASE("a stack that a push policy's fault kept from being planned is looked at by another") {
    Tree tree;
    auto& stack = tree.pull.value.stacks.front();
    stack.proposed = RunId();
    stack.push.failed = true;
    stack.push.policy_set = tree.digest(PolicyKind::push);
    Commit commit;
    tree.pull.version = run_task(tree.io, tree.queue->read(pull_key(tree.pull_name))).version;
    commit.records.push_back(save(pull_key(tree.pull_name), tree.pull));
    tree.commit(std::move(commit));
    CHECK(tree.look().empty());
    tree.organisation->policies[0].text = "2";
    CHECK(tree.look().contains("look/" + tree.pull_name.text() + "/tree/d1"));
}
