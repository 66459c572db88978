// What explain says is what is enforced: the same decisions, told from the same data, and what it
// says would change them does.
#include <algorithm>
#include <random>
#include <set>

#include "policies/engine/library.hpp"
#include "service/wording/report.hpp"
#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

constexpr int cases = 100;
constexpr const char* spare[] = {"s1", "s2", "s3", "s4", "s5", "s6"};

// Raw draws alone: what distributions make of them is each library's own.
struct Draw {
    std::mt19937 engine;
    bool one_in(unsigned n) { return engine() % n == 0; }
};

Policy policy(PolicyKind kind, const char* name, std::string text) {
    Policy out;
    out.name = name;
    out.kind = kind;
    out.place.file = "policies/" + std::string(word(kind)) + "/" + name + ".rego";
    out.text = std::move(text);
    return out;
}

Policy of_library(const char* name) {
    return policy(PolicyKind::approval, name,
                  std::string(library_policy("approval/" + std::string(name) + ".rego")));
}

std::vector<Policy> all_policies() {
    std::vector<Policy> out;
    for (const char* name : {"two_eyes", "team", "production", "sign_off", "owners", "freeze"})
        out.push_back(of_library(name));
    const auto approval = [&](const char* name, const char* text) {
        out.push_back(policy(PolicyKind::approval, name, text));
    };
    approval("three",
             "package slipway\nimport rego.v1\n"
             "approve if count(input.reviews.current.approvals) >= 3\n");
    approval("never",
             "package slipway\nimport rego.v1\n"
             "reject_with_note contains \"not at all\" if input.stack.id\n");
    approval("broken", "package slipway\nimport rego.v1\napprove if to_number(\"eleven\") > 1\n");
    const auto plan = [&](const char* name, const char* text) {
        out.push_back(policy(PolicyKind::plan, name, text));
    };
    plan("denies",
         "package slipway\nimport rego.v1\n"
         "deny contains \"no\" if input.spacelift.run.type == \"TRACKED\"\n");
    plan("warns",
         "package slipway\nimport rego.v1\n"
         "warn contains \"oh\" if count(input.plan.changes) > 0\n");
    plan("faulty",
         "package slipway\nimport rego.v1\ndeny contains \"x\" if to_number(\"ten\") > 1\n");
    return out;
}

// What the service does with the run, and what it would keep of it.
struct Enforced {
    Run run;
    Considered considered;
    Reason why;  // empty: it applies
};

struct Corpus : ControlBench {
    std::unique_ptr<Policies> real =
        make_policies(io.get_executor(), SLIPWAY_BINARY_DIR "/bin/slipway-opa");
    ControlContext asking{
        *queue,       forges,      *mirrors,   *uses, *real,
        *blobs,       plans,       pool,       clock, [this] { return organisation; },
        scratch.path, Secret("k"), Secret("k")};
    std::vector<ForgeReview> reviews;
    Run run;

    Corpus() {
        with_roles();
        asking.has_organisation_tree = true;
        all_may_write();
        organisation->roles["production"]["writer"].push_back("root");
        for (const auto* login : spare) {
            forge->permissions[login] = Permission::write;
            organisation->people[login][infra.forge] = login;
            organisation->roles["production"]["writer"].push_back(login);
            for (const char* team : {"dba", "security"}) organisation->teams[team].push_back(login);
        }
        organisation->teams["dba"].push_back("grace");
    }
    ~Corpus() {
        real.reset();
        io.restart();
        io.run_for(std::chrono::seconds(5));
    }

    void put_lock(bool locked) {
        auto stored = run_task(io, load<StackLock>(*queue, lock_key(StackId("net"))));
        stored.value = StackLock();
        if (locked) {
            stored.value.stack = StackId("net");
            stored.value.holder = {infra.forge, "ada"};
            stored.value.since_ms = clock.now_ms();
            stored.value.expires_at_ms = clock.now_ms() + 3'600'000;
        }
        Commit commit;
        commit.records.push_back(save(lock_key(StackId("net")), stored));
        ControlBench::commit(std::move(commit));
    }

