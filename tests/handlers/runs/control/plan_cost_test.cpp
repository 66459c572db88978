// What a plan costs, from the tool's document to the run's record, budgets and history.
#include "handlers/runs/control/plan_cost.hpp"

#include <doctest/doctest.h>

#include "service/model/cost.hpp"
#include "tests/support/control_bench.hpp"
#include "tests/support/plan_builder.hpp"

using namespace slipway;

namespace {

// The service `vm` of acme costs 10 a month for each `size`, and `calls` cost 1 each, by the usage
// file.
constexpr const char* acme_vm = R"(type: acme_vm
provider: acme
region: global
usage: {monthly_calls: calls in a month}
components:
  - name: VM
    unit: pieces
    quantity: size
    price: {usd: 10, date: 2026-10-01}
  - name: Calls
    unit: calls
    usage_quantity: usage.monthly_calls
    price: {usd: 1, date: 2026-10-01}
)";

std::string usage(int calls) {
    return "version: 0.1\nresource_type_default_usage:\n  acme_vm: {monthly_calls: " +
           std::to_string(calls) + "}\n";
}

struct Costing : ControlBench {
    std::string planned_vm = R"({"size": 3})";

    Costing() {
        organisation->cost_files["costs/acme_vm.yaml"] = acme_vm;
        organisation->spaces = {SpaceId(""), SpaceId("production")};
        auto& git = with_git();
        git.commit({{"stacks/net/usage.yml", usage(5)}});
    }
    Run of_pull(GitRepo& git) {
        auto run = planned(RunKind::proposed, "p");
        run.settings.directory = "stacks/net";
        run.base = run.head = git.head();
        run.tree = git.tree();
        set_plan(run).tool_document =
            blobs->put(cost::PlanBuilder().create("acme_vm.a", planned_vm).document().dump());
        return run;
    }
    Run priced(Run run) {
        std::vector<CommitSha> none;
        std::vector<std::string> main{"main"};
        auto remote = forge->remote;
        run_task(io, mirrors->fetch(infra.text(), remote, none, main));
        run_task(io, price_plan(context, run));
        return run;
    }
    GitRepo& git() { return origin(); }
    void applied(const char* stack, const char* space, const char* after, bool incomplete = false) {
        auto run = planned(RunKind::tracked, "other");
        run.stack = StackId(stack);
        run.settings.space = SpaceId(space);
        auto& cost = set_plan(run).cost.emplace();
        cost.after = after;
        cost.incomplete = incomplete;
        Commit one;
        note_applied_cost(one, run_task(io, cost_history(context, run.stack)), run, clock.now_ms());
        commit(std::move(one));
    }
};

}  // namespace

TEST_CASE("a plan is priced with the organisation's types and the branch's usage file") {
    Costing bench;
    const auto run = bench.priced(bench.of_pull(bench.git()));
    REQUIRE(plan_of(run).cost);
    const auto& cost = *plan_of(run).cost;
    CHECK(cost.before == "0");
    CHECK(cost.after == "35");
    CHECK_FALSE(cost.incomplete);
    REQUIRE(cost.movers.size() == 1);
    CHECK(cost.movers[0].address == "acme_vm.a");
    CHECK(cost.movers[0].delta == "35");
    CHECK(cost.prices_of.size() == 10);  // of the table that comes with the program
    const auto kept = run_task(bench.io, kept_estimate(bench.context, run));
    REQUIRE(kept);
    CHECK(kept->after.total() == 35);
    CHECK(kept->resources.size() == 1);
}

TEST_CASE("a usage file that a pull request changes lowers no estimate, and is named") {
    Costing bench;
    auto run = bench.of_pull(bench.git());
    bench.git().commit({{"stacks/net/usage.yml", usage(0)}});
    run.tree = bench.git().tree();
    run = bench.priced(run);
    CHECK(plan_of(run).cost->after == "35");
    CHECK(plan_of(run).cost->usage_changed);
}

TEST_CASE("a directory that is renamed keeps its usage file's say") {
    Costing bench;
    auto run = bench.of_pull(bench.git());
    bench.git().git({"mv", "stacks/net", "stacks/new"});
    bench.git().commit_all();
    run.renamed_from = "stacks/net";
    run.settings.directory = "stacks/new";
    run.tree = bench.git().tree();
    run = bench.priced(run);
    CHECK(plan_of(run).cost->after == "35");
    CHECK_FALSE(plan_of(run).cost->usage_changed);
}

