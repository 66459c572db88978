// Checks. Green only when everything concerned was planned, judged and, where it must be, approved;
// never left pending when the next move is a person's (rule W4).
#include <algorithm>

#include "service/base/utf8.hpp"
#include "service/wording/fold.hpp"
#include "service/wording/gone.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/table.hpp"

namespace slipway {

namespace {

enum class First { capital, as_it_is };

std::string title(std::string text, std::size_t bytes, First first = First::capital) {
    text = one_line(text);
    if (text.size() > bytes) text = std::string(utf8_prefix(text, bytes - 3)) + "…";
    if (first == First::capital && !text.empty() && text[0] >= 'a' && text[0] <= 'z')
        text[0] = static_cast<char>(text[0] - 32);
    return text;
}

// A title that begins with a path keeps its letters.
First first_of(const StackView& view) {
    return view.standing == Standing::gone || view.standing == Standing::orphaned ? First::as_it_is
                                                                                  : First::capital;
}

CheckStatus status_of(Standing standing) {
    if (standing == Standing::queued) return CheckStatus::waiting;
    return is_busy(standing) ? CheckStatus::running : CheckStatus::done;
}

Conclusion outcome_of(const StackView& view) {
    const bool observed = is_observed(*view.report);
    switch (view.standing) {
        case Standing::unknown:
        case Standing::gone:
        case Standing::not_planned:
        case Standing::ended:
        case Standing::unconfirmed:
        case Standing::locked:
        case Standing::unapproved:
        case Standing::rejected:
        case Standing::unknown_provider:
            return observed ? Conclusion::neutral : Conclusion::needs_action;
        case Standing::apply_failed:
        case Standing::plan_failed:
        case Standing::denied:
        case Standing::unjudged:
            return observed ? Conclusion::neutral : Conclusion::failed;
        case Standing::ready:
        case Standing::applying:
        case Standing::considering:
        case Standing::planning:
        case Standing::queued:
        case Standing::applied:
        case Standing::orphaned:
        case Standing::unchanged:
        case Standing::on_request:
        case Standing::untouched:
            break;
    }
    return warnings(*view.report) ? Conclusion::neutral : Conclusion::passed;
}

int gravity(Conclusion outcome) {
    switch (outcome) {
        case Conclusion::failed:
            return 4;
        case Conclusion::needs_action:
            return 3;
        case Conclusion::cancelled:
            return 2;
        case Conclusion::neutral:
            return 1;
        case Conclusion::passed:
            return 0;
    }
    return 0;
}

std::string first_policy(const std::vector<Finding>& findings, Finding::Severity severity) {
    for (const auto& finding : findings)
        if (finding.severity == severity) return finding.policy;
    return {};
}

std::string ended_title(const Run& run) {
    const auto reason = reason_text(run);
    if (run.reason.cause == Cause::ended_by) return reason;
    const std::string state(word(run.state));
    return reason.empty() ? state : state + ": " + reason;
}

std::string stack_title(const StackView& view) {
    const auto counts = [&] {
        if (!plan_of(*view->run).counts.any() && has_changes(*view.report))
            return std::string("only outputs change");
        return counts_sentence(plan_of(*view->run).counts);
    };
    switch (view.standing) {
        case Standing::unknown:
            return "The end of the apply was not seen";
        case Standing::apply_failed:
            return "The apply failed";
        case Standing::plan_failed:
            return "The plan failed";
        case Standing::denied: {
            const auto policy =
                first_policy(plan_of(*view->run).decision.findings, Finding::Severity::deny);
            return policy.empty() ? "Denied" : "Denied by " + policy;
        }
        case Standing::unjudged: {
            auto policy =
                first_policy(plan_of(*view->run).decision.findings, Finding::Severity::error);
            if (policy.empty())
                policy = first_policy(view->approval.findings, Finding::Severity::error);
            return policy.empty() ? "A policy could not be evaluated"
                                  : "Policy " + policy + " could not be evaluated";
        }
        case Standing::rejected:
            return "Rejected";
        case Standing::unknown_provider:
            return "Waiting: " + missing_text(view);
        case Standing::gone:
        case Standing::orphaned:
            return gone_sentence(*view.report, Voice(Medium::terminal));
        case Standing::not_planned:
            return "Not planned: " + not_planned_text(view->not_planned);
        case Standing::ended:
            return ended_title(*view->run);
        case Standing::unconfirmed:
        case Standing::locked:
        case Standing::unapproved:
            return "Waiting: " + missing_text(view);
        case Standing::ready:
        case Standing::considering:
        case Standing::unchanged:
            return counts();
        case Standing::on_request:
            return "Planned when somebody asks";
        case Standing::untouched:
            return "Nothing is applied";
        case Standing::applying:
        case Standing::planning:
        case Standing::queued:
        case Standing::applied: {
            // Without the time that passed: a check is not written again for that.
            return standing_text(Report(), view);
        }
    }
    return {};
}

// On the line of a file of the repository, where the finding names one.
std::optional<CheckText::Note> note_of(const ConfigFinding& finding) {
    const auto& place = finding.place;
    if (place.file.empty() || place.file[0] == '/' || place.line < 1) return std::nullopt;
    CheckText::Note note;
    note.path = one_line(place.file);
    note.line = place.line;
    note.title = "Configuration";
    note.message = one_line(finding.message);
    return note;
}

// Findings about a resource stand on the line where it is declared, where that is known.
void add_notes(std::vector<CheckText::Note>& out, const StackReport& stack,
               const TextLimits& limits) {
    if (!stack.run || !stack.plan) return;
    for (const auto& finding : plan_of(*stack.run).decision.findings) {
        if (finding.resource.empty() || finding.severity == Finding::Severity::note) continue;
        const auto change =
            std::find_if(stack.plan->changes.begin(), stack.plan->changes.end(),
                         [&](const Change& c) { return c.address == finding.resource; });
        if (change == stack.plan->changes.end() || change->file.empty() || change->line < 1)
            continue;
        if (out.size() == limits.annotations) return;
        CheckText::Note note;
        note.path = change->file;
        note.line = change->line;
        note.failure = finding.severity != Finding::Severity::warn;
        note.title = title((note.failure ? "Denied by " : "Warning of ") + finding.policy,
                           limits.annotation_title_bytes);
        note.message = one_line(finding.message);
        if (!finding.place.file.empty())
            note.message += " (" + one_line(finding.place.file) + ":" +
                            std::to_string(finding.place.line) + ")";
        out.push_back(std::move(note));
    }
}

}  // namespace

CheckText stack_headline(const Report& report, const StackReport& stack) {
    const StackView view{&stack, standing_of(report, stack)};
    CheckText out;
    out.status = status_of(view.standing);
    out.outcome = outcome_of(view);
    out.title = title((is_observed(stack) ? "Observed: " : "") + stack_title(view),
                      report.limits.title_bytes, first_of(view));
    return out;
}

CheckText stack_check(const Report& report, const StackReport& stack) {
    const std::vector<StackView> alone{{&stack, standing_of(report, stack)}};
    const auto& view = alone.front();
    const Voice voice(Medium::markdown);
    auto out = stack_headline(report, stack);
    const auto field_bytes = budget_within(report.limits.check_bytes);
    const Notices notices{report, alone, voice};
    add_paragraph(out.summary, notices.danger(field_bytes / 5));
    add_paragraph(out.summary, notices.refusals(field_bytes / 5));
    add_paragraph(out.summary, notices.failures(field_bytes / 3));
    add_paragraph(out.summary, notices.standstills(field_bytes / 5));
    if (has_changes(stack) && stack.plan) {
        const auto left = field_bytes - std::min(field_bytes, out.summary.size() + 4'000);
        add_paragraph(out.summary, Fold(report, view, left).body(left));
    }
    if (out.summary.empty())
        out.summary = "Stack " + voice.name(stack.stack.value) + ": " +
                      escape_markdown(stack_title(view)) + ".";
    out.text = fenced(explanation_tree(stack, field_bytes / 6 * 5), "text");
    add_notes(out.notes, stack, report.limits);
    return out;
}

CheckText summary_check(const Report& report) {
    const Voice voice(Medium::markdown), plain(Medium::terminal);
    const auto views = report.discovering_stacks ? std::vector<StackView>() : by_attention(report);
    CheckText out;
    out.status = CheckStatus::done;
    std::size_t queued = 0, busy = 0;
    for (const auto& view : views) {
        if (gravity(outcome_of(view)) > gravity(out.outcome)) out.outcome = outcome_of(view);
        queued += view.standing == Standing::queued;
        busy += is_busy(view.standing);
    }
    const bool blocked = !report.conflicts.empty() || !report.configuration.empty();
    const bool only_observed =
        !views.empty() && std::all_of(views.begin(), views.end(), [](const StackView& view) {
            return is_observed(*view.report);
        });
    if (blocked && !only_observed && gravity(out.outcome) < gravity(Conclusion::needs_action))
        out.outcome = Conclusion::needs_action;
    if (report.discovering_stacks)
        out.status = CheckStatus::running;
    else if (busy > 0)
        out.status = queued == views.size() ? CheckStatus::waiting : CheckStatus::running;

    const auto said = headline(report, views, plain);
    out.title = title(said.rest, report.limits.title_bytes,
                      said.lead == Headline::Lead::colon ? First::as_it_is : First::capital);
    if (views.size() == 1 && !report.discovering_stacks && !blocked)
        out.title =
            title((is_observed(*views[0].report) ? "Observed: " : "") + stack_title(views[0]),
                  report.limits.title_bytes, first_of(views[0]));
    const auto field_bytes = budget_within(report.limits.check_bytes);
    const Notices notices{report, views, voice};
    add_paragraph(out.summary, escape_markdown(said.text()) + ".");
    if (!report.discovering_stacks) {
        add_paragraph(out.summary, notices.danger(field_bytes / 5));
        add_paragraph(out.summary, notices.refusals(field_bytes / 5));
        add_paragraph(out.summary, notices.failures(field_bytes / 6));
        add_paragraph(out.summary, notices.standstills(field_bytes / 8));
        add_paragraph(out.summary, table(report, views, field_bytes / 6));
        std::vector<const StackReport*> stacks;
        for (const auto& view : views) stacks.push_back(view.report);
        out.text = explanation_trees(stacks, field_bytes);
        for (const auto& finding : report.configuration)
            if (auto note = note_of(finding); note && out.notes.size() < report.limits.annotations)
                out.notes.push_back(std::move(*note));
    }
    return out;
}

namespace {

CheckText cancelled(std::string title) {
    CheckText out;
    out.status = CheckStatus::done;
    out.outcome = Conclusion::cancelled;
    out.summary = title + ".";
    out.title = std::move(title);
    return out;
}

}  // namespace

CheckText ended_check(PullState state) {
    return cancelled(state == PullState::merged ? "Merged before the plan was there"
                                                : "Closed before the plan was there");
}

CheckText superseded_check(const CommitSha& head) {
    return cancelled("Superseded by " + std::string(shortened(head.value)));
}

CheckText merge_group_check() {
    CheckText out;
    out.status = CheckStatus::done;
    out.title = "Judged on the pull requests";
    out.summary =
        "The pull requests of this merge group were planned and judged one by one. After the merge "
        "each stack is planned again, and applies only what was approved.";
    return out;
}

}  // namespace slipway
