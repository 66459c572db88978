// Reports of every situation that a person may read, as plain values; shared by the golden files,
// the renderer's test and the injection corpus.
#pragma once
#include <string>
#include <vector>

#include "service/wording/report.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway::situations {

inline constexpr std::int64_t nine_fourteen = 1'795'425'240'000;  // 2026-11-23 09:14 UTC
inline constexpr std::int64_t second = 1000;

inline AttributeChange::Side value(std::string json) {
    return {AttributeChange::Kind::value, std::move(json)};
}
inline AttributeChange::Side known_later() {
    return {AttributeChange::Kind::known_after_apply, ""};
}
inline AttributeChange::Side sensitive() { return {AttributeChange::Kind::sensitive, ""}; }
inline AttributeChange::Side absent() { return {}; }

inline AttributeChange attribute(std::string path, AttributeChange::Side before,
                                 AttributeChange::Side after, bool forces = false) {
    AttributeChange out;
    out.path = std::move(path);
    out.before = std::move(before);
    out.after = std::move(after);
    out.forces_replacement = forces;
    return out;
}

inline Change change(Action action, std::string address,
                     std::vector<AttributeChange> attributes = {}, std::string reason = "") {
    Change out;
    out.action = action;
    auto start = address.rfind("aws_");
    if (start != address.npos) out.type = address.substr(start, address.find('.', start) - start);
    out.address = std::move(address);
    out.attributes = std::move(attributes);
    out.reason = std::move(reason);
    return out;
}

inline Plan plan_of(std::vector<Change> changes) {
    Plan out;
    out.changes = std::move(changes);
    for (const auto& one : out.changes) {
        switch (one.action) {
            case Action::create:
                ++out.counts.create;
                break;
            case Action::update:
                ++out.counts.update;
                break;
            case Action::remove:
                ++out.counts.remove;
                break;
            case Action::replace:
                ++out.counts.replace;
                break;
            case Action::forget:
                ++out.counts.forget;
                break;
            case Action::none:
                if (!one.previous_address.empty()) ++out.counts.move;
                if (!one.import_id.empty()) ++out.counts.import;
                break;
            case Action::read:
                break;
        }
    }
    return out;
}

inline void moved_on(Run& run, RunState state, std::int64_t at_ms, std::string by = "slipway") {
    StateChange change;
    change.state = state;
    change.at_ms = at_ms;
    change.by = std::move(by);
    run.state = state;
    run.history.push_back(std::move(change));
}

inline Run run_of(std::string stack, RunKind kind = RunKind::proposed) {
    Run run;
    run.id = RunId("01J9" + stack);
    run.stack = StackId(stack);
    run.kind = kind;
    run.head = CommitSha("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d");
    run.base = CommitSha("5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80");
    run.settings.id = run.stack;
    run.settings.apply_start = ApplyStart::confirmed;
    run.created_at_ms = nine_fourteen - 14 * second;
    moved_on(run, RunState::queued, run.created_at_ms);
    return run;
}

inline StackReport stack_of(Run run) {
    StackReport out;
    out.stack = run.stack;
    out.directory = "stacks/" + run.stack.value;
    out.push.why = {"push policies",
                    "propose",
                    {{"push policy default",
                      "propose (changed: stacks/payments/main.tf, modules/db/main.tf)",
                      {}}}};
    out.run = std::move(run);
    return out;
}

inline StackReport queued(std::string stack, int place) {
    auto out = stack_of(run_of(std::move(stack)));
    out.place_in_queue = place;
    return out;
}

inline StackReport planning(std::string stack, std::int64_t for_ms) {
    auto run = run_of(std::move(stack));
    moved_on(run, RunState::preparing, nine_fourteen - for_ms - second);
    moved_on(run, RunState::planning, nine_fourteen - for_ms);
    return stack_of(std::move(run));
}

inline StackReport planned(std::string stack, Plan plan, std::string digest = "9f3c5a",
                           std::int64_t took_ms = 6 * second) {
    auto run = run_of(std::move(stack));
    moved_on(run, RunState::preparing, nine_fourteen - took_ms);
    moved_on(run, RunState::planning, nine_fourteen - took_ms + second);
    set_plan(run).at_ms = nine_fourteen;
    run.finished_at_ms = nine_fourteen;
    moved_on(run, RunState::finished, nine_fourteen);
    set_plan(run).counts = plan.counts;
    set_plan(run).digest = std::move(digest);
    set_plan(run).decision.why = {
        "plan policies", "passed", {{"plan policy require-tags", "passed", {}}}};
    auto out = stack_of(std::move(run));
    out.plan = std::move(plan);
    return out;
}

inline StackReport approved(StackReport stack, std::string by = "ada") {
    stack.approval.approval = Approval::approved;
    if (!by.empty()) stack.approval.approved_by = {by};
    return stack;
}

inline StackReport automatic(StackReport stack) {
    stack.run->settings.apply_start = ApplyStart::automatic;
    return stack;
}

