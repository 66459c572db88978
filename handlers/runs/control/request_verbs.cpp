// What each verb of a request does, to one target after the other; who may ask is decided in
// requests.cpp.
#include <algorithm>

#include "handlers/runs/control/command_context.hpp"
#include "service/base/digest.hpp"
#include "service/model/provider.hpp"

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

// Rule W3: an approval binds to the plan it names, else to one that was shown at least ten seconds
// before.
constexpr std::int64_t time_to_read_ms = 10'000;

// What keeps an approval from having the effect that its giver may expect.
Task<std::string> approval_caveat(ControlContext& context, CommandContext& command,
                                  const Run& run) {
    if (run.plan_decision.verdict == Verdict::denied)
        co_return "It is denied all the same: an approval does not lift that.";
    if (command.request.granted < Role::writer) {
        auto why = co_await why_not_counted(context, run.repository, command.request.actor,
                                            run.settings.space);
        if (!why.empty()) co_return "It does not count: " + why + ".";
    }
    if (command.pull.value.pull.author == command.request.actor)
        co_return "It is your own change, which counts only where the approval policy says so.";
    co_return "";
}

Task<void> record_vote(ControlContext& context, CommandContext& command, RunTarget& target,
                       bool approves) {
    const auto& run = target.run.value;
    const auto name = "`" + target.stack->settings.id.value + "`";
    if (run.kind == RunKind::tracked && is_terminal(run.state)) {
        refuse(command, Answer::Kind::refused,
               "The run of " + name + " is " + std::string(word(run.state)) +
                   ": there is nothing to " + (approves ? "approve" : "reject") + " any more.");
        co_return;
    }
    if (run.plan_digest.empty()) {
        refuse(
            command, Answer::Kind::refused,
            name + " has no plan yet; an approval given before there is one counts for nothing.");
        co_return;
    }
    if (!target.plan.empty() && !run.plan_digest.starts_with(target.plan)) {
        refuse(command, Answer::Kind::refused,
               "The plan of " + name + " is now " + std::string(shortened(run.plan_digest, 4)) +
                   ", not the one that was named; look at it and approve that one.");
        co_return;
    }
    if (target.plan.empty() && approves && !command.request.comment_id.empty()) {
        auto shown = command.posted.value.posted_at_ms.find(run.plan_digest);
        if (shown == command.posted.value.posted_at_ms.end() ||
            command.request.given_at_ms < shown->second + time_to_read_ms) {
            refuse(command, Answer::Kind::refused,
                   "The plan of " + name +
                       " had been shown for less than ten seconds; approve it by its name, `" +
                       target.stack->settings.id.value + "@" +
                       std::string(shortened(run.plan_digest, 4)) + "`, or say it again.");
            co_return;
        }
    }
    KeptReview kept;
    kept.author = command.request.actor;
    kept.approves = approves;
    kept.stack = run.stack.value;
    kept.plan_digest = run.plan_digest;
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
    say(command, std::string(approves ? "Approved" : "Rejected") + " plan " +
                     std::string(shortened(run.plan_digest, 4)) + " of " + name + ".");
    if (!approves) co_return;
    const auto limits = co_await approval_caveat(context, command, run);
    if (!limits.empty()) say(command, limits);
}

// A destroy of all that a stack manages is confirmed by whoever says which stack, and by nobody in
// passing.
bool lacks_its_name(const ControlContext& context, CommandContext& command,
                    const RunTarget& target) {
    const auto& run = target.run.value;
    if (!run.destroy || target.named) return false;
    const auto name = "`" + run.stack.value + "`";
    const auto sentence =
        "Confirming " + name + " destroys " +
        (run.counts.remove == 1 ? "1 resource" : std::to_string(run.counts.remove) + " resources") +
        ", so it must be named: `" + context.command_word + " apply " + run.stack.value + "`.";
    if (command.targets.size() == 1)
        refuse(command, Answer::Kind::refused, sentence);
    else
        say(command, sentence);
    return true;
}

Task<void> confirm(ControlContext& context, CommandContext& command, RunTarget& target) {
    auto& run = target.run.value;
    const auto name = "`" + run.stack.value + "`";
    if (lacks_its_name(context, command, target)) co_return;
    if (run.settings.mode == Mode::observe) {
        refuse(command, Answer::Kind::refused, name + " is only observed; nothing is applied.");
        co_return;
    }
    if (!target.plan.empty() && !run.plan_digest.starts_with(target.plan)) {
        refuse(command, Answer::Kind::refused,
               "The plan of " + name + " is now " + std::string(shortened(run.plan_digest, 4)) +
                   ", not the one that was named.");
        co_return;
    }
    std::vector<ForgeReview> reviews;
    auto& forge = *context.forges.at(run.repository.forge);
    if (command.request.pull) reviews = co_await forge.reviews(*command.request.pull);
    const PullRecord* pull = command.pull.version ? &command.pull.value : nullptr;
    auto considered = co_await consider_run(context, run, pull, &command.posted.value, reviews);
    const auto& approval = considered.approval;
    if (approval.approval != Approval::approved) {
        std::string missing;
        for (const auto& one : approval.missing) missing += (missing.empty() ? ": " : ", ") + one;
        refuse(command, Answer::Kind::refused,
               approval.approval == Approval::error
                   ? "An approval policy of " + name +
                         " could not be evaluated, so nothing is applied."
               : approval.approval == Approval::rejected
                   ? "An approval policy rejects " + name + "."
                   : "Approvals of " + name + " are missing" + missing + ".");
        co_return;
    }
    start_apply(context, command.commit, target.run, approval, command.request.actor.text(),
                command.request.note);
    co_await report_those_behind(context, command.commit, run);
    say(command,
        name + " is confirmed: it is applied when a worker has looked at everything again.");
}

