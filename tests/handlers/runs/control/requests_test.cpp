// What people ask of runs: who may, and what each answer leaves behind. One rule at a time stands
// between the asker and the effect.
#include <doctest/doctest.h>

#include "tests/support/control_bench.hpp"

using namespace slipway;

namespace {

// A run of the branch that waits for somebody, approved.
struct Waiting : ControlBench {
    Waiting() {
        with_roles();
        all_may_write();
        put(planned(RunKind::tracked, "t"));
    }
    Answer::Kind asked(Verb verb, const char* login) { return answer(request(verb, login)).kind; }
};

}  // namespace

TEST_CASE("W2: a run is confirmed with permission to write and the role writer") {
    Waiting bench;
    CHECK(bench.asked(Verb::apply, "linus") == Answer::Kind::refused);
    bench.forge->permissions["grace"] = Permission::read;
    CHECK(bench.asked(Verb::apply, "grace") == Answer::Kind::refused);
    CHECK(bench.run("t").state == RunState::unconfirmed);
    bench.forge->permissions["grace"] = Permission::write;
    CHECK(bench.asked(Verb::apply, "grace") == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::confirmed);
    CHECK(confirmed_by(bench.run("t")) == "forge.test/grace");
    CHECK(bench.left("perform/t/apply", "work/default"));
}

TEST_CASE("W2: an account of another forge has no rights here") {
    // A tree gives such an account no role; without one, it must not be taken for whoever has its
    // name on this forge.
    for (const bool with_tree : {true, false}) {
        Waiting bench;
        bench.context.has_organisation_tree = with_tree;
        auto request = bench.request(Verb::apply, "grace");
        request.actor.forge = "elsewhere.test";
        bench.work(make_job(jobs::command("test", "other"), request), answer_request);
        CHECK(bench.run("t").state == RunState::unconfirmed);
    }
}

TEST_CASE("a pull request that was not looked at yet can only be planned") {
    ControlBench bench;
    bench.with_roles();
    bench.organisation->roles[""]["writer"] = {"grace"};
    bench.all_may_write();
    for (const auto verb : {Verb::explain, Verb::apply, Verb::approve, Verb::cancel})
        CHECK(bench.answer(bench.request(verb, "grace")).kind == Answer::Kind::impossible);
    CHECK(bench.answer(bench.request(Verb::plan, "grace")).kind == Answer::Kind::done);
}

TEST_CASE("a plan that is asked for before the stacks are known is of all of them") {
    ControlBench bench;
    bench.with_roles();
    bench.organisation->roles[""]["writer"] = {"grace"};
    bench.all_may_write();
    bench.pull.value.discovering_stacks = true;
    Commit seen;
    seen.records.push_back(save(pull_key(bench.pull_name), bench.pull));
    bench.commit(std::move(seen));
    CHECK(bench.answer(bench.request(Verb::plan, "linus")).kind == Answer::Kind::refused);
    const auto answer = bench.answer(bench.request(Verb::plan, "grace"));
    CHECK(answer.kind == Answer::Kind::done);
    CHECK(bench.left("look/" + bench.pull_name.text() + "/", "service"));
}

TEST_CASE("a confirmation needs the approvals, whoever gives it") {
    for (const auto approval : {Approval::undecided, Approval::rejected, Approval::error}) {
        Waiting bench;
        bench.policies.approval.approval = approval;
        CHECK(bench.asked(Verb::apply, "root") == Answer::Kind::refused);
        CHECK(bench.run("t").state == RunState::unconfirmed);
    }
}

TEST_CASE("an observed stack is not applied, whoever confirms it") {
    Waiting bench;
    auto run = bench.run("t");
    run.settings.mode = Mode::observe;
    bench.put(run);
    CHECK(bench.asked(Verb::apply, "root") == Answer::Kind::refused);
    CHECK(bench.run("t").state == RunState::unconfirmed);
}

TEST_CASE("W3: a confirmation that names another plan is refused") {
    Waiting bench;
    auto request = bench.request(Verb::apply, "grace");
    request.targets = {{"net", "0000"}};
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    CHECK(bench.run("t").state == RunState::unconfirmed);
    request.targets = {{"net", "9f3c"}};
    CHECK(bench.answer(request).kind == Answer::Kind::done);
}

TEST_CASE("a destroy of a whole stack is confirmed by its name alone") {
    Waiting bench;
    auto run = bench.run("t");
    run.destroy = true;
    set_plan(run).counts.remove = 3;
    bench.put(run);
    CHECK(bench.asked(Verb::apply, "grace") == Answer::Kind::refused);
    auto request = bench.request(Verb::apply, "grace");
    request.targets = {{"n*", ""}};
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    CHECK(bench.run("t").state == RunState::unconfirmed);
    request.targets = {{"net", ""}};
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::confirmed);
}

