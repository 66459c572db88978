// After the organisation tree changed: which open pull requests were planned, or judged, by what
// holds no more. What was decided says by which policies; nothing of the tree before is needed.
#include <algorithm>
#include <map>

#include "handlers/runs/control/stale.hpp"
#include "handlers/runs/control/tree_changed.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

constexpr int pulls_looked_at = 5'000;  // the newest
constexpr std::size_t read_at_once = 100;

bool same_settings(const Stack& now, const Stack& before, const std::string& renamed_from) {
    Stack a = now, b = before;
    a.place = b.place = Place();
    if (!renamed_from.empty()) b.directory = renamed_from;
    b.mode = a.mode;  // the service's own may be laid over it
    return a == b;
}

PolicySet set_of(const Organisation& organisation, const Stack& stack, PolicyKind kind) {
    PolicySet out;
    out.policies = organisation.policies_for(stack, kind);
    out.library = organisation.policy_library;
    return out;
}

// Of a stack that is not planned, since a push policy could not be evaluated.
bool by_other_push_policies(const Organisation& organisation, const PullStack& stack) {
    const auto set = set_of(organisation, stack.settings, PolicyKind::push);
    return policy_set_digest(set, PolicyKind::push) != stack.push.policy_set;
}

struct TreeLook {
    Stored<PullRecord> pull;
    std::map<std::string, Run> runs;  // proposed, by id
};

Task<std::vector<TreeLook>> read_pulls(ControlContext& context,
                                       std::vector<PullRequestName> names) {
    std::vector<std::string> keys;
    for (const auto& name : names) keys.push_back(pull_key(name));
    const auto records = co_await context.queue.read_many(keys);
    std::vector<TreeLook> out;
    std::vector<RunId> ids;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        if (!records[i].version) continue;
        TreeLook one;
        one.pull = {decoded_record<PullRecord>(keys[i], records[i]), records[i].version};
        const auto& record = one.pull.value;
        if (record.pull.state != PullState::open || record.discovering_stacks) continue;
        for (const auto& stack : record.stacks)
            if (!stack.proposed.empty()) ids.push_back(stack.proposed);
        out.push_back(std::move(one));
    }
    const auto runs = co_await load_runs(context.queue, std::move(ids));
    std::map<std::string, Run> by_id;
    for (const auto& run : runs) by_id.emplace(run.value.id.value, run.value);
    for (auto& one : out)
        for (const auto& stack : one.pull.value.stacks)
            if (const auto at = by_id.find(stack.proposed.value); at != by_id.end())
                one.runs.insert(*at);
    co_return out;
}

// Whether some vote is there that another role or team may count otherwise.
bool has_votes(const PullRecord& record) {
    return !record.reviews.empty() || !record.kept_reviews.empty();
}

Commit decide_tree(const Organisation& organisation, TreeLook look) {
    Commit commit;
    auto& record = look.pull.value;
    LookRequest again;
    bool considered = has_votes(record);
    for (auto& stack : record.stacks) {
        const auto run = look.runs.find(stack.proposed.value);
        if (run == look.runs.end()) {
            if (stack.push.failed && by_other_push_policies(organisation, stack))
                again.targets.push_back(stack.settings.id);
            continue;
        }
        const auto by = by_other_rules(organisation, stack, run->second);
        considered = considered || by == OtherRules::of_approval;
        // One whose apply was asked for is looked at again before it begins.
        if (by != OtherRules::of_plan || !stack.tracked.empty()) continue;
        stack.outdated = true;
        again.targets.push_back(stack.settings.id);
    }
    const auto name = record.pull.name;
    if (!again.targets.empty()) {
        again.pull = name;
        again.stale = true;
        auto job = make_job(jobs::look_since_tree(name, organisation.digest), again);
        job.priority = stale_priority;
        commit.jobs.push_back(std::move(job));
        commit.jobs.push_back(make_job(jobs::report(name), name));
        commit.records.push_back(save(pull_key(name), look.pull));
    }
    if (considered) commit.jobs.push_back(make_job(jobs::consider(name), name));
    return commit;
}

Task<void> look_at_some(ControlContext& context, std::vector<PullRequestName> names) {
    auto looks = co_await read_pulls(context, std::move(names));
    const auto organisation = context.organisation();
    for (auto& look : looks) {
        const auto name = look.pull.value.pull.name;
        auto commit = decide_tree(*organisation, std::move(look));
        if (commit.jobs.empty()) continue;
        const auto done = co_await context.queue.commit(std::move(commit));
        if (done == Committed::conflict) throw Overtaken("a pull request was looked at meanwhile");
        log_info("a pull request is looked at again: the organisation tree changed",
                 {{"pull", name.text()}});
    }
}

}  // namespace

OtherRules by_other_rules(const Organisation& organisation, const PullStack& stack,
                          const Run& run) {
    if (!run.settings.self_described) {
        const auto* now = organisation.find(run.stack);
        if (!now || !same_settings(*now, run.settings, run.renamed_from))
            return OtherRules::of_plan;
        if (now->mode != stack.settings.mode) return OtherRules::of_plan;
    }
    const auto differs = [&](PolicyKind kind, const std::string& asked) {
        return !asked.empty() &&
               policy_set_digest(set_of(organisation, run.settings, kind), kind) != asked;
    };
    if (differs(PolicyKind::push, run.push.policy_set)) return OtherRules::of_plan;
    if (differs(PolicyKind::plan, plan_of(run).decision.policy_set)) return OtherRules::of_plan;
    if (differs(PolicyKind::approval, stack.approval.policy_set)) return OtherRules::of_approval;
    return OtherRules::none;
}

Task<void> look_at_tree(ControlContext& context) {
    const auto listed = co_await context.queue.list(pulls_index(), 0, pulls_looked_at);
    std::vector<PullRequestName> some;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        auto name = PullRequestName::parse(listed[i].first);
        if (name && context.forges.contains(name->repository.forge))
            some.push_back(std::move(*name));
        if (some.size() < read_at_once && i + 1 < listed.size()) continue;
        co_await look_at_some(context, std::exchange(some, {}));
    }
}

}  // namespace slipway
