// The service's side of runs over a queue in memory, a forge that records, and policies that answer
// what a test tells them to and remember what they were asked.
#pragma once
#include <doctest/doctest.h>

#include "handlers/runs/control/transition.hpp"
#include "policies/kept_input.hpp"
#include "tests/support/git_fixture.hpp"
#include "tests/support/recording_forge.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {

class ToldPolicies final : public Policies {
  public:
    PlanDecision plan;
    ApprovalDecision approval;
    std::function<ApprovalDecision(const ApprovalQuestion&)> decides;  // in place of `approval`
    ApprovalQuestion asked;

    Task<PushDecision> decide_push(PolicySet, PushQuestion) override { co_return PushDecision(); }
    Task<PlanDecision> decide_plan(PolicySet, PlanQuestion) override { co_return plan; }
    Task<ApprovalDecision> decide_approval(PolicySet, ApprovalQuestion question) override {
        asked = std::move(question);
        co_return decides ? decides(asked) : approval;
    }
    Task<std::vector<Finding>> check(PolicySet) override { co_return std::vector<Finding>(); }
    Task<PolicyTestResult> test(std::string, bool) override { co_return PolicyTestResult(); }
    Task<Replay> replay(PolicySet, std::shared_ptr<const KeptInput>) override {
        co_return Replay();
    }
};

// One stack, `net` in the space `production` of forge.test/acme/infra, and pull request 7 of ada.
struct ControlBench {
    asio::io_context io;
    FixedClock clock{1'700'000'000'000};
    Pool pool{1};
    Scratch scratch;
    std::unique_ptr<Queue> queue = make_memory_queue(io.get_executor(), clock);
    std::unique_ptr<Mirrors> mirrors =
        std::make_unique<Mirrors>(scratch.path / "mirrors", io.get_executor());
    std::unique_ptr<UsesReader> uses = std::make_unique<UsesReader>(io.get_executor(), pool);
    std::unique_ptr<Blobs> blobs = make_memory_blobs();
    Plans plans{*blobs};
    ToldPolicies policies;
    std::shared_ptr<Organisation> organisation = std::make_shared<Organisation>();
    RecordingForge* forge = new RecordingForge();
    Forges forges;
    const RepositoryName infra{"forge.test", "acme/infra"};
    const PullRequestName pull_name{infra, 7};
    const CommitSha head{std::string(40, 'a')};
    ControlContext context;
    Stored<PullRecord> pull;

    ControlBench()
        : context{*queue,       forges,      *mirrors,   *uses, policies,
                  *blobs,       plans,       pool,       clock, [this] { return organisation; },
                  scratch.path, Secret("k"), Secret("k")} {
        forges[infra.forge].reset(forge);
        forge->configuration.name = infra.forge;
        pull.value.pull.name = pull_name;
        pull.value.pull.author = {infra.forge, "ada"};
        pull.value.pull.head = head;
        policies.approval.approval = Approval::approved;
    }

    // A tree in which ada and grace write in production, and linus reads.
    void with_roles() {
        context.has_organisation_tree = true;
        organisation->spaces = {SpaceId(""), SpaceId("production")};
        for (const char* name : {"ada", "grace", "linus", "root"})
            organisation->people[name][infra.forge] = name;
        organisation->roles["production"]["writer"] = {"ada", "grace"};
        organisation->roles["production"]["reader"] = {"linus"};
        organisation->roles["production"]["admin"] = {"root"};
    }
    void all_may_write() {
        for (const char* login : {"ada", "grace", "linus", "root"})
            forge->permissions[login] = Permission::write;
    }

