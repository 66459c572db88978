// A person's request: who may, on what, and what follows. Comment, command line and page come here
// alike, so that one matrix answers all of them (rule W2).
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"

namespace slipway {

namespace {

constexpr Role needed_role(Verb verb) {
    if (verb == Verb::allow) return Role::admin;
    return verb == Verb::explain || verb == Verb::help ? Role::reader : Role::writer;
}

constexpr Permission needed_permission(Role role) {
    return role == Role::reader ? Permission::read : Permission::write;
}

Task<bool> may(ControlContext& context, const Request& request, const RepositoryName& repository,
               const SpaceId& space) {
    const auto needed = needed_role(request.verb);
    if (request.granted >= needed) co_return true;
    if (request.actor.forge != repository.forge) co_return false;
    auto& forge = *context.forges.at(repository.forge);
    auto permission = co_await forge.permission(repository, request.actor);
    if (permission < needed_permission(needed)) co_return false;
    // Without a tree nobody has a role: who administers the repository stands in for the role
    // admin.
    if (!context.has_organisation_tree)
        co_return needed != Role::admin || permission == Permission::admin;
    auto role = co_await role_in(context, request.actor, space);
    co_return role >= needed;
}

Task<void> find_targets(ControlContext& context, CommandContext& command) {
    auto& request = command.request;
    if (request.run) {
        RunTarget target;
        target.run = co_await load<Run>(context.queue, run_key(*request.run));
        if (!target.run.version) {
            refuse(command, Answer::Kind::impossible,
                   "There is no run " + request.run->value + ".");
            co_return;
        }
        const auto& run = target.run.value;
        if (run.pull) request.pull = PullRequestName{run.repository, *run.pull};
        target.named = true;
        command.targets.push_back(std::move(target));
    }
    if (!request.pull) co_return;
    command.pull = co_await load<PullRecord>(context.queue, pull_key(*request.pull));
    command.posted = co_await load<PostedRecord>(context.queue, posted_key(*request.pull));
    const auto& known = command.pull.value;
    if (!command.pull.version && request.verb == Verb::plan)
        co_return;  // its event was lost: all of it is planned
    if (!command.pull.version && !request.run) {
        refuse(command, Answer::Kind::impossible,
               "This pull request was not looked at yet; `plan` does that.");
        co_return;
    }
    if (known.discovering_stacks && known.pull.state == PullState::open && !request.run &&
        request.verb != Verb::plan) {
        refuse(command, Answer::Kind::impossible,
               "The newest commit is not planned yet, and what was planned before is of another "
               "one. Ask again "
               "when the comment shows its plan.");
        co_return;
    }
    for (auto& stack : command.pull.value.stacks) {
        if (request.run) {
            auto& target = command.targets.front();
            if (stack.settings.id == target.run.value.stack) target.stack = &stack;
            continue;
        }
        const CommandTarget* meant = nullptr;
        RunTarget target;
        target.stack = &stack;
        for (const auto& candidate : request.targets) {
            if (target_matches(candidate, stack.settings)) meant = &candidate;
            target.named = target.named || names(candidate, stack.settings);
        }
        if (!request.targets.empty() && !meant) continue;
        if (meant) target.plan = meant->plan;
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        if (!id.empty()) target.run = co_await load<Run>(context.queue, run_key(id));
        command.targets.push_back(std::move(target));
    }
    if (!command.targets.empty()) co_return;
    std::string known_names;
    for (const auto& stack : known.stacks)
        known_names += (known_names.empty() ? "`" : ", `") + stack.settings.id.value + "`";
    refuse(command, Answer::Kind::impossible,
           request.targets.empty() || known_names.empty()
               ? "This pull request concerns no stack."
               : "No stack of this pull request is called like that; it concerns " + known_names +
                     ".");
}

Task<void> check_rights(ControlContext& context, CommandContext& command, RepositoryName repository,
                        SpaceId space) {
    bool allowed = co_await may(context, command.request, repository, space);
    if (allowed) co_return;
    const auto role = needed_role(command.request.verb);
    const bool administers = role == Role::admin && !context.has_organisation_tree;
    refuse(command, Answer::Kind::refused,
           "`" + std::string(word(command.request.verb)) + "` needs " +
               (administers ? "admin" : "write") + " permission on the repository" +
               (context.has_organisation_tree
                    ? " and the role " + std::string(word(std::max(role, Role::writer))) +
                          " in the space `" + (space.empty() ? "root" : space.value) + "`"
                    : "") +
               "; " + command.request.actor.login + " does not have it.");
}

// Whoever names no stack means those that the verb can do something for; where there are none, all:
// the answer says of each why not.
void leave_out_what_asks_for_nothing(CommandContext& command) {
    const auto verb = command.request.verb;
    if (!command.request.targets.empty() || command.request.run ||
        (verb != Verb::apply && verb != Verb::retry))
        return;
    const auto asks = [&](const RunTarget& target) {
        if (!target.run.version) return false;
        const auto& run = target.run.value;
        if (command.pull.value.pull.state == PullState::open && verb == Verb::retry) return true;
        if (can_be_retried(run)) return true;
        if (verb == Verb::retry) return false;
        return run.kind == RunKind::tracked ? run.state == RunState::unconfirmed : run.changes;
    };
    if (std::none_of(command.targets.begin(), command.targets.end(), asks)) return;
    std::erase_if(command.targets, [&](const RunTarget& target) { return !asks(target); });
}

Task<void> decide(ControlContext& context, CommandContext& command) {
    co_await find_targets(context, command);
    if (command.answer.kind == Answer::Kind::done && command.targets.empty() &&
        command.request.pull) {
        SpaceId root;
        co_await check_rights(context, command, command.request.pull->repository, root);
    }
    if (command.answer.kind != Answer::Kind::done) co_return;
    const bool for_all = command.request.verb == Verb::plan || command.request.verb == Verb::retry;
    std::vector<const RunTarget*> again;
    leave_out_what_asks_for_nothing(command);
    for (auto& target : command.targets) {
        const auto& settings = target.stack ? target.stack->settings : target.run.value.settings;
        const auto& repository =
            target.stack ? command.pull.value.pull.name.repository : target.run.value.repository;
        co_await check_rights(context, command, repository, settings.space);
        if (command.answer.kind != Answer::Kind::done) co_return;
        const bool needs_stack = command.request.verb == Verb::approve ||
                                 command.request.verb == Verb::reject ||
                                 command.request.verb == Verb::explain;
        if (needs_stack && !target.stack) {
            refuse(command, Answer::Kind::impossible, "This run belongs to no pull request.");
            co_return;
        }
        if (command.request.verb == Verb::allow) continue;
        // A call that names a run means that run and no other: `slipway retry` asks for a new one.
        const bool applies_again = command.request.verb == Verb::apply && !command.request.run &&
                                   target.run.version && can_be_retried(target.run.value);
        if (for_all || applies_again) {
            again.push_back(&target);
            continue;
        }
        co_await carry_out(context, command, target);
        if (command.answer.kind != Answer::Kind::done) co_return;
    }
    if (command.request.verb == Verb::allow) co_await allow_providers(context, command);
    if (command.request.verb == Verb::plan) {
        if (!command.request.pull ||
            (command.pull.version && command.pull.value.pull.state != PullState::open))
            refuse(command, Answer::Kind::impossible,
                   "Only an open pull request can be planned again; after the merge, "
                   "`retry` plans again what failed.");
        else
            plan_again(command, again);
    } else if (!again.empty()) {
        co_await retry(context, command, std::move(again));
    }
    if (command.answer.kind == Answer::Kind::done && command.request.note.starts_with("-") &&
        command.request.verb != Verb::explain)
        say(command, "What stands behind `-- ` is a note: nothing of it is passed on to the tool.");
}

}  // namespace

Task<void> answer_request(ControlContext& context, ClaimedJob job) {
    CommandContext command;
    command.request = job_payload<Request>(job.job);
    // Answered before: somebody put an old job back into Redis.
    const auto key = "answer/" + job.job.id.value;
    auto answer = co_await load<Answer>(context.queue, key);
    if (answer.version) co_return;
    co_await decide(context, command);
    // A refusal leaves nothing behind but its answer.
    if (command.answer.kind != Answer::Kind::done) {
        command.commit = Commit();
        command.explained.clear();
        command.pull_changed = false;
    }
    auto& commit = command.commit;
    if (command.pull_changed) {
        const auto& name = *command.request.pull;
        commit.records.push_back(save(pull_key(name), command.pull));
        commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
    }
    answer.value = command.answer;
    commit.records.push_back(save(key, answer));
    if (!command.request.comment_id.empty()) {
        CommentReply reply;
        reply.pull = *command.request.pull;
        reply.comment_id = command.request.comment_id;
        reply.text = command.answer.text;
        reply.explained = std::move(command.explained);
        commit.jobs.push_back(
            make_job(JobKind::reply, reply.pull.repository.forge + "/" + reply.comment_id, reply));
    }
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("something moved on meanwhile");
}

}  // namespace slipway
