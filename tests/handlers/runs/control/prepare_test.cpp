// From a queued run to work for a worker, and from an upstream's end to its dependents.
#include <doctest/doctest.h>

#include <set>

#include "handlers/runs/control/known_providers.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

const std::string null_provider = "registry.opentofu.org/hashicorp/null";

struct Queued : ControlBench {
    Run run_;

    Queued() {
        auto& git = with_git();
        git.commit({{"stacks/net/.terraform.lock.hcl",
                     "provider \"" + null_provider + "\" {\n  version = \"3.2.0\"\n}\n"}});
        std::vector<CommitSha> none;
        std::vector<std::string> main{"main"};
        auto remote = forge->remote;
        run_task(io, mirrors->fetch(infra.text(), remote, none, main));
        run_ = planned(RunKind::tracked, "t");
        run_.state = RunState::queued;
        run_.plan.reset();
        run_.settings.directory = "stacks/net";
        run_.settings.tool = ToolKind::opentofu;
        run_.head = run_.base = git.head();
        run_.tree = git.tree();
    }
    Run prepared() {
        put(run_);
        work(make_job(jobs::prepare(run_.id), run_.id), prepare);
        return run("t");
    }
    RunSpec spec() { return job_payload<RunSpec>(claimed("work/default").job); }
};

}  // namespace

TEST_CASE("a queued run is packed and handed over, with all that its plan is made of") {
    Queued bench;
    Variable secret;
    secret.phase = VariablePhase::apply;
    secret.source = Variable::Source::worker_environment;
    Variable both;
    bench.run_.settings.variables = {{"TOKEN", secret}, {"REGION", both}};
    const auto run = bench.prepared();
    CHECK(run.state == RunState::planning);
    CHECK_FALSE(run.prepared.value().archive.empty());
    std::set<InputKind> kinds;
    for (const auto& input : run.prepared->inputs) kinds.insert(input.kind);
    CHECK(kinds == std::set<InputKind>{InputKind::setting, InputKind::files, InputKind::variable});
    CHECK(run.prepared->allowed_providers == std::vector<std::string>{null_provider});
    const auto spec = bench.spec();
    CHECK(spec.phase == Phase::plan);
    CHECK(spec.source == run.prepared->archive);
    CHECK(spec.variables.contains("REGION"));
    CHECK_FALSE(spec.variables.contains("TOKEN"));  // rule R2
    CHECK(spec.apply_variables.contains("TOKEN"));
    CHECK(spec.signature == spec_signature(spec, bench.context.spec_key));
}

TEST_CASE("R4: arguments of init and plan are handed over, and an approval is bound to them") {
    const auto inputs_with = [](std::vector<std::string> init, std::vector<std::string> plan) {
        Queued bench;
        bench.run_.settings.init_arguments = init;
        bench.run_.settings.plan_arguments = plan;
        const auto run = bench.prepared();
        const auto spec = bench.spec();
        CHECK(spec.init_arguments == init);
        CHECK(spec.plan_arguments == plan);
        std::vector<std::string> out;
        for (const auto& input : run.prepared.value().inputs)
            if (input.kind == InputKind::setting) out.push_back(input.name + " " + input.digest);
        return out;
    };
    const auto none = inputs_with({}, {});
    const auto some = inputs_with({"-backend-config=a"}, {"-var-file=a"});
    CHECK(some.size() == none.size() + 2);
    CHECK(inputs_with({"-backend-config=a"}, {"-var-file=b"}) != some);
    CHECK(inputs_with({"-backend-config=b"}, {"-var-file=a"}) != some);
}

TEST_CASE("a run that was superseded before it was prepared is left alone") {
    Queued bench;
    bench.run_.state = RunState::canceled;
    CHECK(bench.prepared().state == RunState::canceled);
    bench.work(make_job(jobs::prepare(RunId("gone")), RunId("gone")), prepare);
    CHECK(bench.run("gone").id.empty());
}

