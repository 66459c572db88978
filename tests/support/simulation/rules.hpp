// What may never be: looked at with each commit, whoever made it, and at the end, when nothing
// fails any more and nobody has anything left to do.
#pragma once
#include "handlers/report/outgoing.hpp"
#include "handlers/runs/lifecycle.hpp"
#include "handlers/webhooks/push_decision.hpp"
#include "service/model/stack_lock.hpp"
#include "tests/support/simulation/people.hpp"

namespace slipway::simulation {

class Rules {
  public:
    Rules(World& world, const People& people) : world_(world), people_(people) {
        world_.queue.on_commit = [this](const Commit& commit) { look_at(commit); };
    }

    // After whatever people did, and after every commit: whether a confirmed run could have been
    // allowed to apply since it was confirmed. What is said while it is looked at may be heard or
    // not.
    void look() {
        for (auto& [run, allowed] : asking_)
            if (!allowed) allowed = is_approved(runs_.at(run));
    }

    // Nothing fails any more, everything was delivered, and there is no job left.
    void check_quiet() {
        for (const auto& [number, one] : world_.forge.pulls) check_pull(number, one);
        for (const auto& [id, run] : runs_)
            if (!is_terminal(run.state)) check_exit(run);
        for (const auto& [id, text] : people_.said) check_answered(id, text);
        const auto branch = world_.stored<BranchRecord>(branch_key(infra, "main"));
        if (branch.tip != world_.main && !branch.tip.empty()) break_rule("a push had no effect");
    }
    // And everybody did their part.
    void check_over() {
        for (const auto& [id, run] : runs_)
            if (!is_terminal(run.state)) break_rule(say(run) + " never ended");
        for (const auto& stack : world_.ground.organisation->stacks)
            if (!run_task(world_.ground.io, world_.memory->lane(stack_lane(stack.id))).empty())
                break_rule("the lane of " + stack.id.value + " is not empty");
    }

    const std::map<std::string, Run>& runs() const { return runs_; }
    int begun = 0;

  private:
    void break_rule(const std::string& what) {
        if (world_.trouble.empty()) world_.trouble = what;
    }
    static std::string say(const Run& run) {
        return "run " + run.id.value + " of " + run.stack.value + " (" +
               std::string(word(run.state)) + ", " + std::string(word(run.reason.cause)) + ")";
    }

    // --- with each commit
    void look_at(const Commit& commit) {
        for (const auto& record : commit.records) {
            if (!record.key.starts_with(run_key(RunId("")))) continue;
            const auto run = decoded_record<Run>(record.key, Record{1, record.body});
            check_change(run);
            if (run.state == RunState::confirmed) asking_.try_emplace(run.id.value, false);
            if (commit.begin) check_begin(run);
            if (run.state != RunState::confirmed) asking_.erase(run.id.value);
            runs_[run.id.value] = run;
        }
        look();
        if (!commit.enter.empty() || !commit.leave.empty() || !commit.records.empty())
            check_lanes();
    }
    void check_change(const Run& run) {
        const auto at = runs_.find(run.id.value);
        if (at == runs_.end() || at->second.state == run.state) return;
        const auto from = at->second.state;
        if (is_terminal(from)) break_rule(say(run) + " was over as " + std::string(word(from)));
        // Some commits take two events at once: an apply that nobody saw begin is lost.
        bool follows = false;
        for (int event = 0; event <= static_cast<int>(RunEvent::upstream_broken); ++event) {
            const auto to = next(run.kind, from, static_cast<RunEvent>(event));
            follows = follows || to == run.state;
            for (int second = 0; to && second <= static_cast<int>(RunEvent::upstream_broken);
                 ++second)
                follows =
                    follows || next(run.kind, *to, static_cast<RunEvent>(second)) == run.state;
        }
        if (!follows) break_rule(say(run) + " was " + std::string(word(from)));
    }
    void check_begin(const Run& run) {
        ++begun;
        if (run.kind != RunKind::tracked) break_rule(say(run) + " applies a proposed plan");
        if (!taken_.insert(plan_of(run).digest).second) break_rule(say(run) + " began twice");
        const auto lock = read<StackLock>(lock_key(run.stack));
        if (holds(lock, world_.clock.now_ms())) break_rule(say(run) + " applies under a lock");
        for (const auto& [id, other] : runs_)
            if (other.stack == run.stack && other.id != run.id &&
                (other.state == RunState::applying || other.state == RunState::unknown))
                break_rule(say(run) + " applies beside " + say(other));
        if (!asking_[run.id.value]) asking_[run.id.value] = is_approved(run);
        if (!asking_[run.id.value]) break_rule(say(run) + " applies what nobody approved");
    }
    // Of a stack's tracked runs one at most is under way, and it is the first in the lane.
    void check_lanes() {
        std::map<std::string, const Run*> under_way;
        for (const auto& [id, run] : runs_) {
            if (run.kind != RunKind::tracked || run.state == RunState::queued ||
                is_terminal(run.state))
                continue;
            if (const auto* other = std::exchange(under_way[run.stack.value], &run))
                break_rule(say(run) + " is under way beside " + say(*other));
            const auto lane = run_task_now(world_.memory->lane(lane_of(run)));
            if (lane.empty() || lane.front() != id)
                break_rule(say(run) + " is not the first in its lane");
        }
    }
    // From within an activity: the model's queue answers at once.
    template <class T>
    static T run_task_now(Task<T> task) {
        asio::io_context io;
        return run_task(io, std::move(task));
    }

