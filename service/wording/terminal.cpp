// The same report for a terminal: same sentences, columns instead of a table, diffs unfolded.
// Colour only strengthens what the signs already say.
#include <algorithm>
#include <array>

#include "service/base/utf8.hpp"
#include "service/wording/heading.hpp"
#include "service/wording/markup.hpp"
#include "service/wording/notices.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/plan_diff.hpp"
#include "service/wording/table.hpp"

namespace slipway {

namespace {

constexpr std::size_t notice_bytes = 20'000;
constexpr std::size_t cell_bytes = 60;

std::string coloured(const std::string& line) {
    const char* colour = line.empty()     ? ""
                         : line[0] == '+' ? "\x1B[32m"
                         : line[0] == '-' ? "\x1B[31m"
                         : line[0] == '!' ? "\x1B[33m"
                                          : "";
    return *colour ? colour + line + "\x1B[0m" : line;
}

std::string columns(const Report& report, const std::vector<StackView>& views) {
    using Cells = std::array<std::string, 6>;
    std::vector<Cells> rows;
    std::array<std::size_t, 6> widths{};
    for (const auto& view : views) {
        Cells cells = {view->stack.value,
                       plan_text(*view.report),
                       cost_text(*view.report, Voice(Medium::terminal)),
                       standing_text(report, view),
                       policies_text(*view.report),
                       missing_text(view)};
        for (std::size_t i = 0; i < cells.size(); ++i) {
            cells[i] = shortened_in_the_middle(one_line(cells[i]), cell_bytes);
            widths[i] = std::max(widths[i], code_points(cells[i]));
        }
        rows.push_back(std::move(cells));
    }
    std::string out;
    for (const auto& cells : rows) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (widths[i] == 0) continue;
            line += (line.empty() ? "" : "  ") + cells[i];
            line.append(widths[i] - code_points(cells[i]), ' ');
        }
        while (line.ends_with(' ')) line.pop_back();
        out += line + "\n";
    }
    if (!out.empty()) out.pop_back();
    return out;
}

}  // namespace

std::string terminal_text(const Report& report, bool colour) {
    const Voice voice(Medium::terminal, colour);
    const auto views = report.discovering_stacks ? std::vector<StackView>() : by_attention(report);
    std::string out = voice.strong(heading(report, views, voice));
    if (report.discovering_stacks) return out + "\n";
    const Notices notices{report, views, voice};
    add_paragraph(out, notices.danger(notice_bytes));
    add_paragraph(out, notices.refusals(notice_bytes));
    add_paragraph(out, notices.failures(notice_bytes));
    add_paragraph(out, notices.standstills(notice_bytes));
    add_paragraph(out, columns(report, views));
    add_paragraph(out, total_cost(views, voice));
    add_paragraph(out, beside_the_table(report, views, voice, notice_bytes));
    for (const auto& view : views) {
        if (!has_changes(*view.report) || !view->plan) continue;
        std::string text =
            voice.strong(voice.name(view->stack.value)) + ": " + plan_text(*view.report);
        if (!plan_of(*view->run).digest.empty())
            text += ", plan " + std::string(shortened(plan_of(*view->run).digest, 4));
        for (const auto* change : in_reading_order(*view->plan)) {
            text += "\n";
            for (const auto& line : diff_block(*change).lines)
                text += "\n" + (colour ? coloured(line) : line);
        }
        if (const auto costs = cost_details(*view.report, voice); !costs.empty())
            text += "\n\n" + costs;
        add_paragraph(out, text);
    }
    auto closing = merging(report, views, voice);
    if (const auto next = next_step(report, views, voice); !next.empty())
        closing += (closing.empty() ? "" : " ") + next;
    add_paragraph(out, closing);
    return out + "\n";
}

}  // namespace slipway
