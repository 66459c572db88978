#include "handlers/report/outgoing.hpp"

#include <algorithm>

#include "service/base/codec.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

constexpr std::string_view open_digest = "open/";
constexpr std::string_view unsure = "?";
constexpr std::int64_t first_pause_ms = 3'000;  // before progress is shown; doubled each time
constexpr int longest_pause = 4;                // doublings
constexpr std::int64_t bad_news_pause_ms = 1'000;
constexpr std::int64_t long_plan_ms = 3'000,
                       long_queue_ms = 15'000;  // then a stack's open check is worth a call
constexpr int calls_a_stack = 2;
constexpr int calls_besides_stacks = 10;

std::string key_of(const std::string& name, const Report& report) {
    return name + "@" + report.pull.head.value;
}

OutgoingCheck made(const Report& report, std::string name, const CheckText& text, const Run* run) {
    OutgoingCheck out;
    auto& check = out.check;
    check.name = std::move(name);
    check.commit = report.pull.head;
    check.status = text.status;
    check.conclusion = text.outcome;
    check.title = text.title;
    check.summary = text.summary;
    check.text = text.text;
    for (const auto& note : text.notes)
        check.annotations.push_back({note.path, note.line, note.failure, note.title, note.message});
    if (run) {
        check.external_id = run->id.value;
        if (!report.public_url.empty())
            check.details_url = report.public_url + "/runs/" + run->id.value;
        check.started_at_ms = run->created_at_ms;
        if (check.status == CheckStatus::done)
            check.completed_at_ms = run->finished_at_ms ? run->finished_at_ms : plan_of(*run).at_ms;
    }
    out.key = key_of(check.name, report);
    if (check.status == CheckStatus::done)
        out.digest = sha256_hex(encode(check).dump());
    else
        out.digest = std::string(open_digest) + check.external_id;
    return out;
}

bool stands(const PostedRecord& posted, const OutgoingCheck& check) {
    const auto at = posted.check_digests.find(check.key);
    return at != posted.check_digests.end() && at->second == check.digest;
}

bool is_known(const PostedRecord& posted, const std::string& key) {
    return posted.check_digests.contains(key);
}

void add(Outgoing& out, const PostedRecord& posted, OutgoingCheck check, Turn turn) {
    if (stands(posted, check)) return;
    check.turn = turn;
    out.checks.push_back(std::move(check));
}

// Nothing more will come of these: the pull request is over.
void close_what_is_open(const Report& report, const PostedRecord& posted, Outgoing& out) {
    for (const auto& [key, digest] : posted.check_digests) {
        if (!is_open(digest) || !key.ends_with("@" + report.pull.head.value)) continue;
        const bool told =
            std::any_of(out.checks.begin(), out.checks.end(),
                        [&key = key](const OutgoingCheck& one) { return one.key == key; });
        if (told) continue;
        const auto text = ended_check(report.pull.state);
        add(out, posted, made(report, key.substr(0, key.rfind('@')), text, nullptr),
            Turn::attention);
    }
}

// Nor of those of a head that was replaced.
void close_superseded(const Report& report, const PostedRecord& posted, Outgoing& out) {
    for (const auto& [key, digest] : posted.check_digests) {
        const auto at = key.rfind('@');
        if (!is_open(digest) || at == key.npos || key.substr(at + 1) == report.pull.head.value)
            continue;
        const auto text = superseded_check(report.pull.head);
        auto one = made(report, key.substr(0, at), text, nullptr);
        one.check.commit = CommitSha(key.substr(at + 1));
        one.check.external_id = digest.substr(open_digest.size());
        if (one.check.external_id.ends_with(unsure)) one.check.external_id.pop_back();
        one.key = key;
        out.checks.push_back(std::move(one));
    }
}

// Whether the open check of a stack is worth a call of its own.
bool takes_long(const Report& report, const Run& run) {
    const auto since = run.history.empty() ? run.created_at_ms : run.history.back().at_ms;
    const bool queued = run.state == RunState::queued;
    return report.now_ms - since >= (queued ? long_queue_ms : long_plan_ms);
}

void add_stack_checks(const Report& report, const PostedRecord& posted, const Moment& moment,
                      Outgoing& out) {
    const bool only_urgent = report.stacks.size() > stacks_with_checks;
    for (const auto& stack : report.stacks) {
        const auto name = report.check_name + "/" + stack.stack.value;
        const auto shown = posted.check_digests.find(key_of(name, report));
        const bool known = shown != posted.check_digests.end();
        const auto headline = stack_headline(report, stack);
        const bool open = headline.status != CheckStatus::done;
        // An apply before the merge takes back what was said of the plan.
        const bool taken_back =
            open && known && !is_open(shown->second) && stack.run && stack.run->before_merge;
        const bool urgent = taken_back || (!open && headline.outcome != Conclusion::passed);
        if (only_urgent && !urgent && !known) continue;
        if (moment.busy && moment.stale && !moment.bad_news && !taken_back)
            continue;  // what decides comes first
        if (open && !taken_back && !(stack.run && takes_long(report, *stack.run))) continue;
        add(out, posted,
            made(report, name, stack_check(report, stack), stack.run ? &*stack.run : nullptr),
            urgent ? Turn::attention : Turn::rest);
    }
}

