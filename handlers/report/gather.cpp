// From records to one Report value: what is known of a pull request at this moment.
#include <algorithm>
#include <map>
#include <set>

#include "handlers/report/also_changed.hpp"
#include "handlers/report/report.hpp"
#include "queue/store.hpp"

namespace slipway {

namespace {

std::optional<Plan> plan_in(Plans& plans, const BlobId& document) {
    const auto plan = plans.get(document);
    if (!plan) return std::nullopt;
    return *plan;
}

// The job that the run waits in, where it waits.
JobId awaited_job(const Run& run) {
    switch (run.state) {
        case RunState::queued:
            return jobs::prepare(run.id).id;
        case RunState::planning:
            return jobs::perform({run.id, Phase::plan}).id;
        case RunState::confirmed:
        case RunState::applying:
            return jobs::perform({run.id, Phase::apply}).id;
        default:
            return {};
    }
}

// Against the plans that a reader saw before: of the head before this one.
void compare(StackReport& stack, const std::vector<std::string>& before) {
    std::set<std::string_view> old(before.begin(), before.end()), now;
    for (const auto& change : stack.plan->changes) {
        now.insert(change.address);
        if (!old.contains(change.address)) stack.new_since.push_back(change.address);
    }
    for (const auto& address : before)
        if (!now.contains(address)) stack.vanished_since.push_back(address);
}

// What an apply waits for may be that its plan is another than the one people approved: both are
// shown.
Task<void> add_approved_plan(ReportContext& context, StackReport& stack) {
    const auto& run = *stack.run;
    if (run.state != RunState::unconfirmed || run.approved_run.empty()) co_return;
    auto approved_run = co_await load<Run>(context.queue, run_key(run.approved_run));
    if (!approved_run.value.plan) co_return;
    const auto& approved = *approved_run.value.plan;
    const auto& plan = plan_of(run);
    const bool same = approved.change_digest == plan.change_digest &&
                      differences(approved.inputs, plan.inputs).empty();
    if (!same) stack.approved_plan = plan_in(context.plans, approved.document);
}

// What was applied before the merge is not forgotten for a plan after it that found nothing left to
// do.
Task<void> prefer_applied(ReportContext& context, StackReport& stack, const RunId& before_merge) {
    if (before_merge.empty() || !stack.run || stack.run->state != RunState::finished ||
        plan_of(*stack.run).changes)
        co_return;
    auto before = co_await load<Run>(context.queue, run_key(before_merge));
    if (before.version && before.value.state == RunState::finished && plan_of(before.value).changes)
        stack.run = before.value;
}

// The run that holds the lane in which this one is queued.
Task<std::optional<Ahead>> ahead_of(ReportContext& context, const Run& run) {
    if (run.kind != RunKind::tracked || run.state != RunState::queued) co_return std::nullopt;
    const auto lane = stack_lane(run.stack);
    const auto members = co_await context.queue.lane(lane);
    if (std::find(members.begin(), members.end(), run.id.value) == members.end())
        co_return std::nullopt;
    if (members.front() == run.id.value) co_return std::nullopt;
    const auto first = co_await load<Run>(context.queue, run_key(RunId(members.front())));
    if (!first.version) co_return std::nullopt;
    Ahead out;
    out.run = first.value.id;
    if (first.value.pull != run.pull) out.pull = first.value.pull;
    out.state = first.value.state;
    co_return out;
}

std::optional<StackLock> lock_in(const std::string& key, const Record& record,
                                 std::int64_t now_ms) {
    if (!record.version) return std::nullopt;
    auto lock = decoded_record<StackLock>(key, record);
    if (!holds(lock, now_ms)) return std::nullopt;
    return lock;
}

StackReport stack_of(const PullStack& stack) {
    StackReport out;
    out.stack = stack.settings.id;
    out.directory = stack.settings.directory;
    out.not_planned = stack.not_planned;
    out.only_when_asked = stack.settings.plan_when == PlanWhen::asked;
    out.observe = stack.settings.mode == Mode::observe;
    out.is_new = stack.is_new;
    out.outdated = stack.outdated;
    out.gone = stack.gone;
    out.renamed_from = stack.renamed_from;
    out.described_at = stack.settings.place;
    out.self_described = stack.settings.self_described;
    out.push = stack.push;
    out.approval = stack.approval;
    return out;
}

// The run that the report shows of a stack: after the merge that of the branch, before it the
// proposed one, unless its apply was asked for; "": none.
const RunId& shown_run(const PullStack& stack, PullPhase phase) {
    return !stack.tracked.empty() || phase == PullPhase::merged ? stack.tracked : stack.proposed;
}

Report head_of(const ReportContext& context, const PullRecord& record) {
    Report report;
    report.pull = record.pull;
    report.phase = record.pull.state == PullState::merged ? PullPhase::merged : PullPhase::proposed;
    report.check_name = context.check_name;
    report.public_url = context.public_url;
    report.command_word = context.command_word;
    report.link_hosts = context.link_hosts;
    if (const auto at = context.forges.find(record.pull.name.repository.forge);
        at != context.forges.end())
        report.limits = at->second->traits().limits;
    report.discovering_stacks = record.discovering_stacks && record.pull.state == PullState::open;
    report.conflicts = record.conflicts;
    report.configuration = record.configuration;
    report.now_ms = context.clock.now_ms();
    return report;
}

// The plans that were shown of the head before this one: change addresses by stack.
using Addresses = std::map<std::string, std::vector<std::string>>;

Task<void> add_run(ReportContext& context, StackReport& stack, const PullStack& known,
                   const Addresses& before) {
    co_await prefer_applied(context, stack, known.before_merge);
    const auto& run = *stack.run;
    if (run.confirmation && run.confirmation->approval)
        stack.approval = *run.confirmation->approval;
    stack.plan = plan_in(context.plans, plan_of(run).document);
    if (const auto job = awaited_job(run); !job.empty())
        stack.place_in_queue = co_await context.queue.place_in_queue(job);
    stack.ahead = co_await ahead_of(context, run);
    co_await add_approved_plan(context, stack);
    const auto seen = before.find(stack.stack.value);
    if (stack.plan && seen != before.end()) compare(stack, seen->second);
}

}  // namespace

Task<std::optional<Report>> gather_report(ReportContext& context, PullRequestName name) {
    auto pull = co_await load<PullRecord>(context.queue, pull_key(name));
    if (!pull.version) co_return std::nullopt;
    auto posted = co_await load<PostedRecord>(context.queue, posted_key(name));
    const auto& record = pull.value;
    auto report = head_of(context, record);
    if (report.discovering_stacks) co_return report;  // what is known of stacks is of another head

    const bool same_head = posted.value.posted_head == record.pull.head;
    const auto& before =
        same_head ? posted.value.previous_addresses : posted.value.posted_addresses;
    const auto& head_before = same_head ? posted.value.previous_head : posted.value.posted_head;
    if (!before.empty()) report.previous_head = std::string(shortened(head_before.value));

    std::vector<std::string> keys;
    for (const auto& stack : record.stacks)
        if (const auto& id = shown_run(stack, report.phase); !id.empty())
            keys.push_back(run_key(id));
    const auto of_runs = keys.size();
    for (const auto& stack : record.stacks) keys.push_back(lock_key(stack.settings.id));
    auto records = co_await context.queue.read_many(keys);
    std::size_t next = 0, next_lock = of_runs;
    for (const auto& stack : record.stacks) {
        auto one = stack_of(stack);
        const auto lock_at = next_lock++;
        one.lock = lock_in(keys.at(lock_at), records.at(lock_at), report.now_ms);
        if (!shown_run(stack, report.phase).empty()) {
            const auto at = next++;
            if (records.at(at).version) one.run = decoded_record<Run>(keys.at(at), records.at(at));
        }
        if (report.phase == PullPhase::merged) one.not_planned = Reason();
        if (one.run) co_await add_run(context, one, stack, before);
        report.stacks.push_back(std::move(one));
    }
    co_await add_also_changed(context, report);
    co_return report;
}

}  // namespace slipway
