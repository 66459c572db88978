// Writes what differs, in an order that leaves nothing stranded: checks before the comment. What was written is
// remembered even when the next call fails. Before the first write the head is read once more from the forge:
// a head that moved on is never written to, and the look that its push causes leaves a report of its own.
#include "handlers/report/report.hpp"

#include "handlers/report/outgoing.hpp"
#include "queue/store.hpp"

namespace slipway {

namespace {

constexpr std::size_t digests_kept = 500;

struct Writing {
    ReportContext& context;
    Forge& forge;
    PullRequestName name;
    Report report;
    Stored<PostedRecord> posted;
    Moment moment;
    std::uint64_t seen_version = 0;  // of the pull request's record
};

// Old heads' checks are nobody's business any more.
void forget_other_heads(PostedRecord& posted, const CommitSha& head) {
    const auto ending = "@" + head.value;
    std::erase_if(posted.check_ids, [&](const auto& one) { return !one.first.ends_with(ending); });
    std::erase_if(posted.check_digests, [&](const auto& one) { return !one.first.ends_with(ending); });
}

// From here on an approval may name these plans (rule W3), and the next head's plans are compared with them.
void remember_shown(PostedRecord& posted, const Report& report) {
    for (const auto& stack : report.stacks) {
        if (!stack.run || !stack.run->planned_at_ms) continue;
        if (!stack.run->plan_digest.empty()) posted.posted_at_ms.try_emplace(stack.run->plan_digest, report.now_ms);
        if (stack.run->kind != RunKind::proposed || !stack.plan) continue;
        if (posted.posted_head != report.pull.head) {
            posted.previous_head = posted.posted_head;
            posted.previous_addresses = std::move(posted.posted_addresses);
            posted.posted_addresses.clear();
            posted.posted_head = report.pull.head;
        }
        auto& addresses = posted.posted_addresses[stack.stack.value];
        addresses.clear();
        for (const auto& change : stack.plan->changes) addresses.push_back(change.address);
    }
    while (posted.posted_at_ms.size() > digests_kept) {
        auto oldest = posted.posted_at_ms.begin();
        for (auto at = oldest; at != posted.posted_at_ms.end(); ++at)
            if (at->second < oldest->second) oldest = at;
        posted.posted_at_ms.erase(oldest);
    }
}

// Our own record is asked, which costs the forge nothing.
Task<bool> head_is_the_same(Writing& writing) {
    const auto key = pull_key(writing.name);
    auto record = co_await writing.context.queue.read(key);
    if (record.version == writing.seen_version) co_return true;
    const auto pull = decoded_record<PullRecord>(key, record);
    writing.seen_version = record.version;
    co_return pull.pull.head == writing.report.pull.head && pull.looking == writing.report.looking;
}

Task<void> write(Writing& writing, Outgoing out) {
    auto& posted = writing.posted.value;
    const auto& repository = writing.name.repository;
    for (auto& one : out.checks) {
        const bool same = co_await head_is_the_same(writing);
        if (!same) co_return;
        const auto known = posted.check_ids[one.key];
        auto check = one.check;
        posted.check_ids[one.key] = co_await writing.forge.put_check(repository, known, std::move(check));
        posted.check_digests[one.key] = one.digest;
        ++posted.calls;
    }
    if (out.comment) {
        const bool same = co_await head_is_the_same(writing);
        if (!same) co_return;
        auto body = std::move(*out.comment);
        posted.comment_id = co_await writing.forge.put_comment(writing.name, posted.comment_id,
                                                               comment_marker(writing.context.check_name), std::move(body));
        posted.comment_digest = out.comment_digest;
        ++posted.calls;
        remember_shown(posted, writing.report);
    }
    auto wanted = mention(writing.report);
    if (wanted && wanted->key != posted.mentioned &&
        !(wanted->key.starts_with("approval/") && posted.mentioned.starts_with("approval/"))) {
        auto key = "mention/" + writing.name.text() + "/" + wanted->key;
        co_await writing.forge.add_comment(writing.name, std::move(key), wanted->body);
        posted.mentioned = wanted->key;
        ++posted.calls;
    } else if (!wanted && !writing.moment.busy && !writing.report.looking) {
        posted.mentioned.clear();
    }
}

// Exceptions are kept until what was written is remembered.
Task<std::exception_ptr> write_or_fail(Writing& writing, Outgoing out) {
    std::exception_ptr error;
    try {
        auto written = write(writing, std::move(out));
        co_await std::move(written);
    } catch (...) {
        error = std::current_exception();
    }
    co_return error;
}

Task<void> remember(Writing& writing, Lease holding) {
    Commit commit;
    commit.records.push_back(save(posted_key(writing.name), writing.posted));
    commit.holding = std::move(holding);
    auto done = co_await writing.context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Failure("two reports wrote at once", std::chrono::milliseconds(200));
}

// Whatever happens before then calls for a report at once.
Task<void> come_again(ReportContext& context, const ClaimedJob& job, const PullRequestName& name,
                      std::int64_t at_ms) {
    Commit commit;
    auto again = make_job(JobKind::report, name.text(), name);
    again.not_before_ms = at_ms;
    commit.jobs.push_back(std::move(again));
    commit.holding = job.lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));
}

}  // namespace

Task<void> write_report(ReportContext& context, ClaimedJob job) {
    auto name = job_payload<PullRequestName>(job.job);
    const auto seen = co_await context.queue.read(pull_key(name));
    auto report = co_await gather_report(context, name);
    if (!report) co_return;
    const auto at = context.forges.find(name.repository.forge);
    if (at == context.forges.end()) throw Failure("no forge is called " + name.repository.forge, Retry::never);
    Writing writing{context, *at->second, name, std::move(*report), {}, {}, seen.version};
    writing.posted = co_await load<PostedRecord>(context.queue, posted_key(name));
    auto& posted = writing.posted.value;

    writing.moment = moment_of(writing.report, posted);
    if (may_wait(writing.moment)) co_return co_await come_again(context, job, name, progress_again_ms(posted));
    auto out = outgoing(writing.report, posted, writing.moment);
    if (!worth_writing(out, writing.report, posted, writing.moment)) co_return;
    auto fresh = co_await writing.forge.pull_request(name);
    if (!fresh || fresh->head != writing.report.pull.head) co_return;
    forget_other_heads(posted, writing.report.pull.head);
    if (const auto round = round_of(writing.report); posted.round != round) {
        posted.round = round;
        posted.calls = 0;
        posted.progress_shown = 0;
    } else if (writing.moment.busy && !writing.moment.first) {
        ++posted.progress_shown;
    }
    ++posted.calls;
    posted.written_at_ms = writing.report.now_ms;
    auto error = co_await write_or_fail(writing, std::move(out));
    co_await remember(writing, job.lease);
    if (error) std::rethrow_exception(error);
}

}  // namespace slipway
