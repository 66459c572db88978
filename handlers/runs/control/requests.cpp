// A person's request: who may, on what, and what follows. Comment, command line and page come here
// alike, so that one matrix answers all of them (rule W2).
#include <algorithm>
#include <set>
#include <string_view>

#include "handlers/runs/control/command_context.hpp"
#include "service/base/log.hpp"
#include "service/model/unneeded.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

void refuse(CommandContext& command, Answer::Kind kind, std::string text) {
    command.answer.kind = kind;
    command.answer.text = std::move(text);
}

void say(CommandContext& command, const std::string& sentence) {
    if (!command.answer.text.empty()) command.answer.text += " ";
    command.answer.text += sentence;
}

namespace {

// Whoever may push a branch may have a fork's commit planned as one.
Role needed_role(const Request& request) {
    const auto verb = request.verb;
    if (verb == Verb::destroy) return Role::admin;
    if (verb == Verb::allow && request.commit.empty()) return Role::admin;
    return verb == Verb::explain || verb == Verb::help ? Role::reader : Role::writer;
}

constexpr Permission needed_permission(Role role) {
    return role == Role::reader ? Permission::read : Permission::write;
}

}  // namespace

Task<bool> may(ControlContext& context, const Request& request, const RepositoryName& repository,
               const SpaceId& space, Role needed) {
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

namespace {

Task<void> check_rights(ControlContext& context, CommandContext& command, RepositoryName repository,
                        SpaceId space) {
    const auto& request = command.request;
    const auto needed = needed_role(request);
    bool allowed = co_await may(context, request, repository, space, needed);
    if (allowed) co_return;
    command.lacks = ToldNo{request.actor, needed, space};
    refuse(command, Answer::Kind::refused,
           answers::lacks_rights(request.verb, needed,
                                 context.has_organisation_tree ? &space : nullptr, request.actor));
}

// Whoever names no stack means those that the verb can do something for; where there are none, all:
// the answer says of each why not.
void leave_out_what_asks_for_nothing(CommandContext& command) {
    const auto verb = command.request.verb;
    if (!command.request.targets.empty() || command.request.run ||
        (verb != Verb::apply && verb != Verb::retry && verb != Verb::cancel))
        return;
    const auto asks = [&](const RunTarget& target) {
        if (!target.run.version) return false;
        const auto& run = target.run.value;
        if (verb == Verb::cancel)
            return run.state == RunState::applying ||
                   next(run.kind, run.state, RunEvent::canceled).has_value();
        if (command.pull.value.pull.state == PullState::open && verb == Verb::retry) return true;
        if (was_unneeded(run)) return false;
        if (can_be_retried(run)) return true;
        if (verb == Verb::retry) return false;
        return run.kind == RunKind::tracked ? run.state == RunState::unconfirmed
                                            : plan_of(run).changes;
    };
    if (std::none_of(command.targets.begin(), command.targets.end(), asks)) return;
    std::erase_if(command.targets, [&](const RunTarget& target) { return !asks(target); });
}

// The targets, with all that is to be known of them; refused where somebody may not, or means
// nothing.
Task<void> read_request(ControlContext& context, CommandContext& command) {
    co_await find_targets(context, command);
    if (!command.refused() && command.targets.empty() && command.request.pull) {
        SpaceId root;
        co_await check_rights(context, command, command.request.pull->repository, root);
    }
    if (command.refused()) co_return;
    leave_out_what_asks_for_nothing(command);
    for (const auto& target : command.targets) {
        co_await check_rights(context, command, target.repository(command.pull.value),
                              target.settings().space);
        if (command.refused()) co_return;
    }
    co_await read_for_verb(context, command);
}

void plan(CommandContext& command, const std::vector<const RunTarget*>& targets) {
    const auto& pull = command.pull;
    const bool over = pull.version && pull.value.pull.state != PullState::open;
    if (!command.request.pull || over)
        return refuse(command, Answer::Kind::impossible, answers::only_open_is_planned());
    plan_again(command, targets);
}

// "-target=x" or "as agreed, --refresh=false": somebody may expect that it is passed on.
bool looks_like_options(std::string_view note) {
    char before = ' ';
    for (std::size_t at = 0; at + 1 < note.size(); before = note[at++]) {
        if (before != ' ' || note[at] != '-') continue;
        const char next = note[at + 1];
        if (at == 0 || next == '-' || (next >= 'a' && next <= 'z')) return true;
    }
    return false;
}

std::vector<std::string> tools_of(const CommandContext& command) {
    std::set<std::string> tools;
    for (const auto& target : command.targets)
        tools.emplace(traits_of(target.settings().tool).title);
    return {tools.begin(), tools.end()};
}

// `atlantis unlock` frees what a pull request holds: its stacks' locks, else their lanes.
void choose_verb(const ControlContext& context, CommandContext& command) {
    auto& request = command.request;
    const auto locked = [&](const RunTarget& target) {
        return holds(target.lock.value, context.clock.now_ms());
    };
    if (request.or_cancel && std::none_of(command.targets.begin(), command.targets.end(), locked))
        request.verb = Verb::cancel;
}

void decide(const ControlContext& context, CommandContext& command) {
    choose_verb(context, command);
    const auto verb = command.request.verb;
    const auto again = planned_again(command);
    for (auto& target : command.targets) {
        if (verb == Verb::allow || std::ranges::find(again, &target) != again.end()) continue;
        carry_out(context, command, target);
        if (command.refused()) return;
    }
    create_before_merge(command);
    if (command.request.or_cancel && command.answer.text.empty() && verb == Verb::cancel)
        say(command, answers::nothing_held());
    if (verb == Verb::allow)
        allow(context, command);
    else if (verb == Verb::lock)
        lock_stacks(context, command);
    else if (verb == Verb::unlock)
        unlock_stacks(context, command);
    else if (verb == Verb::plan)
        plan(command, again);
    else if (verb == Verb::drift || verb == Verb::destroy)
        ask_for_run(context, command);
    else if (!again.empty())
        retry(command, again);
    if (!command.refused() && looks_like_options(command.request.note) && verb != Verb::explain)
        say(command, answers::note_goes_nowhere(tools_of(command)));
}

void leave_reply(CommandContext& command) {
    CommentReply reply;
    reply.pull = *command.request.pull;
    reply.comment_id = command.request.comment_id;
    reply.text = command.answer.text;
    reply.explained = std::move(command.explained);
    command.commit.jobs.push_back(
        make_job(jobs::reply(reply.pull.repository.forge, reply.comment_id), reply));
}

// Whoever lacks a role is told so in one reply, and not in one for each comment. True: this is it.
bool is_news(CommandContext& command) {
    if (!command.lacks || !command.pull.version) return true;
    auto& told = command.pull.value.told_no;
    if (std::ranges::find(told, *command.lacks) != told.end()) return false;
    if (told.size() == told_no_limit) return true;
    told.push_back(*command.lacks);
    command.commit.records.push_back(save(pull_key(*command.request.pull), command.pull));
    return true;
}

// All that the request leaves behind; a refusal nothing but its answer.
Commit commit_of(CommandContext& command, const std::string& key) {
    if (command.refused()) {
        command.commit = Commit();
        command.explained.clear();
        command.pull_changed = false;
        command.locks.clear();
    }
    const bool in_comment = !command.request.comment_id.empty();
    const bool replies = in_comment && is_news(command);
    auto& commit = command.commit;
    if (command.pull_changed) {
        const auto& name = *command.request.pull;
        commit.records.push_back(save(pull_key(name), command.pull));
        commit.jobs.push_back(make_job(jobs::consider(name), name));
    }
    commit.records.push_back(save(key, Stored<Answer>{command.answer, 0}));
    if (replies) leave_reply(command);
    return std::move(commit);
}

}  // namespace

Task<void> answer_request(ControlContext& context, ClaimedJob job) {
    CommandContext command;
    command.request = job_payload<Request>(job.job);
    // Answered before: somebody put an old job back into Redis.
    const auto key = answer_key(job.job.id);
    const auto answer = co_await load<Answer>(context.queue, key);
    if (answer.version) co_return;
    co_await read_request(context, command);
    if (!command.refused()) decide(context, command);
    auto commit = commit_of(command, key);
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("something moved on meanwhile");
    for (const auto& lock : command.locks)
        log_info(lock.expires_at_ms ? "a stack was locked" : "a stack was unlocked",
                 {{"stack", lock.stack.value},
                  {"by", command.request.actor.text()},
                  {"expires_at_ms", lock.expires_at_ms}});
}

}  // namespace slipway
