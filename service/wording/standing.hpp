// Where a stack stands on its pull request, in one word: derived from its run, its plan and the
// decisions about it. What is shown, in which order, and who must act all follow from it.
#pragma once
#include <string_view>
#include <vector>

#include "service/model/words.hpp"
#include "service/wording/report.hpp"

namespace slipway {

// In the order of what needs attention.
enum class Standing {
    unknown,  // an apply whose end nobody saw
    apply_failed,
    plan_failed,  // or its preparation
    denied,
    unjudged,  // a policy could not be evaluated
    rejected,
    unknown_provider,  // it would run a provider that an administrator has to allow first
    gone,  // its directory or its description: nothing is planned, and its resources are still
           // there
    not_planned,  // for a reason
    ended,        // canceled, stopped, discarded, skipped
    unconfirmed,  // merged, and waits for a person
    locked,       // merged, and nothing but its stack's lock is in its way
    unapproved,
    ready,  // planned, with changes, nothing missing
    applying,
    considering,  // planned, with changes; approvals are being looked at
    planning,     // being prepared, planned, judged
    queued,
    applied,
    orphaned,  // gone, and its resources stay unmanaged, as its settings want; or there are none
    unchanged,
    on_request,  // planned when somebody asks, and nobody has
    untouched,   // merged, and no run was made for it
};
BOOST_DESCRIBE_ENUM(Standing, unknown, apply_failed, plan_failed, denied, unjudged, rejected,
                    unknown_provider, gone, not_planned, ended, unconfirmed, locked, unapproved,
                    ready, applying, considering, planning, queued, applied, orphaned, unchanged,
                    on_request, untouched)

struct StackView {
    const StackReport* report = nullptr;
    Standing standing = Standing::not_planned;

    const StackReport* operator->() const { return report; }
};

Standing standing_of(const Report& report, const StackReport& stack);
// Sorted by what needs attention: by standing, then what destroys first, then by name.
std::vector<StackView> by_attention(const Report& report);

bool is_busy(Standing);  // somebody of ours is at it
bool has_changes(const StackReport&);
int destroyed(const PlanCounts&);  // or replaced
std::size_t warnings(const StackReport&);
bool is_observed(const StackReport&);
// Merged, and what it waits for is an approval, not yet a confirmation.
bool lacks_approval(const StackView&);
// A policy holds it, "frozen until …", and no approval changes that.
bool is_held(const StackView&);
// The tracked run's side of things: after the merge, or after an apply before it.
bool is_tracked(const StackReport&);

}  // namespace slipway