// Before the merge: a tracked run of the merge result, which applies if its plan is the one shown
// here.
void apply_before_merge(ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& shown = target.run.value;
    Run run = shown;
    run.kind = RunKind::tracked;
    const auto asked = shown.id.value + "/" + command.request.comment_id + "/" +
                       std::to_string(command.request.given_at_ms);
    run.id = RunId("b" + sha256_hex(asked).substr(0, 19));
    run.before_merge = true;
    run.state = RunState::queued;
    run.history.clear();
    run.approved_run = shown.id;
    run.confirmed_by = command.request.actor.text();
    run.created_at_ms = context.clock.now_ms();
    run.plan_document = run.plan_file = run.tool_document = BlobId();
    run.plan_digest.clear();
    run.change_digest.clear();
    run.counts = PlanCounts();
    run.changes = false;
    run.plan_decision = PlanDecision();
    run.resources = -1;
    run.planned_at_ms = run.finished_at_ms = 0;
    StateChange first;
    first.at_ms = run.created_at_ms;
    first.by = run.confirmed_by;
    run.history.push_back(std::move(first));
    Stored<Run> stored{run, 0};
    command.commit.records.push_back(save(run_key(run.id), stored));
    command.commit.index.push_back({"runs", run.id.value, run.created_at_ms});
    command.commit.index.push_back({"runs/" + run.stack.value, run.id.value, run.created_at_ms});
    command.commit.enter.push_back(
        {lane_of(run), run.id.value, make_job(JobKind::prepare, run.id.value, run.id)});
    target.stack->tracked = run.id;
    command.pull_changed = true;
    say(command, "`" + run.stack.value +
                     "` is planned once more and applied if the plan is the one shown here.");
}

Task<void> apply(ControlContext& context, CommandContext& command, RunTarget& target) {
    const auto& run = target.run.value;
    const auto name =
        "`" + (target.stack ? target.stack->settings.id.value : run.stack.value) + "`";
    if (target.run.version && run.kind == RunKind::tracked && run.state == RunState::unconfirmed) {
        co_await confirm(context, command, target);
    } else if (target.run.version && run.kind == RunKind::proposed &&
               run.settings.apply_when == ApplyWhen::before_merge &&
               run.state == RunState::finished && run.changes) {
        if (target.stack->approval.approval != Approval::approved)
            refuse(command, Answer::Kind::refused, "Approvals of " + name + " are missing.");
        else if (!lacks_its_name(context, command, target))
            apply_before_merge(context, command, target);
    } else if (target.run.version && run.kind == RunKind::proposed) {
        refuse(command, Answer::Kind::refused,
               run.plan_decision.verdict == Verdict::denied
                   ? name + " is denied, so nothing of it is applied."
               : run.settings.apply_when == ApplyWhen::before_merge
                   ? name + " has no finished plan with changes to apply."
                   : name + " is applied after the merge; merge the pull request first.");
    } else {
        refuse(command, Answer::Kind::refused,
               name + " does not wait for a confirmation" +
                   (target.run.version ? ": its run is " + std::string(word(run.state)) : "") +
                   ".");
    }
}

void cancel(ControlContext& context, CommandContext& command, RunTarget& target) {
    auto& run = target.run.value;
    const auto name = "`" + run.stack.value + "`";
    if (!target.run.version || !next(run.kind, run.state, RunEvent::canceled)) {
        refuse(command, Answer::Kind::refused,
               run.state == RunState::applying
                   ? "The apply of " + name +
                         " has begun; stopping it halfway needs somebody at the tool."
                   : name + " has nothing to cancel.");
        return;
    }
    run.reason = std::string(word(*next(run.kind, run.state, RunEvent::canceled))) + " by " +
                 command.request.actor.login +
                 (command.request.note.empty() ? "" : ": " + command.request.note);
    advance(run, RunEvent::canceled, context.clock.now_ms(), command.request.actor.text(),
            command.request.note);
    command.commit.cancel.push_back(JobId("prepare/" + run.id.value));
    command.commit.cancel.push_back(JobId("perform/" + run.id.value + "/plan"));
    command.commit.cancel.push_back(JobId("perform/" + run.id.value + "/apply"));
    store_run(command.commit, target.run);
    say(command, name + " is " + std::string(word(run.state)) + ".");
}

