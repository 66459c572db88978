// The life of a run as a whole: the picture of it in handlers/README.md, which is generated from
// next() (SLIPWAY_UPDATE_GOLDEN=1 writes it), and long walks through it. Walks that a failure
// names by their seed are repeated by SLIPWAY_SEED=<seed>.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/mp11/algorithm.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "service/model/run.hpp"

using namespace slipway;

namespace {

using S = RunState;
using E = RunEvent;

std::string name_of(E event) {
    std::string out(word(event));
    std::replace(out.begin(), out.end(), '_', ' ');
    return out;
}

// But `created`, with which a history begins: nothing that happens to a run that is there.
std::vector<E> all_events() {
    std::vector<E> out;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto described) {
        if (described.value != E::created) out.push_back(described.value);
    });
    return out;
}

std::vector<S> all_states() {
    std::vector<S> out;
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<S>>(
        [&](auto described) { out.push_back(described.value); });
    return out;
}

const auto events = all_events();
const auto states = all_states();

// What leads from one state to another, for the picture: "denied, failed", "planned (proposed)".
std::map<std::pair<S, S>, std::string> arrows() {
    std::map<std::pair<S, S>, std::string> out;
    for (auto from : states)
        for (auto event : events) {
            const auto tracked = next(RunKind::tracked, from, event);
            const auto proposed = next(RunKind::proposed, from, event);
            const auto add = [&](S to, const std::string& note) {
                auto& label = out[{from, to}];
                label += (label.empty() ? "" : ", ") + name_of(event) + note;
            };
            if (tracked == proposed) {
                if (tracked) add(*tracked, "");
                continue;
            }
            if (tracked) add(*tracked, " (tracked)");
            if (proposed) add(*proposed, " (proposed)");
        }
    return out;
}

std::string picture() {
    std::string out = "```mermaid\nstateDiagram-v2\n    [*] --> queued\n";
    for (const auto& [between, label] : arrows())
        out += "    " + std::string(word(between.first)) + " --> " +
               std::string(word(between.second)) + ": " + label + "\n";
    for (auto state : states)
        if (is_terminal(state)) out += "    " + std::string(word(state)) + " --> [*]\n";
    return out + "```\n";
}

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

// From which a final state can be reached.
std::set<S> with_an_exit(RunKind kind) {
    std::set<S> out;
    for (auto state : states)
        if (is_terminal(state)) out.insert(state);
    for (std::size_t before = 0; before != out.size();) {
        before = out.size();
        for (auto state : states)
            for (auto event : events)
                if (const auto to = next(kind, state, event); to && out.contains(*to))
                    out.insert(state);
    }
    return out;
}

void walk(RunKind kind, std::uint32_t seed, int steps) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto leads_out = with_an_exit(kind);
    std::map<S, int> reached;
    Run run;
    run.kind = kind;
    for (int step = 0; step < steps; ++step) {
        const auto before = run.state;
        const auto event = events[random() % events.size()];
        const auto history = run.history.size();
        const bool moved = advance(run, event, step, "somebody");
        ++reached[run.state];
        REQUIRE(leads_out.contains(run.state));
        REQUIRE(moved == next(kind, before, event).has_value());
        REQUIRE((moved || run.state == before));
        REQUIRE(run.history.size() == history + (moved ? 1 : 0));
        if (is_terminal(before)) REQUIRE_FALSE(moved);
        if (moved && is_terminal(run.state)) REQUIRE(run.finished_at_ms == step);
        // Stays in the end for a while, where nothing may happen any more.
        if (is_terminal(before) && random() % 8 == 0) {
            run = Run();
            run.kind = kind;
        }
    }
    // The walk saw every state that this kind of run can be in.
    const std::set<S> never =
        kind == RunKind::tracked
            ? std::set<S>()
            : std::set<S>{S::unconfirmed, S::confirmed, S::applying, S::unknown, S::discarded};
    for (auto state : states) {
        CAPTURE(std::string(word(state)));
        CHECK(reached.contains(state) != never.contains(state));
    }
}

std::vector<std::uint32_t> seeds() {
    if (const char* one = std::getenv("SLIPWAY_SEED"))
        return {static_cast<std::uint32_t>(std::stoul(one))};
    return {1, 2, 3, 4};
}

}  // namespace

TEST_CASE("handlers/README.md shows the states of a run as the code has them") {
    const std::string path = SLIPWAY_SOURCE_DIR "/handlers/README.md";
    const std::string begins = "<!-- states of a run: generated -->\n", ends = "<!-- end -->\n";
    auto text = text_of(path);
    const auto from = text.find(begins), to = text.find(ends, from);
    REQUIRE(from != text.npos);
    REQUIRE(to != text.npos);
    const auto at = from + begins.size();
    if (std::getenv("SLIPWAY_UPDATE_GOLDEN"))
        std::ofstream(path) << text.replace(at, to - at, picture());
    CHECK(text.substr(at, text.find(ends, at) - at) == picture());
}

TEST_CASE("Long walks always find a way out, and an end stays an end") {
    for (auto seed : seeds())
        for (auto kind : {RunKind::proposed, RunKind::tracked, RunKind::drift})
            walk(kind, seed, 100'000);
}

TEST_CASE("A look for drift lives as a proposed run does, and never comes to an apply") {
    for (auto state : states)
        for (auto event : events)
            CHECK(next(RunKind::drift, state, event) == next(RunKind::proposed, state, event));
    CHECK(takes_turns(RunKind::drift));
    CHECK(takes_turns(RunKind::tracked));
    CHECK_FALSE(takes_turns(RunKind::proposed));
}

TEST_CASE("A tracked run that destroys all is called a destroy, a proposed one is not") {
    Run run;
    run.destroy = true;
    CHECK(kind_word(run) == "proposed");
    run.kind = RunKind::tracked;
    CHECK(kind_word(run) == "destroy");
    run.destroy = false;
    CHECK(kind_word(run) == "tracked");
}
