// One service, its workers, a forge and the clock, of which every wait is a step that the schedule
// decides about. The handlers, the queue's model, git and what is written on the forge are the real
// ones; the forge, the tool and the policies are models.
#pragma once
#include "handlers/report/reply.hpp"
#include "handlers/report/report.hpp"
#include "handlers/runs/control/control.hpp"
#include "handlers/webhooks/catch_up.hpp"
#include "handlers/webhooks/react.hpp"
#include "policies/kept_input.hpp"
#include "queue/consumer.hpp"
#include "service/base/pause.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"
#include "tests/support/simulation/hosted_forge.hpp"
#include "tests/support/simulation/infrastructure.hpp"
#include "tests/support/simulation/origin.hpp"
#include "tests/support/simulation/stepped_queue.hpp"

namespace slipway::simulation {

inline const RepositoryName infra{"forge.test", "acme/infra"};

// What all worlds stand on, made once.
struct Ground {
    asio::io_context io;
    Pool pool{1};
    Scratch scratch;
    Origin origin{scratch.path / "origin"};
    std::unique_ptr<Mirrors> mirrors =
        std::make_unique<Mirrors>(scratch.path / "mirrors", io.get_executor());
    std::unique_ptr<UsesReader> uses = std::make_unique<UsesReader>(io.get_executor(), pool);
    std::shared_ptr<Organisation> organisation = std::make_shared<Organisation>();
    CommitSha first;

    Ground() {
        mirrors->open(infra.text());
        origin.share_objects_with(scratch.path / "mirrors", infra.text());
        Origin::Files files;
        for (const char* stack : {"net", "db", "app"})
            for (const char* file : {"a", "b"})
                files["stacks/" + std::string(stack) + "/" + file + ".tf"] = "# first\n";
        first = origin.commit(origin.tree_with({}, files), {}, "First", 1'600'000'000'000);
        organisation->spaces = {SpaceId(""), SpaceId("production")};
        for (const char* name : {"ada", "grace", "linus", "root"})
            organisation->people[name][infra.forge] = name;
        organisation->roles["production"]["writer"] = {"ada", "grace"};
        organisation->roles["production"]["reader"] = {"linus"};
        organisation->roles["production"]["admin"] = {"root"};
        add_stack("net").apply_start = ApplyStart::automatic;
        add_stack("db").depends_on = {StackId("net")};
        add_stack("app").apply_when = ApplyWhen::before_merge;
    }

  private:
    Stack& add_stack(const char* name) {
        auto& stack = organisation->stacks.emplace_back();
        stack.id = StackId(name);
        stack.directory = "stacks/" + std::string(name);
        stack.space = SpaceId("production");
        stack.repository = infra;
        return stack;
    }
};

// One vote by somebody who may write, and nobody's refusal; every plan passes, but while somebody
// has a policy that denies all.
class OneApproval final : public Policies {
  public:
    bool denies = false;

    Task<PushDecision> decide_push(PolicySet, PushQuestion question) override {
        PushDecision out;
        out.action = question.pull ? PushAction::propose : PushAction::track;
        co_return out;
    }
    Task<PlanDecision> decide_plan(PolicySet, PlanQuestion) override {
        PlanDecision out;
        if (denies) out.verdict = Verdict::denied;
        co_return out;
    }
    Task<ApprovalDecision> decide_approval(PolicySet, ApprovalQuestion question) override {
        ApprovalDecision out;
        out.why.text = "one approval";
        for (const auto& review : question.reviews) {
            if (!review.may_write) continue;
            if (!review.approves) out.approval = Approval::rejected;
            if (review.approves && out.approval == Approval::undecided)
                out.approval = Approval::approved;
        }
        co_return out;
    }
    Task<std::vector<Finding>> check(PolicySet) override { co_return std::vector<Finding>(); }
    Task<PolicyTestResult> test(std::string, bool) override { co_return PolicyTestResult(); }
    Task<Replay> replay(PolicySet, std::shared_ptr<const KeptInput>) override {
        co_return Replay();
    }
};

// A consumer's or a worker's hold on a job; it renews its lease as long as time passes for it.
struct HeldJob {
    Activity* activity = nullptr;
    std::optional<Lease> lease;
    bool stands_still = false;
    bool begun = false, stop = false;
};

struct World {
    Ground& ground;
    FixedClock clock{1'700'000'000'000};
    std::unique_ptr<Queue> memory = make_memory_queue(ground.io.get_executor(), clock);
    Schedule schedule;
    SteppedQueue queue{*memory, schedule};
    Forges forges;
    HostedForge& forge;
    Infrastructure infrastructure;
    std::unique_ptr<Blobs> blobs = make_memory_blobs();
    Plans plans{*blobs};
    OneApproval policies;
    ReactContext react_context;
    ControlContext control_context;
    ReportContext report_context;
    std::unique_ptr<RunGateway> gateway;
    std::vector<std::shared_ptr<HeldJob>> held;
    CommitSha main;
    std::string trouble;  // what must not happen; "": nothing did

    World(Ground& on, std::uint32_t seed)
        : ground(on),
          schedule(on.io, seed),
          forge(make_forge()),
          react_context{queue,    forges,       *on.mirrors, *on.uses,
                        policies, on.pool,      clock,       [this] { return ground.organisation; },
                        true,     {"/slipway"}, Mode::apply},
          control_context{queue,
                          forges,
                          *on.mirrors,
                          *on.uses,
                          policies,
                          *blobs,
                          plans,
                          on.pool,
                          clock,
                          [this] { return ground.organisation; },
                          on.scratch.path / "prepare",
                          Secret("k"),
                          Secret("k"),
                          true},
          report_context{queue, plans, forges, clock, "slipway", "", "/slipway", {}},
          gateway(make_in_process_gateway(on.io.get_executor(), control_context)) {
        const auto note_trouble = [this](const std::string& what) {
            if (trouble.empty()) trouble = what;
        };
        forge.on_trouble = infrastructure.on_trouble = note_trouble;
        forge.remote.url = on.origin.path().string();
        forge.remote.local = true;
        for (const char* login : {"ada", "grace", "linus", "root"})
            forge.permissions[login] = Permission::write;
        main = on.first;
        on.origin.set("refs/heads/main", main);
        for (const auto& stack : on.organisation->stacks)
            infrastructure.states[stack.id.value].content = wanted(stack.directory, main);
    }

    ~World() {  // whoever is at work uses all the rest
        for (auto* activity : schedule.activities()) schedule.end(*activity);
    }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    // What a directory describes, in short. Trees of merge results are in the mirror alone.
    std::string wanted(const std::string& directory, const CommitSha& commit) const {
        return wanted(directory, ground.origin.view().tree_of(commit));
    }
    std::string wanted(const std::string& directory, const TreeId& tree) const {
        return ground.mirrors->open(infra.text())->object_at(tree, directory).value_or("");
    }
    // As it stands now; no step of anybody.
    template <class T>
    T stored(const std::string& key) {
        return run_task(ground.io, load<T>(*memory, key)).value;
    }
    PullRecord record(int number) { return stored<PullRecord>(pull_key({infra, number})); }
    Run run(const RunId& id) { return stored<Run>(run_key(id)); }

  private:
    HostedForge& make_forge() {
        auto made = std::make_unique<HostedForge>(schedule, infra.forge);
        auto& out = *made;
        forges.emplace(infra.forge, std::move(made));
        return out;
    }
};

}  // namespace slipway::simulation
