#include "service/wording/standing.hpp"

#include <algorithm>

#include "service/model/unneeded.hpp"
#include "service/wording/numbers.hpp"

namespace slipway {

namespace {

Standing of_verdict(const Run& run) {
    switch (plan_of(run).decision.verdict) {
        case Verdict::denied:
            return Standing::denied;
        case Verdict::error:
            return Standing::unjudged;
        case Verdict::passed:
        case Verdict::warned:
            break;
    }
    return Standing::plan_failed;
}

Standing of_approval(const ApprovalDecision& decision) {
    switch (decision.approval) {
        case Approval::approved:
            return Standing::ready;
        case Approval::rejected:
            return Standing::rejected;
        case Approval::error:
            return Standing::unjudged;
        case Approval::undecided:
            break;
    }
    const bool asked = !decision.why.text.empty() || !decision.missing.empty();
    return asked ? Standing::unapproved : Standing::considering;
}

Standing of_finished(const StackReport& stack) {
    const auto& run = *stack.run;
    if (run.kind == RunKind::tracked)
        return was_applying(run) ? Standing::applied : Standing::unchanged;
    if (!has_changes(stack)) return Standing::unchanged;
    return plan_of(run).counts.any() ? of_approval(stack.approval) : Standing::ready;
}

Standing without_a_run(const Report& report, const StackReport& stack) {
    if (!stack.not_planned.empty()) return Standing::not_planned;
    if (stack.only_when_asked && report.phase != PullPhase::merged) return Standing::on_request;
    if (stack.gone && stack.gone->on_delete != OnDelete::destroy) {
        const bool left_behind =
            stack.gone->on_delete == OnDelete::forbid && stack.gone->resources != 0;
        return left_behind ? Standing::gone : Standing::orphaned;
    }
    return report.phase == PullPhase::merged ? Standing::untouched : Standing::not_planned;
}

}  // namespace

Standing standing_of(const Report& report, const StackReport& stack) {
    if (!stack.run) return without_a_run(report, stack);
    const auto& run = *stack.run;
    if (stack.outdated && run.kind == RunKind::proposed && is_terminal(run.state))
        return Standing::queued;
    switch (run.state) {
        case RunState::queued:
            return Standing::queued;
        case RunState::preparing:
            return Standing::planning;
        case RunState::planning:
            return stack.place_in_queue ? Standing::queued : Standing::planning;
        case RunState::unconfirmed:
            if (is_observed(stack)) return Standing::ready;
            if (run.awaits_consideration) return Standing::considering;
            return run.reason.cause == Cause::locked ? Standing::locked : Standing::unconfirmed;
        case RunState::confirmed:
        case RunState::applying:
            return Standing::applying;
        case RunState::finished:
            return of_finished(stack);
        case RunState::failed: {
            if (!run.unknown_providers.empty()) return Standing::unknown_provider;
            const bool confirmed =
                entered_at_ms(run, RunState::confirmed) != 0;  // and its apply could not begin
            const auto verdict = of_verdict(run);
            return was_applying(run) || (confirmed && verdict == Standing::plan_failed)
                       ? Standing::apply_failed
                       : verdict;
        }
        case RunState::canceled:
        case RunState::discarded:
        case RunState::stopped:
            return Standing::ended;
        case RunState::skipped:
            return was_unneeded(run) ? Standing::unchanged : Standing::ended;
        case RunState::unknown:
            return Standing::unknown;
    }
    return Standing::not_planned;
}

std::vector<StackView> by_attention(const Report& report) {
    std::vector<StackView> out;
    out.reserve(report.stacks.size());
    for (const auto& stack : report.stacks) out.push_back({&stack, standing_of(report, stack)});
    const auto danger = [](const StackView& view) {
        return view->run ? destroyed(plan_of(*view->run).counts) : 0;
    };
    const auto place = [](const StackView& view) { return view->place_in_queue.value_or(1 << 20); };
    std::stable_sort(out.begin(), out.end(), [&](const StackView& a, const StackView& b) {
        if (a.standing != b.standing) return a.standing < b.standing;
        if (a.standing == Standing::queued && place(a) != place(b)) return place(a) < place(b);
        if (danger(a) != danger(b)) return danger(a) > danger(b);
        return a->stack < b->stack;
    });
    return out;
}

bool is_busy(Standing standing) {
    return standing == Standing::applying || standing == Standing::considering ||
           standing == Standing::planning || standing == Standing::queued;
}

bool has_changes(const StackReport& stack) {
    return stack.run &&
           (plan_of(*stack.run).counts.any() || (stack.plan && !stack.plan->outputs.empty()));
}

int destroyed(const PlanCounts& counts) { return counts.remove + counts.replace; }

std::size_t warnings(const StackReport& stack) {
    if (!stack.run) return 0;
    const auto& findings = plan_of(*stack.run).decision.findings;
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(),
                      [](const Finding& f) { return f.severity == Finding::Severity::warn; }));
}

bool is_observed(const StackReport& stack) {
    return stack.observe || (stack.run && stack.run->settings.mode == Mode::observe);
}

bool lacks_approval(const StackView& view) {
    return view.standing == Standing::unconfirmed &&
           of_approval(view->approval) == Standing::unapproved && !view->approval.missing.empty();
}

bool is_held(const StackView& view) {
    const auto& missing = view->approval.missing;
    return (view.standing == Standing::unapproved || lacks_approval(view)) && !missing.empty() &&
           std::all_of(missing.begin(), missing.end(),
                       [](const MissingApproval& one) { return one.count == 0; });
}

bool is_tracked(const StackReport& stack) {
    return stack.run && stack.run->kind == RunKind::tracked;
}

}  // namespace slipway