// A person who has looked says how an apply ended whose end nobody saw. What is left shows in a new
// plan.
Task<void> resolve(ControlContext& context, CommandContext& command, RunTarget& target) {
    auto& run = target.run.value;
    const auto name = "`" + (target.stack ? target.stack->settings.id : run.stack).value + "`";
    if (!target.run.version || run.state != RunState::unknown) {
        refuse(command, Answer::Kind::refused,
               name + " has no apply whose end is unknown" +
                   (target.run.version ? ": its run is " + std::string(word(run.state)) : "") +
                   ".");
        co_return;
    }
    if (!command.request.resolution) {
        refuse(command, Answer::Kind::impossible,
               "Say how the apply of " + name + " ended: `applied` or `failed`.");
        co_return;
    }
    auto left = co_await make_follow_up(context, run);
    const bool applied = *command.request.resolution == Resolution::applied;
    const std::string ended(word(*command.request.resolution));
    run.reason = ended + ", as " + command.request.actor.login + " says" +
                 (command.request.note.empty() ? "" : ": " + command.request.note);
    advance(run, applied ? RunEvent::resolved_applied : RunEvent::resolved_failed,
            context.clock.now_ms(), command.request.actor.text(), command.request.note);
    command.commit.cancel.push_back(JobId("perform/" + run.id.value + "/find_out"));
    store_run(command.commit, target.run);
    if (target.stack && target.stack->tracked == run.id) {
        target.stack->tracked = left.id;
        command.pull_changed = true;
    }
    Stored<Run> stored{std::move(left), 0};
    const auto& next = stored.value;
    command.commit.records.push_back(save(run_key(next.id), stored));
    command.commit.index.push_back({"runs", next.id.value, next.created_at_ms});
    command.commit.index.push_back({"runs/" + next.stack.value, next.id.value, next.created_at_ms});
    command.commit.enter.push_back(
        {lane_of(next), next.id.value, make_job(JobKind::prepare, next.id.value, next.id)});
    say(command,
        "The apply of " + name + " counts as " + ended + "; a new plan shows what is left.");
}

}  // namespace

void plan_again(CommandContext& command, const std::vector<const RunTarget*>& targets) {
    LookRequest look;
    look.pull = *command.request.pull;
    for (const auto* target : targets)
        if (target->stack) look.targets.push_back(target->stack->settings.id);
    command.commit.jobs.push_back(
        make_job(JobKind::look, look.pull.text() + "/" + command.request.comment_id, look));
    say(command, "Planning again.");
}

namespace {

// Adds what is new of `more`; all of it as a person reads it.
std::string add_sources(std::vector<std::string>& allowed, const std::vector<std::string>& more) {
    std::string names;
    for (const auto& source : more) {
        if (std::find(allowed.begin(), allowed.end(), source) == allowed.end())
            allowed.push_back(source);
        names += (names.empty() ? "`" : ", `") + source + "`";
    }
    return names;
}

Task<void> allow_for_stack(ControlContext& context, CommandContext& command) {
    const auto& target = command.targets.front();
    const auto& run = target.run.value;
    for (const auto& source : command.request.providers)
        if (provider_address(source, run.settings.tool).empty())
            co_return refuse(command, Answer::Kind::impossible,
                             "`" + source + "` is not the source of a provider.");
    const auto key = providers_key(run.settings.id);
    auto basis = co_await load<ProviderBasis>(context.queue, key);
    if (!basis.version) basis.value.commit = run.base;
    say(command, "Allowed for the stack `" + run.stack.value +
                     "`: " + add_sources(basis.value.allowed, command.request.providers) + ".");
    command.commit.records.push_back(save(key, basis));
    std::vector<const RunTarget*> again{&target};
    if (can_be_retried(run)) co_await retry(context, command, std::move(again));
}

}  // namespace

Task<void> allow_providers(ControlContext& context, CommandContext& command) {
    if (command.request.run) co_return co_await allow_for_stack(context, command);
    if (!command.pull.version || command.request.providers.empty())
        co_return refuse(
            command, Answer::Kind::impossible,
            "Providers are allowed on a pull request that was planned, by their sources.");
    say(command, "Allowed on this pull request: " +
                     add_sources(command.pull.value.allowed_providers, command.request.providers) +
                     ".");
    command.pull_changed = true;
    if (command.pull.value.pull.state == PullState::open) {
        std::vector<const RunTarget*> all;
        for (const auto& target : command.targets) all.push_back(&target);
        plan_again(command, all);
    } else {
        say(command, "To plan again: `" + context.command_word + " retry`.");
    }
}

Task<void> carry_out(ControlContext& context, CommandContext& command, RunTarget& target) {
    switch (command.request.verb) {
        case Verb::apply:
            co_await apply(context, command, target);
            break;
        case Verb::approve:
            co_await record_vote(context, command, target, true);
            break;
        case Verb::reject:
            co_await record_vote(context, command, target, false);
            break;
        case Verb::cancel:
            cancel(context, command, target);
            break;
        case Verb::explain:
            command.explained.push_back(
                target.stack->settings.id);  // as it is when the reply is written
            break;
        case Verb::resolve:
            co_await resolve(context, command, target);
            break;
        case Verb::retry:
        case Verb::allow:
        case Verb::plan:
        case Verb::help:
            break;
    }
}

}  // namespace slipway