TEST_CASE("once it is on the branch, a run of the branch counts the new usage file") {
    Costing bench;
    auto run = bench.of_pull(bench.git());
    bench.git().commit({{"stacks/net/usage.yml", usage(7)}});
    run.kind = RunKind::tracked;
    run.tree = bench.git().tree();
    run = bench.priced(run);
    CHECK(plan_of(run).cost->after == "37");
    CHECK_FALSE(plan_of(run).cost->usage_changed);
    // What is planned before the merge is not on it.
    auto early = bench.of_pull(bench.git());
    bench.git().commit({{"stacks/net/usage.yml", usage(0)}});
    early.kind = RunKind::tracked;
    early.before_merge = true;
    early.tree = bench.git().tree();
    CHECK(plan_of(bench.priced(early)).cost->after == "37");
}

TEST_CASE("what cannot be known makes the cost incomplete, and what costs nothing has none") {
    Costing unknown;
    unknown.planned_vm = "{}";
    CHECK(plan_of(unknown.priced(unknown.of_pull(unknown.git()))).cost->incomplete);

    Costing free;
    auto run = free.of_pull(free.git());
    set_plan(run).tool_document =
        free.blobs->put(cost::PlanBuilder().create("terraform_data.a", "{}").document().dump());
    CHECK_FALSE(plan_of(free.priced(run)).cost);
}

TEST_CASE("a usage file that cannot be read leaves the cost unknown, not zero") {
    Costing bench;
    bench.git().commit({{"stacks/net/usage.yml", "version: 7\n"}});
    const auto run = bench.priced(bench.of_pull(bench.git()));
    REQUIRE(plan_of(run).cost);
    CHECK(plan_of(run).cost->incomplete);
    CHECK(plan_of(run).cost->failure == "stacks/net/usage.yml:1:10: `version` is 0.1");
    CHECK(plan_of(run).cost->document.empty());
}

TEST_CASE("a budget counts the newest apply of every other stack in its space and below") {
    Costing bench;
    bench.organisation->budgets = {{SpaceId("production"), "100", "0.8"},
                                   {SpaceId("staging"), "7", ""},
                                   {SpaceId(""), "1000", ""}};
    bench.applied("net", "production", "900");  // its own is replaced by the plan
    bench.applied("db", "production", "900");
    bench.applied("db", "production", "60");
    bench.applied("eu", "production/eu", "2.5", true);
    bench.applied("web", "staging", "400");
    const auto run = bench.priced(bench.of_pull(bench.git()));
    const auto& budgets = plan_of(run).cost->budgets;
    REQUIRE(budgets.size() == 2);
    CHECK(budgets[0].space == SpaceId("production"));
    CHECK(budgets[0].others == "62.5");
    CHECK(budgets[0].others_incomplete);
    CHECK(budgets[0].monthly == "100");
    CHECK(budgets[0].warn_at == "0.8");
    CHECK(budgets[1].space.empty());
    CHECK(budgets[1].others == "462.5");

    // A stack that moved counts where it is now.
    Stack moved;
    moved.id = StackId("db");
    moved.space = SpaceId("staging");
    bench.organisation->stacks = {moved};
    auto later = run;
    run_task(bench.io, look_at_budgets(bench.context, later));
    CHECK(plan_of(later).cost->budgets[0].others == "2.5");
}

TEST_CASE("the history keeps every apply, and says when nothing costs any more") {
    Costing bench;
    auto run = bench.planned(RunKind::tracked, "t");
    auto history = [&] { return run_task(bench.io, cost_history(bench.context, run.stack)); };
    Commit nothing;
    note_applied_cost(nothing, history(), run, 1);
    CHECK(nothing.records.empty());

    bench.applied("net", "production", "35");
    Commit gone;
    note_applied_cost(gone, history(), run, 2);
    bench.commit(std::move(gone));
    const auto kept = history().value;
    REQUIRE(kept.applied.size() == 2);
    CHECK(kept.applied[0].after == "35");
    CHECK(kept.applied[1].after == "0");
    CHECK(kept.applied[1].run == run.id);
    CHECK(kept.space == SpaceId("production"));
}

TEST_CASE("the history forgets its oldest entries") {
    Costing bench;
    Stored<CostHistory> full;
    full.value.applied.resize(CostHistory::most);
    full.value.applied[0].after = "1";
    auto run = bench.planned(RunKind::tracked, "t");
    set_plan(run).cost.emplace().after = "9";
    Commit one;
    note_applied_cost(one, full, run, 3);
    bench.commit(std::move(one));
    const auto kept = run_task(bench.io, cost_history(bench.context, run.stack)).value;
    CHECK(kept.applied.size() == CostHistory::most);
    CHECK(kept.applied.front().after == "0");
    CHECK(kept.applied.back().after == "9");
}
