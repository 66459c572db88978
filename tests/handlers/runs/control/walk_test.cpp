// Random walks through the service's side of runs: the real jobs on the queue in memory, in any
// order, with people who approve, reject, confirm, cancel, interrupt and resolve, and look for
// drift, workers that crash, come back late and lose their leases, and runs of two stacks that wait
// for each other. After each step the rules that no order may break are looked at. A failure prints
// its seed; SLIPWAY_SEED=<seed> repeats that walk.
#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <set>

#include "tests/support/control_bench.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

// A worker with a piece of work, perhaps one whose lease has long gone.
struct Busy {
    Work work;
    bool begun = false;  // its apply
};

struct Vote {
    std::string digest;
    bool approves = true;
};

class Walk : public ControlBench {
  public:
    explicit Walk(std::uint32_t seed) : random_(seed) {
        with_git();
        tree_ = origin().tree();
        head_ = origin().head();
        std::vector<CommitSha> none;
        std::vector<std::string> main{"main"};
        auto remote = forge->remote;
        run_task(io, mirrors->fetch(infra.text(), remote, none, main));
        with_roles();
        all_may_write();
        document_ = plan_document();
        // One vote by somebody who may write, and nobody's refusal.
        policies.decides = [](const ApprovalQuestion& question) {
            ApprovalDecision out;
            for (const auto& review : question.reviews) {
                if (!review.may_write) continue;
                if (!review.approves) out.approval = Approval::rejected;
                if (review.approves && out.approval == Approval::undecided)
                    out.approval = Approval::approved;
            }
            return out;
        };
    }

