#include "service/app/pull_wait.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iostream>

#include "handlers/forges/builtin.hpp"
#include "service/app/service_caller.hpp"
#include "service/model/check.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/run.hpp"

namespace slipway {

namespace {

using Outcome = WaitStep::Outcome;

// "network: planning, web: queued", of the stacks that are meant.
template <class Meant>
std::string standing_of(const Json& pull, Meant meant) {
    std::string out;
    for (const auto& stack : pull["stacks"].items()) {
        if (!meant(stack)) continue;
        const auto& state = stack["state"].text();
        out += (out.empty() ? "" : ", ") + stack["stack"].text() + ": " +
               (state.empty() ? "not planned" : state);
        if (!stack["reason"].text().empty()) out += " (" + stack["reason"].text() + ")";
    }
    return out;
}

bool is_busy(const Json& stack) {
    const auto state = parse_word<RunState>(stack["state"].text());
    return state && !is_terminal(*state);
}

WaitStep checks_step(const Json& pull, const std::string& head) {
    const auto& summary = pull["summary"];
    if (summary["commit"].text() != head)
        return {Outcome::pending, "no check of " + std::string(shortened(head)) + " yet"};
    if (summary["status"].text() != word(CheckStatus::done)) {
        const auto busy = standing_of(pull, is_busy);
        return {Outcome::pending, busy.empty() ? "the check is under way" : busy};
    }
    const auto conclusion = parse_word<Conclusion>(summary["conclusion"].text());
    const bool good = conclusion == Conclusion::passed || conclusion == Conclusion::neutral;
    return {good ? Outcome::yes : Outcome::no,
            "check " + summary["conclusion"].text() + ": " + summary["title"].text()};
}

WaitStep apply_step(const Json& pull) {
    const auto state = parse_word<PullState>(pull["state"].text());
    const auto& stacks = pull["stacks"].items();
    const auto meant = [&](const Json& stack) {
        // After the merge the branch is planned, whatever was applied before.
        const auto& kind = stack["kind"].text();  // "": nothing is planned yet
        return !kind.empty() && kind != word(RunKind::proposed) &&
               !(state == PullState::merged && stack["before_merge"].bool_or(false));
    };
    const auto begun = std::count_if(stacks.begin(), stacks.end(), meant);
    if (state == PullState::closed) return {Outcome::no, "closed without a merge"};
    // On an open pull request only what is applied before the merge has such runs.
    if (state == PullState::open &&
        (stacks.empty() || begun < static_cast<std::ptrdiff_t>(stacks.size())))
        return {Outcome::pending, "not merged yet"};
    if (stacks.empty()) return {Outcome::yes, "no stack is concerned"};
    const bool all_gone = std::all_of(stacks.begin(), stacks.end(), [](const Json& stack) {
        return stack["gone"].bool_or(false);
    });
    if (begun == 0 && all_gone) return {Outcome::yes, "nothing is applied"};
    if (begun == 0) return {Outcome::pending, "merged; nothing is planned of the branch yet"};
    const auto standing = standing_of(pull, meant);
    bool bad = false;
    for (const auto& stack : stacks) {
        if (!meant(stack)) continue;
        const auto run = parse_word<RunState>(stack["state"].text());
        // Nothing more is found out by itself of an apply whose end nobody saw.
        if (run != RunState::unknown && is_busy(stack)) return {Outcome::pending, standing};
        bad = bad || run != RunState::finished;
    }
    return {bad ? Outcome::no : Outcome::yes, standing};
}

// Of the built-in forge: which repository and commit are meant, as they are now.
PullWait located(PullWait wanted) {
    if (!wanted.name.empty()) return wanted;
    const auto place = find_builtin_pull(wanted.repository, wanted.number);
    if (!place) return wanted;
    wanted.name = place->repository;
    if (wanted.head.empty()) wanted.head = place->head;
    return wanted;
}

// Where it stands, or the exit code that says that it cannot be told.
struct Asked {
    WaitStep step;
    std::optional<int> code = {};
    std::string body = {};  // as the API tells it
};

Asked ask_once(ServiceCaller& caller, const PullWait& wanted) {
    const auto now = located(wanted);
    std::string path = "/api/v1/pulls/" + std::to_string(now.number);
    if (!now.name.empty()) path += "?repository=" + percent_encoded(now.name);
    const auto reply = caller.call("GET", path);
    auto body = parse_json(reply.body);
    if (reply.status == 404 && body && !(*body)["detail"].text().empty())
        return {{Outcome::pending, (*body)["detail"].text()}};  // its event is on the way
    if (const auto code = refused(reply)) return {{}, code};
    if (!body) return {{Outcome::pending, "the service's answer is not JSON"}};
    return {wait_step(now.what, *body, now.head), {}, reply.body};
}

// A service that is started again meanwhile is waited for.
Asked ask_patiently(ServiceCaller& caller, const PullWait& wanted, bool answered_before) {
    try {
        return ask_once(caller, wanted);
    } catch (const Failure& failure) {
        if (!answered_before || failure.retry() == Retry::never) throw;
        return {{Outcome::pending, failure.what()}};
    }
}

}  // namespace

WaitStep wait_step(WaitFor what, const Json& pull, std::string_view head) {
    const auto& known = pull["head"].text();
    if (!known.starts_with(head))
        return {Outcome::pending, "commit " + std::string(shortened(head)) +
                                      " was not looked at yet; the last one was " +
                                      std::string(shortened(known))};
    if (pull["looking"].bool_or(false) && pull["state"].text() == word(PullState::open))
        return {Outcome::pending, "finding out which stacks are concerned"};
    return what == WaitFor::checks ? checks_step(pull, known) : apply_step(pull);
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr int longest = 100'000;
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (error != std::errc{} || number < 1 || number > longest) return std::nullopt;
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::minutes(number);
    if (unit == "h") return std::chrono::hours(number);
    return std::nullopt;
}

int wait_for_pull(const PullWait& wanted) {
    constexpr int pause_us = 500'000;
    ServiceCaller caller(wanted.where);
    const auto until = std::chrono::steady_clock::now() + wanted.timeout;
    std::string said;
    for (bool answered = false;; answered = true) {
        const auto asked = ask_patiently(caller, wanted, answered);
        if (asked.code) return *asked.code;
        const bool late = std::chrono::steady_clock::now() >= until;
        const bool decided = asked.step.outcome != Outcome::pending;
        if (!wanted.where.json && asked.step.line != said)
            std::cout << asked.step.line << std::endl;
        said = asked.step.line;
        if (wanted.where.json && (decided || late)) std::cout << asked.body << "\n";
        if (decided) return asked.step.outcome == Outcome::yes ? 0 : 1;
        if (late) {
            std::cerr << "slipway: timed out before that was decided\n";
            return 2;
        }
        usleep(pause_us);
    }
}

}  // namespace slipway
