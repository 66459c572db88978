// Writes what differs, what decides first: summary check and comment, then the checks of the
// stacks. What was written is remembered even when the next call fails. Before the first write the
// head is read once more from the forge: a head that moved on is never written to (but that its
// open checks are closed), and the look that its push causes leaves a report of its own.
#include "handlers/report/report.hpp"

#include <algorithm>
#include <map>

#include "handlers/report/deployments.hpp"
#include "handlers/report/outgoing.hpp"
#include "queue/store.hpp"
#include "service/base/both.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

constexpr std::size_t digests_kept = 500;
constexpr std::int64_t just_now_ms = 1'000;  // a reading of the head that needs no other
constexpr std::chrono::milliseconds shortest_postponement{1'000};

struct Writing {
    ReportContext& context;
    Forge& forge;
    PullRequestName name;
    Report report;
    Stored<PostedRecord> posted;
    Moment moment;
    std::uint64_t seen_version = 0;          // of the pull request's record
    std::chrono::milliseconds postponed{0};  // until the forge has room for what was left out
    std::map<std::string, std::string> written = {};  // checks: key -> what is remembered if unsure
    bool wrote_comment = false;
};

// Old heads' checks are nobody's business any more once they are closed.
void forget_other_heads(PostedRecord& posted, const CommitSha& head) {
    const auto ending = "@" + head.value;
    std::erase_if(posted.check_digests, [&](const auto& one) {
        return !one.first.ends_with(ending) && !is_open(one.second);
    });
    std::erase_if(posted.check_ids, [&](const auto& one) {
        return !one.first.ends_with(ending) && !posted.check_digests.contains(one.first);
    });
}

// From here on an approval may name these plans (rule W3), and the next head's plans are compared
// with them.
void remember_shown(PostedRecord& posted, const Report& report) {
    for (const auto& stack : report.stacks) {
        if (!stack.run || !stack.run->plan) continue;
        posted.posted_at_ms.try_emplace(stack.run->plan->digest, report.now_ms);
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
    co_return pull.pull.head == writing.report.pull.head&& pull.discovering_stacks ==
        writing.report.discovering_stacks;
}

// False: the head moved on, so nothing more is written.
Task<bool> put_check(Writing& writing, OutgoingCheck one) {
    const bool same = co_await head_is_the_same(writing);
    if (!same) co_return false;
    auto& posted = writing.posted.value;
    const auto known = posted.check_ids[one.key];
    const auto& check = one.check;
    const PostedSummary summary{check.commit, check.status, check.conclusion, check.title};
    const bool sums_up =
        check.name == writing.context.check_name && check.commit == writing.report.pull.head;
    writing.written[one.key] = digest_of_begun(check);
    posted.check_ids[one.key] =
        co_await writing.forge.put_check(writing.name.repository, known, std::move(one.check));
    posted.check_digests[one.key] = one.digest;
    if (sums_up) posted.summary = summary;
    ++posted.calls;
    co_return true;
}

Task<void> put_mention(Writing& writing) {
    auto& posted = writing.posted.value;
    auto wanted = mention(writing.report);
    if (wanted && wanted->key != posted.mentioned &&
        !(is_approval_mention(wanted->key) && is_approval_mention(posted.mentioned))) {
        auto key = mention_comment_key(writing.name, wanted->key);
        co_await writing.forge.add_comment(writing.name, std::move(key), wanted->body);
        posted.mentioned = wanted->key;
        ++posted.calls;
    } else if (!wanted && !writing.moment.busy && !writing.report.discovering_stacks) {
        posted.mentioned.clear();
    }
}

// Where little is left of the forge's limits these wait for more, and the job comes again for them.
Task<void> put_rest(Writing& writing, std::vector<OutgoingCheck> checks) {
    auto& forge = writing.forge;
    for (auto& one : checks) {
        const auto known = writing.posted.value.check_ids.find(one.key);
        const bool is_there =
            known != writing.posted.value.check_ids.end() && !known->second.empty();
        const auto kind =
            is_there && forge.traits().has_checks ? WriteKind::edits : WriteKind::creates;
        const auto wait = co_await forge.wait_for_rest(writing.name.repository, kind);
        if (wait.count() > 0) {
            const auto until = std::max(wait, shortest_postponement);
            writing.postponed =
                writing.postponed.count() ? std::min(writing.postponed, until) : until;
            continue;
        }
        const bool same = co_await put_check(writing, std::move(one));
        if (!same) co_return;
    }
}

Task<void> put_comment(Writing& writing, std::string body, std::string digest) {
    const bool same = co_await head_is_the_same(writing);
    if (!same) co_return;
    auto& posted = writing.posted.value;
    const auto known = posted.comment_id;
    writing.wrote_comment = true;
    posted.comment_id = co_await writing.forge.put_comment(
        writing.name, known, comment_marker(writing.context.check_name), std::move(body));
    posted.comment_digest = std::move(digest);
    ++posted.calls;
    remember_shown(posted, writing.report);
}

Task<void> put_checks(Writing& writing, std::vector<OutgoingCheck> checks, bool& same_head) {
    for (auto& one : checks) {
        same_head = co_await put_check(writing, std::move(one));
        if (!same_head) co_return;
    }
}

std::vector<Deployment> due(const Writing& writing) {
    if (!writing.forge.traits().records_deployments) return {};
    return deployments_due(writing.report, writing.posted.value);
}

// They decide nothing: where the forge takes one by no means, the log says so once for each state.
Task<void> put_deployments(Writing& writing) {
    auto& posted = writing.posted.value;
    auto all = due(writing);
    for (auto& one : all) {
        const auto key = one.key;
        PostedDeployment written{posted.deployments[key].id, one.state};
        try {
            written.id = co_await writing.forge.put_deployment(writing.name.repository, written.id,
                                                               std::move(one));
        } catch (const Failure& failure) {
            if (failure.retry() != Retry::never) throw;
            log_warning("a deployment was not recorded", {{"run", key}, {"why", failure.what()}});
        }
        posted.deployments[key] = std::move(written);
        ++posted.calls;
    }
    forget_other_deployments(posted, writing.report);
}

Task<void> write(Writing& writing, Outgoing out) {
    const auto rest_begins =
        std::find_if(out.checks.begin(), out.checks.end(),
                     [](const auto& one) { return one.turn != Turn::decides; });
    std::vector<OutgoingCheck> rest(std::make_move_iterator(rest_begins),
                                    std::make_move_iterator(out.checks.end()));
    out.checks.erase(rest_begins, out.checks.end());
    bool same_head = true;
    auto checks = put_checks(writing, std::move(out.checks), same_head);
    if (out.comment) {
        auto comment = put_comment(writing, std::move(*out.comment), std::move(out.comment_digest));
        auto together = both(std::move(checks), std::move(comment));
        co_await std::move(together);
    } else {
        co_await std::move(checks);
    }
    if (!same_head) co_return;
    co_await put_mention(writing);
    co_await put_rest(writing, std::move(rest));
    co_await put_deployments(writing);
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

// False: the lease had gone, and nothing is remembered.
Task<bool> remember(Writing& writing, Lease holding) {
    Commit commit;
    commit.records.push_back(save(posted_key(writing.name), writing.posted));
    commit.holding = std::move(holding);
    auto done = co_await writing.context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Failure("two reports wrote at once", std::chrono::milliseconds(200));
    ++writing.posted.version;
    co_return done == Committed::done;
}

// A check that is made or opened again, and then forgotten by a crash, would stay open for ever:
// once its head is replaced, or when it is to say again what it said before.
Task<bool> remember_what_begins(Writing& writing, const Outgoing& out, Lease holding) {
    auto& digests = writing.posted.value.check_digests;
    bool any = false;
    for (const auto& one : out.checks) {
        if (one.check.status == CheckStatus::done) continue;
        auto& known = digests[one.key];
        if (is_open(known)) continue;
        known = digest_of_begun(one.check);
        any = true;
    }
    if (!any) co_return true;
    co_return co_await remember(writing, std::move(holding));
}

// This process stood still until its lease had gone, and then wrote over what a newer report had
// written meanwhile: which of the two stands there nobody knows, so all of it is written again.
Task<void> have_written_again(Writing& writing) {
    constexpr int attempts = 5;
    auto& queue = writing.context.queue;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        auto posted = co_await load<PostedRecord>(queue, posted_key(writing.name));
        for (const auto& [key, unsure] : writing.written) posted.value.check_digests[key] = unsure;
        if (writing.wrote_comment) posted.value.comment_digest.clear();
        Commit commit;
        commit.records.push_back(save(posted_key(writing.name), posted));
        commit.jobs.push_back(make_job(jobs::report(writing.name), writing.name));
        const auto done = co_await queue.commit(std::move(commit));
        if (done == Committed::done) co_return;
    }
    throw Failure("what a late report wrote could not be noted");
}

// Whether the head is still the one that the report is about, by the forge's own word.
Task<bool> head_stands(Writing& writing, std::int64_t read_at_ms) {
    const auto age_ms = writing.report.now_ms - read_at_ms;
    if (age_ms >= 0 && age_ms < just_now_ms) co_return true;
    auto fresh = co_await writing.forge.pull_request(writing.name);
    ++writing.posted.value.calls;
    co_return fresh && fresh->head == writing.report.pull.head;
}

bool decides(const Outgoing& out) {
    return out.comment ||
           std::any_of(out.checks.begin(), out.checks.end(),
                       [](const OutgoingCheck& one) { return one.turn == Turn::decides; });
}

// Of a round of plans: how much was asked of the forge, and how often progress was shown.
void count_in(PostedRecord& posted, const Writing& writing) {
    if (const auto round = round_of(writing.report); posted.round != round) {
        posted.round = round;
        posted.calls = 0;
        posted.progress_shown = 0;
    } else if (writing.moment.busy && !writing.moment.stale) {
        ++posted.progress_shown;
    }
    posted.written_at_ms = writing.report.now_ms;
}

// Whatever happens before then calls for a report at once.
Task<void> come_again(ReportContext& context, const ClaimedJob& job, const PullRequestName& name,
                      std::int64_t at_ms) {
    Commit commit;
    auto again = make_job(jobs::report(name), name);
    again.not_before_ms = at_ms;
    commit.jobs.push_back(std::move(again));
    commit.holding = job.lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));
}

}  // namespace