    void draw(unsigned seed) {
        Draw draw{std::mt19937(seed)};
        clock.advance(std::chrono::hours(draw.engine() % 40));
        organisation->policies.clear();
        for (const auto& one : all_policies()) {
            const bool rare = one.name == "broken" || one.name == "never" || one.name == "faulty" ||
                              one.name == "denies";
            if (draw.one_in(rare ? 12 : 3)) organisation->policies.push_back(one);
        }
        run = planned(RunKind::tracked, "t");
        run.approved_run = RunId("p");
        auto& settings = run.settings;
        for (const char* label : {"approvers:dba", "owner-team:dba", "env:prod"})
            if (draw.one_in(2)) settings.labels.push_back(label);
        if (draw.one_in(3)) settings.apply_start = ApplyStart::confirmed;
        if (draw.one_in(6)) settings.apply_when = ApplyWhen::before_merge;
        if (draw.one_in(10)) settings.mode = Mode::observe;
        if (draw.one_in(10)) run.must_confirm = {Cause::forced_push, "main"};
        set_plan(run).document = plan_document();
        if (draw.one_in(6)) set_plan(run).change_digest = "other changes";
        auto proposed = planned(RunKind::proposed, "p");
        set_plan(proposed).document = plan_document();
        put(proposed);
        put(run);
        put_lock(draw.one_in(5));
        reviews.clear();
        pull.value.kept_reviews.clear();
        for (const char* login : {"ada", "grace", "linus", "root", "s1"}) {
            if (draw.one_in(2)) continue;
            auto one = review(
                login, draw.one_in(5) ? ReviewState::changes_requested : ReviewState::approved);
            if (draw.one_in(5)) one.commit = CommitSha(std::string(40, 'b'));
            if (draw.one_in(6)) one.submitted_at_ms -= 60'000;  // before there was a plan
            reviews.push_back(std::move(one));
        }
    }

    // By a command that names the plan, which counts whether approvals carry over or not.
    void approve(const std::string& login) {
        KeptReview kept;
        kept.author = {infra.forge, login};
        kept.stack = "net";
        kept.plan_digest = plan_of(run).digest;
        kept.commit = head;
        kept.comment_id = "c";
        kept.at_ms = clock.now_ms() + 2'000;
        pull.value.kept_reviews.push_back(kept);
    }

    Enforced enforce() {
        Enforced out;
        out.run = run;
        PlanEvidence evidence;
        evidence.document = Json::object();
        const auto plan = plans.get(plan_of(run).document);
        auto& decision = set_plan(out.run).decision;
        decision = run_task(io, decide_plan(asking, run, *plan, evidence));
        if (decision.verdict == Verdict::denied || decision.verdict == Verdict::error) {
            out.why = out.run.reason = denial(decision);
            REQUIRE(advance(out.run, RunEvent::denied, clock.now_ms(), "slipway"));
            return out;
        }
        PostedRecord posted;
        out.considered = run_task(io, consider_run(asking, out.run, &pull.value, &posted, reviews));
        out.why = out.run.reason = why_not_automatic(out.run, out.considered);
        if (out.why.empty())
            REQUIRE(advance(out.run, RunEvent::confirmed, clock.now_ms(), "slipway"));
        return out;
    }

    Replay replayed(const KeptInput& kept) {
        PolicySet set;
        set.policies = organisation->policies_for(kept.stack, kept.kind);
        return run_task(io, real->replay(std::move(set), std::make_shared<const KeptInput>(kept)));
    }
};

StackReport report_of(const Enforced& enforced) {
    StackReport out;
    out.stack = enforced.run.stack;
    out.run = enforced.run;
    out.approval = enforced.considered.approval;
    if (!enforced.considered.locked.empty()) out.lock = enforced.considered.lock.value;
    return out;
}

const Explanation* node_of(const std::vector<Explanation>& tree, const std::string& text) {
    const auto at = std::find_if(tree.begin(), tree.end(),
                                 [&](const Explanation& node) { return node.text == text; });
    return at == tree.end() ? nullptr : &*at;
}

void drop(std::vector<Policy>& policies, const std::vector<std::string>& names) {
    std::erase_if(policies, [&](const Policy& one) {
        return std::find(names.begin(), names.end(), one.name) != names.end();
    });
}

// Does what the remedy says, and nothing more.
void follow(Corpus& corpus, const Remedy& remedy) {
    switch (remedy.kind) {
        case Remedy::Kind::fix:
        case Remedy::Kind::fix_policy:
            return drop(corpus.organisation->policies, remedy.names);
        case Remedy::Kind::take_back:
            for (const auto& login : remedy.names) corpus.approve(login);
            return;
        case Remedy::Kind::unlock:
            return corpus.put_lock(false);
        case Remedy::Kind::time:
            REQUIRE(remedy.at_ms > corpus.clock.now_ms());
            return corpus.clock.advance(
                std::chrono::milliseconds(remedy.at_ms - corpus.clock.now_ms()));
        case Remedy::Kind::approvals: {
            int wanted = std::max(1, remedy.count);
            for (const auto* login : spare) {
                const bool excepted = std::find(remedy.names.begin(), remedy.names.end(), login) !=
                                      remedy.names.end();
                if (excepted || wanted == 0) continue;
                corpus.approve(login);
                --wanted;
            }
            CHECK(wanted == 0);
            return;
        }
        default:
            FAIL("no such remedy of a plan that is judged");
    }
}

