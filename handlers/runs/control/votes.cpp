// Approvals and rejections given by a command, kept with the plan that they are about.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

// Rule W3: an approval binds to the plan it names, else to one that was shown at least ten seconds
// before.
constexpr std::int64_t time_to_read_ms = 10'000;

bool was_shown_long_enough(const CommandContext& command, const std::string& digest) {
    const auto& posted = command.posted.value.posted_at_ms;
    const auto shown = posted.find(digest);
    return shown != posted.end() && command.request.given_at_ms >= shown->second + time_to_read_ms;
}

// Why nothing can be said about the run's plan; "": it can.
std::string why_no_vote(const CommandContext& command, const RunTarget& target, bool approves) {
    const auto& run = target.run.value;
    const auto& stack = target.stack->settings.id;
    if (run.kind == RunKind::tracked && is_terminal(run.state))
        return answers::over(stack, run.state, approves);
    if (plan_of(run).digest.empty()) return answers::no_plan_yet(stack);
    if (!target.plan.empty() && !plan_of(run).digest.starts_with(target.plan))
        return answers::another_plan(stack, plan_of(run).digest, true);
    const bool by_comment = !command.request.comment_id.empty();
    if (target.plan.empty() && approves && by_comment &&
        !was_shown_long_enough(command, plan_of(run).digest))
        return answers::not_shown_long_enough(stack, plan_of(run).digest);
    return "";
}

struct Caveat {
    std::string text;    // "": none
    bool counts = true;  // the approval, or at least it may
};

// What keeps an approval from having the effect that its giver may expect.
Caveat approval_caveat(const CommandContext& command, const RunTarget& target) {
    if (plan_of(target.run.value).decision.verdict == Verdict::denied)
        return {answers::approved_though_denied(), false};
    if (!target.not_counted.empty())
        return {answers::approval_not_counted(target.not_counted), false};
    // By the login alone, as the approval policies see it.
    if (command.pull.value.pull.author.login == command.request.actor.login)
        return {answers::approved_own_change()};
    return {};
}

}  // namespace

void record_vote(CommandContext& command, RunTarget& target, bool approves) {
    if (const auto why = why_no_vote(command, target, approves); !why.empty())
        return refuse(command, Answer::Kind::refused, why);
    const auto& run = target.run.value;
    KeptReview kept;
    kept.author = command.request.actor;
    kept.approves = approves;
    kept.stack = run.stack.value;
    kept.plan_digest = plan_of(run).digest;
    kept.commit = run.head;
    kept.comment_id = command.request.comment_id;
    kept.note = command.request.note;
    kept.granted = command.request.granted;
    kept.at_ms = command.request.given_at_ms;
    auto& all = command.pull.value.kept_reviews;
    std::erase_if(
        all, [&](const KeptReview& k) { return k.author == kept.author && k.stack == kept.stack; });
    all.push_back(std::move(kept));
    command.pull_changed = true;
    say(command, answers::voted(target.stack->settings.id, plan_of(run).digest, approves));
    if (!approves) return;
    const auto limits = approval_caveat(command, target);
    if (limits.text.empty()) return;
    say(command, limits.text);
    command.answer.counts = command.answer.counts && limits.counts;
}

}  // namespace slipway
