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

std::string key_of(const std::string& name, const Report& report) { return name + "@" + report.pull.head.value; }

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
    out.key = key_of(check.name, report);
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

void add_stack_checks(const Report& report, const PostedRecord& posted, const Moment& moment, Outgoing& out) {
    const bool only_urgent = report.stacks.size() > stacks_with_checks;
    for (const auto& stack : report.stacks) {
        const auto name = report.check_name + "/" + stack.stack.value;
        const bool known = posted.check_digests.contains(key_of(name, report));
        const auto headline = stack_headline(report, stack);
        const bool urgent = headline.status == CheckText::Status::completed && headline.outcome != CheckText::Outcome::success;
        if (only_urgent && !urgent && !known) continue;
        // What waits its turn gets a check when it is still waiting at the next look.
        if (headline.status == CheckText::Status::queued && !known && moment.first) continue;
        auto one = made(report, name, stack_check(report, stack), stack.run ? &*stack.run : nullptr);
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
    for (const auto& stack : report.stacks) {
        if (!stack.run) continue;
        attempt = std::max(attempt, stack.run->attempt);
        if (stack.run->before_merge) out += "/" + stack.run->id.value;  // what was ready is not any more
    }
    return out + "/" + std::to_string(attempt);
}

std::int64_t progress_again_ms(const PostedRecord& posted) {
    return posted.written_at_ms + (first_pause_ms << std::min(posted.progress_shown, longest_pause));
}

Moment moment_of(const Report& report, const PostedRecord& posted) {
    Moment out;
    out.busy = report.looking;
    for (const auto& stack : report.stacks) {
        const auto headline = stack_headline(report, stack);
        if (headline.status != CheckText::Status::completed) {
            out.busy = true;
            ++out.open_stacks;
        } else if (headline.outcome == CheckText::Outcome::failure) {
            const auto shown = posted.check_digests.find(key_of(report.check_name + "/" + stack.stack.value, report));
            out.bad_news = out.bad_news || shown == posted.check_digests.end() || shown->second.starts_with(open_digest);
        }
    }
    const auto whole = posted.check_digests.find(key_of(report.check_name, report));
    const bool was_looking = whole != posted.check_digests.end() && whole->second == std::string(open_digest) + std::string(looking_digest);
    out.first = posted.round != round_of(report) || (was_looking && !report.looking);
    out.soon = report.now_ms < progress_again_ms(posted);
    return out;
}

Outgoing outgoing(const Report& report, const PostedRecord& posted, const Moment& moment) {
    Outgoing out;
    if (report.pull.state == PullState::open) {
        if (!report.looking) add_stack_checks(report, posted, moment, out);
        auto whole = made(report, report.check_name, summary_check(report), nullptr);
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

bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted, const Moment& moment) {
    if (out.checks.empty() && !out.comment) return false;
    if (!moment.busy || moment.bad_news || moment.first) return true;
    const auto stacks = static_cast<int>(report.stacks.size());
    const auto now = 1 + static_cast<int>(out.checks.size()) + (out.comment ? 1 : 0);
    const int later = 3 + moment.open_stacks;  // a last look at the head, the summary, the comment
    return posted.calls + now + later <= calls_a_stack * stacks + calls_besides_stacks;
}

}  // namespace slipway