    // --- approvals, counted again
    bool may_approve(const std::string& login) const {
        const auto at = world_.forge.permissions.find(login);
        return at != world_.forge.permissions.end() && at->second >= Permission::write &&
               login != "linus";
    }
    bool same_change(const std::string& a, const std::string& b) const {
        const auto& plans = world_.infrastructure.plans;
        if (!plans.contains(a) || !plans.contains(b)) return false;
        const auto &x = plans.at(a), &y = plans.at(b);
        return x.stack == y.stack && x.from == y.from && x.to == y.to;
    }
    bool is_approved(const Run& run) {
        if (!run.pull) return confirmed_by_person(run);
        const auto record = read<PullRecord>(pull_key({infra, *run.pull}));
        const auto shown = read<Run>(run_key(run.approved_run));
        const auto &digest = plan_of(run).digest, &shown_digest = plan_of(shown).digest;
        bool yes = false;
        for (const auto& kept : record.kept_reviews) {
            if (kept.stack != run.stack.value || !may_approve(kept.author.login)) continue;
            if (!was_said(kept)) break_rule("nobody said the vote of " + kept.author.login);
            if (!kept.approves && kept.plan_digest == digest) return false;
            yes = yes || (kept.approves &&
                          (kept.plan_digest == digest || same_change(kept.plan_digest, digest)));
        }
        const bool carries = same_change(shown_digest, digest);
        for (const auto& review : newest_by_author(world_.forge.pulls.at(*run.pull).reviews)) {
            if (!may_approve(review.author.login) || !carries || *review.commit != shown.head)
                continue;
            if (review.state == ReviewState::changes_requested) return false;
            yes = true;
        }
        return yes;
    }
    static std::vector<ForgeReview> newest_by_author(const std::vector<ForgeReview>& reviews) {
        std::vector<ForgeReview> out;
        for (const auto& review : reviews) {
            std::erase_if(out, [&](const auto& one) { return one.author == review.author; });
            if (review.state != ReviewState::dismissed) out.push_back(review);
        }
        return out;
    }
    // One of a push without a pull request: nobody may review it, and somebody said "apply".
    static bool confirmed_by_person(const Run& run) {
        return run.confirmation && run.confirmation->by != "slipway";
    }
    bool was_said(const KeptReview& kept) const {
        const auto at = world_.forge.comments.find(kept.comment_id);
        return at != world_.forge.comments.end() && at->second.author == kept.author &&
               at->second.body.starts_with(kept.approves ? "/slipway approve" : "/slipway reject");
    }
    template <class T>
    T read(const std::string& key) {
        return run_task_now(load<T>(*world_.memory, key)).value;
    }

