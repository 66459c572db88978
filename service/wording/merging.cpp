// What merging will do, in one sentence.
#include <algorithm>

#include "service/wording/handed_over.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

// Of those that are ready.
bool depend_on_each_other(const std::vector<StackView>& views) {
    std::vector<const StackView*> ready;
    for (const auto& view : views)
        if (view.standing == Standing::ready) ready.push_back(&view);
    return std::any_of(ready.begin(), ready.end(), [&](const StackView* one) {
        const auto& needed = (*one)->run->settings.depends_on;
        return std::any_of(ready.begin(), ready.end(), [&](const StackView* other) {
            return std::find(needed.begin(), needed.end(), (*other)->stack) != needed.end();
        });
    });
}

// As far as its settings and its plan go. What a policy holds for a time is not looked at again by
// itself when that is over.
bool applies_by_itself(const StackView& view) {
    const auto& run = *view->run;
    const auto& missing = view->approval.missing;
    if (std::any_of(missing.begin(), missing.end(),
                    [](const MissingApproval& one) { return one.count == 0; }))
        return false;
    const bool after_a_rename = !run.renamed_from.empty() && destroyed(plan_of(run).counts) > 0;
    return run.settings.apply_start == ApplyStart::automatic && warnings(*view.report) == 0 &&
           run.must_confirm.empty() && !run.destroy && !after_a_rename && !is_provisional(run);
}

// Names of stacks, by what becomes of them.
struct Fates {
    std::vector<std::string> at_once, once_approved, once_unlocked, waiting, before, never,
        observed, blocked;
};

std::vector<std::string>& fate_of(Fates& fates, const StackView& view) {
    const auto& settings = view->run->settings;
    if (is_observed(*view.report)) return fates.observed;
    if (settings.apply_when == ApplyWhen::before_merge) return fates.before;
    if (settings.apply_when == ApplyWhen::never) return fates.never;
    if (!applies_by_itself(view)) return fates.waiting;
    if (view->lock) return fates.once_unlocked;
    return view.standing == Standing::ready ? fates.at_once : fates.once_approved;
}

Fates fates_of(const std::vector<StackView>& views, const Voice& voice) {
    Fates out;
    for (const auto& view : views) {
        switch (view.standing) {
            case Standing::plan_failed:
            case Standing::denied:
            case Standing::unjudged:
            case Standing::rejected:
            case Standing::unknown_provider:
                out.blocked.push_back(voice.name(view->stack.value));
                break;
            case Standing::unapproved:
            case Standing::ready:
                fate_of(out, view).push_back(voice.name(view->stack.value));
                break;
            default:
                break;
        }
    }
    return out;
}

// No clause begins with a name: it may become the beginning of a line.
std::vector<std::string> clauses_of(const Fates& fates, bool in_order) {
    std::vector<std::string> out;
    if (!fates.at_once.empty())
        out.push_back("Merging applies " + list_of(fates.at_once) + " immediately" +
                      (in_order ? ", in dependency order" : ""));
    if (!fates.once_approved.empty())
        out.push_back((fates.at_once.empty() ? "Merging applies " : "") +
                      list_of(fates.once_approved) + " after approval");
    if (!fates.once_unlocked.empty())
        out.push_back((out.empty() ? "Merging applies " : "") + list_of(fates.once_unlocked) +
                      (fates.once_unlocked.size() == 1 ? " once it is" : " once they are") +
                      " unlocked");
    if (!fates.waiting.empty())
        out.push_back((out.empty() ? "After the merge " + list_of(fates.waiting)
                                   : list_of(fates.waiting) + " then") +
                      (fates.waiting.size() == 1 ? " waits" : " wait") + " for a confirmation");
    if (!fates.before.empty())
        out.push_back("before the merge " + list_of(fates.before) +
                      (fates.before.size() == 1 ? " is" : " are") +
                      " applied, when somebody asks for it");
    if (!fates.never.empty()) out.push_back("only planned, never applied: " + list_of(fates.never));
    if (!fates.observed.empty())
        out.push_back("Slipway only observes " + list_of(fates.observed) +
                      " and applies nothing there");
    if (!fates.blocked.empty())
        out.push_back("merging now would apply nothing in " + list_of(fates.blocked));
    return out;
}

}  // namespace

std::string merging(const Report& report, const std::vector<StackView>& views, const Voice& voice) {
    const bool open = report.pull.state == PullState::open;
    if (report.discovering_stacks || !open || report.phase == PullPhase::merged) return {};
    if (std::any_of(views.begin(), views.end(),
                    [](const StackView& v) { return is_busy(v.standing); }))
        return {};
    std::string out;
    for (const auto& clause : clauses_of(fates_of(views, voice), depend_on_each_other(views)))
        out += (out.empty() ? "" : "; ") + clause;
    if (out.empty()) return out;
    if (out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
    return out + ".";
}

}  // namespace slipway
