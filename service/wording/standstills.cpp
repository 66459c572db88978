// What failed, with the tool's own words, and what stands still, with the reason: nobody should
// have to open a log to learn whose move it is.
#include <algorithm>
#include <map>

#include "service/base/clock.hpp"
#include "service/base/utf8.hpp"
#include "service/wording/also_changed.hpp"
#include "service/wording/gone.hpp"
#include "service/wording/handed_over.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/links.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_diff.hpp"
#include "service/wording/progress.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

namespace {

constexpr std::size_t least_of_an_error = 200;
constexpr std::size_t lines_listed = 20;

// Whole lines from the beginning, where a tool says what is wrong.
std::string beginning(std::string_view text, std::size_t bytes) {
    auto shown = printable(text);
    while (!shown.empty() && (shown.back() == '\n' || shown.back() == ' ')) shown.pop_back();
    const auto first = shown.find_first_not_of('\n');
    shown.erase(0, first == shown.npos ? 0 : first);
    if (shown.size() <= bytes) return shown;
    auto cut = std::string(utf8_prefix(shown, bytes));
    if (const auto end = cut.rfind('\n'); end != cut.npos && end > bytes / 2) cut.resize(end);
    return cut + "\n… (" + size_text(shown.size() - cut.size()) + " more in the log)";
}

std::string listed(const std::vector<std::string>& lines, std::size_t bytes) {
    std::string out;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        auto line = shortened_in_the_middle(one_line(lines[i]), 300);
        if (i == lines_listed || out.size() + line.size() + 40 > bytes) {
            out += "… and " + std::to_string(lines.size() - i) + " more";
            break;
        }
        out += line + "\n";
    }
    return out;
}

std::string reason_of(const Run& run, const Voice& voice) {
    const auto text = reason_text(run);
    return text.empty() ? text : voice.said(text);
}

std::string what_went_on(const StackView& view, const Voice& voice) {
    const auto& run = *view->run;
    if (view.standing != Standing::apply_failed) return {};
    if (!was_applying(run)) return "It did not begin, and nothing was applied.";
    if (run.progress)
        return progress_text(*run.progress, voice) +
               " None of it is taken back, and nothing is tried again by itself: the next plan "
               "of " +
               voice.name(view->stack.value) + " shows what is left.";
    return "Some of its changes may have been made, none is taken back, and nothing is tried again "
           "by itself: the "
           "next plan of " +
           voice.name(view->stack.value) + " shows what is left" +
           (plan_of(run).counts.any() ? " of " + counts_text(plan_of(run).counts) : "") + ".";
}

std::string unknown_text(const StackView& view, const Report& report, const Voice& voice) {
    const auto& run = *view->run;
    const auto begun = entered_at_ms(run, RunState::applying),
               lost = entered_at_ms(run, RunState::unknown);
    std::string out = "The apply of " + voice.name(view->stack.value);
    if (begun) out += " began at " + utc_minutes(begun);
    if (lost)
        out +=
            (begun ? " and its worker was last heard of before " : " was last heard of before ") +
            utc_minutes(lost);
    out +=
        ". It may have ended either way. Nothing is tried again by itself, and nothing else is "
        "applied to this "
        "stack, until somebody who has looked at its state says how it ended.";
    const auto url = run_url(report, run.id);
    if (!run.last_seen.empty())
        out += " What was seen last: " + voice.code(run.last_seen) +
               (url.empty() ? "" : ", in " + voice.link("its log", url)) + ".";
    else if (!url.empty())
        out += " What was seen last: " + voice.link("its log", url) + ".";
    return out + " " + resolving(report, view->stack, voice);
}

std::string ended_text(const StackView& view, const Voice& voice) {
    const auto& run = *view->run;
    std::string out =
        (is_tracked(*view.report) ? "The run of " : "The plan of ") + voice.name(view->stack.value);
    out += " was " + std::string(word(run.state));
    const auto reason = reason_text(run.reason);
    if (reason.empty()) return out + ".";
    return out + (run.reason.cause == Cause::ended_by ? " " : ": ") + voice.said(reason) + ".";
}

std::string unknown_provider_text(const StackView& view, const Report& report, const Voice& voice) {
    std::vector<std::string> names;
    for (const auto& source : view->run->unknown_providers) names.push_back(voice.code(source));
    const bool one = names.size() == 1;
    return voice.name(view->stack.value) + " would run the provider" + (one ? " " : "s ") +
           list_of(names) + ", which " + voice.name(report.pull.base_branch) + " does not use. " +
           (one ? "It was" : "They were") +
           " not started and nothing was planned, because a provider is a program that can change "
           "what a plan shows.";
}

