// What the life of a pull request over many stacks costs the forge, counted in the world of
// tests/support/simulation, where nothing fails and time is what the test says.
#include <doctest/doctest.h>

#include "service/base/log.hpp"
#include "tests/support/simulation/people.hpp"
#include "tests/support/simulation/service.hpp"

using namespace slipway;
using namespace slipway::simulation;

namespace {

constexpr std::size_t slots = 2;
constexpr std::int64_t plan_ms = 10'000;

// A service whose own jobs take no time, and workers of which each plan takes some.
class QuietWorld {
  public:
    explicit QuietWorld(Ground& ground, std::uint32_t seed = 1) : world(ground, seed) {
        set_log(LogLevel::error, LogFormat::text);
        world.schedule.faults = false;
    }
    World world;
    People people{world};
    std::map<std::string, std::int64_t> begun, ended;  // plans, by their job

    void pass(std::int64_t ms) {
        world.clock.advance(std::chrono::milliseconds(ms));
        for (auto& slot : slots_)
            if (!slot.activity->over && world.clock.now_ms() >= slot.until) finish(slot);
        std::erase_if(slots_, [](const auto& slot) { return slot.activity->over; });
        forget_the_over(world);
        serve_all();
        while (slots_.size() < slots && begin()) {
        }
    }
    void serve_all() {
        for (;;) {
            while (people.deliver()) {
            }
            if (!take_job(world)) return;
            auto* job = world.held.back()->activity;
            while (!job->over) world.schedule.go_on(*job);
            forget_the_over(world);
        }
    }

  private:
    struct Slot {
        Activity* activity = nullptr;
        std::string job;
        std::int64_t until = 0;
    };
    bool begin() {
        if (!take_work(world)) return false;
        const auto& held = *world.held.back();
        slots_.push_back({held.activity, held.lease->job.value, world.clock.now_ms() + plan_ms});
        begun.emplace(held.lease->job.value, world.clock.now_ms());
        return true;
    }
    void finish(Slot& slot) {
        while (!slot.activity->over) world.schedule.go_on(*slot.activity);
        ended[slot.job] = world.clock.now_ms();
    }

    std::vector<Slot> slots_;
};

void describe_stacks(Ground& ground, int count) {
    const auto like = ground.organisation->stacks.front();
    ground.organisation->stacks.clear();
    Origin::Files files;
    for (int i = 0; i < count; ++i) {
        auto& stack = ground.organisation->stacks.emplace_back(like);
        stack.id = StackId("s" + std::to_string(i));
        stack.directory = "stacks/s" + std::to_string(i);
        files[stack.directory + "/main.tf"] = "# first\n";
    }
    auto& origin = ground.origin;
    ground.first = origin.commit(origin.tree_with(ground.first, files), {ground.first}, "Stacks",
                                 1'600'000'060'000);
}

}  // namespace

TEST_CASE("a pull request over 50 stacks costs the forge at most 110 calls until its last check") {
    constexpr int stacks = 50;
    Ground ground;
    describe_stacks(ground, stacks);
    QuietWorld quiet(ground);
    Origin::Files files;
    for (const auto& stack : ground.organisation->stacks)
        files[stack.directory + "/main.tf"] = "# second\n";
    quiet.people.open_with(files);
    // A second at a time: whoever shows progress does so as often as it may.
    for (int second = 0; second < 2'000; ++second) quiet.pass(1'000);
    const auto& forge = quiet.world.forge;
    const auto* check = forge.check("slipway", forge.pulls.at(1).pull.head);
    REQUIRE(check);
    CHECK(check->status == CheckStatus::done);
    CHECK(quiet.ended.size() == stacks);
    MESSAGE(forge.calls, " calls");
    CHECK(forge.calls <= 110);
}