inline MissingApproval of_team(std::string team) {
    return {"1 of team " + team, 1, std::move(team)};
}

inline StackReport missing(StackReport stack, MissingApproval what) {
    stack.approval.missing = {std::move(what)};
    return stack;
}

inline StackReport missing(StackReport stack, std::string what) {
    MissingApproval one;
    one.text = std::move(what);
    return missing(std::move(stack), std::move(one));
}

// Nobody's approval is missing: a policy waits for a time.
inline StackReport frozen(StackReport stack) {
    MissingApproval wait;
    wait.text = "frozen until 2027-01-04 07:00 UTC: the holidays";
    wait.count = 0;
    wait.until_ms = 1'799'046'000'000;
    stack.run->reason = {Cause::approvals_missing, "", wait.text};
    return missing(std::move(stack), std::move(wait));
}

inline Finding finding(Finding::Severity severity, std::string policy, std::string message,
                       std::string file, int line, std::string resource = "") {
    Finding out;
    out.severity = severity;
    out.policy = std::move(policy);
    out.message = std::move(message);
    out.place.file = std::move(file);
    out.place.line = line;
    out.resource = std::move(resource);
    return out;
}

inline StackReport judged(StackReport stack, Verdict verdict, Finding found) {
    auto& run = *stack.run;
    set_plan(run).decision.verdict = verdict;
    set_plan(run).decision.findings.push_back(std::move(found));
    if (verdict == Verdict::denied || verdict == Verdict::error) {
        run.history.pop_back();
        run.reason = {Cause::denied, "a policy"};
        moved_on(run, RunState::failed, nine_fourteen);
    }
    return stack;
}

inline StackReport failed(std::string stack, std::string reason, std::string error) {
    auto run = run_of(std::move(stack));
    moved_on(run, RunState::preparing, nine_fourteen - 4 * second);
    moved_on(run, RunState::planning, nine_fourteen - 3 * second);
    if (!reason.empty()) run.reason = {Cause::not_prepared, "", std::move(reason)};
    run.error = std::move(error);
    run.finished_at_ms = nine_fourteen;
    moved_on(run, RunState::failed, nine_fourteen);
    return stack_of(std::move(run));
}

inline StackReport not_planned(std::string stack, Reason why) {
    StackReport out;
    out.stack = StackId(std::move(stack));
    out.not_planned = std::move(why);
    return out;
}

// After the merge.
inline StackReport tracked(std::string stack, Plan plan, RunState state,
                           std::int64_t for_ms = 48 * second) {
    auto out = planned(stack, std::move(plan));
    auto& run = *out.run;
    run.kind = RunKind::tracked;
    run.history.pop_back();
    run.finished_at_ms = 0;
    moved_on(run, RunState::unconfirmed, nine_fourteen - for_ms);
    if (state == RunState::unconfirmed) return out;
    moved_on(run, RunState::confirmed, nine_fourteen - for_ms, "slipway");
    if (state == RunState::confirmed) return out;
    moved_on(run, RunState::applying, nine_fourteen - for_ms, "worker-1");
    if (state == RunState::applying) return out;
    moved_on(run, state, nine_fourteen);
    if (state != RunState::unknown) run.finished_at_ms = nine_fourteen;
    return out;
}

inline Report report_of(std::vector<StackReport> stacks, PullPhase phase = PullPhase::proposed) {
    Report out;
    out.pull.name.repository = {"github.com", "acme/infra"};
    out.pull.name.number = 7;
    out.pull.state = phase == PullPhase::merged ? PullState::merged : PullState::open;
    out.pull.head = CommitSha("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d");
    out.pull.base = CommitSha("5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f80");
    out.pull.base_branch = "main";
    out.pull.author.login = "lin";
    out.phase = phase;
    out.public_url = "https://slipway.example.com";
    out.stacks = std::move(stacks);
    out.now_ms = nine_fourteen;
    out.link_hosts = {"wiki.example.com"};
    return out;
}

inline Plan payments_plan() {
    return plan_of(
        {change(Action::replace, "aws_db_instance.main",
                {attribute("identifier", value("\"payments\""), value("\"payments-v2\""), true),
                 attribute("endpoint", value("\"payments.c9xk.eu-central-1.rds.amazonaws.com\""),
                           known_later())}),
         change(Action::create, "aws_s3_bucket.audit",
                {attribute("bucket", absent(), value("\"acme-audit\""))}),
         change(Action::update, "aws_iam_role.app",
                {attribute("max_session_duration", value("3600"), value("7200"))})});
}
inline Plan network_plan() {
    return plan_of({change(
        Action::update, "aws_route_table.private",
        {attribute("route[2].cidr_block", value("\"10.0.0.0/8\""), value("\"10.2.0.0/16\""))})});
}

struct Situation {
    const char* name;
    Report report;
};

std::vector<Situation> all();

}  // namespace slipway::situations
