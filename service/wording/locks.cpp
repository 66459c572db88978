#include "service/wording/locks.hpp"

#include "service/base/clock.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

bool has_something_ahead(const StackView& view) {
    switch (view.standing) {
        case Standing::unconfirmed:
        case Standing::locked:
        case Standing::unapproved:
        case Standing::ready:
        case Standing::considering:
        case Standing::planning:
        case Standing::queued:
            return !is_observed(*view.report);
        case Standing::applying:
            return view->run->state == RunState::confirmed;
        default:
            return false;
    }
}

std::string notice(const Report& report, const Reason& lock, const std::vector<StackId>& stacks,
                   const Voice& voice) {
    std::vector<std::string> names;
    for (const auto& stack : stacks) names.push_back(voice.name(stack.value));
    const auto holder = voice.name(lock.name);
    std::string out = list_of(names, 10) + (names.size() == 1 ? " is" : " are") + " locked by " +
                      holder + " until " + lock_end_text(lock.until_ms);
    if (!lock.text.empty()) out += ": " + voice.said(lock.text);
    return out + ". Until then nothing of " + (names.size() == 1 ? "it" : "them") +
           " is applied. To lift the lock, " + holder +
           " or somebody with the role admin: " + unlocking(report, stacks, voice) + ".";
}

}  // namespace

std::string lock_end_text(std::int64_t expires_at_ms) {
    constexpr std::int64_t minute_ms = 60'000;
    return utc_minutes((expires_at_ms + minute_ms - 1) / minute_ms * minute_ms);
}

std::string lock_text(const StackLock& lock) {
    return lock.holder.login + " until " + lock_end_text(lock.expires_at_ms) +
           (lock.note.empty() ? "" : ": " + lock.note);
}

Reason lock_ahead(const StackView& view) {
    if (!has_something_ahead(view)) return {};
    if (view->lock) return why_locked(*view->lock, view->lock->since_ms);
    return view.standing == Standing::locked ? view->run->reason : Reason();
}

std::string lock_notices(const Report& report, const std::vector<StackView>& views,
                         const Voice& voice, std::size_t bytes) {
    if (report.pull.state == PullState::closed) return {};
    std::vector<std::pair<Reason, std::vector<StackId>>> locks;
    for (const auto& view : views) {
        const auto lock = lock_ahead(view);
        if (lock.empty()) continue;
        auto at = locks.begin();
        while (at != locks.end() && at->first != lock) ++at;
        if (at == locks.end()) at = locks.insert(at, {lock, {}});
        at->second.push_back(view->stack);
    }
    std::string out;
    std::size_t left_out = 0;
    for (const auto& [lock, stacks] : locks) {
        const auto text = notice(report, lock, stacks, voice);
        if (out.empty() || out.size() + text.size() <= bytes)
            add_paragraph(out, text);
        else
            left_out += stacks.size();
    }
    if (left_out)
        add_paragraph(out, number_of(left_out, "more stack") + (left_out == 1 ? " is" : " are") +
                               " locked; their checks say by whom.");
    return out;
}

}  // namespace slipway
