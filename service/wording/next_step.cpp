// What the reader can do now, said once for the whole pull request: the sentence under the heading.
#include <algorithm>
#include <set>

#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

constexpr std::size_t targets_named = 3;

std::vector<const StackView*> those(const std::vector<StackView>& views, Standing standing) {
    std::vector<const StackView*> out;
    for (const auto& view : views)
        if (view.standing == standing) out.push_back(&view);
    return out;
}

enum class With { stack, plan };

bool can_be_typed(std::string_view id) {
    return !id.empty() && id.size() <= 100 && id[0] != '-' &&
           std::all_of(id.begin(), id.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.' || c == '/' || c == ':';
           });
}

// `/slipway approve payments-prod@9f3c`; many stacks are left to the command's own meaning: all
// that are concerned.
std::string command(const Report& report, std::string_view verb,
                    const std::vector<const StackView*>& views, With with, const Voice& voice) {
    std::string out = report.command_word + " " + std::string(verb);
    const bool all_writable = std::all_of(views.begin(), views.end(), [](const StackView* view) {
        return can_be_typed((*view)->stack.value);
    });
    // Destroying a stack asks for its name, however many they are.
    const bool must_be_named = std::any_of(views.begin(), views.end(), [](const StackView* view) {
        return (*view)->run && (*view)->run->destroy;
    });
    if ((views.size() <= targets_named || must_be_named) && all_writable)
        for (const auto* view : views) {
            out += " " + (*view)->stack.value;
            if (with == With::plan && (*view)->run && !(*view)->run->plan_digest.empty())
                out += "@" + std::string(shortened((*view)->run->plan_digest, 4));
        }
    return voice.command(out);
}

// "1 of team dba" and nothing else: its members.
std::string who_may_approve(const std::vector<const StackView*>& views, const Voice& voice) {
    std::set<std::string> teams;
    for (const auto* view : views)
        for (const auto& missing : (*view)->approval.missing) {
            constexpr std::string_view of_team = " of team ";
            const auto at = missing.find(of_team);
            if (at == missing.npos) return {};
            teams.insert(voice.name(std::string_view(missing).substr(at + of_team.size())));
        }
    if (teams.empty()) return {};
    return "Members of team " + list_of({teams.begin(), teams.end()}, 4) + ": ";
}

std::string approving(const Report& report, const std::vector<const StackView*>& views,
                      const Voice& voice) {
    const auto who = who_may_approve(views, voice);
    return (who.empty() ? "Approve" : who + "approve") + " with a review, or with " +
           command(report, "approve", views, With::plan, voice);
}

// Of those that are ready.
bool depend_on_each_other(const std::vector<StackView>& views) {
    const auto ready = those(views, Standing::ready);
    return std::any_of(ready.begin(), ready.end(), [&](const StackView* one) {
        const auto& needed = (*one)->run->settings.depends_on;
        return std::any_of(ready.begin(), ready.end(), [&](const StackView* other) {
            return std::find(needed.begin(), needed.end(), (*other)->stack) != needed.end();
        });
    });
}

// `/slipway allow provider acme/dns`
std::string allowing(const Report& report, const std::vector<const StackView*>& views,
                     const Voice& voice) {
    std::set<std::string> sources;
    for (const auto* view : views)
        sources.insert((*view)->run->unknown_providers.begin(),
                       (*view)->run->unknown_providers.end());
    std::string out = report.command_word + " allow provider";
    for (const auto& source : sources) out += " " + source;
    return voice.command(out);
}

// As far as its settings and its plan go.
bool applies_by_itself(const StackView& view) {
    const auto& run = *view->run;
    const bool after_a_rename = !run.renamed_from.empty() && destroyed(run.counts) > 0;
    return run.settings.apply_start == ApplyStart::automatic && warnings(*view.report) == 0 &&
           run.must_confirm.empty() && !run.destroy && !after_a_rename;
}

bool is_open(const Report& report) { return report.pull.state == PullState::open; }

}  // namespace

std::string merging(const Report& report, const std::vector<StackView>& views, const Voice& voice) {
    if (report.discovering_stacks || !is_open(report) || report.phase == PullPhase::merged)
        return {};
    if (std::any_of(views.begin(), views.end(),
                    [](const StackView& v) { return is_busy(v.standing); }))
        return {};
    std::vector<std::string> at_once, once_approved, waiting, before, never, observed, blocked;
    for (const auto& view : views) {
        const auto name = voice.name(view->stack.value);
        switch (view.standing) {
            case Standing::plan_failed:
            case Standing::denied:
            case Standing::unjudged:
            case Standing::rejected:
            case Standing::unknown_provider:
                blocked.push_back(name);
                continue;
            case Standing::unapproved:
            case Standing::ready:
                break;
            default:
                continue;
        }
        const auto& settings = view->run->settings;
        if (is_observed(*view.report))
            observed.push_back(name);
        else if (settings.apply_when == ApplyWhen::before_merge)
            before.push_back(name);
        else if (settings.apply_when == ApplyWhen::never)
            never.push_back(name);
        else if (applies_by_itself(view))
            (view.standing == Standing::ready ? at_once : once_approved).push_back(name);
        else
            waiting.push_back(name);
    }
    // No clause begins with a name: it may become the beginning of a line.
    std::vector<std::string> clauses;
    if (!at_once.empty())
        clauses.push_back("Merging applies " + list_of(at_once) + " immediately" +
                          (depend_on_each_other(views) ? ", in dependency order" : ""));
    if (!once_approved.empty())
        clauses.push_back((at_once.empty() ? "Merging applies " : "") + list_of(once_approved) +
                          " after approval");
    if (!waiting.empty()) {
        const std::string waits = waiting.size() == 1 ? " waits" : " wait";
        clauses.push_back(
            (clauses.empty() ? "After the merge " + list_of(waiting) : list_of(waiting) + " then") +
            waits + " for a confirmation");
    }
    if (!before.empty())
        clauses.push_back("before the merge " + list_of(before) +
                          (before.size() == 1 ? " is" : " are") +
                          " applied, when somebody asks for it");
    if (!never.empty()) clauses.push_back("only planned, never applied: " + list_of(never));
    if (!observed.empty())
        clauses.push_back("Slipway only observes " + list_of(observed) +
                          " and applies nothing there");
    if (!blocked.empty())
        clauses.push_back("merging now would apply nothing in " + list_of(blocked));
    std::string out;
    for (const auto& clause : clauses) out += (out.empty() ? "" : "; ") + clause;
    if (out.empty()) return out;
    if (out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 32);
    return out + ".";
}