TEST_CASE("a run that waits is discarded, one that is confirmed is cancelled") {
    Waiting bench;
    CHECK(bench.asked(Verb::cancel, "linus") == Answer::Kind::refused);
    CHECK(bench.asked(Verb::cancel, "grace") == Answer::Kind::done);
    CHECK(bench.run("t").state == RunState::discarded);

    Waiting other;
    REQUIRE(other.asked(Verb::apply, "grace") == Answer::Kind::done);
    CHECK(other.asked(Verb::cancel, "grace") == Answer::Kind::done);
    CHECK(is_terminal(other.run("t").state));
}

TEST_CASE(
    "F11, W3: an approval by a comment names its plan, or comes ten seconds after it was shown") {
    ControlBench bench;
    bench.with_roles();
    bench.all_may_write();
    bench.put(bench.planned(RunKind::proposed, "p"));
    auto request = bench.request(Verb::approve, "grace");
    request.comment_id = "c1";
    CHECK(bench.answer(request).kind == Answer::Kind::refused);  // never shown
    CHECK(bench.record().kept_reviews.empty());
    Stored<PostedRecord> posted;
    posted.value.posted_at_ms[plan_of(bench.run("p")).digest] = bench.clock.now_ms() + 55'000;
    Commit commit;
    commit.records.push_back(save(posted_key(bench.pull_name), posted));
    REQUIRE(run_task(bench.io, bench.queue->commit(std::move(commit))) == Committed::done);
    request.comment_id = "c2";  // given at + 60 s: five seconds after
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    request.comment_id = "c3";
    request.targets = {{"net", "9f3c"}};
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    REQUIRE(bench.record().kept_reviews.size() == 1);
    CHECK(bench.record().kept_reviews[0].plan_digest == plan_of(bench.run("p")).digest);
    request.comment_id = "c4";
    request.verb = Verb::reject;  // takes the place of the approval
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    REQUIRE(bench.record().kept_reviews.size() == 1);
    CHECK_FALSE(bench.record().kept_reviews[0].approves);
}

TEST_CASE("what has no plan cannot be approved, and what is over neither") {
    ControlBench bench;
    bench.with_roles();
    bench.all_may_write();
    auto run = bench.planned(RunKind::proposed, "p");
    run.plan.reset();
    bench.put(run);
    CHECK(bench.answer(bench.request(Verb::approve, "grace")).kind == Answer::Kind::refused);
    auto over = bench.planned(RunKind::tracked, "t");
    over.state = RunState::finished;
    bench.put(over);
    CHECK(bench.answer(bench.request(Verb::approve, "grace")).kind == Answer::Kind::refused);
}

TEST_CASE("R3: a provider is allowed by an administrator") {
    Waiting bench;
    auto request = bench.request(Verb::allow, "grace");
    request.providers = {"acme/dns"};
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    CHECK(bench.record().allowed_providers.empty());
    request.actor.login = "root";
    CHECK(bench.answer(request).kind == Answer::Kind::done);
    CHECK(bench.record().allowed_providers == std::vector<std::string>{"acme/dns"});
}

TEST_CASE("an apply whose end nobody saw is resolved by whoever may confirm, and planned again") {
    Waiting bench;
    auto run = bench.run("t");
    run.state = RunState::unknown;
    bench.put(run);
    auto request = bench.request(Verb::resolve, "linus");
    request.resolution = Resolution::applied;
    CHECK(bench.answer(request).kind == Answer::Kind::refused);
    CHECK(bench.run("t").state == RunState::unknown);
    bench.put(bench.planned(RunKind::tracked, "t"));
    request.actor.login = "grace";
    CHECK(bench.answer(request).kind == Answer::Kind::refused);  // nothing is unknown
}

TEST_CASE("S1: a command that was answered is not obeyed again") {
    Waiting bench;
    const auto request = bench.request(Verb::apply, "grace");
    const auto job = make_job(jobs::command("test", "once"), request);
    bench.work(job, answer_request);
    REQUIRE(bench.run("t").state == RunState::confirmed);
    bench.put(bench.planned(RunKind::tracked, "t"));
    bench.work(job, answer_request);
    CHECK(bench.run("t").state == RunState::unconfirmed);
}

TEST_CASE("an apply whose lease ran out is unknown, and somebody is to find out") {
    Waiting bench;
    auto run = bench.planned(RunKind::tracked, "t");
    run.state = RunState::applying;
    bench.put(run);
    Lapsed lapsed;
    lapsed.job = perform_job(bench.context, run, Phase::apply);
    lapsed.fate = Lapsed::Fate::unknown;
    run_task(bench.io, settle_lapsed(bench.context, lapsed));
    CHECK(bench.run("t").state == RunState::unknown);
    CHECK(bench.left("perform/t/find_out", "work/default"));
}

