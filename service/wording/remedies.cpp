// What would change how a stack stands, from the decisions themselves: as data, and in words.
#include <algorithm>
#include <set>

#include "service/base/clock.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/standing.hpp"

namespace slipway {

namespace {

using Kind = Remedy::Kind;

Remedy remedy(Kind kind, std::vector<std::string> names = {}) {
    Remedy out;
    out.kind = kind;
    out.names = std::move(names);
    return out;
}

std::vector<std::string> policies_of(const std::vector<Finding>& findings,
                                     Finding::Severity severity) {
    std::set<std::string> out;
    for (const auto& finding : findings)
        if (finding.severity == severity) out.insert(finding.policy);
    return {out.begin(), out.end()};
}

void add_missing(std::vector<Remedy>& out, const ApprovalDecision& approval) {
    for (const auto& missing : approval.missing) {
        auto one = remedy(missing.count > 0 ? Kind::approvals : Kind::time, missing.not_by);
        one.count = missing.count;
        one.team = missing.team;
        one.text = missing.text;
        one.at_ms = missing.until_ms;
        out.push_back(std::move(one));
    }
    if (approval.missing.empty() && approval.approval == Approval::undecided)
        out.push_back(remedy(Kind::approvals, approval.approved_by));  // they do not say whose
}

void add_rejected(std::vector<Remedy>& out, const ApprovalDecision& approval) {
    const auto policies = policies_of(approval.findings, Finding::Severity::deny);
    if (!approval.rejected_by.empty())
        out.push_back(remedy(Kind::take_back, approval.rejected_by));
    else
        out.push_back(remedy(Kind::fix, policies));
    if (!approval.missing.empty()) add_missing(out, approval);
}

void add_lock(std::vector<Remedy>& out, const StackReport& stack) {
    if (!stack.lock) return;
    auto one = remedy(Kind::unlock, {stack.lock->holder.login});
    one.at_ms = stack.lock->expires_at_ms;
    out.push_back(std::move(one));
}

void add_unconfirmed(std::vector<Remedy>& out, const StackReport& stack) {
    const auto& approval = stack.approval;
    switch (approval.approval) {
        case Approval::rejected:
            return add_rejected(out, approval);
        case Approval::error:
            return out.push_back(
                remedy(Kind::fix_policy, policies_of(approval.findings, Finding::Severity::error)));
        case Approval::undecided:
            if (!approval.missing.empty() || !approval.why.text.empty()) add_missing(out, approval);
            break;
        case Approval::approved:
            break;
    }
    const auto cause = stack.run->reason.cause;
    const bool only_asks = cause != Cause::approvals_missing && cause != Cause::locked;
    if (only_asks || out.empty()) out.push_back(remedy(Kind::confirm));
    add_lock(out, stack);
}

void add_turn(std::vector<Remedy>& out, const StackReport& stack) {
    std::vector<std::string> first;
    if (stack.ahead) first.emplace_back(shortened(stack.ahead->run.value, 8));
    if (stack.run && first.empty())
        for (const auto& id : stack.run->waits_for) first.emplace_back(shortened(id.value, 8));
    if (!first.empty()) out.push_back(remedy(Kind::turn, std::move(first)));
}

void add_unjudged(std::vector<Remedy>& out, const StackReport& stack) {
    auto policies = policies_of(plan_of(*stack.run).decision.findings, Finding::Severity::error);
    if (policies.empty()) policies = policies_of(stack.approval.findings, Finding::Severity::error);
    out.push_back(remedy(Kind::fix_policy, std::move(policies)));
}

void add_for(std::vector<Remedy>& out, Standing standing, const StackReport& stack) {
    switch (standing) {
        case Standing::unknown:
            return out.push_back(remedy(Kind::resolve));
        case Standing::apply_failed:
        case Standing::ended:
            return out.push_back(remedy(Kind::retry));
        case Standing::plan_failed:
            return out.push_back(remedy(Kind::fix_plan));
        case Standing::denied:
            return out.push_back(remedy(
                Kind::fix,
                policies_of(plan_of(*stack.run).decision.findings, Finding::Severity::deny)));
        case Standing::unjudged:
            return add_unjudged(out, stack);
        case Standing::rejected:
            return add_rejected(out, stack.approval);
        case Standing::unknown_provider:
            return out.push_back(remedy(Kind::allow, stack.run->unknown_providers));
        case Standing::gone:
            return out.push_back(remedy(Kind::settings));
        case Standing::on_request:
            return out.push_back(remedy(Kind::retry));
        case Standing::not_planned: {
            if (stack.not_planned.cause == Cause::from_fork)
                return out.push_back(remedy(Kind::allow_commit));
            if (stack.not_planned.cause == Cause::ended_by)  // somebody dropped its plan
                return out.push_back(remedy(Kind::retry));
            auto one = remedy(Kind::plan);
            one.text = reason_text(stack.not_planned);
            return out.push_back(std::move(one));
        }
        case Standing::unconfirmed:
            return add_unconfirmed(out, stack);
        case Standing::locked:
            return add_lock(out, stack);
        case Standing::unapproved:
            return add_missing(out, stack.approval);
        case Standing::queued:
            return add_turn(out, stack);
        case Standing::ready:
        case Standing::applying:
        case Standing::considering:
        case Standing::planning:
        case Standing::applied:
        case Standing::orphaned:
        case Standing::unchanged:
        case Standing::untouched:
            return;
    }
}

// "ada", "ada or grace", "ada, grace or linus"
std::string any_of(const std::vector<std::string>& names) {
    constexpr std::size_t most = 8;
    std::string out;
    const auto shown = std::min(names.size(), most);
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) out += i + 1 == shown && shown == names.size() ? " or " : ", ";
        out += names[i];
    }
    if (shown < names.size())
        out += " or one of " + std::to_string(names.size() - shown) + " others";
    return out;
}