    // --- at the end
    void check_pull(int number, const HostedForge::HostedPull& one) {
        const auto name = "pull request " + std::to_string(number);
        const auto record = world_.record(number);
        // One that was over before anybody looked needs no record, nor does the end of one without
        // a run.
        const bool known = one.pull.state == PullState::open || !record.stacks.empty();
        if (known && record.pull.state != one.pull.state)
            return break_rule(name + " is " + std::string(word(one.pull.state)) + ", known as " +
                              std::string(word(record.pull.state)));
        if (one.pull.state != PullState::open) return;
        if (record.pull.head != one.pull.head) return break_rule(name + " has another head");
        if (record.discovering_stacks) return break_rule(name + " was never looked at");
        const auto* check = world_.forge.check("slipway", one.pull.head);
        if (!check) return break_rule(name + " has no check");
        bool busy = false;
        for (const auto& stack : record.stacks) {
            const auto& id = stack.tracked.empty() ? stack.proposed : stack.tracked;
            const auto run = world_.run(id);
            busy = busy || (!id.empty() && !is_terminal(run.state) &&
                            run.state != RunState::unconfirmed && run.state != RunState::unknown);
            if (stack.tracked.empty()) check_plan(name, stack.settings, run);
        }
        if (check->status != CheckStatus::done && !busy)
            break_rule("the check of " + name + " is left pending: " + check->title);
        check_shown(name, one, record);
    }
    // It is of what the stack manages now.
    void check_plan(const std::string& name, const Stack& stack, const Run& run) {
        if (run.id.empty() || run.state != RunState::finished) return;
        const auto& plan = world_.infrastructure.plans.at(plan_of(run).digest);
        if (plan.from != world_.infrastructure.states[stack.id.value].content)
            break_rule("the plan of " + stack.id.value + " on " + name + " is stale");
    }
    // What would be written if nothing were remembered is what stands there.
    void check_shown(const std::string& name, const HostedForge::HostedPull& one,
                     const PullRecord& record) {
        const auto report =
            run_task(world_.ground.io, gather_report(world_.report_context, record.pull.name));
        PostedRecord nothing;
        nothing.comment_id = "any";
        const auto out = outgoing(*report, nothing, moment_of(*report, nothing));
        for (const auto& wanted : out.checks) {
            if (wanted.check.name != "slipway") continue;
            const auto* there = world_.forge.check("slipway", one.pull.head);
            if (there->title != wanted.check.title || there->status != wanted.check.status ||
                there->conclusion != wanted.check.conclusion)
                break_rule("the check of " + name + " says \"" + there->title + "\" and not \"" +
                           wanted.check.title + "\"");
        }
        const bool any = !report->stacks.empty() || !one.comment.empty();
        if (any && out.comment && without_others(*out.comment) != without_others(one.comment))
            break_rule("the comment of " + name + " is not what is known:\n" + one.comment +
                       "\n--- but\n" + *out.comment);
    }
    static std::string without_others(const std::string& comment) {
        std::string out;
        for (std::size_t from = 0; from < comment.size();) {
            const auto to = std::min(comment.find('\n', from), comment.size());
            const auto line = comment.substr(from, to - from);
            from = to + 1;
            if (!line.empty() && line.find(" is also changed by ") == line.npos) out += line + "\n";
        }
        return out;
    }
    // Somebody's move is due, or a run's that is.
    void check_exit(const Run& run) {
        if (run.state == RunState::unconfirmed || run.state == RunState::unknown) {
            if (run.awaits_consideration) break_rule(say(run) + " waits for nobody");
            return;
        }
        if (run.state != RunState::queued)
            return break_rule(say(run) + " is under way, and is not");
        const auto lane = run_task(world_.ground.io, world_.memory->lane(lane_of(run)));
        const bool behind = std::find(lane.begin(), lane.end(), run.id.value) != lane.end() &&
                            lane.front() != run.id.value;
        const bool waits =
            std::any_of(run.waits_for.begin(), run.waits_for.end(),
                        [&](const RunId& id) { return !is_terminal(runs_.at(id.value).state); });
        if (!behind && !waits) break_rule(say(run) + " waits for nothing");
    }
    void check_answered(const std::string& id, const std::string& text) {
        const auto key = answer_key(jobs::command(infra.forge, id).id);
        if (!run_task(world_.ground.io, world_.memory->read(key)).version)
            break_rule("the command \"" + text + "\" was never answered");
    }

    World& world_;
    const People& people_;
    std::map<std::string, Run> runs_;     // as they were stored last
    std::map<std::string, bool> asking_;  // confirmed runs, and whether they were approved since
    std::set<std::string> taken_;
};

}  // namespace slipway::simulation
