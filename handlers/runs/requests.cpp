// A person's request: who may, on what, and what follows. Comment, command line and page come here alike, so
// that one matrix answers all of them (rule W2).
#include <algorithm>

#include "handlers/runs/transition.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

struct Target {
    PullStack* stack = nullptr;  // null for a call that names a run without a pull request
    std::string plan;            // digest prefix
    StoredRun run;
};

// What the request is about, and what it leaves behind.
struct Desk {
    Request request;
    Stored<PullRecord> pull;
    Stored<PostedRecord> posted;
    std::vector<Target> targets;
    Commit commit;
    Answer answer;
    std::vector<StackId> explained;
    bool pull_changed = false;
};

void refuse(Desk& desk, Answer::Kind kind, std::string text) {
    desk.answer.kind = kind;
    desk.answer.text = std::move(text);
}

// Sentences of several stacks, one after the other.
void say(Desk& desk, const std::string& sentence) {
    if (!desk.answer.text.empty()) desk.answer.text += " ";
    desk.answer.text += sentence;
}

constexpr Role needed_role(Verb verb) {
    return verb == Verb::explain || verb == Verb::help ? Role::reader : Role::writer;
}

Task<bool> may(ControlContext& context, const Request& request, const RepositoryName& repository,
               const SpaceId& space) {
    const auto needed = needed_role(request.verb);
    if (request.granted >= needed) co_return true;
    if (request.actor.forge != repository.forge) co_return false;
    auto& forge = *context.forges.at(repository.forge);
    auto permission = co_await forge.permission(repository, request.actor);
    if (permission < (needed == Role::reader ? Permission::read : Permission::write)) co_return false;
    if (!context.has_organisation_tree) co_return true;
    auto role = co_await role_in(context, request.actor, space);
    co_return role >= needed;
}

Task<void> find_targets(ControlContext& context, Desk& desk) {
    auto& request = desk.request;
    if (request.run) {
        Target target;
        target.run = co_await load<Run>(context.queue, run_key(*request.run));
        if (!target.run.version) {
            refuse(desk, Answer::Kind::impossible, "There is no run " + request.run->value + ".");
            co_return;
        }
        const auto& run = target.run.value;
        if (run.pull) request.pull = PullRequestName{run.repository, *run.pull};
        desk.targets.push_back(std::move(target));
    }
    if (!request.pull) co_return;
    desk.pull = co_await load<PullRecord>(context.queue, pull_key(*request.pull));
    desk.posted = co_await load<PostedRecord>(context.queue, posted_key(*request.pull));
    const auto& known = desk.pull.value;
    if (known.looking && known.pull.state == PullState::open && !request.run && request.verb != Verb::plan) {
        refuse(desk, Answer::Kind::impossible,
               "The newest commit is not planned yet, and what was planned before is of another one. Ask again "
               "when the comment shows its plan.");
        co_return;
    }
    for (auto& stack : desk.pull.value.stacks) {
        if (request.run) {
            auto& target = desk.targets.front();
            if (stack.settings.id == target.run.value.stack) target.stack = &stack;
            continue;
        }
        const CommandTarget* named = nullptr;
        for (const auto& candidate : request.targets)
            if (target_matches(candidate, stack.settings)) named = &candidate;
        if (!request.targets.empty() && !named) continue;
        Target target;
        target.stack = &stack;
        if (named) target.plan = named->plan;
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        if (!id.empty()) target.run = co_await load<Run>(context.queue, run_key(id));
        desk.targets.push_back(std::move(target));
    }
    if (desk.targets.empty())
        refuse(desk, Answer::Kind::impossible,
               request.targets.empty() ? "This pull request concerns no stack."
                                       : "No stack of this pull request is called like that.");
}

// --- the verbs. Each speaks for one target.

void plan_again(Desk& desk) {
    LookRequest look;
    look.pull = *desk.request.pull;
    for (const auto& target : desk.targets)
        if (target.stack) look.targets.push_back(target.stack->settings.id);
    desk.commit.jobs.push_back(
        make_job(JobKind::look, look.pull.text() + "/" + desk.request.comment_id, look));
    say(desk, "Planning again.");
}

// Rule W3: an approval binds to the plan it names, else to one that was shown at least ten seconds before.
constexpr std::int64_t time_to_read_ms = 10'000;