Task<void> write_report(ReportContext& context, ClaimedJob job) {
    auto name = job_payload<PullRequestName>(job.job);
    const auto seen = co_await load<PullRecord>(context.queue, pull_key(name));
    auto report = co_await gather_report(context, name);
    if (!report) co_return;
    const auto at = context.forges.find(name.repository.forge);
    if (at == context.forges.end())
        throw Failure("no forge is called " + name.repository.forge, Retry::never);
    Writing writing{context, *at->second, name, std::move(*report), {}, {}, seen.version, {}};
    writing.posted = co_await load<PostedRecord>(context.queue, posted_key(name));
    auto& posted = writing.posted.value;

    writing.moment = moment_of(writing.report, posted);
    const auto& moment = writing.moment;
    if (may_wait(moment))
        co_return co_await come_again(context, job, name, shown_again_ms(posted, moment.bad_news));
    auto out = outgoing(writing.report, posted, moment);
    if (!worth_writing(out, writing.report, posted, moment) && due(writing).empty()) co_return;
    const bool progress = moment.busy && !moment.stale && !moment.bad_news;
    if (progress || !decides(out)) {
        const auto wait = co_await writing.forge.wait_for_rest(name.repository, WriteKind::creates);
        if (wait.count() > 0)
            co_return co_await come_again(
                context, job, name,
                context.clock.now_ms() + std::max(wait, shortest_postponement).count());
    }
    count_in(posted, writing);
    const bool stands = co_await head_stands(writing, seen.value.read_at_ms);
    if (!stands) co_return;
    forget_other_heads(posted, writing.report.pull.head);
    const bool begins = co_await remember_what_begins(writing, out, job.lease);
    if (!begins) co_return;
    auto error = co_await write_or_fail(writing, std::move(out));
    forget_other_heads(posted, writing.report.pull.head);
    const bool remembered = co_await remember(writing, job.lease);
    if (!remembered) co_return co_await have_written_again(writing);
    if (error) std::rethrow_exception(error);
    if (writing.postponed.count() > 0)
        co_await come_again(context, job, name, context.clock.now_ms() + writing.postponed.count());
    else if (moment.stale && moment.busy &&
             !writing.report.discovering_stacks)  // progress, should nothing happen until then
        co_await come_again(context, job, name, shown_again_ms(posted, false));
}

}  // namespace slipway
