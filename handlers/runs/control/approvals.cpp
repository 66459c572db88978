// Approvals: who said what of which plan, and whether that is enough. Everything is looked up now:
// reviews, permissions on the forge, roles in the space (rules W2, W3). What is missing is a no.
#include <algorithm>
#include <utility>

#include "handlers/runs/control/transition.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

// The newest vote of each person that is more than a comment.
std::vector<ForgeReview> newest_by_author(const std::vector<ForgeReview>& reviews) {
    std::vector<ForgeReview> out;
    for (const auto& review : reviews) {
        if (review.state == ReviewState::commented) continue;
        std::erase_if(out,
                      [&](const ForgeReview& r) { return r.author.login == review.author.login; });
        if (review.state != ReviewState::dismissed) out.push_back(review);
    }
    return out;
}

namespace {

// A person's vote on `run`, as the approval policies see it, or on a proposed run whose approvals
// it carries over.
struct Vote {
    Actor author;
    bool approves = true;
    CommitSha commit;
    std::string plan, source, note;
    std::int64_t at_ms = 0;
    Role granted = Role::none;
    bool bound = false;
};

// When the first of these equal plans was made or shown.
std::int64_t shown_at_ms(const std::vector<Run>& equals, const PostedRecord* posted) {
    std::int64_t out = 0;
    const auto note = [&out](std::int64_t at_ms) {
        if (at_ms != 0 && (out == 0 || at_ms < out)) out = at_ms;
    };
    for (const auto& run : equals) {
        note(plan_of(run).at_ms);
        if (!posted) continue;
        const auto at = posted->posted_at_ms.find(plan_of(run).digest);
        if (at != posted->posted_at_ms.end()) note(at->second);
    }
    return out;
}

// `equals`: the run itself, where it may be reviewed, and those whose approvals it carries over;
// empty for a run of the branch that carries none.
std::vector<Vote> votes_on(const Run& run, const std::vector<Run>& equals, const PullRecord* pull,
                           const PostedRecord* posted, const std::vector<ForgeReview>& reviews) {
    std::vector<Vote> out;
    const Run& reviewed = equals.empty() ? run : equals.front();
    const auto shown_ms = shown_at_ms(equals, posted);
    const PullRequest as_read = pull ? pull->pull : PullRequest();
    for (const auto& review : newest_by_author(reviews)) {
        Vote vote;
        vote.author = review.author;
        vote.approves = review.state == ReviewState::approved;
        const bool of_head = is_of(review, reviewed.head, as_read);
        vote.commit = review.commit.value_or(CommitSha());
        vote.plan = of_head ? plan_of(reviewed).digest : "";
        vote.source = "review";
        vote.at_ms = review.submitted_at_ms;
        const bool after_plan = shown_ms != 0 && review.submitted_at_ms / 1000 >= shown_ms / 1000;
        // A refusal needs no plan to be meant: it holds for its commit, however often that is
        // planned.
        vote.bound = !equals.empty() && of_head && (after_plan || !vote.approves);
        out.push_back(std::move(vote));
    }
    if (pull) {
        for (const auto& kept : pull->kept_reviews) {
            if (kept.stack != run.stack.value) continue;
            Vote vote;
            vote.author = kept.author;
            vote.approves = kept.approves;
            vote.commit = kept.commit;
            vote.plan = kept.plan_digest;
            vote.source = kept.comment_id.empty() ? "api" : "comment";
            vote.note = kept.note;
            vote.at_ms = kept.at_ms;
            vote.granted = kept.granted;
            vote.bound =
                kept.plan_digest == plan_of(run).digest ||
                std::any_of(
                    equals.begin(), equals.end(),
                    [&](const Run& one) { return kept.plan_digest == plan_of(one).digest; }) ||
                (!kept.approves && (kept.commit == reviewed.head || kept.commit == run.head));
            out.push_back(std::move(vote));
        }
    }
    return out;
}

}  // namespace

Task<Reason> why_not_counted(ControlContext& context, RepositoryName repository, Actor actor,
                             SpaceId space) {
    Reason no;
    auto& forge = *context.forges.at(repository.forge);
    if (actor.forge != repository.forge) {
        no.cause = Cause::other_forge;
        no.name = repository.forge;
        co_return no;
    }
    auto permission = co_await forge.permission(repository, actor);
    if (permission < Permission::write) {
        no.cause = Cause::no_write_permission;
        co_return no;
    }
    if (!context.has_organisation_tree) co_return no;
    no.name = space.value;
    if (forge.traits().is_owners_folder && !context.organisation()->trusts_folder(space)) {
        no.cause = Cause::folder_not_trusted;
        co_return no;
    }
    auto role = co_await role_in(context, actor, space);
    if (role < Role::writer) no.cause = Cause::no_role;
    co_return no;
}