TEST_CASE("a run whose source cannot be packed fails and says why") {
    Queued bench;
    auto& git = bench.with_git();
    std::filesystem::create_symlink("/etc", git.path() / "stacks/net/out");
    git.commit_all();
    std::vector<CommitSha> none;
    std::vector<std::string> main{"main"};
    auto remote = bench.forge->remote;
    run_task(bench.io, bench.mirrors->fetch(bench.infra.text(), remote, none, main));
    bench.run_.tree = git.tree();
    const auto run = bench.prepared();
    CHECK(run.state == RunState::failed);
    CHECK(run.reason.cause == Cause::not_prepared);
    CHECK(run.reason.text == run.error);
    CHECK_FALSE(run.error.empty());
    CHECK(bench.lane().empty());
}

TEST_CASE("R3: allowed are what the branch uses and what an administrator allowed") {
    Queued bench;
    ProviderBasis basis;
    basis.commit = bench.run_.base;
    basis.used = {"registry.opentofu.org/acme/used"};
    basis.allowed = {"acme/allowed", "not a source"};
    bench.pull.value.allowed_providers = {"acme/here"};
    bench.put(bench.run_);
    const auto repository = bench.mirrors->open(bench.infra.text());
    auto found =
        run_task(bench.io, allowed_providers(bench.context, repository, bench.run_, basis));
    CHECK(found == std::vector<std::string>{"registry.opentofu.org/acme/allowed",
                                            "registry.opentofu.org/acme/here",
                                            "registry.opentofu.org/acme/used", null_provider});
    basis = ProviderBasis();  // nothing is known of the branch
    bench.run_.pull.reset();
    CHECK(run_task(bench.io, allowed_providers(bench.context, repository, bench.run_, basis))
              .empty());
}

TEST_CASE("R3: a stack that the branch does not have may use what its neighbours use") {
    Queued bench;
    ProviderBasis basis;
    basis.commit = bench.run_.base;
    bench.run_.settings.directory = "stacks/new";
    bench.run_.pull.reset();
    const auto repository = bench.mirrors->open(bench.infra.text());
    CHECK(run_task(bench.io, allowed_providers(bench.context, repository, bench.run_, basis)) ==
          std::vector<std::string>{null_provider});
    bench.run_.renamed_from = "stacks/net";
    CHECK(run_task(bench.io, allowed_providers(bench.context, repository, bench.run_, basis)) ==
          std::vector<std::string>{null_provider});
}

TEST_CASE("a dependent waits until every upstream is through, enters its lane, or is skipped") {
    for (const auto state : {RunState::planning, RunState::finished, RunState::failed}) {
        Queued bench;
        auto upstream = bench.planned(RunKind::tracked, "u");
        upstream.stack = upstream.settings.id = StackId("dns");
        upstream.state = state;
        bench.put(upstream);
        bench.run_.waits_for = {upstream.id};
        bench.put(bench.run_);
        bench.work(make_job(jobs::release(bench.run_.id), bench.run_.id), release);
        const auto run = bench.run("t");
        CHECK(run.state == (state == RunState::failed ? RunState::skipped : RunState::queued));
        CHECK(bench.lane().size() == (state == RunState::finished ? 1 : 0));
    }
}

TEST_CASE("a dependent is released once, and not where an upstream cannot be read") {
    Queued bench;
    bench.run_.state = RunState::canceled;
    bench.put(bench.run_);
    bench.work(make_job(jobs::release(bench.run_.id), bench.run_.id), release);
    CHECK(bench.run("t").state == RunState::canceled);

    bench.run_.state = RunState::queued;
    bench.run_.waits_for = {RunId("gone")};
    bench.put(bench.run_);
    CHECK_THROWS_AS(bench.work(make_job(jobs::release(bench.run_.id), bench.run_.id), release),
                    Failure);
    CHECK(bench.lane().empty());
}
