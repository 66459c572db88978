#include "service/wording/fold.hpp"

#include <algorithm>

#include "service/wording/links.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"

namespace slipway {

namespace {

constexpr std::size_t findings_shown = 10;
constexpr std::size_t outputs_shown = 20;

}  // namespace

Fold::Fold(const Report& report, const StackView& view, std::size_t at_most)
    : report_(report), view_(view) {
    if (!view->plan) return;
    for (const auto* change : in_reading_order(*view->plan)) {
        if (wanted_ > at_most) break;
        blocks_.push_back(diff_block(*change));
        wanted_ += blocks_.back().bytes() + 1;
    }
}

std::string Fold::summary_line() const {
    const auto& plan = plan_of(*view_->run);
    std::string out = "<summary><b>" +
                      html_text(shortened_in_the_middle(view_->stack.value, name_bytes)) +
                      "</b>: " + (plan.counts.any() ? counts_text(plan.counts) : "outputs change");
    if (!plan.digest.empty()) out += ", plan " + html_text(shortened(plan.digest, 4));
    return out + "</summary>";
}

std::string Fold::below_the_diff() const {
    const Voice voice(Medium::markdown);
    std::string out;
    std::size_t shown = 0, all = 0;
    for (const auto& finding : plan_of(*view_->run).decision.findings) {
        if (finding.severity == Finding::Severity::deny ||
            finding.severity == Finding::Severity::error)
            continue;
        if (all++ >= findings_shown) continue;
        ++shown;
        const bool warns = finding.severity == Finding::Severity::warn;
        add_paragraph(out, (warns ? "Warning of " : "Note of ") +
                               finding_text(finding, voice, report_.link_hosts) + ".");
    }
    if (shown < all) add_paragraph(out, "And " + number_of(all - shown, "more warning") + ".");
    if (view_->plan && !view_->plan->outputs.empty()) {
        std::vector<std::string> names;
        for (const auto& name : view_->plan->outputs) {
            if (names.size() > outputs_shown) break;
            names.push_back(voice.code(name));
        }
        add_paragraph(out, "Outputs that change: " + list_of(names, outputs_shown) + ".");
    }
    add_paragraph(out, cost_details(*view_.report, voice));
    if (const auto url = run_url(report_, view_->run->id); !url.empty())
        add_paragraph(out, voice.link("log and timeline", url));
    return out;
}

std::string Fold::body(std::size_t bytes) const {
    const Voice voice(Medium::markdown);
    std::string diff;
    PlanCounts left_out;
    std::size_t shown = 0;
    const auto all = view_->plan ? in_reading_order(*view_->plan) : std::vector<const Change*>();
    for (const auto& block : blocks_) {
        if (diff.size() + block.bytes() > bytes) break;
        if (!diff.empty()) diff += '\n';
        for (const auto& line : block.lines) diff += line + "\n";
        ++shown;
    }
    for (std::size_t i = shown; i < all.size(); ++i) count(left_out, all[i]->action);
    std::string out;
    if (!diff.empty()) out = voice.block(diff, "diff");
    if (shown < all.size()) {
        std::string where = "in the run " + voice.code(view_->run->id.value);
        if (const auto url = run_url(report_, view_->run->id); !url.empty())
            where = "in " + voice.link("the run", url);
        const auto rest = all.size() - shown;
        add_paragraph(out, (shown ? number_of(rest, "more resource") + (rest == 1 ? " is" : " are")
                                  : std::string("The ") + number_of(rest, "resource") +
                                        (rest == 1 ? " is" : " are")) +
                               " left out here (" + counts_text(left_out) + "), and shown " +
                               where + ".");
    }
    add_paragraph(out, below_the_diff());
    return out;
}

std::string Fold::folded(std::size_t bytes) const {
    return "<details>" + summary_line() + "\n\n" + body(bytes) + "\n\n</details>";
}

}  // namespace slipway
