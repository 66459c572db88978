// The life of runs and pull requests in every order and with every fault that a seed draws: the
// real handlers over models of the forge, the workers, the queue and the clock (see
// tests/support/simulation). A seed that breaks a rule is printed with what happened last, and
// SLIPWAY_SEED=<seed> repeats it; SLIPWAY_SEEDS=<number> walks through so many.
#include <doctest/doctest.h>

#include <cstdlib>

#include "service/base/log.hpp"
#include "tests/support/simulation/rules.hpp"
#include "tests/support/simulation/service.hpp"

// A quarter of the time goes into remembering who allocated what; ASAN_OPTIONS says otherwise.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "malloc_context_size=2"; }

using namespace slipway;
using namespace slipway::simulation;

namespace {

constexpr int steps = 350;

class Simulation {
  public:
    Simulation(Ground& ground, std::uint32_t seed)
        : world_(ground, seed), people_(world_), rules_(world_, people_) {}

    // The rule that was broken; "": none was.
    std::string run() {
        people_.open();
        for (int i = 0; i < steps && world_.trouble.empty(); ++i) step();
        settle_down();
        if (world_.trouble.empty()) people_.approve_and_merge();
        settle_down();
        for (int round = 0; round < 8 && world_.trouble.empty() && see_through(round); ++round)
            settle_down();
        if (world_.trouble.empty()) rules_.check_over();
        return world_.trouble;
    }
    const std::vector<std::string>& trace() const { return world_.schedule.trace; }
    int applies() const { return world_.infrastructure.applies; }

  private:
    int below(std::size_t n) { return world_.schedule.below(n); }

