// The whole life of a run: every state against every event, for both kinds. What is not in the
// table has no meaning and is refused.
#include "service/model/run.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

using namespace slipway;

namespace {

using S = RunState;
using E = RunEvent;

constexpr S states[] = {S::queued,   S::preparing, S::planning, S::unconfirmed, S::confirmed,
                        S::applying, S::finished,  S::failed,   S::canceled,    S::discarded,
                        S::stopped,  S::skipped,   S::unknown};
constexpr E events[] = {
    E::picked_up,       E::handed_over, E::planned_no_change, E::planned,      E::denied,
    E::failed,          E::confirmed,   E::applied,           E::lost,         E::resolved_applied,
    E::resolved_failed, E::canceled,    E::upstream_broken,   E::reconsidered, E::begun,
    E::unneeded,        E::created};

struct Row {
    S from;
    E event;
    S to;
};

const std::vector<Row> for_both = {{S::queued, E::picked_up, S::preparing},
                                   {S::queued, E::failed, S::failed},
                                   {S::queued, E::canceled, S::canceled},
                                   {S::queued, E::upstream_broken, S::skipped},
                                   {S::queued, E::unneeded, S::skipped},
                                   {S::preparing, E::handed_over, S::planning},
                                   {S::preparing, E::failed, S::failed},
                                   {S::preparing, E::canceled, S::canceled},
                                   {S::preparing, E::upstream_broken, S::skipped},
                                   {S::planning, E::planned_no_change, S::finished},
                                   {S::planning, E::denied, S::failed},
                                   {S::planning, E::failed, S::failed},
                                   {S::planning, E::canceled, S::stopped},
                                   {S::unconfirmed, E::confirmed, S::confirmed},
                                   {S::unconfirmed, E::denied, S::failed},
                                   {S::unconfirmed, E::failed, S::failed},
                                   {S::unconfirmed, E::canceled, S::discarded},
                                   {S::confirmed, E::begun, S::applying},
                                   {S::confirmed, E::reconsidered, S::unconfirmed},
                                   {S::confirmed, E::canceled, S::discarded},
                                   {S::confirmed, E::denied, S::failed},
                                   {S::confirmed, E::failed, S::failed},
                                   {S::confirmed, E::lost, S::unknown},
                                   {S::applying, E::applied, S::finished},
                                   {S::applying, E::failed, S::failed},
                                   {S::applying, E::lost, S::unknown},
                                   {S::unknown, E::resolved_applied, S::finished},
                                   {S::unknown, E::resolved_failed, S::failed}};

std::map<std::pair<S, E>, S> table(RunKind kind) {
    std::map<std::pair<S, E>, S> out;
    for (const auto& row : for_both) out[{row.from, row.event}] = row.to;
    out[{S::planning, E::planned}] = kind == RunKind::tracked ? S::unconfirmed : S::finished;
    return out;
}

}  // namespace

TEST_CASE("Every state and event leads where the table says, or nowhere") {
    for (auto kind : {RunKind::proposed, RunKind::tracked}) {
        const auto expected = table(kind);
        for (auto state : states)
            for (auto event : events) {
                CAPTURE(std::string(word(kind)));
                CAPTURE(std::string(word(state)));
                CAPTURE(static_cast<int>(event));
                const auto row = expected.find({state, event});
                const auto to = next(kind, state, event);
                CHECK(to.has_value() == (row != expected.end()));
                if (to && row != expected.end()) CHECK(*to == row->second);
            }
    }
}

TEST_CASE("A run has ended exactly where nothing leads on") {
    for (auto state : states) {
        CAPTURE(std::string(word(state)));
        bool leads_on = false;
        for (auto event : events) leads_on = leads_on || next(RunKind::tracked, state, event);
        CHECK(is_terminal(state) != leads_on);
    }
}

