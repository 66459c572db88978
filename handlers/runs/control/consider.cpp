// Approvals: who said what of which plan, and whether that is enough. Everything is looked up now:
// reviews, permissions on the forge, roles in the space (rules W2, W3). What is missing is a no.
#include <algorithm>
#include <utility>

#include "handlers/runs/control/transition.hpp"

namespace slipway {

namespace {

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

// A person's vote on `run`, as the approval policies see it, or on the proposed run whose approvals
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

std::vector<Vote> votes_on(const Run& run, const Run* approved_run, const PullRecord* pull,
                           const PostedRecord* posted, const std::vector<ForgeReview>& reviews) {
    std::vector<Vote> out;
    const Run& reviewed = approved_run ? *approved_run : run;
    const bool by_review = approved_run || run.kind == RunKind::proposed;
    const PullRequest as_read = pull ? pull->pull : PullRequest();
    for (const auto& review : newest_by_author(reviews)) {
        Vote vote;
        vote.author = review.author;
        vote.approves = review.state == ReviewState::approved;
        const bool of_head = is_of(review, reviewed.head, as_read);
        vote.commit = review.commit.value_or(CommitSha());
        vote.plan = of_head ? reviewed.plan_digest : "";
        vote.source = "review";
        vote.at_ms = review.submitted_at_ms;
        std::int64_t shown_ms = reviewed.planned_at_ms;
        if (posted)
            if (auto at = posted->posted_at_ms.find(reviewed.plan_digest);
                at != posted->posted_at_ms.end())
                shown_ms = std::min(shown_ms ? shown_ms : at->second, at->second);
        const bool after_plan = shown_ms != 0 && review.submitted_at_ms / 1000 >= shown_ms / 1000;
        // A refusal needs no plan to be meant: it holds for its commit, however often that is
        // planned.
        vote.bound = by_review && of_head && (after_plan || !vote.approves);
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
                kept.plan_digest == run.plan_digest ||
                (approved_run && kept.plan_digest == approved_run->plan_digest) ||
                (!kept.approves && (kept.commit == reviewed.head || kept.commit == run.head));
            out.push_back(std::move(vote));
        }
    }
    return out;
}

}  // namespace