// After the merge the checks say what became of it, once it is known. The summary does so also
// where nobody remembers that it was written: a crash of Redis may have lost that, and an open one
// would stay open for ever.
void add_merged_checks(const Report& report, const PostedRecord& posted, Outgoing& out) {
    bool any = false;
    for (const auto& stack : report.stacks) {
        if (!stack.run || stack.run->kind != RunKind::tracked) continue;
        any = true;
        const auto name = report.check_name + "/" + stack.stack.value;
        const auto headline = stack_headline(report, stack);
        const bool urgent = headline.outcome != Conclusion::passed;
        if (headline.status != CheckStatus::done) continue;
        if (!is_known(posted, key_of(name, report)) && !urgent) continue;
        add(out, posted, made(report, name, stack_check(report, stack), &*stack.run),
            urgent ? Turn::attention : Turn::rest);
    }
    if (!any) return;
    const auto whole = summary_check(report);
    if (whole.status == CheckStatus::done)
        add(out, posted, made(report, report.check_name, whole, nullptr), Turn::decides);
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
        if (stack.run->before_merge)
            out += "/" + stack.run->id.value;  // what was ready is not any more
    }
    return out + "/" + std::to_string(attempt);
}

std::string digest_of_begun(const Check& check) {
    return std::string(open_digest) + check.external_id + std::string(unsure);
}

bool is_open(std::string_view digest) { return digest.starts_with(open_digest); }

std::int64_t shown_again_ms(const PostedRecord& posted, bool bad_news) {
    if (bad_news) return posted.written_at_ms + bad_news_pause_ms;
    return posted.written_at_ms +
           (first_pause_ms << std::min(posted.progress_shown, longest_pause));
}

Moment moment_of(const Report& report, const PostedRecord& posted) {
    Moment out;
    out.busy = report.discovering_stacks;
    for (const auto& stack : report.stacks) {
        const auto headline = stack_headline(report, stack);
        if (headline.status != CheckStatus::done) {
            out.busy = true;
            ++out.open_stacks;
        } else if (headline.outcome == Conclusion::failed) {
            const auto shown = posted.check_digests.find(
                key_of(report.check_name + "/" + stack.stack.value, report));
            out.bad_news =
                out.bad_news || shown == posted.check_digests.end() || is_open(shown->second);
        }
    }
    const auto whole = posted.check_digests.find(key_of(report.check_name, report));
    const bool shown_open = whole != posted.check_digests.end() && is_open(whole->second) &&
                            !whole->second.ends_with(unsure);
    out.stale = report.pull.state == PullState::open && !shown_open;
    // The clock may have been set back since.
    out.soon = report.now_ms >= posted.written_at_ms &&
               report.now_ms < shown_again_ms(posted, out.bad_news);
    return out;
}

Outgoing outgoing(const Report& report, const PostedRecord& posted, const Moment& moment) {
    Outgoing out;
    const bool only_summary = moment.busy && moment.stale && !moment.bad_news;
    if (report.pull.state == PullState::open) {
        if (!report.discovering_stacks) add_stack_checks(report, posted, moment, out);
        add(out, posted, made(report, report.check_name, summary_check(report), nullptr),
            Turn::decides);
    } else {
        if (report.pull.state == PullState::merged) add_merged_checks(report, posted, out);
        close_what_is_open(report, posted, out);
    }
    close_superseded(report, posted, out);
    std::stable_sort(
        out.checks.begin(), out.checks.end(),
        [](const OutgoingCheck& a, const OutgoingCheck& b) { return a.turn < b.turn; });
    const bool wanted =
        !posted.comment_id.empty() || (anything_to_say(report) && !report.discovering_stacks);
    if (wanted && !only_summary) {
        auto body = comment_markdown(report);
        out.comment_digest = sha256_hex(body);
        if (out.comment_digest != posted.comment_digest) out.comment = std::move(body);
    }
    return out;
}

bool worth_writing(const Outgoing& out, const Report& report, const PostedRecord& posted,
                   const Moment& moment) {
    if (out.checks.empty() && !out.comment) return false;
    if (!moment.busy || moment.bad_news || moment.stale) return true;
    const auto stacks = static_cast<int>(report.stacks.size());
    const auto now = 1 + static_cast<int>(out.checks.size()) + (out.comment ? 1 : 0);
    const int later = 3 + moment.open_stacks;  // a last look at the head, the summary, the comment
    return posted.calls + now + later <= calls_a_stack * stacks + calls_besides_stacks;
}

}  // namespace slipway