Task<Role> role_in(ControlContext& context, Actor who, SpaceId space) {
    auto organisation = context.organisation();
    auto best = organisation->role_of(who, space);
    auto forge = context.forges.find(who.forge);
    if (forge == context.forges.end()) co_return best;
    for (const auto& [team, role] : organisation->forge_teams(space, who.forge)) {
        if (role <= best) continue;
        bool member = co_await forge->second->is_team_member(team, who);
        if (member) best = role;
    }
    co_return best;
}

namespace {

Reason why_not_carried(bool planned, bool same_inputs,
                       const std::vector<InputDifference>& changed) {
    if (!planned) return {Cause::not_on_pull};
    if (same_inputs) return {Cause::other_plan};
    return {Cause::other_inputs, "", text_of(changed)};
}

bool same_plan(const Run& a, const Run& b) {
    const auto &x = plan_of(a), &y = plan_of(b);
    return !x.change_digest.empty() && x.change_digest == y.change_digest &&
           !x.inputs_digest.empty() && x.inputs_digest == y.inputs_digest;
}

// A proposed run, and those before it that were planned of the same head, with the same inputs, to
// the same changes.
Task<std::vector<Run>> with_equals(Queue& queue, Run run) {
    constexpr std::size_t most = 20;
    std::vector<Run> out{std::move(run)};
    while (!out.back().approved_run.empty() && out.size() < most) {
        auto before = co_await load<Run>(queue, run_key(out.back().approved_run));
        const bool equal = before.version && before.value.head == out.front().head &&
                           same_plan(before.value, out.front());
        if (!equal) break;
        out.push_back(std::move(before.value));
    }
    co_return out;
}

// Of what is applied alone: plans and their approvals know no lock.
Task<Considered> consider_lock(ControlContext& context, const Run& run) {
    Considered out;
    if (run.kind != RunKind::tracked) co_return out;
    out.lock = co_await load<StackLock>(context.queue, lock_key(run.stack));
    out.locked = why_locked(out.lock.value, context.clock.now_ms());
    co_return out;
}

}  // namespace

Task<Considered> consider_run(ControlContext& context, const Run& run, const PullRecord* pull,
                              const PostedRecord* posted, const std::vector<ForgeReview>& reviews) {
    auto out = co_await consider_lock(context, run);
    Stored<Run> approved_run;
    if (run.kind == RunKind::tracked && !run.approved_run.empty())
        approved_run = co_await load<Run>(context.queue, run_key(run.approved_run));
    const auto& approved_plan = plan_of(approved_run.value);
    const auto& plan = plan_of(run);
    const bool planned = !approved_plan.change_digest.empty();
    const auto changed = differences(approved_plan.inputs, plan.inputs);
    const bool same_inputs = planned && changed.empty() && !plan.inputs_digest.empty();
    const bool same_changes = planned && approved_plan.change_digest == plan.change_digest;
    out.carried_over = same_inputs && same_changes;
    if (run.kind == RunKind::tracked && !out.carried_over)
        out.not_carried = why_not_carried(planned, same_inputs, changed);

    ApprovalQuestion question;
    question.stack = run.settings;
    question.run = run;
    question.now_ms = context.clock.now_ms();
    auto organisation = context.organisation();
    PolicySet set;
    set.policies = organisation->policies_for(run.settings, PolicyKind::approval);
    set.library = organisation->policy_library;
    if (!set.policies.empty()) {  // the policy that stands in for none asks for no plan
        if (auto document = context.plans.get(plan.document)) question.plan = *document;
        question.estimate = co_await kept_estimate(context, run);
    }
    std::vector<Run> equals;
    if (run.kind == RunKind::proposed)
        equals = co_await with_equals(context.queue, run);
    else if (out.carried_over)
        equals = co_await with_equals(context.queue, approved_run.value);
    for (const auto& vote : votes_on(run, equals, pull, posted, reviews)) {
        GivenReview given;
        if (vote.granted < Role::writer)
            given.why_not = reason_text(
                co_await why_not_counted(context, run.repository, vote.author, run.settings.space));
        given.author = vote.author.login;
        given.forge = vote.author.forge;
        given.approves = vote.approves;
        given.may_write = given.why_not.empty();
        given.is_author = pull && pull->pull.author.login == vote.author.login;
        for (const auto& [team, members] : organisation->teams) {
            auto logins = organisation->logins_of_team(team, vote.author.forge);
            if (std::find(logins.begin(), logins.end(), vote.author.login) != logins.end())
                given.teams.push_back(team);
        }
        given.commit = vote.commit;
        given.plan = vote.plan;
        given.source = vote.source;
        given.note = vote.note;
        given.at_ms = vote.at_ms;
        (vote.bound ? question.reviews : question.older).push_back(std::move(given));
    }
    out.asked = std::make_shared<KeptInput>(kept_input(question));
    out.approval = co_await context.policies.decide_approval(std::move(set), std::move(question));
    decided(*out.asked, out.approval);
    co_return out;
}

}  // namespace slipway