void give_word(Desk& desk, Target& target, bool approves) {
    const auto& run = target.run.value;
    const auto name = "`" + target.stack->settings.id.value + "`";
    if (run.plan_digest.empty()) {
        refuse(desk, Answer::Kind::refused,
               name + " has no plan yet; an approval given before there is one counts for nothing.");
        return;
    }
    if (!target.plan.empty() && !run.plan_digest.starts_with(target.plan)) {
        refuse(desk, Answer::Kind::refused,
               "The plan of " + name + " is now " + std::string(shortened(run.plan_digest, 4)) +
                   ", not the one that was named; look at it and approve that one.");
        return;
    }
    if (target.plan.empty() && approves && !desk.request.comment_id.empty()) {
        auto shown = desk.posted.value.posted_at_ms.find(run.plan_digest);
        if (shown == desk.posted.value.posted_at_ms.end() ||
            desk.request.given_at_ms < shown->second + time_to_read_ms) {
            refuse(desk, Answer::Kind::refused,
                   "The plan of " + name + " had been shown for less than ten seconds; approve it by its name, `" +
                       target.stack->settings.id.value + "@" +
                       std::string(shortened(run.plan_digest, 4)) + "`, or say it again.");
            return;
        }
    }
    KeptReview kept;
    kept.author = desk.request.actor;
    kept.approves = approves;
    kept.stack = run.stack.value;
    kept.plan_digest = run.plan_digest;
    kept.commit = run.head;
    kept.comment_id = desk.request.comment_id;
    kept.note = desk.request.note;
    kept.granted = desk.request.granted;
    kept.at_ms = desk.request.given_at_ms;
    auto& all = desk.pull.value.kept_reviews;
    std::erase_if(all, [&](const KeptReview& k) {
        return k.author == kept.author && k.stack == kept.stack;
    });
    all.push_back(std::move(kept));
    desk.pull_changed = true;
    say(desk, std::string(approves ? "Approved" : "Rejected") + " plan " +
                  std::string(shortened(run.plan_digest, 4)) + " of " + name + ".");
}

Task<void> confirm(ControlContext& context, Desk& desk, Target& target) {
    auto& run = target.run.value;
    const auto name = "`" + run.stack.value + "`";
    if (run.settings.mode == Mode::observe) {
        refuse(desk, Answer::Kind::refused, name + " is only observed; nothing is applied.");
        co_return;
    }
    if (!target.plan.empty() && !run.plan_digest.starts_with(target.plan)) {
        refuse(desk, Answer::Kind::refused,
               "The plan of " + name + " is now " + std::string(shortened(run.plan_digest, 4)) +
                   ", not the one that was named.");
        co_return;
    }
    std::vector<ForgeReview> reviews;
    auto& forge = *context.forges.at(run.repository.forge);
    if (desk.request.pull) reviews = co_await forge.reviews(*desk.request.pull);
    const PullRecord* pull = desk.pull.version ? &desk.pull.value : nullptr;
    auto considered = co_await consider_run(context, run, pull, &desk.posted.value, reviews);
    const auto& approval = considered.approval;
    if (approval.approval != Approval::approved) {
        std::string missing;
        for (const auto& one : approval.missing) missing += (missing.empty() ? ": " : ", ") + one;
        refuse(desk, Answer::Kind::refused,
               approval.approval == Approval::error
                   ? "An approval policy of " + name + " could not be evaluated, so nothing is applied."
               : approval.approval == Approval::rejected
                   ? "An approval policy rejects " + name + "."
                   : "Approvals of " + name + " are missing" + missing + ".");
        co_return;
    }
    start_apply(context, desk.commit, target.run, desk.request.actor.text(), desk.request.note);
    say(desk, "Applying " + name + ".");
}

// Before the merge: a tracked run of the merge result, which applies if its plan is the one shown here.
void apply_before_merge(ControlContext& context, Desk& desk, Target& target) {
    const auto& shown = target.run.value;
    Run run = shown;
    run.kind = RunKind::tracked;
    const auto asked = shown.id.value + "/" + desk.request.comment_id + "/" + std::to_string(desk.request.given_at_ms);
    run.id = RunId("b" + sha256_hex(asked).substr(0, 19));
    run.before_merge = true;
    run.state = RunState::queued;
    run.history.clear();
    run.lender = shown.id;
    run.confirmed_by = desk.request.actor.text();
    run.created_at_ms = context.clock.now_ms();
    run.plan_document = run.plan_file = run.tool_document = BlobId();
    run.plan_digest.clear();
    run.change_digest.clear();
    run.counts = PlanCounts();
    run.changes = false;
    run.plan_decision = PlanDecision();
    run.planned_at_ms = run.finished_at_ms = 0;
    StateChange first;
    first.at_ms = run.created_at_ms;
    first.by = run.confirmed_by;
    run.history.push_back(std::move(first));
    Stored<Run> stored{run, 0};
    desk.commit.records.push_back(save(run_key(run.id), stored));
    desk.commit.index.push_back({"runs", run.id.value, run.created_at_ms});
    desk.commit.index.push_back({"runs/" + run.stack.value, run.id.value, run.created_at_ms});
    desk.commit.enter.push_back({lane_of(run), run.id.value,
                                 make_job(JobKind::prepare, run.id.value, run.id)});
    target.stack->tracked = run.id;
    desk.pull_changed = true;
    say(desk, "`" + run.stack.value + "` is planned once more and applied if the plan is the one shown here.");
}

