// What follows from an event, one overload per kind. Nothing in the payload is believed beyond
// names (W1).
#include "handlers/webhooks/react.hpp"

#include "handlers/webhooks/asked.hpp"
#include "handlers/webhooks/comment_command.hpp"
#include "handlers/webhooks/former_name.hpp"
#include "handlers/webhooks/pulls.hpp"
#include "handlers/webhooks/pushes.hpp"
#include "handlers/webhooks/retry.hpp"
#include "queue/store.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

// 1, 2, 4, 8 s, then the forge is taken at its word.
constexpr int patience = 4;

bool may_lag(const ClaimedJob& job) { return job.attempt <= patience; }

Task<void> react_to(ReactContext& context, PullRequestChanged event, ClaimedJob job) {
    const auto name = event.pull;
    co_await look_at_pull(context, name, LookAgain::if_new, {}, job.lease);
    if (event.change != PullChange::closed) co_return;
    // The push of the merge may come late or never: the branch is looked at from here, too.
    auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
    if (pull.value.pull.state != PullState::merged) co_return;
    CommitSha no_hint;
    co_await look_at_branch(context, name.repository, pull.value.pull.base_branch, no_hint,
                            event.sender, job.lease, may_lag(job));
}

Task<void> react_to(ReactContext& context, BranchPushed event, ClaimedJob job) {
    if (event.after.empty()) co_return;  // the branch is gone: nothing to plan
    co_await look_at_branch(context, event.repository, event.branch, event.before, event.sender,
                            job.lease, may_lag(job));
}

// Rule W2: the comment is read again, must be somebody else's, unedited, and counts once. One that
// commanded nothing when it was made does not command anything later: it need not be read. Edited
// is what differs from the body that the forge signed, too: not every forge tells by its times.
Task<void> react_to(ReactContext& context, CommentCreated event, ClaimedJob job) {
    if (event.body && !parse_comment(*event.body, context.command_words)) co_return;
    auto& forge = *context.forges.at(event.pull.repository.forge);
    auto comment = co_await forge.comment(event.pull, event.comment_id);
    if (!comment || comment->ours || comment->edited || comment->author.bot) co_return;
    if (event.body && *event.body != comment->body) co_return;
    auto command = parse_comment(comment->body, context.command_words);
    if (!command) co_return;

    const auto& forge_name = event.pull.repository.forge;
    Commit commit;
    commit.holding = job.lease;
    commit.finish = true;
    commit.once.push_back(comment_once(forge_name, event.comment_id));
    CommentReply reply;
    reply.pull = event.pull;
    reply.comment_id = event.comment_id;
    if (const auto* mistake = std::get_if<CommandMistake>(&*command)) {
        reply.text = mistake->message;
        commit.jobs.push_back(make_job(jobs::reply(forge_name, event.comment_id), reply));
    } else if (const auto& given = std::get<CommentCommand>(*command); given.verb == Verb::help) {
        reply.text = command_help(context.command_words.front());
        commit.jobs.push_back(make_job(jobs::reply(forge_name, event.comment_id), reply));
    } else {
        Request request;
        request.verb = given.verb;
        request.actor = comment->author;
        request.pull = event.pull;
        request.targets = given.targets;
        request.providers = given.providers;
        request.commit = given.commit;
        request.only_failed = given.only_failed;
        request.lock_ms = given.lock_ms;
        request.or_cancel = given.or_cancel;
        request.resolution = given.resolution;
        request.note = given.note;
        request.comment_id = event.comment_id;
        request.given_at_ms = comment->created_at_ms;
        commit.jobs.push_back(make_job(jobs::command(forge_name, event.comment_id), request));
        commit.jobs.push_back(make_job(jobs::acknowledge(forge_name, event.comment_id), reply));
    }
    co_await context.queue.commit(std::move(commit));  // a conflict: it was acted on already
}

Task<void> react_to(ReactContext& context, ReviewChanged event, ClaimedJob job) {
    Commit commit;
    auto pull = co_await load<PullRecord>(context.queue, pull_key(event.pull));
    if (pull.version) {  // written in any case: whoever has just read the reviews before this one
                         // reads them again
        pull.value.reviews_read = false;
        commit.records.push_back(save(pull_key(event.pull), pull));
    }
    commit.holding = job.lease;
    commit.finish = true;
    commit.jobs.push_back(make_job(jobs::consider(event.pull), event.pull));
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the pull request moved on meanwhile");
}