// "one more approval by somebody of team dba who is not grace or linus"
std::string approvals_text(const Remedy& one) {
    const bool single = one.count <= 1;
    std::string out = single ? "one more approval by somebody"
                             : std::to_string(one.count) + " more approvals by people";
    if (!one.team.empty()) out += " of team " + one.team;
    if (!one.names.empty()) out += (single ? " who is not " : " who are not ") + any_of(one.names);
    if (one.team.empty() && !one.text.empty()) out += ": " + one.text;
    return out;
}

std::string policies_text(const Remedy& one) {
    if (one.names.empty()) return "its policies";
    return (one.names.size() == 1 ? "policy " : "policies ") + list_of(one.names);
}

std::string time_text(const Remedy& one) {
    if (one.at_ms == 0) return "no approval, but what the policy waits for: " + one.text;
    return "time: it is looked at again at " + lock_end_text(one.at_ms) + " (" + one.text + ")";
}

}  // namespace

std::vector<Remedy> remedies_of(const StackReport& stack) {
    Report alone;
    if (stack.run && stack.run->kind == RunKind::tracked) alone.phase = PullPhase::merged;
    std::vector<Remedy> out;
    if (stack.outdated) return out;
    add_for(out, standing_of(alone, stack), stack);
    return out;
}

std::string remedy_text(const Remedy& one) {
    switch (one.kind) {
        case Kind::fix:
            return "a change that " + policies_text(one) + " does not refuse";
        case Kind::fix_policy:
            return "a fix of " + policies_text(one) + ", then a new plan";
        case Kind::fix_plan:
            return "a fix of what failed, or a new plan if the fault was temporary";
        case Kind::settings:
            return "another `directory` or `delete` in the stack's settings";
        case Kind::plan:
            return "a plan, once this is over: " + one.text;
        case Kind::allow_commit:
            return "somebody with write permission allows its commit";
        case Kind::allow:
            return "somebody with the role admin allows " + list_of(one.names);
        case Kind::approvals:
            return approvals_text(one);
        case Kind::take_back:
            return any_of(one.names) + " takes the rejection back, by approving";
        case Kind::time:
            return time_text(one);
        case Kind::confirm:
            return "a confirmation by somebody with write permission";
        case Kind::unlock:
            return list_of(one.names) + " or an administrator lifts the lock, or it expires at " +
                   lock_end_text(one.at_ms);
        case Kind::resolve:
            return "somebody says how the apply ended: applied, or failed";
        case Kind::retry:
            return "a new plan, asked for with `plan` or `retry`";
        case Kind::turn:
            return "the end of " + std::string(one.names.size() == 1 ? "run " : "the runs ") +
                   list_of(one.names);
    }
    return "";
}

}  // namespace slipway
