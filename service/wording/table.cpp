#include "service/wording/table.hpp"

#include <algorithm>

#include "service/model/unneeded.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

constexpr std::size_t cell_bytes = 160;

std::string cell(std::string_view foreign) {
    return escape_markdown(shortened_in_the_middle(one_line(foreign), cell_bytes));
}

bool has_row(Standing standing) {
    return standing != Standing::unchanged && standing != Standing::untouched &&
           standing != Standing::orphaned && standing != Standing::on_request;
}

// Where no stack got as far as a plan, the sentences above have said it all.
bool has_table(const Report& report, const std::vector<StackView>& views) {
    if (report.pull.state == PullState::closed) return false;
    return std::any_of(views.begin(), views.end(), [](const StackView& view) {
        return has_row(view.standing) && (is_busy(view.standing) || (view->run && view->run->plan));
    });
}

enum class Columns { states, decisions };

// While something is going on, or after the merge, what counts is how far it is; else what is in
// its way.
Columns columns_of(const Report& report, const std::vector<StackView>& views) {
    if (report.phase == PullPhase::merged) return Columns::states;
    for (const auto& view : views)
        if (is_busy(view.standing) || is_tracked(*view.report)) return Columns::states;
    return Columns::decisions;
}

// The line of the titles and the one below it.
std::string titles(Columns columns, bool with_costs) {
    const std::string cost = with_costs ? " Cost per month |" : "", line = with_costs ? "---|" : "";
    return columns == Columns::states
               ? "| Stack | Plan |" + cost + " |\n|---|---|" + line + "---|\n"
               : "| Stack | Plan |" + cost + " Policies | Missing |\n|---|---|" + line +
                     "---|---|\n";
}

// A lock beside what else stands in the way.
std::string with_lock(std::string text, const StackView& view) {
    const auto lock = lock_ahead(view);
    if (lock.empty() || view.standing == Standing::locked) return text;
    return text + (text.empty() ? "" : "; ") + reason_text(lock);
}

std::string row(const Report& report, const StackView& view, Columns columns, bool with_costs) {
    auto name = cell(view->stack.value);
    const bool endangered = view->run && destroyed(plan_of(*view->run).counts) > 0;
    const bool strong =
        endangered || (needs_attention(view.standing) &&
                       (columns == Columns::decisions || view.standing != Standing::unapproved));
    if (strong) name = "**" + name + "**";
    std::string out = "| " + name + " | " + plan_text(*view.report) + " | ";
    if (with_costs) out += cost_text(*view.report, Voice(Medium::markdown)) + " | ";
    if (columns == Columns::states)
        return out + cell(with_lock(standing_text(report, view), view)) + " |\n";
    return out + cell(policies_text(*view.report)) + " | " +
           cell(with_lock(missing_text(view), view)) + " |\n";
}

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const auto& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
}

std::string since(const Report& report, const std::vector<StackView>& views, const Voice& voice,
                  std::size_t bytes, std::string_view what,
                  std::vector<std::string> StackReport::*list) {
    std::vector<std::string> names;
    std::size_t used = 0, all = 0;
    for (const auto& view : views)
        for (const auto& address : (*view.report).*list) {
            ++all;
            if (used > bytes) continue;
            names.push_back(voice.code(address));
            used += names.back().size() + 2;
        }
    if (names.empty()) return {};
    std::string out = std::string(what) + " since " + voice.name(report.previous_head) + ": ";
    if (names.size() == all) return out + list_of(names, names.size()) + ".";
    return out + joined(names) + " and " + std::to_string(all - names.size()) + " more.";
}

std::string by_whom(const StackView& view) {
    std::string out;
    if (!view->approval.approved_by.empty())
        out += ", approved by " + joined(view->approval.approved_by);
    const auto by = confirmed_by(*view->run);
    if (!by.empty() && by != "slipway") out += ", confirmed by " + by;
    return out;
}

}  // namespace

bool needs_attention(Standing standing) { return standing <= Standing::unapproved; }

std::string plan_text(const StackReport& stack) {
    if (!stack.run) return {};
    if (plan_of(*stack.run).counts.any()) return counts_text(plan_of(*stack.run).counts);
    if (has_changes(stack)) return "outputs";
    return stack.run->plan ? "no changes" : "";
}

std::string policies_text(const StackReport& stack) {
    if (stack.push.failed) return "error";
    if (!stack.run || !stack.run->plan) return {};
    switch (stack.run->plan->decision.verdict) {
        case Verdict::passed:
            return "passed";
        case Verdict::warned:
            return number_of(warnings(stack), "warning");
        case Verdict::denied:
            return "denied";
        case Verdict::error:
            return "error";
    }
    return {};
}

