#include "service/app/run_print.hpp"

#include <algorithm>
#include <vector>

#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/model/run.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/progress.hpp"
#include "service/wording/reasons.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

namespace {

using Cells = std::vector<std::string>;

// What a terminal needs to show it; names and counts have no wide characters.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

// The last column is as long as it is.
std::string table_of(const std::vector<Cells>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i];
            if (i + 1 < row.size())
                line.append(widths[i] - std::min(widths[i], width_of(row[i])) + 2, ' ');
        }
        while (line.ends_with(' ')) line.pop_back();
        out += line + "\n";
    }
    return out;
}

// Why it is as it is, and what to type where only the command line can help.
std::string remark(const Json& run) {
    std::string out = run["reason"].text();
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    if (run["state"].text() == word(RunState::unknown)) {
        if (!run["last_seen"].text().empty()) add("last seen: " + run["last_seen"].text());
        add("look at its state, then slipway resolve " + run["id"].text() +
            " --applied or --failed");
    }
    if (const auto lock = decode<StackLock>(run["lock"]); lock && !lock->stack.value.empty()) {
        const auto text = reason_text(why_locked(*lock, lock->since_ms));
        if (text != run["reason"].text()) add(text);
        add("slipway unlock " + lock->stack.value + " lifts the lock");
    }
    const auto& sources = run["unknown_providers"].items();
    if (!sources.empty() && !run["pull"].int_or(0)) {
        std::string command = "slipway allow " + run["id"].text();
        for (const auto& source : sources) command += " " + source.text();
        add("somebody with the role admin who trusts it: " + command);
    }
    return out;
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string pull_text(const Json& run) {
    const auto number = run["pull"].int_or(0);
    return number ? "#" + std::to_string(number) : "";
}

std::string utc_text(std::int64_t ms) { return utc_minutes(ms); }

std::string repository_text(const Json& run) {
    const auto& name = run["repository"];
    return name["forge"].text() + "/" + name["path"].text();
}

std::string asker(const Json& run) {
    const auto who = decode<Actor>(run["triggered_by"]);
    return who ? who->text() : "";
}

bool is_drift(const Json& run) { return run["kind"].text() == word(RunKind::drift); }

std::string approval_text(const Json& approval) {
    const auto decision = decode<ApprovalDecision>(approval);
    if (!decision) return "";
    std::string out(word(decision->approval));
    if (!decision->approved_by.empty()) out += "; approved by " + list_of(decision->approved_by);
    if (!decision->rejected_by.empty()) out += "; rejected by " + list_of(decision->rejected_by);
    if (!decision->missing.empty()) out += "; missing: " + list_of(texts_of(decision->missing));
    return out;
}

std::string plan_text(const Json& run) {
    const auto& digest = run["plan_digest"].text();
    if (digest.empty()) return "";
    const auto& counts = run["summary"].text();
    const bool changes = run["changes"].bool_or(false);
    return (!counts.empty() ? counts
            : changes       ? std::string("outputs only")
                            : std::string("no changes")) +
           ", plan " + std::string(shortened(digest, 4));
}

// "~ terraform_data.a: input.value, tags" of each resource that differs from the state.
std::string drifted_text(const Json& run) {
    std::string out;
    for (const auto& item : run["drifted"].items()) {
        const auto change = decode<Change>(item);
        if (!change) continue;
        const bool gone = change->action == Action::remove;
        std::vector<std::string> paths;
        for (const auto& attribute : change->attributes) paths.push_back(attribute.path);
        out += (gone ? "- " : "~ ") + change->address + (gone ? " is gone" : " was changed") +
               (gone || paths.empty() ? "" : ": " + list_of(paths)) + "\n";
    }
    return out;
}

std::string progress_of(const Json& run) {
    const auto progress = decode<ApplyProgress>(run["progress"]);
    return run.has("progress") && progress ? progress_text(*progress, Voice(Medium::terminal)) : "";
}

std::string timeline_text(const Json& run) {
    const auto history = decode<std::vector<StateChange>>(run["history"]);
    if (!history) return "";
    std::string out;
    const auto omitted = static_cast<int>(run["history_omitted"].int_or(0));
    for (std::size_t i = 0; i < history->size(); ++i) {
        out += run_words::change_line((*history)[i]) + "\n";
        if (i == 0 && omitted > 0) out += run_words::changes_omitted(omitted) + "\n";
    }
    return out;
}

}  // namespace

std::string run_table(const Json::Array& runs) {
    std::vector<Cells> rows{
        {"RUN", "CREATED", "KIND", "STATE", "CHANGES", "STACK", "PULL", "REMARK"}};
    for (const auto& run : runs)
        rows.push_back({run["id"].text(), utc_text(run["created_at_ms"].int_or(0)),
                        run["kind"].text(), run["state"].text(), or_dash(run["summary"].text()),
                        run["stack"].text(), or_dash(pull_text(run)), remark(run)});
    return table_of(rows);
}

std::string run_page_text(const Json& run) {
    const auto pull = pull_text(run);
    const auto& space = run["space"].text();
    const std::vector<Cells> all{
        {"run", run["id"].text() + " (" + run["kind"].text() + ")"},
        {"state", run["state"].text()},
        {"why", remark(run)},
        {"stack", run["stack"].text() + (space.empty() ? "" : " in space " + space)},
        {"pull request", pull.empty() ? "" : pull + " of " + repository_text(run)},
        {"commit", std::string(shortened(run["head"].text())) + " onto " +
                       std::string(shortened(run["base"].text()))},
        {"asked for by", asker(run)},
        {is_drift(run) ? "found" : "plan", is_drift(run) ? run["summary"].text() : plan_text(run)},
        {"approvals",
         run["plan_digest"].text().empty() || is_drift(run) ? "" : approval_text(run["approval"])},
        {"confirmed by", run["confirmed_by"].text()},
        {"progress", progress_of(run)},
        {"error", run["error"].text()}};
    std::vector<Cells> rows;
    for (const auto& row : all)
        if (!row[1].empty()) rows.push_back(row);
    const auto drifted = drifted_text(run);
    return table_of(rows) + "\n" + drifted + (drifted.empty() ? "" : "\n") + timeline_text(run);
}

std::string drift_end_text(const Json& run) {
    if (parse_word<RunState>(run["state"].text()) != RunState::finished) {
        const auto& error = run["error"].text();
        const auto why = remark(run);
        return run["stack"].text() + ": " + run["state"].text() +
               (why.empty() ? "" : " (" + why + ")") +
               (error.empty() || error == why ? "" : "\n" + error) + "\n";
    }
    return run["stack"].text() + ": " + run["summary"].text() + "\n" + drifted_text(run);
}

std::string drift_table(const Json::Array& found) {
    std::vector<Cells> rows{{"STACK", "LOOKED AT", "FOUND", "RUN"}};
    for (const auto& one : found)
        rows.push_back({one["stack"].text(), utc_text(one["at_ms"].int_or(0)),
                        one["summary"].text(), one["run"].text()});
    return table_of(rows);
}

LogEnd log_end(const std::string& run, const std::string& state) {
    const auto known = parse_word<RunState>(state);
    if (known == RunState::unconfirmed)
        return {"run " + run + " is planned and waits; slipway runs show " + run + " says for what",
                0};
    return {"run " + run + " is " + state, known == RunState::finished ? 0 : 1};
}

}  // namespace slipway