    void step() {
        const int dice = below(100);
        if (dice < 7)
            act();
        else if (dice < 15)
            people_.deliver();
        else if (dice < 24)
            take_job(world_);
        else if (dice < 29)
            take_work(world_);
        else if (dice < 31)
            pass_time(world_, std::chrono::milliseconds(below(4'000)));
        else if (dice == 31)
            disturb();
        else
            go_on();
        forget_the_over(world_);
    }
    void act() {
        people_.do_something();
        rules_.look();
    }
    void disturb() {
        switch (below(6)) {
            case 0:
                return kill_service(world_);
            case 1:
                world_.schedule.note("--- time passes");
                return pass_time(world_, std::chrono::seconds(35));
            case 2:
                return leave_catch_up();
            default:
                break;
        }
        if (world_.held.empty()) return;
        auto& held = *world_.held[static_cast<std::size_t>(below(world_.held.size()))];
        if (below(2)) {
            world_.schedule.note("--- dies: " + held.activity->name);
            world_.schedule.end(*held.activity);
        } else {
            held.stands_still = !held.stands_still;
            world_.schedule.note((held.stands_still ? "--- stands still: " : "--- goes on: ") +
                                 held.activity->name);
        }
    }
    bool go_on() {
        std::vector<Activity*> able;
        for (auto* activity : world_.schedule.activities())
            if (!activity->waiting.empty() && !stands_still(*activity)) able.push_back(activity);
        if (able.empty()) return false;
        world_.schedule.go_on(*able[static_cast<std::size_t>(below(able.size()))]);
        return true;
    }
    bool stands_still(const Activity& activity) const {
        return std::any_of(world_.held.begin(), world_.held.end(), [&](const auto& held) {
            return held->activity == &activity && held->stands_still;
        });
    }
    void leave_catch_up() {
        Commit commit;
        commit.jobs.push_back(make_job(jobs::catch_up(infra), CatchUp{infra, 0, ""}));
        run_task(world_.ground.io, world_.memory->commit(std::move(commit)));
    }

    // Nothing fails any more; whoever stood still goes on, too late.
    void settle_down() {
        world_.schedule.note("--- all is well from here on");
        world_.schedule.faults = false;
        for (auto& held : world_.held) held->stands_still = false;
        leave_catch_up();
        for (int idle = 0; idle < 12 && world_.trouble.empty();) {
            bool any = false;
            while (people_.deliver() || take_job(world_) || take_work(world_)) any = true;
            while (world_.trouble.empty() && go_on()) any = true;
            forget_the_over(world_);
            if (any) idle = 0;
            if (any) continue;
            ++idle;
            pass_time(world_, std::chrono::seconds(61));
        }
        if (world_.trouble.empty()) rules_.check_quiet();
    }
    // False: nobody waits for anybody. At first what waits is approved and applied, then ended.
    bool see_through(int round) {
        for (const char* login : {"ada", "grace", "root"})
            world_.forge.permissions[login] = Permission::write;
        world_.policies.denies = false;
        bool any = false;
        for (const auto& [id, run] : rules_.runs()) {
            if (run.state != RunState::unconfirmed && run.state != RunState::unknown) continue;
            any = true;
            const auto stack = run.stack.value;
            if (!run.pull) {
                ask(run, round < 2);
                continue;
            }
            const int number = *run.pull;
            people_.say(number, "root", "unlock " + stack);
            if (run.state == RunState::unknown) {
                people_.say(number, "ada", "resolve " + stack + (round ? " failed" : " applied"));
            } else if (round < 2) {
                for (const char* who : {"ada", "grace", "root"})
                    people_.say(number, who, "approve " + stack);
                people_.say(number, "ada", "apply " + stack);
            } else {
                people_.say(number, "root", "cancel " + stack);
            }
        }
        return any;
    }
    // By a call, since there is nothing to comment on.
    void ask(const Run& run, bool applies) {
        Request request;
        request.verb = run.state == RunState::unknown ? Verb::resolve
                       : applies                      ? Verb::apply
                                                      : Verb::cancel;
        request.resolution = Resolution::failed;
        request.actor = {infra.forge, "root"};
        request.run = run.id;
        request.given_at_ms = world_.clock.now_ms();
        Commit commit;
        commit.jobs.push_back(make_job(jobs::api_command(std::to_string(++calls_)), request));
        run_task(world_.ground.io, world_.memory->commit(std::move(commit)));
    }

    World world_;
    People people_;
    Rules rules_;
    int calls_ = 0;
};

int number_of(const char* variable, int otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::stoi(text) : otherwise;
}

void print_end(const std::vector<std::string>& trace) {
    const std::size_t most = static_cast<std::size_t>(number_of("SLIPWAY_TRACE", 60));
    const auto from = trace.size() > most ? trace.size() - most : 0;
    for (auto i = from; i < trace.size(); ++i)
        std::fprintf(stderr, "%6zu  %s\n", i, trace[i].c_str());
}

}  // namespace

namespace {

// Every fourth seed: the parts run beside each other.
constexpr int parts = 4;

void walk_through(int part) {
    set_log(LogLevel::error, LogFormat::text);  // what fails here is meant to
    Ground ground;
    const bool one = std::getenv("SLIPWAY_SEED") != nullptr;
    const int first = number_of("SLIPWAY_SEED", 1);
    const int count = one ? 1 : number_of("SLIPWAY_SEEDS", 300);
    int applies = 0, walked = 0;
    for (int seed = first; seed < first + count; ++seed) {
        if (seed % parts != part) continue;
        Simulation simulation(ground, static_cast<std::uint32_t>(seed));
        const auto broken = simulation.run();
        applies += simulation.applies();
        ++walked;
        if (broken.empty()) continue;
        print_end(simulation.trace());
        FAIL_CHECK("SLIPWAY_SEED=" << seed << " after " << simulation.trace().size()
                                   << " steps: " << broken);
    }
    MESSAGE(applies, " applies in ", walked, " seeds");
    if (walked >= 50) CHECK(applies > walked / 2);
}

}  // namespace

TEST_CASE("W5, R4: no seed's order and faults break a rule of the life of runs, 1 of 4") {
    walk_through(0);
}
TEST_CASE("W5, R4: no seed's order and faults break a rule of the life of runs, 2 of 4") {
    walk_through(1);
}
TEST_CASE("W5, R4: no seed's order and faults break a rule of the life of runs, 3 of 4") {
    walk_through(2);
}
TEST_CASE("W5, R4: no seed's order and faults break a rule of the life of runs, 4 of 4") {
    walk_through(3);
}

TEST_CASE("a seed repeats itself, step by step") {
    set_log(LogLevel::error, LogFormat::text);
    Ground ground;
    const auto trace_of = [&ground](std::uint32_t seed) {
        Simulation simulation(ground, seed);
        simulation.run();
        return simulation.trace();
    };
    const auto a = trace_of(7), b = trace_of(7);
    const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    INFO("they differ first at step ", at.first - a.begin(), ": ",
         at.first == a.end() ? "the end" : *at.first, ", then ",
         at.second == b.end() ? "the end" : *at.second);
    CHECK(a == b);
}