std::string unconfirmed_text(const StackView& view, const Voice& voice, std::size_t bytes) {
    const auto& run = *view->run;
    std::string out;
    if (!view->approved_plan || !view->plan) return out;
    const auto blocks = difference_blocks(*view->approved_plan, *view->plan);
    if (blocks.empty())
        return "The plan of " + voice.name(view->stack.value) +
               " does the same as the approved one, but what it is made from is not the same" +
               (run.reason.empty() ? std::string() : "; " + reason_of(run, voice)) + ".";
    std::string lines;
    std::size_t shown = 0;
    for (const auto& block : blocks) {
        if (lines.size() + block.bytes() + 200 > bytes && shown > 0) break;
        if (shown > 0) lines += "\n";
        for (const auto& line : block.lines) {
            if (lines.size() + line.size() > bytes) break;
            lines += line + "\n";
        }
        ++shown;
    }
    out = "How plan " + voice.code(shortened(plan_of(run).digest, 4)) + " of " +
          voice.name(view->stack.value) + " differs from the approved one:\n\n" +
          voice.block(lines, "diff");
    if (shown < blocks.size())
        out += "\n\n" + number_of(blocks.size() - shown, "more resource") + " differ.";
    return out;
}

}  // namespace

std::string Notices::failures(std::size_t bytes) const {
    std::vector<const StackView*> failed;
    for (const auto& view : views)
        if (view.standing == Standing::apply_failed || view.standing == Standing::plan_failed)
            failed.push_back(&view);
    if (failed.empty()) return {};
    const auto share = std::max(least_of_an_error, bytes / failed.size());
    std::string out;
    std::size_t left_out = 0;
    for (const auto* view : failed) {
        const auto& run = *(*view)->run;
        const bool apply = view->standing == Standing::apply_failed;
        std::string text = voice.strong(std::string(apply ? "The apply of " : "The plan of ") +
                                        voice.name((*view)->stack.value) + " failed");
        const bool said_below = run.reason.text == run.error;
        const auto reason = said_below ? std::string() : reason_of(run, voice);
        text += reason.empty() ? "." : ": " + reason + ".";
        if (!run.error.empty())
            text += "\n\n" + voice.block(beginning(
                                 run.error, share - std::min(share, least_of_an_error) + 100));
        add_paragraph(text, what_went_on(*view, voice));
        if (out.size() + text.size() > bytes + least_of_an_error) {
            ++left_out;
            continue;
        }
        add_paragraph(out, text);
    }
    if (left_out)
        add_paragraph(out, voice.strong(number_of(left_out, "more stack") + " failed") +
                               "; their checks hold the errors.");
    return out;
}

std::string Notices::standstills(std::size_t bytes) const {
    std::string out;
    if (!report.conflicts.empty())
        add_paragraph(out,
                      report.conflicts.size() <= 3
                          ? "Git cannot merge that by itself, so nothing was planned."
                          : "Git cannot merge these files by itself, so nothing was planned:\n\n" +
                                voice.block(listed(report.conflicts, bytes / 2)));
    if (!report.configuration.empty())
        add_paragraph(out, "The configuration cannot be used as it is:\n\n" +
                               voice.block(listed(lines_of(report.configuration), bytes / 2)));
    add_paragraph(out, gone_notices(report, views, voice, bytes / 2));
    add_paragraph(out, lock_notices(report, views, voice, bytes / 2));
    add_paragraph(out, also_changed_notices(views, voice, bytes / 4));
    add_paragraph(out, outputs_notices(views, voice, bytes / 3));
    std::map<std::string, std::vector<std::string>> not_planned;
    for (const auto& view : views) {
        std::string text;
        if (view.standing == Standing::not_planned && report.conflicts.empty())
            not_planned[not_planned_text(view->not_planned)].push_back(
                voice.name(view->stack.value));
        if (view.standing == Standing::ended) text = ended_text(view, voice);
        if (view.standing == Standing::unknown_provider)
            text = unknown_provider_text(view, report, voice);
        if (view.standing == Standing::unknown) text = unknown_text(view, report, voice);
        if (view.standing == Standing::unconfirmed) text = unconfirmed_text(view, voice, bytes / 3);
        if (out.size() + text.size() <= bytes) add_paragraph(out, text);
    }
    // The heading has said it of one, and the reason where all have the same.
    std::size_t left = 0;
    for (const auto& [reason, names] : not_planned) left += names.size();
    const bool all_alike = not_planned.size() == 1 && left == views.size();
    if (all_alike && left == 1 && views.size() == 1 && report.stacks.size() == 1) return out;
    for (const auto& [reason, names] : not_planned) {
        const auto text = "Not planned: " + list_of(names, 10);
        add_paragraph(
            out,
            text + (reason.empty() || all_alike ? "." : ", because " + voice.said(reason) + "."));
    }
    return out;
}

}  // namespace slipway