std::string missing_text(const StackView& view) {
    const auto& approval = view->approval;
    switch (view.standing) {
        case Standing::unapproved:
            return approval.missing.empty() ? "approval not decided"
                                            : joined(texts_of(approval.missing));
        case Standing::rejected:
            return approval.rejected_by.empty() ? "rejected"
                                                : "rejected by " + joined(approval.rejected_by);
        case Standing::ready:
            if (is_observed(*view.report)) return "nothing: only observed";
            return approval.approved_by.empty()
                       ? "nothing"
                       : "nothing: approved by " + joined(approval.approved_by);
        case Standing::unknown_provider:
            return "an administrator's yes to the provider " + joined(view->run->unknown_providers);
        case Standing::plan_failed:
            return "a plan";
        case Standing::denied:
            return "a new commit";
        case Standing::unjudged:
            return "a policy that can be evaluated";
        case Standing::gone:
            return "a word on its resources";
        case Standing::not_planned:
            return "a plan";
        case Standing::ended:
            return view->run ? std::string(word(view->run->state)) : "";
        case Standing::unconfirmed:
            return lacks_approval(view) ? joined(texts_of(approval.missing)) : "a confirmation";
        case Standing::locked:
            return reason_text(lock_ahead(view));
        default:
            return {};
    }
}

std::string standing_text(const Report& report, const StackView& view) {
    if (view.standing == Standing::not_planned) return "not planned";
    if (view.standing == Standing::gone) return "gone, not planned";
    if (view.standing == Standing::orphaned) return "gone, not managed any more";
    if (!view->run) return {};
    const auto& run = *view->run;
    if (view->outdated && view.standing == Standing::queued)
        return "planned again soon: settings or policies changed";
    if (lacks_approval(view)) return "waits: " + joined(texts_of(view->approval.missing));
    if (view.standing == Standing::unknown_provider) return "waits: " + missing_text(view);
    if (view.standing == Standing::locked) return "waits: " + missing_text(view);
    if (view.standing == Standing::unconfirmed && !run.reason.empty())
        return "waits: " + reason_text(run);
    if (run.state == RunState::queued) {
        std::vector<std::string> upstream;
        for (const auto& id : run.waits_for)
            for (const auto& stack : report.stacks)
                if (stack.run && stack.run->id == id && !is_terminal(stack.run->state))
                    upstream.push_back(stack.stack.value);
        if (!upstream.empty())
            return (run.kind == RunKind::tracked ? "waits for " : "waits for the plan of ") +
                   list_of(upstream, 3);
        if (view->ahead) return "queued " + behind_text(*view->ahead);
    }
    if (run.state == RunState::skipped && !run.reason.empty())
        return "skipped: " + reason_text(run);
    auto out = state_text(run, view->place_in_queue, report.now_ms);
    if (view.standing == Standing::applied) out += by_whom(view);
    return out;
}

std::string table(const Report& report, const std::vector<StackView>& views, std::size_t bytes) {
    if (!has_table(report, views)) return {};
    const auto columns = columns_of(report, views);
    const bool with_costs = any_costs(views);
    std::string out = titles(columns, with_costs);
    PlanCounts all, rest;
    std::size_t left_out = 0, changing = 0;
    for (const auto& view : views) {
        if (!has_row(view.standing)) continue;
        if (view->run && plan_of(*view->run).counts.any()) {
            all += plan_of(*view->run).counts;
            ++changing;
        }
        const auto line = row(report, view, columns, with_costs);
        if (left_out > 0 || out.size() + line.size() + 200 > bytes) {
            ++left_out;
            if (view->run) rest += plan_of(*view->run).counts;
            continue;
        }
        out += line;
    }
    out.pop_back();
    if (left_out)
        add_paragraph(out, "And " + number_of(left_out, "more stack") + " (" + counts_text(rest) +
                               "); each has a check.");
    constexpr std::size_t enough_to_add_up = 5;
    if (changing >= enough_to_add_up)
        add_paragraph(out,
                      "In all " + counts_text(all) + " in " + number_of(changing, "stack") + ".");
    add_paragraph(out, total_cost(views, Voice(Medium::markdown)));
    return out;
}

std::string beside_the_table(const Report& report, const std::vector<StackView>& views,
                             const Voice& voice, std::size_t bytes) {
    std::vector<std::string> unchanged, fresh, on_request;
    bool any_row = false;
    for (const auto& view : views) {
        any_row = any_row || has_row(view.standing);
        if (view.standing == Standing::unchanged && !was_unneeded(*view->run))
            unchanged.push_back(voice.name(view->stack.value));
        if (view.standing == Standing::on_request)
            on_request.push_back(voice.name(view->stack.value));
        if (view->is_new && view->run) fresh.push_back(voice.name(view->stack.value));
    }
    std::string out;
    const auto add = [&out](const std::string& text) {
        if (!text.empty()) out += (out.empty() ? "" : " ") + text;
    };
    if (!unchanged.empty() && (any_row || unchanged.size() > 1))
        add(number_of(unchanged.size(), "stack") + (unchanged.size() == 1 ? " has" : " have") +
            " no changes: " + list_of(unchanged, 8) + ".");
    if (!on_request.empty())
        add("Planned only when somebody asks (" +
            voice.command(report.command_word + " plan STACK") + "): " + list_of(on_request, 8) +
            ".");
    if (!fresh.empty())
        add("New with this pull request, and planned without secrets: " + list_of(fresh, 8) + ".");
    if (!report.previous_head.empty()) {
        add(since(report, views, voice, bytes / 3, "New", &StackReport::new_since));
        add(since(report, views, voice, bytes / 3, "Gone", &StackReport::vanished_since));
    }
    return out;
}

}  // namespace slipway