    Run planned(RunKind kind, const char* id) const {
        Run run;
        run.id = RunId(id);
        run.stack = run.settings.id = StackId("net");
        run.settings.space = SpaceId("production");
        run.settings.repository = infra;
        run.settings.apply_start = ApplyStart::automatic;
        run.repository = infra;
        run.pull = 7;
        run.head = head;
        run.kind = kind;
        run.state = kind == RunKind::tracked ? RunState::unconfirmed : RunState::finished;
        set_plan(run).changes = true;
        set_plan(run).counts.create = 1;
        set_plan(run).digest = std::string("9f3c") + id;
        set_plan(run).change_digest = "same changes";
        set_plan(run).inputs_digest = "same inputs";
        set_plan(run).at_ms = clock.now_ms();
        return run;
    }
    // The stack's run on the pull request, whose state is stored.
    void put(const Run& run) {
        auto stored = run_task(io, load<Run>(*queue, run_key(run.id)));
        stored.value = run;
        if (pull.value.stacks.empty()) pull.value.stacks.emplace_back();
        auto& stack = pull.value.stacks.front();
        stack.settings = run.settings;
        (run.kind == RunKind::tracked ? stack.tracked : stack.proposed) = run.id;
        pull.version = run_task(io, queue->read(pull_key(pull_name))).version;
        Commit commit;
        commit.records.push_back(save(run_key(run.id), stored));
        commit.records.push_back(save(pull_key(pull_name), pull));
        REQUIRE(run_task(io, queue->commit(std::move(commit))) == Committed::done);
        ++pull.version;
    }
    Run run(const char* id) { return run_task(io, load<Run>(*queue, run_key(RunId(id)))).value; }
    PullRecord record() {
        return run_task(io, load<PullRecord>(*queue, pull_key(pull_name))).value;
    }

    ForgeReview review(const char* login, ReviewState state = ReviewState::approved) const {
        ForgeReview out;
        out.author = {infra.forge, login};
        out.state = state;
        out.commit = head;
        out.submitted_at_ms = clock.now_ms() + 1'000;
        return out;
    }
    Considered considered(const Run& run, std::vector<ForgeReview> reviews) {
        PostedRecord posted;
        return run_task(io, consider_run(context, run, &pull.value, &posted, reviews));
    }

    // Leaves a job, claims it, and does it.
    void work(Job job, Task<void> (*perform)(ControlContext&, ClaimedJob)) {
        auto all = [&]() -> Task<void> {
            Commit commit;
            const auto id = job.id;
            commit.jobs.push_back(std::move(job));
            co_await queue->commit(std::move(commit));
            for (;;) {
                auto claimed = co_await queue->claim("service", "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0));
                REQUIRE(claimed);
                const auto lease = claimed->lease;
                const bool ours = claimed->job.id == id;
                if (ours) co_await perform(context, std::move(*claimed));
                co_await queue->finish(lease);
                if (ours) co_return;
            }
        };
        run_task(io, all());
    }
    Answer answer(Request request) {
        request.actor.forge = infra.forge;
        request.given_at_ms = clock.now_ms() + 60'000;
        auto job = make_job(jobs::command("test", std::to_string(++asked_)), request);
        const auto key = "answer/" + job.id.value;
        work(std::move(job), answer_request);
        return run_task(io, load<Answer>(*queue, key)).value;
    }
    Request request(Verb verb, const char* login) const {
        Request out;
        out.verb = verb;
        out.actor = {infra.forge, login};
        out.pull = pull_name;
        return out;
    }
    // A repository with the commit that runs of the branch are of, where the forge says it is.
    GitRepo& with_git() {
        if (!git_) git_.emplace(scratch.path / "origin");
        git_->commit({{"stacks/net/main.tf", "resource \"terraform_data\" \"a\" {}\n"}});
        forge->remote.url = git_->path().string();
        forge->remote.local = true;
        return *git_;
    }
    GitRepo& origin() { return git_.value(); }
    // A plan of one resource, stored.
    BlobId plan_document(int resources_after = 1) {
        Plan plan;
        Change change;
        change.action = Action::create;
        change.address = "terraform_data.a";
        plan.changes.push_back(change);
        plan.counts.create = 1;
        plan.resources = 0;
        plan.resources_after = resources_after;
        return plans.put(std::move(plan));
    }
    void commit(Commit one) {
        REQUIRE(run_task(io, queue->commit(std::move(one))) == Committed::done);
    }
    ClaimedJob claimed(const std::string& where) {
        auto out = run_task(io, queue->claim(where, "test", std::chrono::seconds(30),
                                             std::chrono::milliseconds(0)));
        REQUIRE(out);
        return *out;
    }
    std::vector<std::string> lane() { return run_task(io, queue->lane("stack/net")); }

    // Whether a job of this id waits or is worked on.
    bool left(const std::string& id, const std::string& where) {
        for (;;) {
            auto claimed = run_task(io, queue->claim(where, "test", std::chrono::seconds(30),
                                                     std::chrono::milliseconds(0)));
            if (!claimed) return false;
            if (claimed->job.id.value == id) return true;
        }
    }

  private:
    int asked_ = 0;
    std::optional<GitRepo> git_;
};

}  // namespace slipway
