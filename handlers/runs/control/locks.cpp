// Locks of stacks: who may set and lift them is decided in requests.cpp and request_targets.cpp;
// here what follows. A lock is a record, a job that looks at once at what waits for it, and one for
// when it expires.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/base/utf8.hpp"
#include "service/wording/answers.hpp"
#include "service/wording/markup.hpp"

namespace slipway {

namespace {

const StackId& stack_of(const RunTarget& target) { return target.settings().id; }

void store_lock(CommandContext& command, const Stored<StackLock>& lock) {
    auto& commit = command.commit;
    const auto& stack = lock.value.stack;
    commit.records.push_back(save(lock_key(stack), lock));
    commit.index.push_back({locks_index(), stack.value, lock.value.since_ms});
    commit.jobs.push_back(make_job(jobs::lock_changed(stack), stack));
    command.locks.push_back(lock.value);
}

// Who holds it already may make it longer or shorter: it began when it began.
StackLock lock_of(const RunTarget& target, const Request& request, std::int64_t now_ms) {
    const auto& before = target.lock.value;
    StackLock out;
    out.stack = stack_of(target);
    out.space = target.settings().space;
    out.holder = request.actor;
    out.note = std::string(utf8_prefix(one_line(request.note), lock_note_limit));
    out.since_ms = holds(before, now_ms) ? before.since_ms : now_ms;
    out.expires_at_ms =
        now_ms + (request.lock_ms ? std::min(request.lock_ms, lock_longest_ms) : lock_usual_ms);
    return out;
}

bool is_by(const StackLock& lock, const Actor& actor) {
    return lock.holder.forge == actor.forge && lock.holder.login == actor.login;
}

}  // namespace

std::string unlock_command(const ControlContext& context, const Request& request,
                           const std::vector<StackId>& stacks) {
    std::string out = (request.pull ? context.command_word : std::string("slipway")) + " unlock";
    for (const auto& stack : stacks) out += " " + stack.value;
    return out;
}

void lock_stacks(const ControlContext& context, CommandContext& command) {
    const auto& request = command.request;
    const auto now_ms = context.clock.now_ms();
    std::vector<StackId> locked, applying;
    for (const auto& target : command.targets) {
        const auto& before = target.lock.value;
        if (holds(before, now_ms) && !is_by(before, request.actor))
            return refuse(command, Answer::Kind::refused,
                          answers::locked_by_another(
                              before, context.has_organisation_tree ? &before.space : nullptr));
    }
    for (auto& target : command.targets) {
        if (holds(target.lock.value, now_ms))
            command.commit.cancel.push_back(lock_expiry(target.lock.value).id);
        target.lock.value = lock_of(target, request, now_ms);
        store_lock(command, target.lock);
        command.commit.jobs.push_back(lock_expiry(target.lock.value));
        locked.push_back(stack_of(target));
        if (target.is_applying) applying.push_back(stack_of(target));
    }
    if (locked.empty()) return;
    say(command, answers::locked(locked, command.locks.front().expires_at_ms,
                                 unlock_command(context, request, locked)));
    if (!applying.empty()) say(command, answers::applies_go_on(applying));
}

void unlock_stacks(const ControlContext& context, CommandContext& command) {
    const auto now_ms = context.clock.now_ms();
    std::vector<StackId> unlocked, not_locked;
    for (auto& target : command.targets) {
        auto& lock = target.lock.value;
        if (!holds(lock, now_ms)) {
            not_locked.push_back(stack_of(target));
            continue;
        }
        if (!target.may_unlock)
            return refuse(command, Answer::Kind::refused,
                          answers::held_by_another(
                              lock, context.has_organisation_tree ? &lock.space : nullptr));
        command.commit.cancel.push_back(lock_expiry(lock).id);
        lock.expires_at_ms = 0;
        store_lock(command, target.lock);
        unlocked.push_back(lock.stack);
    }
    if (unlocked.empty())
        return refuse(command, Answer::Kind::refused, answers::not_locked(not_locked));
    say(command, answers::unlocked(unlocked));
}

}  // namespace slipway
