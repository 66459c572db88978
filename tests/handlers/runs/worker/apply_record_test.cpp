#include "handlers/runs/worker/apply_record.hpp"

#include <doctest/doctest.h>

#include "handlers/runs/worker/tools/terraform/commands.hpp"

using namespace slipway;

namespace {

Plan plan_of(std::vector<std::pair<const char*, Action>> changes) {
    Plan out;
    for (const auto& [address, action] : changes) {
        Change change;
        change.address = address;
        change.action = action;
        out.changes.push_back(change);
    }
    return out;
}

using Addresses = std::vector<std::string>;

ApplyProgress progress_of(const Plan& plan, std::string_view printed, std::size_t piece,
                          const std::vector<Secret>& secrets = {}) {
    ApplyRecord record;
    for (std::size_t at = 0; at < printed.size(); at += piece)
        record.take(printed.substr(at, piece), terraform::done);
    return record.progress(plan, Masker(secrets));
}

}  // namespace

TEST_CASE("what an apply made of its plan is read from its lines, in whatever pieces they come") {
    const auto plan = plan_of({{"a", Action::create},
                               {"b[\"x: y\"]", Action::update},
                               {"c", Action::remove},
                               {"d", Action::replace},
                               {"e", Action::replace},
                               {"f (deposed 12ab)", Action::remove},
                               {"g", Action::create},
                               {"h", Action::read}});
    const char* printed =
        "a: Creating...\na: Creation complete after 0s [id=1]\n"
        "b[\"x: y\"]: Modifications complete after 1m2s [id=2]\n"
        "c: Destruction complete after 0s\nd: Destruction complete after 0s\n"
        "d: Creation complete after 2s [id=3]\ne: Destruction complete after 0s\n"
        "f (deposed object 12ab): Destruction complete after 0s\ng: Creating...\n";
    for (std::size_t piece : {1u, 7u, 1000u}) {
        CAPTURE(piece);
        const auto progress = progress_of(plan, printed, piece);
        CHECK(progress.made == Addresses{"a", "b[\"x: y\"]", "c", "d", "f (deposed 12ab)"});
        CHECK(progress.halfway == Addresses{"e"});
        CHECK(progress.left == Addresses{"g"});
        CHECK(progress.made_count == 5);
        CHECK(progress.left_count == 1);
    }
}

TEST_CASE("a program of a provisioner cannot say that another resource is made") {
    const auto progress = progress_of(plan_of({{"a", Action::create}, {"b", Action::create}}),
                                      "a (local-exec): b: Creation complete after 0s\n"
                                      "a (local-exec): : Creation complete after 0s\n",
                                      9);
    CHECK(progress.made.empty());
    CHECK(progress.left == Addresses{"a", "b"});
}

TEST_CASE("addresses are compared as the plan shows them, without secrets") {
    const auto plan = plan_of({{"a[\"***\"]", Action::create}});
    const auto progress =
        progress_of(plan, "a[\"correct-horse\"]: Creation complete after 0s [id=1]\n", 50,
                    {Secret("correct-horse")});
    CHECK(progress.made == Addresses{"a[\"***\"]"});
}

TEST_CASE("of very many changes the first are named, and all are counted") {
    Plan plan;
    for (int i = 0; i < 200; ++i) {
        Change change;
        change.address = "a[" + std::to_string(i) + "]";
        change.action = Action::create;
        plan.changes.push_back(change);
    }
    const auto progress = progress_of(plan, "", 1);
    CHECK(progress.left.size() == ApplyProgress::most);
    CHECK(progress.left_count == 200);
}