Task<void> apply(ControlContext& context, Desk& desk, Target& target) {
    const auto& run = target.run.value;
    const auto name = "`" + (target.stack ? target.stack->settings.id.value : run.stack.value) + "`";
    if (target.run.version && run.kind == RunKind::tracked && run.state == RunState::unconfirmed) {
        co_await confirm(context, desk, target);
    } else if (target.run.version && run.kind == RunKind::proposed &&
               run.settings.apply_when == ApplyWhen::before_merge &&
               run.state == RunState::finished && run.changes) {
        if (target.stack->approval.approval != Approval::approved)
            refuse(desk, Answer::Kind::refused, "Approvals of " + name + " are missing.");
        else
            apply_before_merge(context, desk, target);
    } else if (target.run.version && run.kind == RunKind::proposed) {
        refuse(desk, Answer::Kind::refused,
               run.settings.apply_when == ApplyWhen::before_merge
                   ? name + " has no finished plan with changes to apply."
                   : name + " is applied after the merge; merge the pull request first.");
    } else {
        refuse(desk, Answer::Kind::refused,
               name + " does not wait for a confirmation" +
                   (target.run.version ? ": its run is " + std::string(word(run.state)) : "") + ".");
    }
}

void cancel(ControlContext& context, Desk& desk, Target& target) {
    auto& run = target.run.value;
    const auto name = "`" + run.stack.value + "`";
    if (!target.run.version || !next(run.kind, run.state, RunEvent::canceled)) {
        refuse(desk, Answer::Kind::refused,
               run.state == RunState::applying
                   ? "The apply of " + name + " has begun; stopping it halfway needs somebody at the tool."
                   : name + " has nothing to cancel.");
        return;
    }
    run.reason = "canceled by " + desk.request.actor.login;
    advance(run, RunEvent::canceled, context.clock.now_ms(), desk.request.actor.text(), desk.request.note);
    desk.commit.cancel.push_back(JobId("prepare/" + run.id.value));
    desk.commit.cancel.push_back(JobId("perform/" + run.id.value + "/plan"));
    store_run(desk.commit, target.run);
    say(desk, name + " is " + std::string(word(run.state)) + ".");
}

Task<void> carry_out(ControlContext& context, Desk& desk, Target& target) {
    switch (desk.request.verb) {
        case Verb::apply: co_await apply(context, desk, target); break;
        case Verb::approve: give_word(desk, target, true); break;
        case Verb::reject: give_word(desk, target, false); break;
        case Verb::cancel: cancel(context, desk, target); break;
        case Verb::explain:
            desk.explained.push_back(target.stack->settings.id);  // as it is when the reply is written
            break;
        case Verb::plan:
        case Verb::help: break;
    }
}

Task<void> decide(ControlContext& context, Desk& desk) {
    co_await find_targets(context, desk);
    if (desk.answer.kind != Answer::Kind::done) co_return;
    for (auto& target : desk.targets) {
        const auto& settings = target.stack ? target.stack->settings : target.run.value.settings;
        const auto& repository = target.stack ? desk.pull.value.pull.name.repository
                                              : target.run.value.repository;
        bool allowed = co_await may(context, desk.request, repository, settings.space);
        if (!allowed) {
            refuse(desk, Answer::Kind::refused,
                   "`" + std::string(word(desk.request.verb)) + "` needs write permission on the repository" +
                       (context.has_organisation_tree
                            ? " and the role writer in the space `" +
                                  (settings.space.empty() ? "root" : settings.space.value) + "`"
                            : "") +
                       "; " + desk.request.actor.login + " does not have it.");
            co_return;
        }
        const bool needs_stack = desk.request.verb == Verb::approve || desk.request.verb == Verb::reject ||
                                 desk.request.verb == Verb::explain;
        if (needs_stack && !target.stack) {
            refuse(desk, Answer::Kind::impossible, "This run belongs to no pull request.");
            co_return;
        }
        if (desk.request.verb == Verb::plan) continue;
        co_await carry_out(context, desk, target);
        if (desk.answer.kind != Answer::Kind::done) co_return;
    }
    if (desk.request.verb == Verb::plan) {
        if (!desk.request.pull || desk.pull.value.pull.state != PullState::open)
            refuse(desk, Answer::Kind::impossible, "Only an open pull request can be planned again.");
        else
            plan_again(desk);
    }
}

}  // namespace

Task<void> answer_request(ControlContext& context, ClaimedJob job) {
    Desk desk;
    desk.request = job_payload<Request>(job.job);
    co_await decide(context, desk);
    // A refusal leaves nothing behind but its answer.
    if (desk.answer.kind != Answer::Kind::done) {
        desk.commit = Commit();
        desk.pull_changed = false;
    }
    auto& commit = desk.commit;
    if (desk.pull_changed) {
        const auto& name = *desk.request.pull;
        commit.records.push_back(save(pull_key(name), desk.pull));
        commit.jobs.push_back(make_job(JobKind::consider, name.text(), name));
    }
    const auto key = "answer/" + job.job.id.value;
    auto answer = co_await load<Answer>(context.queue, key);
    answer.value = desk.answer;
    commit.records.push_back(save(key, answer));
    if (!desk.request.comment_id.empty()) {
        CommentReply reply;
        reply.pull = *desk.request.pull;
        reply.comment_id = desk.request.comment_id;
        reply.text = desk.answer.text;
        reply.explained = std::move(desk.explained);
        commit.jobs.push_back(make_job(JobKind::reply,
                                       reply.pull.repository.forge + "/" + reply.comment_id, reply));
    }
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict)
        throw Overtaken("something moved on meanwhile");
}

}  // namespace slipway