TEST_CASE("A proposed run never applies") {
    std::set<S> reached = {S::queued};
    for (std::size_t before = 0; before != reached.size();) {
        before = reached.size();
        for (auto state : std::set(reached))
            for (auto event : events)
                if (const auto to = next(RunKind::proposed, state, event)) reached.insert(*to);
    }
    CHECK_FALSE(reached.contains(S::applying));
    CHECK_FALSE(reached.contains(S::unconfirmed));
    CHECK_FALSE(reached.contains(S::unknown));
}

TEST_CASE("An apply that began ends as applied, failed or unknown, whoever cancels") {
    for (auto event : events) {
        const auto to = next(RunKind::tracked, S::applying, event);
        if (to) CHECK((*to == S::finished || *to == S::failed || *to == S::unknown));
    }
    CHECK_FALSE(next(RunKind::tracked, S::applying, E::canceled));
    CHECK_FALSE(next(RunKind::tracked, S::applying, E::confirmed));  // never twice
    CHECK_FALSE(next(RunKind::tracked, S::applying, E::begun));
}

TEST_CASE("Every word of a state reads back as the state") {
    for (auto state : states) CHECK(parse_word<RunState>(word(state)) == state);
    CHECK_FALSE(parse_word<RunState>("other"));
}

TEST_CASE("Each change of a run is kept with its time, its cause and who caused it") {
    Run run;
    run.kind = RunKind::tracked;
    CHECK(advance(run, E::picked_up, 1'000, "slipway"));
    CHECK(advance(run, E::canceled, 2'000, "forge.test/ada", "not today"));
    REQUIRE(run.history.size() == 2);
    const auto& last = run.history.back();
    CHECK(last.state == S::canceled);
    CHECK(last.event == E::canceled);
    CHECK(last.at_ms == 2'000);
    CHECK(last.by == "forge.test/ada");
    CHECK(last.note == "not today");
    CHECK_FALSE(last.vote);
    CHECK_FALSE(advance(run, E::begun, 3'000, "slipway"));
    CHECK(run.history.size() == 2);
}

TEST_CASE("What the policies said is kept with the change that it led to") {
    Run run;
    run.kind = RunKind::tracked;
    run.state = S::planning;
    run.plan.emplace().decision.verdict = Verdict::warned;
    REQUIRE(advance(run, E::planned, 1, "slipway"));
    REQUIRE(run.history.back().vote);
    CHECK(run.history.back().vote->verdict == Verdict::warned);
    CHECK_FALSE(run.history.back().vote->approval);

    ApprovalDecision approved;
    approved.approval = Approval::approved;
    for (int i = 0; i < 30; ++i) approved.approved_by.push_back("person-" + std::to_string(i));
    run.confirmation = Confirmation{"ada", approved};
    REQUIRE(advance(run, E::confirmed, 2, "ada"));
    REQUIRE(run.history.back().vote);
    CHECK(run.history.back().vote->approval == Approval::approved);
    CHECK(run.history.back().vote->approved_by.size() == 20);
    CHECK(run.history.back().vote->approved_by.front() == "person-0");
    CHECK_FALSE(run.history.back().vote->verdict);
}

TEST_CASE("A history has an end, and keeps its beginning") {
    Run run;
    run.kind = RunKind::tracked;
    run.history.emplace_back().event = E::created;
    run.state = S::unconfirmed;
    for (int i = 0; i < 100; ++i) {
        REQUIRE(advance(run, E::confirmed, 2 * i, "ada"));
        REQUIRE(advance(run, E::reconsidered, 2 * i + 1, "slipway"));
    }
    CHECK(run.history.size() == history_limit);
    CHECK(run.history_omitted == 101);
    CHECK(run.history.front().event == E::created);
    CHECK(run.history.back().at_ms == 199);
    CHECK(run.history[1].at_ms == 101);
}

TEST_CASE("A note of a change is cut, and never within a character") {
    Run run;
    advance(
        run, E::canceled, 1, "ada", "x" + [] {
            std::string long_text;
            for (int i = 0; i < 1'000; ++i) long_text += "\u00e4";
            return long_text;
        }());
    const auto& note = run.history.back().note;
    CHECK(note.size() == 999);
    CHECK(note.ends_with("\u00e4"));
}
