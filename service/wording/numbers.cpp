#include "service/wording/numbers.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "service/wording/report.hpp"

namespace slipway {

std::string duration_text(std::int64_t ms) {
    const auto seconds = std::max<std::int64_t>(1, (ms + 500) / 1000);
    if (seconds < 60) return std::to_string(seconds) + " s";
    const auto minutes = seconds / 60;
    if (minutes < 60) {
        const auto rest = seconds % 60;
        return std::to_string(minutes) + " min" + (rest ? " " + std::to_string(rest) + " s" : "");
    }
    const auto rest = minutes % 60;
    return std::to_string(minutes / 60) + " h" + (rest ? " " + std::to_string(rest) + " min" : "");
}

std::string number_of(std::size_t count, std::string_view noun) {
    std::string plural(noun);
    if (count != 1) {
        if (plural.ends_with('y'))
            plural.replace(plural.size() - 1, 1, "ies");
        else
            plural += 's';
    }
    return std::to_string(count) + " " + plural;
}

std::string size_text(std::size_t bytes) {
    if (bytes < 1000) return number_of(bytes, "byte");
    constexpr std::array<const char*, 3> units = {"kB", "MB", "GB"};
    double size = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (size >= 1000 && unit + 1 < units.size()) size /= 1000, ++unit;
    char out[32];
    std::snprintf(out, sizeof out, size < 10 ? "%.1f %s" : "%.0f %s", size, units[unit]);
    return out;
}

void append_clause(std::string& out, const std::string& clause) {
    if (clause.empty()) return;
    if (!out.empty()) out += "; ";
    out += clause;
}

std::string list_of(const std::vector<std::string>& names, std::size_t at_most) {
    const bool all = names.size() <= at_most;
    const auto shown = all ? names.size() : at_most - 1;
    std::string out;
    for (std::size_t i = 0; i < shown; ++i) {
        if (i > 0) out += all && i + 1 == shown ? " and " : ", ";
        out += names[i];
    }
    if (!all) out += " and " + std::to_string(names.size() - shown) + " more";
    return out;
}

std::string behind_text(const Ahead& ahead) {
    std::string out =
        "behind " + (ahead.pull ? "#" + std::to_string(*ahead.pull)
                                : "run " + std::string(shortened(ahead.run.value, 8)));
    if (ahead.state == RunState::unconfirmed) return out + ", which waits for a confirmation";
    if (ahead.state == RunState::unknown) return out + ", whose apply nobody saw end";
    return out + ", which is under way";
}

std::vector<std::string> lines_of(const std::vector<ConfigFinding>& findings) {
    std::vector<std::string> out;
    for (const auto& finding : findings) out.push_back(finding.text());
    return out;
}

std::vector<std::string> texts_of(const std::vector<MissingApproval>& missing) {
    std::vector<std::string> out;
    for (const auto& one : missing) out.push_back(one.text);
    return out;
}

std::string queue_place_text(int place) {
    constexpr std::array<const char*, 10> words = {"next",  "second",  "third",  "fourth", "fifth",
                                                   "sixth", "seventh", "eighth", "ninth",  "tenth"};
    if (place < 0) place = 0;
    if (place < static_cast<int>(words.size())) return words[static_cast<std::size_t>(place)];
    const int number = place + 1;
    const int tens = number % 100;
    const char* ending = tens >= 11 && tens <= 13 ? "th"
                         : number % 10 == 1       ? "st"
                         : number % 10 == 2       ? "nd"
                         : number % 10 == 3       ? "rd"
                                                  : "th";
    return std::to_string(number) + ending;
}

PlanCounts& operator+=(PlanCounts& sum, const PlanCounts& more) {
    sum.create += more.create;
    sum.update += more.update;
    sum.remove += more.remove;
    sum.replace += more.replace;
    sum.move += more.move;
    sum.import += more.import;
    sum.forget += more.forget;
    return sum;
}

std::int64_t entered_at_ms(const Run& run, RunState state) {
    for (auto at = run.history.rbegin(); at != run.history.rend(); ++at)
        if (at->state == state) return at->at_ms;
    return 0;
}

std::int64_t planning_took_ms(const Run& run) {
    auto from = entered_at_ms(run, RunState::preparing);
    if (!from) from = run.created_at_ms;
    const auto to = run.plan ? run.plan->at_ms : run.finished_at_ms;
    return std::max<std::int64_t>(0, to - from);
}

std::int64_t applying_took_ms(const Run& run) {
    return std::max<std::int64_t>(0, run.finished_at_ms - entered_at_ms(run, RunState::applying));
}

namespace {
struct Count {
    int number;
    const char* sign;
    const char* word;  // behind the number, where there is no sign
    const char* to_do;
};
std::array<Count, 7> listed(const PlanCounts& counts) {
    return {{{counts.create, "+", "", "to add"},
             {counts.update, "~", "", "to change"},
             {counts.remove, "-", "", "to destroy"},
             {counts.replace, "±", "", "to replace"},
             {counts.move, "", " moved", "to move"},
             {counts.import, "", " imported", "to import"},
             {counts.forget, "", " forgotten", "to forget"}}};
}
}  // namespace

namespace {
std::string prediction(const PlanCounts& counts) {
    return counts.predicted_only ? ", predicted only" : "";
}
}  // namespace

std::string counts_text(const PlanCounts& counts) {
    std::string out;
    for (const auto& count : listed(counts)) {
        if (count.number == 0) continue;
        if (!out.empty()) out += ' ';
        out += count.sign + std::to_string(count.number) + count.word;
    }
    return (out.empty() ? "no changes" : out) + prediction(counts);
}

std::string drift_text(const PlanCounts& counts) {
    const auto others =
        counts.create + counts.replace + counts.move + counts.import + counts.forget;
    std::string out;
    for (const auto& [number, word] :
         {std::pair(counts.update, " changed"), std::pair(counts.remove, " gone"),
          std::pair(others, " other")})
        if (number) out += (out.empty() ? "" : ", ") + std::to_string(number) + word;
    return out.empty() ? "nothing drifted" : out;
}

std::string counts_sentence(const PlanCounts& counts) {
    std::string out;
    for (const auto& count : listed(counts)) {
        if (count.number == 0) continue;
        if (!out.empty()) out += ", ";
        out += std::to_string(count.number) + " " + count.to_do;
    }
    return (out.empty() ? "no changes" : out) + prediction(counts);
}

std::string state_text(const Run& run, std::optional<int> place_in_queue, std::int64_t now_ms) {
    const auto since = [&](RunState state) {
        const auto at = entered_at_ms(run, state);
        return at && now_ms > at ? ", " + duration_text(now_ms - at) : std::string();
    };
    const bool tracked = run.kind == RunKind::tracked;
    const auto queued = [&](std::string what) {
        return std::move(what) + ", " + queue_place_text(*place_in_queue);
    };
    switch (run.state) {
        case RunState::queued:
            return place_in_queue ? queued("queued") : "queued";
        case RunState::preparing:
            return "preparing" + since(run.state);
        case RunState::planning:
            return place_in_queue ? queued("queued") : "planning" + since(run.state);
        case RunState::unconfirmed:
            return "waits for confirmation";
        case RunState::confirmed:
            return place_in_queue ? queued("apply queued") : "confirmed, waits for a worker";
        case RunState::applying:
            return place_in_queue ? queued("apply queued")
                                  : "applying" + since(run.state) +
                                        (is_interrupted(run) ? ", being interrupted" : "");
        case RunState::finished:
            if (was_applying(run)) return "applied in " + duration_text(applying_took_ms(run));
            return (tracked ? "nothing to apply, planned in " : "planned in ") +
                   duration_text(planning_took_ms(run));
        case RunState::failed:
            if (was_applying(run))
                return "apply failed after " + duration_text(applying_took_ms(run));
            if (plan_of(run).decision.verdict == Verdict::denied) return "denied";
            if (plan_of(run).decision.verdict == Verdict::error) return "policy error";
            if (entered_at_ms(run, RunState::confirmed)) return "apply did not begin";
            return "plan failed";
        case RunState::canceled:
            return "canceled";
        case RunState::discarded:
            return "discarded";
        case RunState::stopped:
            return "stopped";
        case RunState::skipped:
            return "skipped";
        case RunState::unknown:
            return "its end was not seen";
    }
    return "";
}

}  // namespace slipway
