#include "tests/support/reports.hpp"

namespace slipway::situations {

namespace {

Report waiting() {
    auto payments = planned("payments-prod", payments_plan(), "9f3c5a", 14 * second);
    set_plan(*payments.run).decision.verdict = Verdict::warned;
    set_plan(*payments.run)
        .decision.findings.push_back(finding(Finding::Severity::warn, "backup",
                                             "keeps no final snapshot", "policies/plan/backup.rego",
                                             12, "aws_db_instance.main"));
    set_plan(*payments.run)
        .decision.why.because.push_back(
            {"plan policy backup", "warn: keeps no final snapshot (backup.rego:12)", {}});
    payments.approval.why = {"approval policies",
                             "undecided",
                             {{"approval policy two-eyes",
                               "1 of 2",
                               {{"ada approved plan 9f3c at 2026-11-23 09:20 UTC (review)", "", {}},
                                {"needs 1 of team dba: grace, linus", "", {}}}}}};
    auto report = report_of({planned("web-prod", Plan()),
                             automatic(approved(planned("network-prod", network_plan(), "77aa01"))),
                             missing(std::move(payments), of_team("dba"))});
    report.previous_head = "8e21";
    report.stacks[2].new_since = {"aws_s3_bucket.audit"};
    return report;
}

Report other_plan() {
    auto payments = tracked("payments-prod", payments_plan(), RunState::unconfirmed);
    payments.run->reason = {Cause::other_plan};
    auto approved_plan = payments_plan();
    approved_plan.changes[2].attributes[0].after = value("5400");
    approved_plan.changes.pop_back();
    approved_plan.changes.push_back(
        change(Action::update, "aws_iam_role.app",
               {attribute("max_session_duration", value("3600"), value("5400"))}));
    approved_plan.changes.erase(approved_plan.changes.begin() + 1);
    payments.approved_plan = approved_plan;
    set_plan(*payments.run).digest = "c0ffee";
    return report_of(
        {std::move(payments), tracked("network-prod", network_plan(), RunState::finished)},
        PullPhase::merged);
}

Report every_kind_of_value() {
    const std::string policy_before =
        R"("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\"],\"Resource\":\"*\"}]}")";
    const std::string policy_after =
        R"("{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::a/*\"}]}")";
    const std::string script_before =
        R"("#!/bin/sh\nset -e\napt-get update\napt-get install -y nginx\nsystemctl start nginx\n")";
    const std::string script_after =
        R"("#!/bin/sh\nset -eu\napt-get update\napt-get install -y nginx curl\nsystemctl start nginx\n")";
    const std::string long_before =
        "\"" + std::string(150, 'a') + "x" + std::string(150, 'b') + "\"";
    const std::string long_after =
        "\"" + std::string(150, 'a') + "y" + std::string(150, 'b') + "\"";
    auto moved = change(Action::none, "module.net.aws_vpc.this");
    moved.previous_address = "aws_vpc.this";
    auto imported = change(Action::none, "aws_s3_bucket.logs");
    imported.import_id = "acme-logs";
    auto plan = plan_of(
        {change(Action::create, "aws_instance.web",
                {attribute("ami", absent(), value("\"ami-0123\"")),
                 attribute("id", absent(), known_later()),
                 attribute("password", absent(), sensitive()),
                 attribute("tags", absent(), value(R"({"owner":"team-a","env":"prod"})"))}),
         change(Action::update, "aws_iam_policy.app",
                {attribute("policy", value(policy_before), value(policy_after))}),
         change(Action::update, "aws_launch_template.web",
                {attribute("user_data", value(script_before), value(script_after)),
                 attribute("description", value(long_before), value(long_after)),
                 attribute("password", sensitive(), sensitive()),
                 attribute("tags", value(R"({"owner":"a","old":"1"})"),
                           value(R"({"owner":"b","new":"2"})")),
                 attribute("zones", value(R"(["a","b","c"])"), value(R"(["a","c"])")),
                 attribute("count", value("12345678901234567890"), value("12345678901234567891")),
                 attribute("ebs_optimized", value("false"), value("true"))}),
         change(Action::remove, "aws_sqs_queue.jobs[\"old\"]",
                {attribute("name", value("\"jobs-old\""), absent()),
                 attribute("fifo", value("true"), absent())},
                "delete_because_each_key"),
         change(Action::forget, "aws_s3_bucket.archive"),
         change(Action::read, "data.aws_ami.latest", {}, "read_because_config_unknown"), moved,
         imported});
    plan.outputs = {"endpoint", "bucket_names"};
    return report_of({approved(planned("web-prod", plan), "")});
}

StackReport costing(StackReport stack, std::string before, std::string after,
                    std::vector<CostMover> movers = {}) {
    PlanCost cost;
    cost.before = std::move(before);
    cost.after = std::move(after);
    cost.movers = std::move(movers);
    cost.prices_of = "2026-10-15";
    set_plan(*stack.run).cost = std::move(cost);
    return stack;
}

// What a budget, what is not priced and a changed usage file add to it.
Report costs() {
    auto payments = costing(planned("payments-prod", payments_plan()), "812.4", "1530.16",
                            {{"aws_db_instance.main", "700.8"}, {"aws_ebs_volume.log", "16.96"}});
    auto& cost = *set_plan(*payments.run).cost;
    cost.incomplete = true;
    cost.not_priced = {{"aws_glue_job", 2}};
    cost.unknown = {"aws_instance.web"};
    cost.usage_changed = true;
    cost.budgets = {{SpaceId("production"), "5000", "0.8", "3600", false},
                    {SpaceId(""), "10000", "", "3600", false}};
    auto denied =
        judged(std::move(payments), Verdict::denied,
               finding(Finding::Severity::deny, "space_budget",
                       "production would cost $5130.16 per month, and its budget is $5000.00",
                       "policies/plan/space_budget.rego", 11));
    auto unpriced = approved(planned("web-prod", network_plan(), "4455bb"), "");
    auto failed_cost = costing(std::move(unpriced), "0", "0");
    set_plan(*failed_cost.run).cost->incomplete = true;
    set_plan(*failed_cost.run).cost->failure = "aws.prices-table is damaged";
    set_plan(*failed_cost.run).cost->prices_of = "";
    return report_of(
        {std::move(denied), std::move(failed_cost),
         costing(approved(planned("cache-prod", network_plan(), "77aa01"), ""), "40", "36.5",
                 {{"aws_elasticache_cluster.a", "-3.5"}}),
         costing(approved(planned("queue-prod", network_plan(), "99bb01"), ""), "12", "12")});
}

Report many() {
    std::vector<StackReport> stacks;
    for (int i = 0; i < 8; ++i) {
        std::vector<Change> changes;
        for (int j = 0; j <= 3 * i; ++j)
            changes.push_back(change(j % 3 ? Action::update : Action::remove,
                                     "aws_instance.web[" + std::to_string(j) + "]",
                                     {attribute("size", value("1"), value("2"))}));
        changes.push_back(change(Action::remove, "aws_db_instance.main"));
        stacks.push_back(
            approved(planned("service-" + std::to_string(i), plan_of(std::move(changes))), ""));
    }
    return report_of(std::move(stacks));
}

constexpr const char* reference_error =
    "Error: Reference to undeclared input variable\n\n  on main.tf line 12, in resource "
    "\"terraform_data\" \"app\":\n"
    "  12:   input = var.regoin\n\nAn input variable with the name \"regoin\" has not been "
    "declared. Did you mean\n\"region\"?\n";

StackReport locked(StackReport stack, std::string note = "migration tonight") {
    StackLock lock;
    lock.stack = stack.stack;
    lock.holder = {"github.com", "ada"};
    lock.note = std::move(note);
    lock.since_ms = nine_fourteen - 60 * second;
    lock.expires_at_ms = nine_fourteen + 4 * 3600 * second;
    stack.lock = lock;
    return stack;
}

// Before and after the merge.
void add_locks(std::vector<Situation>& out) {
    const auto waits = [](const char* name) {
        auto stack = locked(automatic(tracked(name, network_plan(), RunState::unconfirmed)));
        stack.run->reason = why_locked(*stack.lock, nine_fourteen);
        return stack;
    };
    out.push_back({"locked", report_of({waits("network-prod")}, PullPhase::merged)});
    auto unapproved = locked(
        missing(tracked("payments-prod", payments_plan(), RunState::unconfirmed), of_team("dba")),
        "");
    unapproved.run->reason = {Cause::approvals_missing};
    unapproved.lock->holder.login = "grace";
    out.push_back({"locked_and_more",
                   report_of({waits("network-prod"), waits("web-prod"), unapproved,
                              locked(tracked("cache-prod", network_plan(), RunState::applying))},
                             PullPhase::merged)});
    auto unconfirmed = locked(tracked("network-prod", network_plan(), RunState::unconfirmed));
    unconfirmed.run->reason = {Cause::stack_confirms};
    out.push_back({"locked_and_unconfirmed", report_of({unconfirmed}, PullPhase::merged)});
    out.push_back(
        {"locked_before_the_merge",
         report_of({locked(automatic(approved(planned("network-prod", network_plan())))),
                    automatic(approved(planned("web-prod", network_plan(), "5566bb")))})});
}

StackReport also_changed(StackReport stack, std::vector<AlsoChanged> by) {
    stack.also_changed = std::move(by);
    return stack;
}

// A stack whose directory is gone, and what its settings say to that.
StackReport gone(std::string stack, int resources, OnDelete on_delete = OnDelete::forbid) {
    StackReport out;
    out.stack = StackId(stack);
    out.directory = "stacks/" + stack;
    out.described_at = {"stacks/" + stack + ".yaml", 1, 1};
    out.gone.emplace();
    out.gone->directory = out.directory;
    out.gone->resources = resources;
    out.gone->on_delete = on_delete;
    return out;
}

StackReport of_self_described(StackReport stack) {
    stack.self_described = true;
    stack.described_at = {".slipway.yaml", 3, 3};
    stack.gone->described = false;
    return stack;
}

Plan destroying(int count) {
    std::vector<Change> changes;
    for (int i = 0; i < count; ++i)
        changes.push_back(change(Action::remove, "aws_subnet.net[" + std::to_string(i) + "]",
                                 {attribute("cidr_block", value("\"10.0.0.0/8\""), absent())}));
    return plan_of(std::move(changes));
}

StackReport whole(StackReport stack) {
    stack.run->destroy = true;
    stack.gone = gone(stack.stack.value, plan_of(*stack.run).counts.remove, OnDelete::destroy).gone;
    return stack;
}

// Outputs that a plan had to do without, and a run that was not needed for any.
void add_outputs(std::vector<Situation>& out) {
    const auto reading = [](StackReport stack, OutputFrom from) {
        stack.run->prepared.emplace();
        stack.run->prepared->outputs = {
            {StackId("network-prod"), "vpc_id", "TF_VAR_vpc_id", "", from},
            {StackId("network-prod"), "subnets", "TF_VAR_subnets", "", from}};
        return stack;
    };
    const auto network = automatic(approved(planned("network-prod", network_plan())));
    const auto web = automatic(approved(planned("web-prod", network_plan(), "5566bb")));
    out.push_back({"provisional", report_of({network, reading(web, OutputFrom::unknown)})});
    out.push_back({"outputs_may_change", report_of({network, reading(web, OutputFrom::before)})});
    auto waits = queued("web-prod", 0);
    waits.place_in_queue.reset();
    waits.run->waits_for = {RunId("01J9network")};
    auto upstream = planning("network-prod", 11'000);
    upstream.run->id = RunId("01J9network");
    out.push_back({"waits_for_a_plan", report_of({upstream, waits})});
    auto unneeded = tracked("web-prod", network_plan(), RunState::skipped);
    unneeded.run->history.resize(1);
    unneeded.run->plan.reset();
    unneeded.plan.reset();
    unneeded.run->reason = {Cause::upstream_ended, "network-prod.vpc_id, network-prod.subnets"};
    out.push_back(
        {"nothing_to_hand_over",
         report_of({unneeded, tracked("network-prod", network_plan(), RunState::finished)},
                   PullPhase::merged)});
}

// Directories and descriptions that go away, with what may become of the resources.
void add_deletions(std::vector<Situation>& out) {
    const auto add = [&](const char* name, Report report) {
        out.push_back({name, std::move(report)});
    };
    auto hinted = gone("net", 14);
    hinted.gone->looks_like = "stacks/network";
    add("gone", report_of({hinted}));
    auto undescribed = of_self_described(gone("net", -1));
    undescribed.gone->there = true;
    add("gone_of_several",
        report_of({undescribed, of_self_described(gone("dns", 3)), gone("web", 0),
                   approved(planned("network-prod", network_plan()), "")}));
    add("gone_after_the_merge", report_of({gone("net", 14)}, PullPhase::merged));
    add("orphaned", report_of({gone("net", 14, OnDelete::orphan)}));
    auto moved = automatic(approved(planned("net", network_plan()), ""));
    moved.renamed_from = "stacks/net";
    moved.directory = "stacks/network";
    moved.described_at = {"stacks/net.yaml", 1, 1};
    add("renamed", report_of({moved}));
    add("destroy_proposed",
        report_of({whole(missing(planned("net", destroying(14)), of_team("dba"))),
                   approved(planned("network-prod", network_plan()), "")}));
    auto waits = whole(tracked("net", destroying(14), RunState::unconfirmed));
    waits.run->must_confirm = waits.run->reason = Reason{Cause::destroys_stack};
    add("destroy_waits", report_of({waits}, PullPhase::merged));
    add("destroyed",
        report_of({whole(tracked("net", destroying(14), RunState::finished))}, PullPhase::merged));
}

}  // namespace

std::vector<Situation> all() {
    std::vector<Situation> out;
    const auto add = [&](const char* name, Report report) {
        out.push_back({name, std::move(report)});
    };

    auto looking = report_of({});
    looking.discovering_stacks = true;
    add("looking", looking);
    add("queued", report_of({queued("payments-prod", 1), queued("network-prod", 0)}));
    add("planning", report_of({planned("network-prod", network_plan()),
                               planning("payments-prod", 11 * second), queued("web-prod", 1)}));
    add("waiting_for_a_person", waiting());
    add("ready", report_of({automatic(approved(planned("network-prod", network_plan()))),
                            approved(planned("payments-prod", payments_plan(), "1122aa"), "")}));
    auto later = automatic(
        missing(planned("web-prod", network_plan(), "5566bb"), "1 approval by somebody else"));
    auto follows = automatic(approved(planned("payments-prod", payments_plan(), "1122aa"), ""));
    follows.run->settings.depends_on = {StackId("network-prod")};
    add("applied_in_turn",
        report_of({automatic(approved(planned("network-prod", network_plan()))), follows, later}));
    add("frozen", report_of({frozen(planned("payments-prod", payments_plan()))}));
    add("frozen_and_waiting_for_a_person",
        report_of({automatic(frozen(planned("payments-prod", payments_plan()))),
                   missing(planned("network-prod", network_plan()), of_team("dba"))}));
    add("ready_with_a_warning",
        report_of({judged(approved(planned("network-prod", network_plan()), ""), Verdict::warned,
                          finding(Finding::Severity::warn, "change-window",
                                  "it is Friday; the window closes at 16:00",
                                  "production/policies/plan/change-window.rego", 21))}));
    auto denial =
        finding(Finding::Severity::deny, "require-tags", "`aws_s3_bucket.audit` has no tag `owner`",
                "production/policies/plan/require-tags.rego", 9, "aws_s3_bucket.audit");
    denial.docs = "https://wiki.example.com/tags";
    auto denied = judged(planned("payments-prod", payments_plan()), Verdict::denied, denial);
    denied.plan->changes[1].file = "stacks/payments/storage.tf";
    denied.plan->changes[1].line = 4;
    add("denied", report_of({denied}));
    auto predicted = automatic(approved(planned("web-servers", network_plan())));
    set_plan(*predicted.run).counts.predicted_only = predicted.plan->counts.predicted_only = true;
    add("predicted", report_of({predicted}));
    add("plan_failed",
        report_of({failed("payments-prod", "terraform plan ended with 1", reference_error),
                   planned("network-prod", Plan())}));
    add("policy_error",
        report_of(
            {judged(planned("network-prod", network_plan()), Verdict::error,
                    finding(Finding::Severity::error, "backup",
                            "eval_conflict_error: complete rules must not produce multiple outputs",
                            "policies/plan/backup.rego", 14))}));
    auto rejected = planned("network-prod", network_plan());
    rejected.approval.approval = Approval::rejected;
    rejected.approval.rejected_by = {"grace"};
    rejected.approval.findings = {finding(Finding::Severity::deny, "two-eyes", "rejected by grace",
                                          "policies/approval/two-eyes.rego", 30)};
    add("rejected", report_of({rejected}));
    auto withheld = failed("payments-prod", "", "");
    withheld.run->unknown_providers = {"registry.terraform.io/acme/dns"};
    add("unknown_provider",
        report_of({withheld, approved(planned("network-prod", network_plan()))}));
    auto conflict = report_of({not_planned("network-prod", {Cause::conflicts, "main"})});
    conflict.conflicts = {"stacks/network/main.tf", "stacks/network/variables.tf"};
    add("conflict", conflict);
    auto fork = report_of({not_planned("network-prod", {Cause::from_fork}),
                           not_planned("web-prod", {Cause::from_fork})});
    fork.pull.fork = true;
    add("fork", fork);
    add("dropped", report_of({not_planned("network-prod", {Cause::ended_by, "grace"}),
                              approved(planned("web-prod", Plan()), "")}));
    auto waits_to_be_asked = not_planned("network-prod", {});
    waits_to_be_asked.only_when_asked = true;
    add("on_request", report_of({waits_to_be_asked}));
    add("on_request_beside_others",
        report_of({waits_to_be_asked, approved(planned("web-prod", network_plan()), "")}));
    add("no_stack", report_of({}));
    add("no_changes", report_of({approved(planned("network-prod", Plan()), ""),
                                 approved(planned("web-prod", Plan()), "")}));
    auto configuration = report_of({});
    configuration.configuration = {
        {{".slipway.yaml", 4, 5}, "unknown key `directroy`; did you mean `directory`?"},
        {{".slipway.yaml", 9, 16}, "the directory stacks/web does not exist"}};
    add("configuration", configuration);
    auto fresh = approved(planned("cache-prod", network_plan()), "");
    fresh.is_new = true;
    add("new_stack", report_of({fresh}));
    auto observed = approved(planned("network-prod", network_plan()), "");
    observed.observe = true;
    add("observed", report_of({observed}));
    auto ended = planning("network-prod", 3 * second);
    ended.run->reason = {Cause::ended_by, "ada"};
    moved_on(*ended.run, RunState::stopped, nine_fourteen);
    add("canceled", report_of({ended}));
    auto before = approved(planned("network-prod", network_plan()));
    before.run->settings.apply_when = ApplyWhen::before_merge;
    add("before_the_merge", report_of({before}));
    auto draft = report_of({approved(planned("network-prod", network_plan()), "")});
    draft.pull.draft = true;
    add("draft", draft);
    auto closed = report_of({approved(planned("network-prod", network_plan()))});
    closed.pull.state = PullState::closed;
    add("closed", closed);
    add("denied_and_failed",
        report_of({denied, failed("network-prod", "terraform plan ended with 1", reference_error),
                   missing(planned("web-prod", network_plan(), "4455bb"),
                           "1 approval by somebody else")}));
    add("values", every_kind_of_value());
    add("many", many());
    add("costs", costs());

    add("merged", report_of({not_planned("network-prod", {})}, PullPhase::merged));
    add("applying",
        report_of({tracked("network-prod", network_plan(), RunState::finished, 12 * second),
                   tracked("payments-prod", payments_plan(), RunState::applying, 5 * second)},
                  PullPhase::merged));
    auto interrupted = tracked("payments-prod", payments_plan(), RunState::failed, 5 * second);
    interrupted.run->interrupt =
        Interrupt{"github.com/ada", "wrong region", nine_fourteen, nine_fourteen};
    interrupted.run->reason = {Cause::ended_by, "ada", "wrong region"};
    auto& progress = interrupted.run->progress.emplace();
    progress.made = {"aws_s3_bucket.audit"};
    progress.halfway = {"aws_db_instance.main"};
    progress.left = {"aws_security_group_rule.db"};
    progress.made_count = progress.halfway_count = progress.left_count = 1;
    progress.lock = ApplyProgress::Lock::free;
    add("interrupted",
        report_of(
            {tracked("network-prod", network_plan(), RunState::finished, 12 * second), interrupted},
            PullPhase::merged));
    auto applied = approved(tracked("payments-prod", payments_plan(), RunState::finished));
    applied.run->confirmation = Confirmation{"grace", std::nullopt};
    for (auto& change : applied.run->history)
        if (change.state == RunState::confirmed) change.by = "grace", change.note = "as agreed";
    add("applied",
        report_of(
            {tracked("network-prod", network_plan(), RunState::finished, 12 * second), applied},
            PullPhase::merged));
    auto unapproved =
        missing(tracked("payments-prod", payments_plan(), RunState::unconfirmed), of_team("dba"));
    unapproved.run->reason = {Cause::approvals_missing};
    add("unapproved_after_the_merge",
        report_of({unapproved, tracked("network-prod", network_plan(), RunState::finished)},
                  PullPhase::merged));
    add("frozen_after_the_merge",
        report_of({frozen(tracked("payments-prod", payments_plan(), RunState::unconfirmed))},
                  PullPhase::merged));
    add("another_plan_than_approved", other_plan());
    add("costs_after_the_merge",
        report_of({costing(tracked("network-prod", network_plan(), RunState::finished), "0", "73.2",
                           {{"aws_nat_gateway.a", "73.2"}})},
                  PullPhase::merged));
    auto apply_failed = tracked("payments-prod", payments_plan(), RunState::failed);
    apply_failed.run->reason = {Cause::not_prepared, "", "terraform apply ended with 1"};
    apply_failed.run->error =
        "Error: creating S3 Bucket (acme-audit): BucketAlreadyExists\n\n  with "
        "aws_s3_bucket.audit,\n"
        "  on storage.tf line 4, in resource \"aws_s3_bucket\" \"audit\":\n   4: resource "
        "\"aws_s3_bucket\" \"audit\" {\n";
    add("apply_failed",
        report_of({apply_failed, tracked("network-prod", network_plan(), RunState::finished)},
                  PullPhase::merged));
    auto skipped = tracked("web-prod", network_plan(), RunState::skipped);
    skipped.run->history.resize(1);
    skipped.run->plan.reset();
    skipped.plan.reset();
    skipped.run->reason = {Cause::upstream_ended, "payments-prod", "failed"};
    auto discarded = tracked("network-prod", network_plan(), RunState::unconfirmed);
    moved_on(*discarded.run, RunState::discarded, nine_fourteen);
    discarded.run->reason = {Cause::ended_by, "grace"};
    add("skipped_and_discarded", report_of({skipped, discarded}, PullPhase::merged));
    add_outputs(out);
    auto behind = stack_of(run_of("network-prod", RunKind::tracked));
    behind.ahead = Ahead{RunId("01J9before"), 14, RunState::unconfirmed};
    add("behind_another", report_of({behind}, PullPhase::merged));
    add_locks(out);
    out.push_back(
        {"also_changed",
         report_of({also_changed(automatic(approved(planned("network-prod", network_plan()))),
                                 {{12, {"aws_route_table.private"}}, {14, {}}}),
                    automatic(approved(planned("web-prod", network_plan(), "5566bb")))})});
    add_deletions(out);
    auto lost = tracked("payments-prod", payments_plan(), RunState::unknown, 300 * second);
    lost.run->last_seen = "aws_s3_bucket.audit: Still creating... [40s elapsed]";
    add("unknown", report_of({lost}, PullPhase::merged));
    add("confirmed", report_of({tracked("payments-prod", payments_plan(), RunState::confirmed)},
                               PullPhase::merged));
    return out;
}

}  // namespace slipway::situations