Task<std::string> why_not_counted(ControlContext& context, RepositoryName repository, Actor actor,
                                  SpaceId space) {
    const auto in_space = "the space `" + (space.empty() ? "root" : space.value) + "`";
    auto& forge = *context.forges.at(repository.forge);
    if (actor.forge != repository.forge) co_return "it was not given on " + repository.forge;
    auto permission = co_await forge.permission(repository, actor);
    if (permission < Permission::write) co_return "no write permission on the repository";
    if (!context.has_organisation_tree) co_return "";
    if (forge.traits().is_owners_folder && !context.organisation()->trusts_folder(space))
        co_return in_space + " does not trust approvals of the built-in forge (`trust: folder`)";
    auto role = co_await role_in(context, actor, space);
    co_return role >= Role::writer ? "" : "no role writer in " + in_space;
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

Task<Considered> consider_run(ControlContext& context, const Run& run, const PullRecord* pull,
                              const PostedRecord* posted, const std::vector<ForgeReview>& reviews) {
    Considered out;
    Stored<Run> approved_run;
    if (run.kind == RunKind::tracked && !run.approved_run.empty())
        approved_run = co_await load<Run>(context.queue, run_key(run.approved_run));
    const bool planned = approved_run.version && !approved_run.value.change_digest.empty();
    const auto changed = differences(approved_run.value.inputs, run.inputs);
    const bool same_inputs = planned && changed.empty() && !run.inputs_digest.empty();
    const bool same_changes = planned && approved_run.value.change_digest == run.change_digest;
    out.carried_over = same_inputs && same_changes;
    if (run.kind == RunKind::tracked && !out.carried_over)
        out.not_carried = !planned       ? "its plan was not on the pull request"
                          : !same_inputs ? text_of(changed) + " since the plan that was approved"
                                         : "its plan is not the one that was approved";

    ApprovalQuestion question;
    question.stack = run.settings;
    question.run = run;
    question.now_ms = context.clock.now_ms();
    auto organisation = context.organisation();
    PolicySet set;
    set.policies = organisation->policies_for(run.settings, PolicyKind::approval);
    set.library = organisation->policy_library;
    if (!set.policies.empty())  // the policy that stands in for none asks for no plan
        if (auto plan = context.plans.get(run.plan_document)) question.plan = *plan;
    const Run* approved = out.carried_over ? &approved_run.value : nullptr;
    for (const auto& vote : votes_on(run, approved, pull, posted, reviews)) {
        GivenReview given;
        if (vote.granted < Role::writer)
            given.why_not =
                co_await why_not_counted(context, run.repository, vote.author, run.settings.space);
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
    out.approval = co_await context.policies.decide_approval(std::move(set), std::move(question));
    co_return out;
}

namespace {

// Read when the first plan needs them: once for a look at the pull request as long as only plans
// are shown, and afresh in each job where an apply may begin.
class Reviews {
  public:
    Reviews(Forge& forge, Stored<PullRecord>& pull) : forge_(forge), pull_(pull) {}

    Task<const std::vector<ForgeReview>*> newest(RunKind kind) {
        auto& record = pull_.value;
        if (!afresh_ && (!record.reviews_read || kind == RunKind::tracked)) {
            auto all = co_await forge_.reviews(record.pull.name);
            record.reviews = newest_by_author(all);
            record.reviews_read = afresh_ = true;
        }
        co_return &record.reviews;
    }

  private:
    Forge& forge_;
    Stored<PullRecord>& pull_;
    bool afresh_ = false;
};

}  // namespace

Task<void> consider(ControlContext& context, ClaimedJob job) {
    auto name = job_payload<PullRequestName>(job.job);
    auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
    if (!pull.version) co_return;
    if (pull.value.discovering_stacks && pull.value.pull.state == PullState::open)
        co_return;  // its plans are of another head
    const auto before = encode(pull.value).dump();
    auto posted = co_await load<PostedRecord>(context.queue, posted_key(name));
    Reviews reviews(*context.forges.at(name.repository.forge), pull);

    Commit commit;
    for (auto& stack : pull.value.stacks) {
        const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
        if (id.empty()) continue;
        auto run = co_await load<Run>(context.queue, run_key(id));
        if (!run.version || run.value.plan_digest.empty() || !run.value.changes) {
            stack.approval = ApprovalDecision();
            continue;
        }
        if (run.value.kind == RunKind::tracked && run.value.state != RunState::unconfirmed)
            continue;
        const auto* given = co_await reviews.newest(run.value.kind);
        auto considered =
            co_await consider_run(context, run.value, &pull.value, &posted.value, *given);
        stack.approval = considered.approval;
        if (run.value.kind != RunKind::tracked) continue;
        auto why = why_not_automatic(run.value, considered);
        const bool first = std::exchange(run.value.awaits_consideration, false);
        if (why.empty()) {
            auto by = run.value.confirmed_by.empty() ? "slipway" : run.value.confirmed_by;
            start_apply(context, commit, run, considered.approval, std::move(by), "");
        } else if (first || why != run.value.reason) {
            run.value.reason = why;
            store_run(commit, run);
            co_await report_those_behind(context, commit, run.value);
        }
    }
    if (encode(pull.value).dump() != before) commit.records.push_back(save(pull_key(name), pull));
    commit.jobs.push_back(make_job(JobKind::report, name.text(), name));
    commit.holding = job.lease;
    commit.finish = true;
    auto done = co_await context.queue.commit(std::move(commit));
    if (done == Committed::conflict) throw Overtaken("the pull request moved on meanwhile");
}

}  // namespace slipway