TEST_CASE("a plan that was given up fails its run; one that goes back to its queue does not") {
    Waiting bench;
    auto run = bench.planned(RunKind::tracked, "t");
    run.state = RunState::planning;
    bench.put(run);
    Lapsed lapsed;
    lapsed.job = perform_job(bench.context, run, Phase::plan);
    lapsed.fate = Lapsed::Fate::again;
    run_task(bench.io, settle_lapsed(bench.context, lapsed));
    CHECK(bench.run("t").state == RunState::planning);
    lapsed.fate = Lapsed::Fate::dead;
    run_task(bench.io, settle_lapsed(bench.context, lapsed));
    CHECK(bench.run("t").state == RunState::failed);
}

TEST_CASE("a name that fits no stack is answered with the nearest, and nothing is done") {
    Waiting bench;
    auto request = bench.request(Verb::cancel, "grace");
    request.targets = {{"nte", ""}};
    auto answer = bench.answer(request);
    CHECK(answer.kind == Answer::Kind::impossible);
    CHECK(answer.text.find("did you mean `net`?") != std::string::npos);
    request.targets = {{"something-else", ""}};
    CHECK(bench.answer(request).text.find("it concerns `net`") != std::string::npos);
    // Nor for those that are there.
    request.targets = {{"net", ""}, {"nte", ""}};
    answer = bench.answer(request);
    CHECK(answer.kind == Answer::Kind::impossible);
    CHECK(answer.text.starts_with("One of these names"));
    CHECK(bench.run("t").state == RunState::unconfirmed);
    request.targets = {{"net", ""}, {"n*", ""}};
    CHECK(bench.answer(request).kind == Answer::Kind::done);
}

TEST_CASE("whoever gives options behind the dashes hears that the tool does not get them") {
    struct Row {
        const char* note;
        bool said;
    };
    for (const auto& row :
         {Row{"-target=x", true}, Row{"as agreed, --refresh=false", true},
          Row{"do it -var a=b", true}, Row{"as discussed", false}, Row{"well - why not", false},
          Row{"a well-known change", false}, Row{"", false}}) {
        CAPTURE(row.note);
        Waiting bench;
        auto run = bench.run("t");
        run.settings.tool = ToolKind::terraform;
        bench.put(run);
        auto request = bench.request(Verb::apply, "grace");
        request.note = row.note;
        const auto answer = bench.answer(request);
        CHECK(answer.kind == Answer::Kind::done);
        CHECK((answer.text.find("it was not passed to Terraform.") != std::string::npos) ==
              row.said);
    }
}

TEST_CASE("an approval that changes nothing is marked as such, wherever it was given") {
    const auto approve = [](Waiting& bench, const char* login) {
        auto request = bench.request(Verb::approve, login);
        request.targets = {{"net", "9f3c"}};
        return bench.answer(request);
    };
    {
        Waiting bench;
        const auto answer = approve(bench, "grace");
        CHECK(answer.kind == Answer::Kind::done);
        CHECK(answer.counts);
    }
    {
        Waiting bench;
        auto run = bench.run("t");
        set_plan(run).decision.verdict = Verdict::denied;
        bench.put(run);
        const auto answer = approve(bench, "grace");
        CHECK(answer.kind == Answer::Kind::done);
        CHECK_FALSE(answer.counts);
        CHECK(answer.text.find("denied all the same") != std::string::npos);
    }
    {
        Waiting bench;
        bench.forge->can.is_owners_folder = true;
        const auto answer = approve(bench, "grace");
        CHECK(answer.kind == Answer::Kind::done);
        CHECK_FALSE(answer.counts);
        CHECK(answer.text.find("It does not count: ") != std::string::npos);
    }
    {
        Waiting bench;
        const auto answer = approve(bench, "ada");  // her own change: the policies say
        CHECK(answer.counts);
        CHECK(answer.text.find("your own change") != std::string::npos);
    }
}

TEST_CASE("a confirmation is kept in the run's history with the approval that let it through") {
    Waiting bench;
    bench.policies.approval.approved_by = {"ada"};
    REQUIRE(bench.asked(Verb::apply, "grace") == Answer::Kind::done);
    const auto change = bench.run("t").history.back();
    CHECK(change.event == RunEvent::confirmed);
    CHECK(change.by == "forge.test/grace");
    REQUIRE(change.vote);
    CHECK(change.vote->approval == Approval::approved);
    CHECK(change.vote->approved_by == std::vector<std::string>{"ada"});
}