std::string resolving(const Report& report, const StackId& stack, const Voice& voice) {
    const auto says = [&](const char* how) {
        return voice.command(report.command_word + " resolve " +
                             (can_be_typed(stack.value) ? stack.value : "STACK") + " " + how);
    };
    return "Look at the state of " + voice.name(stack.value) + "; then whoever may confirm says " +
           says("applied") + " or " + says("failed") + ", and a new plan shows what is left.";
}

std::string next_step(const Report& report, const std::vector<StackView>& views,
                      const Voice& voice) {
    const auto help = " All commands: " + voice.command(report.command_word + " help") + ".";
    const auto main = voice.name(report.pull.base_branch);
    if (report.discovering_stacks || report.pull.state == PullState::closed) return {};
    if (!report.conflicts.empty() && is_open(report))
        return "Bring " + main + " into the branch, by a merge or a rebase, and push." + help;
    if (!report.configuration.empty() && is_open(report))
        return "Fix the configuration and push." + help;
    if (!those(views, Standing::unknown).empty()) return {};  // said of each, see resolving()
    const auto broken_off = those(views, Standing::apply_failed);
    if (!broken_off.empty() && is_open(report))
        return "Push a fix, or comment " + command(report, "plan", broken_off, With::stack, voice) +
               " to plan what is left." + help;
    if (!broken_off.empty())
        return "To continue, comment " + command(report, "retry", broken_off, With::stack, voice) +
               ": it plans again from the tip of " + main +
               ". If it needs a fix, merge that first." + help;
    if (std::any_of(views.begin(), views.end(),
                    [](const StackView& v) { return is_busy(v.standing); }))
        return {};
    if (const auto failed = those(views, Standing::plan_failed); !failed.empty())
        return (is_open(report)
                    ? "Push a fix, or comment " +
                          command(report, "plan", failed, With::stack, voice) + " to plan again."
                    : "Once it is fixed, comment " +
                          command(report, "retry", failed, With::stack, voice) +
                          " to plan again from the tip of " + main + ".") +
               help;
    const auto unjudged = those(views, Standing::unjudged);
    auto refused = those(views, Standing::denied);
    const std::string fix = !refused.empty()
                                ? "Push a fix, and the policies check it again."
                                : "The owner of the policy has to fix it; then comment " +
                                      command(report, "plan", unjudged, With::stack, voice) + ".";
    refused.insert(refused.end(), unjudged.begin(), unjudged.end());
    if (!refused.empty())
        return fix + " To see how it was decided: " +
               command(report, "explain", refused, With::stack, voice) + "." + help;
    if (const auto rejected = those(views, Standing::rejected); !rejected.empty())
        return "Whoever rejected it can approve it with a review, or with " +
               command(report, "approve", rejected, With::plan, voice) + "." + help;
    if (const auto withheld = those(views, Standing::unknown_provider); !withheld.empty())
        return "Somebody with the role admin who trusts " +
               std::string(withheld.size() == 1 ? "it" : "them") + ": " +
               allowing(report, withheld, voice) + " lets this pull request use it." + help;
    if (!those(views, Standing::gone).empty()) return help.substr(1);
    if (!those(views, Standing::not_planned).empty())
        return report.pull.fork ? "Somebody who may push to this repository can look at the "
                                  "commits, bring them onto a "
                                  "branch of it, and open the pull request from there."
                                : "Push a new commit to plan it." + help;
    std::vector<const StackView*> unapproved, unconfirmed;
    for (const auto* view : those(views, Standing::unconfirmed))
        (lacks_approval(*view) ? unapproved : unconfirmed).push_back(view);
    if (!unapproved.empty())
        return approving(report, unapproved, voice) + "; " +
               command(report, "cancel", unapproved, With::stack, voice) + " discards." + help;
    if (!unconfirmed.empty())
        return "Somebody with write permission: " +
               command(report, "apply", unconfirmed, With::plan, voice) + " confirms, " +
               command(report, "cancel", unconfirmed, With::stack, voice) + " discards." + help;
    if (const auto ended = those(views, Standing::ended); !ended.empty())
        return "To plan again" +
               (is_open(report) ? ": " + command(report, "plan", ended, With::stack, voice)
                                : " from the tip of " + main + ": " +
                                      command(report, "retry", ended, With::stack, voice)) +
               "." + help;
    if (const auto waiting = those(views, Standing::unapproved); !waiting.empty())
        return approving(report, waiting, voice) + "." + help;
    auto ready = those(views, Standing::ready);
    std::erase_if(ready, [](const StackView* view) {
        return (*view)->run->settings.apply_when != ApplyWhen::before_merge ||
               is_observed(*view->report);
    });
    if (!ready.empty() && is_open(report))
        return "To apply now: " + command(report, "apply", ready, With::plan, voice) + "." + help;
    return {};
}

}  // namespace slipway