Task<void> react_to(ReactContext& context, CheckRerequested event, ClaimedJob job) {
    auto& forge = *context.forges.at(event.repository.forge);
    auto numbers = co_await forge.pulls_with_head(event.repository, event.head);
    std::vector<StackId> targets;
    if (!event.external_id.empty()) {
        auto run = co_await load<Run>(context.queue, run_key(RunId(event.external_id)));
        if (run.version) targets.push_back(run.value.stack);
    }
    for (int number : numbers) {
        PullRequestName name{event.repository, number};
        co_await look_at_pull(context, name, LookAgain::always, targets, job.lease);
    }
}

// All of them are written again, by a report that finds none of them there.
Task<void> react_to(ReactContext& context, ChecksLost event, ClaimedJob job) {
    auto& forge = *context.forges.at(event.repository.forge);
    forge.forget_places(event.repository, event.head);
    auto numbers = co_await forge.pulls_with_head(event.repository, event.head);
    Commit commit;
    commit.holding = job.lease;
    commit.finish = true;
    for (int number : numbers) {
        const PullRequestName name{event.repository, number};
        auto posted = co_await load<PostedRecord>(context.queue, posted_key(name));
        if (!posted.version) continue;
        for (auto& [key, digest] : posted.value.check_digests)
            if (key.ends_with("@" + event.head.value)) digest.clear();
        commit.records.push_back(save(posted_key(name), posted));
        commit.jobs.push_back(make_job(jobs::report(name), name));
    }
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("a report was written meanwhile");
}

Task<void> react_to(ReactContext&, InstallationChanged event, ClaimedJob) {
    log_info("installation " + event.action, {{"installation", event.installation_id}});
    co_return;
}

// Names are labels that change; what is remembered under the old one is found again by the next
// event.
Task<void> react_to(ReactContext&, RepositoryRenamed event, ClaimedJob) {
    log_warning("a repository was renamed: its stacks must use the new name",
                {{"from", event.from.text()}, {"to", event.to.text()}});
    co_return;
}

// Its pull requests were judged before they could enter the queue, and what they merge to is
// planned and judged again before anything applies: the queue's commit only must not wait for a
// check that never comes.
Task<void> react_to(ReactContext& context, MergeGroupRequested event, ClaimedJob job) {
    MergeGroupCommit group{event.repository, event.head};
    Commit commit;
    commit.jobs.push_back(make_job(jobs::pass(event.repository, event.head), group));
    commit.holding = job.lease;
    commit.finish = true;
    co_await context.queue.commit(std::move(commit));
}

}  // namespace

Task<void> react(ReactContext& context, ClaimedJob job) {
    auto names = jobs::parse_event(job.job.id);
    if (!names) co_return;
    auto forge = context.forges.find(names->forge);
    auto delivery = co_await context.queue.delivery(names->forge, names->delivery);
    if (!delivery || forge == context.forges.end()) {
        log_warning("a stored delivery cannot be reacted to", {{"job", job.job.id.value}});
        co_return;
    }
    auto parsed = forge->second->parse(*delivery);
    if (const auto* ignored = std::get_if<Ignored>(&parsed)) {
        log_info("event ignored", {{"delivery", names->delivery}, {"reason", ignored->reason}});
        co_return;
    }
    auto& event = std::get<Event>(parsed);
    co_await restore_former_name(context, *delivery, event);
    auto reaction =
        std::visit([&](auto& one) { return react_to(context, std::move(one), job); }, event);
    std::string lagging;
    try {
        co_await std::move(reaction);
    } catch (const ForgeLags& failure) {
        lagging = failure.what();
    }
    if (lagging.empty()) co_return;
    if (may_lag(job)) throw Failure(lagging + " yet", std::chrono::seconds(1 << (job.attempt - 1)));
    log_warning("an event is left alone", {{"delivery", names->delivery}, {"reason", lagging}});
}

Task<void> look_again(ReactContext& context, ClaimedJob job) {
    auto request = job_payload<LookRequest>(job.job);
    const auto lease = job.lease;
    if (!request.asked.empty()) co_return co_await begin_asked(context, request.asked, lease);
    if (!request.retried.empty()) co_return co_await retry_runs(context, std::move(request), lease);
    const auto again = request.stale ? LookAgain::stale : LookAgain::always;
    co_await look_at_pull(context, request.pull, again, request.targets, lease);
}

}  // namespace slipway
