// The comment, in the order in which people ask: is anything dangerous, is it allowed, who must
// act; then the stacks; then their diffs, folded. What is fixed is measured first, and the diffs
// share what is left of the budget: the small ones whole, the largest shortened.
#include <algorithm>
#include <numeric>

#include "service/base/clock.hpp"
#include "service/wording/fold.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/table.hpp"

namespace slipway {

namespace {

constexpr std::size_t room_for_small_things = 300;

std::string small_print(const Report& report, const std::vector<StackView>& views) {
    if (report.pull.head.empty()) return {};
    std::string out = html_text(shortened(report.pull.head.value));
    out += " onto " + html_text(shortened_in_the_middle(report.pull.base_branch, 80));
    std::int64_t from = 0, to = 0;
    for (const auto& view : views) {
        if (!view->run || !view->run->plan) continue;
        const auto created = view->run->created_at_ms;
        from = from == 0 ? created : std::min(from, created);
        to = std::max(to, view->run->plan->at_ms);
    }
    for (const auto& view : views) {
        if (!view->run || view->run->base.empty()) continue;
        out += " " + html_text(shortened(view->run->base.value));
        break;
    }
    if (to) out += ", planned " + utc_minutes(to) + " in " + duration_text(to - from);
    if (const auto prices = prices_text(views, report.now_ms); !prices.empty())
        out += "; " + prices;
    return "<sub>" + out + "</sub>";
}

// Each gets what it wants, or an equal share of what those before it left: smallest first.
std::vector<std::size_t> shares(const std::vector<Fold>& folds, std::size_t bytes) {
    std::vector<std::size_t> order(folds.size()), out(folds.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return folds[a].wanted_bytes() < folds[b].wanted_bytes();
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
        out[order[i]] = std::min(folds[order[i]].wanted_bytes(), bytes / (order.size() - i));
        bytes -= out[order[i]];
    }
    return out;
}

std::string folds_within(const Report& report, const std::vector<StackView>& views,
                         std::size_t bytes) {
    std::vector<Fold> folds;
    for (const auto& view : views)
        if (has_changes(*view.report) && view->plan) folds.emplace_back(report, view, bytes);
    if (folds.empty()) return {};
    // What each costs without its diff; the least needy go first where even that is too much.
    std::vector<std::size_t> frames;
    std::size_t frame_bytes = 0, kept = 0;
    for (const auto& fold : folds) {
        frames.push_back(fold.folded(0).size() + 20);
        if (frame_bytes + frames.back() + room_for_small_things > bytes) break;
        frame_bytes += frames.back();
        ++kept;
    }
    const auto left_out = folds.size() - kept;
    while (folds.size() > kept) folds.pop_back();
    std::string out;
    const auto given = shares(
        folds, bytes - std::min(bytes, frame_bytes + (left_out ? room_for_small_things : 0)));
    for (std::size_t i = 0; i < folds.size(); ++i) add_paragraph(out, folds[i].folded(given[i]));
    if (left_out)
        add_paragraph(out, "The plans of " + number_of(left_out, "more stack") +
                               " do not fit here; each stack's check shows its own.");
    return out;
}

std::string fixed_part(const Report& report, const std::vector<StackView>& views,
                       const Voice& voice, std::size_t budget) {
    std::string out = "<!-- " + report.check_name + " -->\n### " + heading(report, views, voice);
    if (report.discovering_stacks) return out;
    const Notices notices{report, views, voice};
    add_paragraph(out, notices.danger(budget / 6));
    add_paragraph(out, notices.refusals(budget / 6));
    add_paragraph(out, notices.failures(budget / 6));
    add_paragraph(out, notices.standstills(budget / 8));
    add_paragraph(out, table(report, views, budget / 5));
    add_paragraph(out, beside_the_table(report, views, voice, budget / 20));
    return out;
}

}  // namespace

std::string comment_markdown(const Report& report) {
    const auto budget = report.limits.comment_bytes;
    const Voice voice(Medium::markdown);
    const auto views = report.discovering_stacks ? std::vector<StackView>() : by_attention(report);
    auto out = fixed_part(report, views, voice, budget);
    auto closing = merging(report, views, voice);
    if (const auto next = next_step(report, views, voice); !next.empty())
        closing += (closing.empty() ? "" : " ") + next;
    std::string end;
    add_paragraph(end, closing);
    if (const auto print = small_print(report, views); !print.empty())
        end += (end.empty() ? "" : "\n") + print;
    const auto used = out.size() + end.size() + room_for_small_things;
    const bool over = report.pull.state == PullState::closed;
    if (used < budget && !over) add_paragraph(out, folds_within(report, views, budget - used));
    add_paragraph(out, end);
    return out + "\n";
}

}  // namespace slipway
