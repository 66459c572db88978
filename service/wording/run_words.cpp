#include "service/wording/run_words.hpp"

#include <algorithm>

#include "service/base/clock.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway::run_words {

namespace {

bool is_plain(std::string_view text) {
    return text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           });
}

std::string_view said(RunEvent event) {
    switch (event) {
        case RunEvent::created:
            return "created";
        case RunEvent::picked_up:
            return "taken up";
        case RunEvent::handed_over:
            return "handed to a worker";
        case RunEvent::planned_no_change:
            return "planned without changes";
        case RunEvent::planned:
            return "planned";
        case RunEvent::denied:
            return "denied";
        case RunEvent::failed:
            return "failed";
        case RunEvent::confirmed:
            return "confirmed";
        case RunEvent::reconsidered:
            return "sent back to wait";
        case RunEvent::begun:
            return "apply begun";
        case RunEvent::applied:
            return "applied";
        case RunEvent::lost:
            return "end not seen";
        case RunEvent::resolved_applied:
            return "resolved as applied";
        case RunEvent::resolved_failed:
            return "resolved as failed";
        case RunEvent::canceled:
            return "canceled";
        case RunEvent::unneeded:
            return "skipped: nothing that it reads has changed";
        case RunEvent::upstream_broken:
            return "skipped: an upstream did not finish";
    }
    return "";
}

std::string vote_text(const ChangeVote& vote) {
    std::string out;
    if (vote.verdict) out += "; plan policies: " + std::string(word(*vote.verdict));
    if (vote.approval) out += "; approval: " + std::string(word(*vote.approval));
    if (!vote.approved_by.empty()) out += "; approved by " + list_of(vote.approved_by);
    if (!vote.rejected_by.empty()) out += "; rejected by " + list_of(vote.rejected_by);
    return out;
}

std::string padded(std::string text, std::size_t width) {
    if (text.size() < width) text.append(width - text.size(), ' ');
    return text;
}

}  // namespace

std::string no_such_run(std::string_view typed) {
    return (is_plain(typed) ? "There is no run " + std::string(typed)
                            : std::string("There is no such run")) +
           "; `slipway runs` lists those there are.";
}

std::string no_run_or_stack(std::string_view typed) {
    return "There is no run, and no stack with a run, of the name " +
           one_line(typed.substr(0, 100)) + "; `slipway runs` lists the runs.";
}

std::string no_such_kind() { return "An input is that of push, plan or approval policies."; }

std::string nothing_kept(std::string_view kind) {
    return "Nothing that " + std::string(kind) +
           " policies were asked is kept of this run: they were not asked yet, or it was too "
           "large.";
}

std::string too_short(std::size_t at_least) {
    return "A run is named by its id, or by at least the first " + std::to_string(at_least) +
           " characters of it.";
}

std::string several(std::string_view typed, const std::vector<Run>& some, std::size_t count) {
    std::string out = number_of(count, "run") + " begin with " + std::string(typed) + ": ";
    for (std::size_t i = 0; i < some.size(); ++i) {
        const auto& run = some[i];
        out += (i ? ", " : "") + run.id.value + " (" + run.stack.value + ", " +
               std::string(word(run.state)) + ")";
    }
    if (count > some.size()) out += " and " + std::to_string(count - some.size()) + " more";
    return out + ". Type more of the id.";
}

std::string no_such_state(const std::string& suggestion, const std::vector<std::string>& known) {
    return "There is no such state" + suggestion +
           (suggestion.empty() ? "; there are " : " There are ") + list_of(known, known.size()) +
           ".";
}

std::string no_such_number() { return "`pull` is the number of a pull request, 1 or more."; }

std::string none_listed(const Asked& asked) {
    const bool any = asked.stack.empty() && asked.states.empty() && !asked.pull;
    if (any) return "There are no runs yet.";
    std::string out = "There are no runs";
    if (!asked.stack.empty()) out += " of stack " + asked.stack;
    if (asked.pull) out += " of pull request #" + std::to_string(*asked.pull);
    if (!asked.states.empty()) out += " in state " + asked.states;
    return out + ".";
}

std::string no_such_pull(int number, const std::string& repository) {
    return "No pull request #" + std::to_string(number) +
           (repository.empty() ? "" : " of " + repository) + " was looked at yet.";
}

std::string pull_in_several(int number, const std::vector<std::string>& repositories) {
    return "Pull request #" + std::to_string(number) + " exists in " + list_of(repositories, 10) +
           ": name the repository.";
}

std::string change_line(const StateChange& change) {
    auto time = utc_iso(change.at_ms);
    std::replace(time.begin(), time.end(), 'T', ' ');
    if (time.ends_with('Z')) time.pop_back();
    std::string out = time + "  " + padded(std::string(word(change.state)), 11) + "  ";
    if (change.event) out += said(*change.event);
    if (!change.by.empty()) out += (change.event ? " by " : "by ") + change.by;
    if (change.vote) out += vote_text(*change.vote);
    if (!change.note.empty()) out += ": " + one_line(change.note);
    return out;
}

std::string changes_omitted(int count) {
    return "(" + number_of(static_cast<std::size_t>(std::max(0, count)), "earlier change") +
           " not kept)";
}

}  // namespace slipway::run_words
