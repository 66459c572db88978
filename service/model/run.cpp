#include "service/model/run.hpp"

#include <algorithm>

namespace slipway {

bool is_terminal(RunState state) {
    switch (state) {
        case RunState::queued:
        case RunState::preparing:
        case RunState::planning:
        case RunState::unconfirmed:
        case RunState::confirmed:
        case RunState::applying:
        case RunState::unknown:
            return false;  // until somebody resolves it
        case RunState::finished:
        case RunState::failed:
        case RunState::canceled:
        case RunState::discarded:
        case RunState::stopped:
        case RunState::skipped:
            return true;
    }
    return false;
}

std::optional<RunState> next(RunKind kind, RunState state, RunEvent event) {
    using S = RunState;
    using E = RunEvent;
    const bool tracked = kind == RunKind::tracked;
    switch (state) {
        case S::queued:
            if (event == E::picked_up) return S::preparing;
            if (event == E::canceled) return S::canceled;
            if (event == E::unneeded || event == E::upstream_broken) return S::skipped;
            if (event == E::failed) return S::failed;
            break;
        case S::preparing:
            if (event == E::handed_over) return S::planning;
            if (event == E::failed) return S::failed;
            if (event == E::canceled) return S::canceled;
            if (event == E::upstream_broken) return S::skipped;
            break;
        case S::planning:
            if (event == E::planned_no_change) return S::finished;
            if (event == E::planned) return tracked ? S::unconfirmed : S::finished;
            if (event == E::denied || event == E::failed) return S::failed;
            if (event == E::canceled) return S::stopped;
            break;
        case S::unconfirmed:
            if (event == E::confirmed) return S::confirmed;
            if (event == E::canceled) return S::discarded;
            if (event == E::denied || event == E::failed) return S::failed;
            break;
        case S::confirmed:
            if (event == E::begun) return S::applying;
            if (event == E::reconsidered) return S::unconfirmed;
            if (event == E::canceled) return S::discarded;
            if (event == E::denied || event == E::failed) return S::failed;
            if (event == E::lost) return S::unknown;
            break;
        case S::applying:
            if (event == E::applied) return S::finished;
            if (event == E::failed) return S::failed;
            if (event == E::lost) return S::unknown;
            break;
        case S::unknown:
            if (event == E::resolved_applied) return S::finished;
            if (event == E::resolved_failed) return S::failed;
            break;
        case S::finished:
        case S::failed:
        case S::canceled:
        case S::discarded:
        case S::stopped:
        case S::skipped:
            break;
    }
    return std::nullopt;
}

namespace {

constexpr std::size_t voters_kept = 20;

std::vector<std::string> first_few(const std::vector<std::string>& logins) {
    return {logins.begin(),
            logins.begin() + static_cast<std::ptrdiff_t>(std::min(logins.size(), voters_kept))};
}

std::optional<ChangeVote> vote_at(const Run& run, RunEvent event) {
    if (event == RunEvent::planned || event == RunEvent::planned_no_change ||
        event == RunEvent::denied) {
        ChangeVote vote;
        vote.verdict = plan_of(run).decision.verdict;
        vote.input = plan_of(run).decision.input;
        return vote;
    }
    const bool allowed = event == RunEvent::confirmed || event == RunEvent::begun;
    if (allowed && run.confirmation && run.confirmation->approval)
        return vote_of(*run.confirmation->approval);
    return std::nullopt;
}

// Never in the middle of a character.
std::string cut(std::string text) {
    if (text.size() <= change_note_limit) return text;
    auto end = change_note_limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text;
}

void keep_bounded(Run& run) {
    while (run.history.size() > history_limit) {
        run.history.erase(run.history.begin() + 1);
        ++run.history_omitted;
    }
}

}  // namespace

ChangeVote vote_of(const ApprovalDecision& decision) {
    ChangeVote vote;
    vote.approval = decision.approval;
    vote.approved_by = first_few(decision.approved_by);
    vote.rejected_by = first_few(decision.rejected_by);
    vote.input = decision.input;
    return vote;
}

bool advance(Run& run, RunEvent event, std::int64_t now_ms, std::string by, std::string note) {
    auto to = next(run.kind, run.state, event);
    if (!to) return false;
    run.state = *to;
    StateChange change;
    change.state = *to;
    change.at_ms = now_ms;
    change.by = std::move(by);
    change.note = cut(std::move(note));
    change.event = event;
    change.vote = vote_at(run, event);
    run.history.push_back(std::move(change));
    keep_bounded(run);
    if (is_terminal(*to)) run.finished_at_ms = now_ms;
    return true;
}

const PlanOutcome& plan_of(const Run& run) {
    static const PlanOutcome none;
    return run.plan ? *run.plan : none;
}

int resources_in_state(const Run& run) {
    if (run.applied) return run.applied->resources;
    return run.plan ? run.plan->resources : -1;
}

std::string_view kind_word(const Run& run) {
    return run.kind == RunKind::tracked && run.destroy ? "destroy" : word(run.kind);
}

bool is_interrupted(const Run& run) { return run.interrupt && run.interrupt->wanted_at_ms != 0; }

std::string confirmed_by(const Run& run) { return run.confirmation ? run.confirmation->by : ""; }

}  // namespace slipway