std::vector<const Policy*> of_kind(const Corpus& corpus, PolicyKind kind) {
    std::vector<const Policy*> out;
    for (const auto& one : corpus.organisation->policies)
        if (one.kind == kind) out.push_back(&one);
    return out;
}

// The tree has one node for each policy that was asked.
void check_nodes(const Corpus& corpus, const Enforced& enforced, const Explained& told) {
    const bool denied = is_terminal(enforced.run.state);
    for (const auto* one : of_kind(corpus, PolicyKind::plan))
        CHECK(node_of(told.tree, "plan policy " + one->name));
    for (const auto* one : of_kind(corpus, PolicyKind::approval))
        CHECK((node_of(told.tree, "approval policy " + one->name) != nullptr) == !denied);
}

void check_outcome(const Enforced& enforced, const Explained& told) {
    const auto verdict = plan_of(enforced.run).decision.verdict;
    if (verdict == Verdict::denied) CHECK(told.outcome == "denied");
    if (verdict == Verdict::error) CHECK(told.outcome == "not judged");
    if (verdict == Verdict::denied || verdict == Verdict::error) return;
    if (enforced.run.settings.mode == Mode::observe) {
        CHECK(enforced.why.cause == Cause::observed);
        CHECK(node_of(told.tree, "waits for confirmation"));
        return;
    }
    CHECK((told.outcome == "is being applied") == enforced.why.empty());
    CHECK((told.outcome == "waits") == !enforced.why.empty());
    CHECK(told.remedies.empty() == enforced.why.empty());
}

// What was kept says, asked again, what was enforced; and says it in the same words.
void check_replay(Corpus& corpus, const Enforced& enforced) {
    const auto& plan = plan_of(enforced.run).decision;
    std::string document;
    REQUIRE(corpus.blobs->get_sealed(plan.input, [&](auto piece) { document += piece; }));
    const auto kept = find_kept(document, enforced.run.stack);
    REQUIRE(kept);
    const auto read = read_kept(kept->dump());
    REQUIRE(read);
    const auto again = corpus.replayed(*read);
    CHECK(again.outcome == word(plan.verdict));
    CHECK(again.why == plan.why);
    CHECK(again.policy_set == plan.policy_set);
    if (!enforced.considered.asked) return;
    const auto& approval = enforced.considered.approval;
    const auto approved = corpus.replayed(*enforced.considered.asked);
    CHECK(approved.outcome == word(approval.approval));
    CHECK(approved.outcome == enforced.considered.asked->outcome);
    CHECK(approved.why == approval.why);
    CHECK(approved.missing == approval.missing);
}

bool only_asks_a_person(const std::vector<Remedy>& remedies) {
    return std::all_of(remedies.begin(), remedies.end(),
                       [](const Remedy& one) { return one.kind == Remedy::Kind::confirm; });
}

}  // namespace

TEST_CASE("T52: explain, its remedies and a replay agree with what is enforced") {
    Corpus corpus;
    std::set<std::string> outcomes;
    std::set<Remedy::Kind> followed;
    for (unsigned seed = 1; seed <= cases; ++seed) {
        CAPTURE(seed);
        corpus.draw(seed);
        auto enforced = corpus.enforce();
        auto told = explained(report_of(enforced));
        outcomes.insert(told.outcome);
        check_nodes(corpus, enforced, told);
        check_outcome(enforced, told);
        check_replay(corpus, enforced);
        if (corpus.run.settings.mode == Mode::observe) continue;
        // Following what would change it leads to an apply, or to the person whom alone it waits
        // for.
        constexpr int rounds = 12;
        for (int round = 0; round < rounds && !only_asks_a_person(told.remedies); ++round) {
            CAPTURE(explanation_text(told));
            for (const auto& remedy : told.remedies) {
                if (remedy.kind == Remedy::Kind::confirm) continue;
                followed.insert(remedy.kind);
                follow(corpus, remedy);
            }
            enforced = corpus.enforce();
            told = explained(report_of(enforced));
            check_outcome(enforced, told);
        }
        CAPTURE(explanation_text(told));
        CHECK(only_asks_a_person(told.remedies));
        CHECK(enforced.considered.approval.approval == Approval::approved);
    }
    // The corpus reaches what it is there for.
    CHECK(outcomes == std::set<std::string>{"denied", "is being applied", "nothing is missing",
                                            "not judged", "waits"});
    CHECK(followed.size() == 6);
}
