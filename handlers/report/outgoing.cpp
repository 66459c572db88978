#include "handlers/report/outgoing.hpp"

#include <algorithm>

#include "service/base/codec.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

constexpr std::string_view open_digest = "open/";
constexpr std::string_view looking_digest = "looking";
constexpr std::int64_t first_pause_ms = 2'000;  // before progress is shown again; doubled each time
constexpr int longest_pause = 5;                // doublings
constexpr int calls_a_stack = 2;
constexpr int calls_besides_stacks = 10;

CheckStatus status_of(CheckText::Status status) {
    switch (status) {
        case CheckText::Status::queued: return CheckStatus::queued;
        case CheckText::Status::running: return CheckStatus::running;
        case CheckText::Status::completed: return CheckStatus::completed;
    }
    return CheckStatus::completed;
}

Conclusion conclusion_of(CheckText::Outcome outcome) {
    switch (outcome) {
        case CheckText::Outcome::success: return Conclusion::success;
        case CheckText::Outcome::failure: return Conclusion::failure;
        case CheckText::Outcome::neutral: return Conclusion::neutral;
        case CheckText::Outcome::action_required: return Conclusion::action_required;
        case CheckText::Outcome::cancelled: return Conclusion::cancelled;
    }
    return Conclusion::failure;
}

OutgoingCheck made(const Report& report, std::string name, const CheckText& text, const Run* run) {
    OutgoingCheck out;
    auto& check = out.check;
    check.name = std::move(name);
    check.commit = report.pull.head;
    check.status = status_of(text.status);
    check.conclusion = conclusion_of(text.outcome);
    check.title = text.title;
    check.summary = text.summary;
    check.text = text.text;
    for (const auto& note : text.notes) check.annotations.push_back({note.path, note.line, note.failure, note.title, note.message});
    if (run) {
        check.external_id = run->id.value;
        if (!report.public_url.empty()) check.details_url = report.public_url + "/runs/" + run->id.value;
        check.started_at_ms = run->created_at_ms;
        if (check.status == CheckStatus::completed)
            check.completed_at_ms = run->finished_at_ms ? run->finished_at_ms : run->planned_at_ms;
    }
    out.key = check.name + "@" + check.commit.value;
    if (check.status == CheckStatus::completed)
        out.digest = sha256_hex(encode(check).dump());
    else
        out.digest = std::string(open_digest) + (report.looking ? std::string(looking_digest) : check.external_id);
    return out;
}

bool stands(const PostedRecord& posted, const OutgoingCheck& check) {
    const auto at = posted.check_digests.find(check.key);
    return at != posted.check_digests.end() && at->second == check.digest;
}

bool is_known(const PostedRecord& posted, const OutgoingCheck& check) { return posted.check_digests.contains(check.key); }

// Nothing more will come of these: the pull request is over.
void close_what_is_open(const Report& report, const PostedRecord& posted, Outgoing& out) {
    for (const auto& [key, digest] : posted.check_digests) {
        if (!digest.starts_with(open_digest) || !key.ends_with("@" + report.pull.head.value)) continue;
        CheckText text;
        text.status = CheckText::Status::completed;
        text.outcome = CheckText::Outcome::cancelled;
        text.title = report.pull.state == PullState::merged ? "Merged before the plan was there" : "Closed before the plan was there";
        text.summary = text.title + ".";
        out.checks.push_back(made(report, key.substr(0, key.rfind('@')), text, nullptr));
    }
}

void add_stack_checks(const Report& report, const PostedRecord& posted, Outgoing& out) {
    const bool only_urgent = report.stacks.size() > stacks_with_checks;
    for (const auto& stack : report.stacks) {
        const auto text = stack_check(report, stack);
        auto one = made(report, report.check_name + "/" + stack.stack.value, text, stack.run ? &*stack.run : nullptr);
        const bool completed = one.check.status == CheckStatus::completed;
        out.open_checks += !completed;
        const bool urgent = completed && one.check.conclusion != Conclusion::success;
        const bool fresh_bad_news = completed && (one.check.conclusion == Conclusion::failure) && !stands(posted, one);
        out.bad_news = out.bad_news || fresh_bad_news;
        if (only_urgent && !urgent && !is_known(posted, one)) continue;
        // What waits its turn gets a check when it is still waiting at the next look.
        if (one.check.status == CheckStatus::queued && !is_known(posted, one) && out.first) continue;
        if (!stands(posted, one)) out.checks.push_back(std::move(one));
    }
}

bool anything_to_say(const Report& report) {
    return !report.stacks.empty() || !report.conflicts.empty() || !report.configuration.empty();
}

}  // namespace

std::string comment_marker(const std::string& check_name) { return "<!-- " + check_name + " -->"; }

std::string round_of(const Report& report) {
    std::string out = report.pull.head.value + (report.phase == PullPhase::merged ? "/merged" : "");
    int attempt = 1;
    for (const auto& stack : report.stacks)
        if (stack.run) attempt = std::max(attempt, stack.run->attempt);
    return out + "/" + std::to_string(attempt);
}

Outgoing outgoing(const Report& report, const PostedRecord& posted) {
    Outgoing out;
    const auto summary = summary_check(report);
    out.busy = summary.status != CheckText::Status::completed;
    const auto whole_key = report.check_name + "@" + report.pull.head.value;
    const auto shown = posted.check_digests.find(whole_key);
    const bool was_looking = shown != posted.check_digests.end() && shown->second == std::string(open_digest) + std::string(looking_digest);
    out.first = posted.round != round_of(report) || (was_looking && !report.looking);
    if (report.pull.state == PullState::open) {
        if (!report.looking) add_stack_checks(report, posted, out);
        auto whole = made(report, report.check_name, summary, nullptr);
        if (!stands(posted, whole)) out.checks.push_back(std::move(whole));
    } else {
        close_what_is_open(report, posted, out);
    }
    const bool wanted = !posted.comment_id.empty() || (anything_to_say(report) && !report.looking);
    if (wanted) {
        auto body = comment_markdown(report);
        out.comment_digest = sha256_hex(body);
        if (out.comment_digest != posted.comment_digest) out.comment = std::move(body);
    }
    return out;
}

bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted) {
    if (out.checks.empty() && !out.comment) return false;
    if (!out.busy || out.bad_news || out.first) return true;
    const auto pause = first_pause_ms << std::min(posted.progress_shown, longest_pause);
    if (report.now_ms < posted.written_at_ms + pause) return false;
    const auto stacks = static_cast<int>(report.stacks.size());
    const auto now = 1 + static_cast<int>(out.checks.size()) + (out.comment ? 1 : 0);
    const int later = 3 + out.open_checks;  // a last look at the head, the summary, the comment
    return posted.calls + now + later <= calls_a_stack * stacks + calls_besides_stacks;
}

}  // namespace slipway
