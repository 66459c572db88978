// What is answered to who locks a stack, or lifts a lock.
#include "service/wording/answers.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/markup.hpp"

namespace slipway::answers {

namespace {

std::string locked_by(const StackLock& lock) {
    return quoted(lock.stack) + " is locked by " + code_span(lock.holder.login) + " until " +
           lock_end_text(lock.expires_at_ms);
}

std::string who_unlocks(const StackLock& lock, const SpaceId* space) {
    return code_span(lock.holder.login) + (space
                                               ? " or somebody with the role admin in the space `" +
                                                     (space->empty() ? "root" : space->value) + "`"
                                               : " or an administrator of the repository");
}

}  // namespace

std::string locked(const std::vector<StackId>& stacks, std::int64_t expires_at_ms,
                   std::string_view unlock) {
    const bool one = stacks.size() == 1;
    return quoted(stacks) + (one ? " is" : " are") + " locked until " +
           lock_end_text(expires_at_ms) + ": nothing of " + (one ? "it" : "them") +
           " is applied until then, and plans are made as usual. To lift the lock: `" +
           std::string(unlock) + "`.";
}

std::string applies_go_on(const std::vector<StackId>& stacks) {
    return (stacks.size() == 1 ? "The apply of " : "The applies of ") + quoted(stacks) +
           (stacks.size() == 1 ? " has" : " have") + " begun already and will come to an end.";
}

std::string locked_by_another(const StackLock& lock, const SpaceId* space) {
    return locked_by(lock) + " already, so it was not locked again. " + who_unlocks(lock, space) +
           " can lift that lock.";
}

std::string held_by_another(const StackLock& lock, const SpaceId* space) {
    return locked_by(lock) + ". Only " + who_unlocks(lock, space) + " can lift that lock.";
}

std::string not_applied_while_locked(const StackLock& lock, std::string_view unlock) {
    return locked_by(lock) + ", so nothing of it is applied. " + code_span(lock.holder.login) +
           " or an administrator can lift the lock: `" + std::string(unlock) + "`.";
}

std::string unlocked(const std::vector<StackId>& stacks) {
    return quoted(stacks) + (stacks.size() == 1 ? " is" : " are") +
           " unlocked. What waited for that alone is applied now.";
}

std::string not_locked(const std::vector<StackId>& stacks) {
    return quoted(stacks) + (stacks.size() == 1 ? " is" : " are") + " not locked.";
}

}  // namespace slipway::answers