    void step() {
        clock.advance(std::chrono::milliseconds(below(2'000)));
        switch (below(20)) {
            case 0:
                if (alive_.size() < 6) propose();
                break;
            case 1:
            case 2:
            case 3:
                ask();
                break;
            case 4:
                if (below(4) == 0) let_leases_run_out();
                break;
            case 5:
                change_rights_and_rules();
                break;
            case 6:
            case 7:
            case 8:
                take_work();
                break;
            case 9:
            case 10:
            case 11:
            case 12:
                if (!workers_.empty()) go_on(below(workers_.size()), false);
                break;
            default:
                serve(below(40) == 0);
                break;
        }
        check_rules();
    }

    // Everybody does their part from here on: every run comes to its end.
    void finish() {
        for (const char* login : {"ada", "grace"}) forge->permissions[login] = Permission::write;
        policies.plan.verdict = Verdict::passed;
        for (int round = 0; round < 2'000 && !alive_.empty(); ++round) {
            clock.advance(std::chrono::seconds(round % 10 == 9 ? 31 : 1));
            if (round % 10 == 9) settle();
            while (serve(false)) {
            }
            take_work();
            for (std::size_t i = workers_.size(); i-- > 0;) go_on(i, true);
            for (const auto& id : std::set(alive_)) see_through(run(id.c_str()));
            check_rules();
        }
        CHECK(alive_.empty());
        for (const char* stack : {"stack/net", "stack/db"})
            CHECK(run_task(io, queue->lane(stack)).empty());
    }

    int applied() const { return applied_; }
    int refused() const { return refused_; }
    int lost() const { return lost_; }

  private:
    int below(std::size_t n) { return static_cast<int>(random_() % n); }
    PullRequestName pull_named(int number) const { return {infra, number}; }

    Run new_run(const char* stack, int number) {
        Run out;
        out.id = RunId("t" + std::to_string(number));
        out.stack = out.settings.id = StackId(stack);
        out.settings.space = SpaceId("production");
        out.settings.repository = infra;
        out.settings.directory = "stacks/net";
        if (below(2)) out.settings.apply_start = ApplyStart::automatic;
        out.repository = infra;
        out.pull = number;
        out.head = out.base = head_;
        out.tree = tree_;
        out.kind = RunKind::tracked;
        begin_history(out, clock.now_ms(), "slipway");
        return out;
    }
    // A merged pull request: its proposed run was planned, and perhaps somebody approved that plan.
    Run merged(const char* stack) {
        auto tracked = new_run(stack, ++pulls_);
        Run shown = tracked;
        shown.id = RunId("p" + std::to_string(pulls_));
        shown.kind = RunKind::proposed;
        shown.state = RunState::finished;
        auto& plan = set_plan(shown);
        plan.changes = true;
        plan.counts.create = 1;
        plan.digest = "shown-" + shown.id.value;
        plan.change_digest = "changes of " + shown.id.value;
        plan.at_ms = clock.now_ms();
        tracked.approved_run = shown.id;
        Stored<PullRecord> record;
        record.value.pull.name = pull_named(pulls_);
        record.value.pull.author = {infra.forge, "ada"};
        record.value.pull.head = head_;
        record.value.pull.state = PullState::merged;
        auto& one = record.value.stacks.emplace_back();
        one.settings = tracked.settings;
        one.proposed = shown.id;
        one.tracked = tracked.id;
        Commit left;
        left.records.push_back(save(run_key(shown.id), Stored<Run>{shown, 0}));
        if (below(3) == 0) {
            KeptReview kept;
            kept.author = {infra.forge, "grace"};
            kept.stack = stack;
            kept.plan_digest = plan.digest;
            kept.commit = head_;
            kept.at_ms = clock.now_ms();
            record.value.kept_reviews.push_back(kept);
            votes_[pulls_]["grace"] = {plan.digest, true};
        }
        left.records.push_back(save(pull_key(pull_named(pulls_)), record));
        commit(std::move(left));
        alive_.insert(tracked.id.value);
        return tracked;
    }
    // What somebody asks for by a call, once its branch was looked at.
    void look_for_drift() {
        auto look = new_run(below(2) ? "net" : "db", ++pulls_);
        look.kind = RunKind::drift;
        look.asked = true;
        look.pull.reset();
        Commit one;
        create_run(one, look);
        commit(std::move(one));
        alive_.insert(look.id.value);
    }
    void propose() {
        if (below(4) == 0) look_for_drift();
        std::vector<Run> runs{merged("net")};
        runs.front().destroy = below(8) == 0;
        if (below(2)) {
            runs.push_back(merged("db"));
            if (below(2)) runs.back().settings.depends_on = {StackId("net")};
        }
        Commit one;
        create_tracked_runs(one, std::move(runs));
        commit(std::move(one));
    }

    const std::string& any_alive() { return *std::next(alive_.begin(), below(alive_.size())); }
    void ask() {
        if (alive_.empty()) return;
        static const Verb verbs[] = {Verb::approve, Verb::approve, Verb::apply,  Verb::apply,
                                     Verb::reject,  Verb::cancel,  Verb::resolve};
        static const char* people[] = {"ada", "grace", "linus", "root"};
        const Run* about = &as_stored(any_alive());
        for (const auto& id : alive_)
            if (as_stored(id).state == RunState::unconfirmed && below(2)) about = &as_stored(id);
        ask(*about, verbs[below(8) ? below(4) : below(7)], people[below(4)]);
    }
    // Left as a job, which is worked on at any later time; approvals name the plan that they mean.
    void ask(const Run& about, Verb verb, const char* who) {
        Request request;
        request.verb = verb;
        request.actor = {infra.forge, who};
        if (about.pull) {
            request.pull = pull_named(*about.pull);
            request.targets = {{about.stack.value, ""}};
        } else {
            if (verb != Verb::cancel) return;
            request.run = about.id;
        }
        if (verb == Verb::approve && plan_of(about).digest.empty()) return;
        if (verb == Verb::approve) request.targets[0].plan = plan_of(about).digest;
        if (verb == Verb::resolve)
            request.resolution = below(2) ? Resolution::applied : Resolution::failed;
        request.given_at_ms = clock.now_ms();
        Commit one;
        one.jobs.push_back(make_job(jobs::command("test", std::to_string(++asked_)), request));
        commit(std::move(one));
    }
    void change_rights_and_rules() {
        static const char* people[] = {"ada", "grace", "linus"};
        forge->permissions[people[below(3)]] = below(3) ? Permission::write : Permission::read;
        policies.plan.verdict = below(6) ? Verdict::passed : Verdict::denied;
    }

    // One job of the service; one that crashes is leased and never done.
    bool serve(bool crashes) {
        auto job = run_task(io, queue->claim("service", "test", 30s, 0ms));
        if (!job) return false;
        if (crashes) return true;
        const auto lease = job->lease;
        const auto before = job->job;
        try {
            perform(std::move(*job));
            run_task(io, queue->finish(lease));
        } catch (const Overtaken&) {
            run_task(io, queue->put_back(lease, 0ms, "overtaken"));
            return true;
        }
        if (before.kind == JobKind::command) note_vote(before);
        return true;
    }
    void perform(ClaimedJob job) {
        switch (job.job.kind) {
            case JobKind::prepare:
                return run_task(io, prepare(context, std::move(job)));
            case JobKind::judge:
                return run_task(io, judge(context, std::move(job)));
            case JobKind::consider:
                return run_task(io, consider(context, std::move(job)));
            case JobKind::release:
                return run_task(io, release(context, std::move(job)));
            case JobKind::command:
                return run_task(io, answer_request(context, std::move(job)));
            default:
                return;  // a report or a reply: of no other run's concern
        }
    }
    // What people said, as the test heard it: not from the record that the service keeps.
    void note_vote(const Job& job) {
        const auto request = job_payload<Request>(job);
        if (request.verb != Verb::approve && request.verb != Verb::reject) return;
        const auto answer = run_task(io, load<Answer>(*queue, answer_key(job.id)));
        if (answer.value.kind != Answer::Kind::done) return;
        votes_[request.pull->number][request.actor.login] = {request.targets[0].plan,
                                                             request.verb == Verb::approve};
    }

    void take_work() {
        auto work = run_task(io, gateway_->next("worker", "default", 0ms));
        if (!work) return;
        check_alone(*work);
        workers_.push_back({std::move(*work), false});
    }
    // Whether the worker would go on: its lease holds and nobody wants it to stop.
    bool goes_on(const Busy& busy) {
        return run_task(io, gateway_->renew(busy.work.lease)) == Renewed::held;
    }
    // No two workers are at work on the state of one stack.
    void check_alone(const Work& work) {
        for (const auto& busy : workers_) {
            if (busy.work.spec.stack != work.spec.stack) continue;
            if (busy.work.spec.phase == Phase::find_out || work.spec.phase == Phase::find_out)
                continue;
            CHECK_FALSE(goes_on(busy));
        }
    }

    void go_on(std::size_t at, bool well) {
        auto& busy = workers_[at];
        if (!well && below(busy.begun ? 4 : 12) == 0) {  // crashes
            if (busy.begun) ++lost_;
            workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(at));
            return;
        }
        if (busy.work.spec.phase == Phase::apply && !busy.begun) {
            if (!begin(busy)) workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(at));
            return;
        }
        const auto lease = busy.work.lease;
        const auto result = result_of(busy, well);
        const bool taken = run_task(io, gateway_->report(lease, result));
        if (!taken && busy.begun) run_task(io, gateway_->ask_for_its_end(lease));
        workers_.erase(workers_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    PhaseResult result_of(const Busy& busy, bool well) {
        using Outcome = PhaseResult::Outcome;
        PhaseResult out;
        out.outcome = Outcome::failed;
        out.begun = busy.begun;
        const auto& spec = busy.work.spec;
        if (spec.phase != Phase::plan) {
            if (well || below(3)) out.outcome = Outcome::applied;
            if (!well && below(8) == 0) out.outcome = Outcome::unknown;
            return out;
        }
        if (!well && below(10) == 0) return out;
        out.outcome = Outcome::planned;
        out.plan_document = document_;
        out.plan_file = blobs->put_sealed(chunks_of("plan"));
        out.plan_digest = "plan-" + std::to_string(++plans_) + "-of-" + spec.run.value;
        const auto shown = "p" + spec.run.value.substr(1);
        out.change_digest = below(2) ? "changes of " + shown : "others";
        inputs_of_shown(spec.run, shown);
        return out;
    }
    // The proposed run was planned of the same inputs, as it would be of the same tree.
    void inputs_of_shown(const RunId& id, const std::string& shown) {
        const auto tracked = run(id.value.c_str());
        auto stored = run_task(io, load<Run>(*queue, run_key(RunId(shown))));
        if (!stored.version || !tracked.prepared) return;
        set_plan(stored.value).inputs = tracked.prepared->inputs;
        std::sort(stored.value.plan->inputs.begin(), stored.value.plan->inputs.end());
        stored.value.plan->inputs_digest = "of " + shown;
        Commit one;
        one.records.push_back(save(run_key(RunId(shown)), stored));
        commit(std::move(one));
    }

    bool begin(Busy& busy) {
        const auto& spec = busy.work.spec;
        BeginAnswer answer;
        try {
            answer = run_task(io, gateway_->begin_apply(busy.work.lease, spec.plan_digest));
        } catch (const Failure&) {
            return false;
        }
        if (!answer.allowed) {
            ++refused_;
            return false;
        }
        ++applied_;
        busy.begun = true;
        // Once ever, of the plan that the run has, and that somebody who may approved.
        CHECK(begun_.insert(spec.plan_digest).second);
        const auto begun = run(spec.run.value.c_str());
        CHECK(plan_of(begun).digest == spec.plan_digest);
        CHECK(begun.kind == RunKind::tracked);
        CHECK(is_approved(begun));
        auto& touching = applying_[begun.stack.value];
        CHECK(touching.empty());
        touching = begun.id.value;
        return true;
    }
    bool is_approved(const Run& begun) {
        const auto shown = run(begun.approved_run.value.c_str());
        const bool same = plan_of(shown).change_digest == plan_of(begun).change_digest;
        bool yes = false;
        for (const auto& [who, vote] : votes_[begun.pull.value_or(0)]) {
            if (forge->permissions[who] < Permission::write || who == "linus") continue;
            if (!vote.approves) return false;
            yes = yes || vote.digest == plan_of(begun).digest ||
                  (same && vote.digest == plan_of(shown).digest);
        }
        return yes;
    }

    void let_leases_run_out() {
        clock.advance(31s);
        settle();
    }
    // As the consumer does it.
    void settle() {
        for (auto& lapsed : run_task(io, queue->expire())) {
            const auto id = lapsed.job.id;
            const auto fate = lapsed.fate;
            run_task(io, settle_lapsed(context, std::move(lapsed)));
            if (fate != Lapsed::Fate::again) run_task(io, queue->acknowledge_expired(id));
        }
    }
    void see_through(const Run& waiting) {
        if (waiting.state == RunState::unconfirmed) {
            for (const char* login : {"ada", "grace", "root"}) ask(waiting, Verb::approve, login);
            ask(waiting, Verb::apply, "ada");
        }
        if (waiting.state == RunState::unknown) ask(waiting, Verb::resolve, "ada");
    }

    // --- what no order may break
    void check_rules() {
        std::map<std::string, std::vector<std::string>> touching;
        for (const auto& id : std::set(alive_)) {
            const auto& now = as_stored(id);
            if (now.state != RunState::queued && !is_terminal(now.state))
                touching[lane_of(now)].push_back(id);
            if (is_terminal(now.state)) end(now);
        }
        for (const auto& [lane, runs] : touching) {
            CHECK(runs.size() == 1);
            const auto members = run_task(io, queue->lane(lane));
            REQUIRE_FALSE(members.empty());
            CHECK(members.front() == runs.front());
        }
    }
    // Decoded, and its history looked at, only where it was written since.
    const Run& as_stored(const std::string& id) {
        const auto key = run_key(RunId(id));
        const auto record = run_task(io, queue->read(key));
        auto& known = known_[id];
        if (known.version != record.version) {
            known = {decoded_record<Run>(key, record), record.version};
            check_history(known.value);
        }
        return known.value;
    }
    // Each state follows from the one before by some event, and none follows an end.
    static void check_history(const Run& run) {
        for (std::size_t i = 1; i < run.history.size(); ++i) {
            const auto from = run.history[i - 1].state, to = run.history[i].state;
            CHECK_FALSE(is_terminal(from));
            bool follows = false;
            for (int event = 0; event <= static_cast<int>(RunEvent::upstream_broken); ++event)
                follows = follows || next(run.kind, from, static_cast<RunEvent>(event)) == to;
            CHECK(follows);
        }
    }
    void end(const Run& run) {
        alive_.erase(run.id.value);
        ended_[run.id.value] = run.state;
        if (applying_[run.stack.value] == run.id.value) applying_[run.stack.value].clear();
        if (!run.pull) return;
        // What a resolved apply left undone is planned by a run of its own.
        for (const auto& stack :
             run_task(io, load<PullRecord>(*queue, pull_key(pull_named(*run.pull)))).value.stacks)
            if (stack.tracked != run.id && !ended_.contains(stack.tracked.value))
                alive_.insert(stack.tracked.value);
    }

  public:
    // Ends stay what they were.
    void check_ends() {
        for (const auto& [id, state] : ended_) CHECK(run(id.c_str()).state == state);
    }

  private:
    std::mt19937 random_;
    std::unique_ptr<RunGateway> gateway_ = make_in_process_gateway(io.get_executor(), context);
    TreeId tree_;
    CommitSha head_;
    BlobId document_;
    int pulls_ = 100, asked_ = 0, plans_ = 0, applied_ = 0, refused_ = 0, lost_ = 0;
    std::set<std::string> alive_, begun_;
    std::map<std::string, StoredRun> known_;
    std::map<std::string, RunState> ended_;
    std::map<std::string, std::string> applying_;  // stack -> run whose apply began
    std::map<int, std::map<std::string, Vote>> votes_;
    std::vector<Busy> workers_;
};

std::vector<std::uint32_t> seeds() {
    if (const char* one = std::getenv("SLIPWAY_SEED"))
        return {static_cast<std::uint32_t>(std::stoul(one))};
    return {1, 2, 3, 4, 5, 6, 7, 8};
}

}  // namespace

TEST_CASE("W5, R4: in no order do two runs touch a stack's state, or apply what nobody approved") {
    int applied = 0, refused = 0, lost = 0;
    for (auto seed : seeds()) {
        CAPTURE(seed);
        Walk walk(seed);
        for (int step = 0; step < 1'000; ++step) {
            CAPTURE(step);
            walk.step();
        }
        walk.finish();
        walk.check_ends();
        applied += walk.applied();
        refused += walk.refused();
        lost += walk.lost();
    }
    MESSAGE(applied, " applies began, ", refused, " were refused, ", lost, " were lost");
    if (std::getenv("SLIPWAY_SEED")) return;
    CHECK(applied > 50);
    CHECK(refused > 10);
    CHECK(lost > 5);
}
