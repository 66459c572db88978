// However much there is to say, a comment stays below the forge's limit and keeps errors and
// totals.
#include <doctest/doctest.h>

#include <chrono>

#include "service/base/json.hpp"
#include "service/base/utf8.hpp"
#include "tests/support/reports.hpp"

using namespace slipway;
using namespace slipway::situations;

namespace {

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// 50 stacks of 200 resources whose values, names and messages are as long as they may become.
Report monster() {
    const std::string huge = quoted(std::string(100'000, 'x'));
    const std::string lines = [] {
        std::string text;
        for (int i = 0; i < 3000; ++i)
            text += "line " + std::to_string(i * 7 % 11) + "\xE2\x82\xAC\n";
        return quoted(text);
    }();
    Plan plan;
    for (int i = 0; i < 200; ++i) {
        auto action = i % 4 == 0   ? Action::replace
                      : i % 4 == 1 ? Action::remove
                      : i % 4 == 2 ? Action::create
                                   : Action::update;
        auto one = change(
            action,
            "module.a[\"" + std::string(300, 'n') + "\"].aws_db_instance.r" + std::to_string(i),
            {attribute("id", value("\"a\""), value("\"b\""), true),
             attribute("text", value(lines), value(huge)),
             attribute("more", value(huge), known_later())});
        plan.changes.push_back(std::move(one));
    }
    plan.counts = plan_of(plan.changes).counts;
    std::vector<StackReport> stacks;
    for (int i = 0; i < 50; ++i) {
        auto name = "stack-" + std::to_string(i) + "-" + std::string(100, 'y');
        if (i % 5 == 0) {
            stacks.push_back(
                failed(name, "tofu plan ended with 1",
                       "Error: number " + std::to_string(i) + " " + std::string(50'000, 'e')));
        } else if (i % 5 == 1) {
            auto stack = judged(planned(name, plan), Verdict::denied,
                                finding(Finding::Severity::deny, "tags-" + std::to_string(i),
                                        std::string(10'000, 'm'), "policies/plan/tags.rego", 9));
            for (int j = 0; j < 100; ++j)
                set_plan(*stack.run)
                    .decision.findings.push_back(finding(Finding::Severity::deny,
                                                         "p" + std::to_string(j),
                                                         "no " + std::to_string(i), "p.rego", j));
            stacks.push_back(std::move(stack));
        } else {
            auto stack = missing(planned(name, plan), of_team(std::to_string(i)));
            for (int j = 0; j < 200; ++j)
                stack.new_since.push_back("aws_s3_bucket.b" + std::to_string(j));
            stacks.push_back(std::move(stack));
        }
    }
    auto report = report_of(std::move(stacks));
    report.previous_head = "8e21000";
    return report;
}

void check_whole_markdown(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        auto point = code_point_at(text, at);
        if (point.value == replacement_character && point.bytes == 1)
            FAIL("a cut character at byte " << at);
        at += point.bytes;
    }
    bool fenced = false;
    int details = 0;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find('\n', at), text.size());
        auto line = std::string_view(text).substr(at, end - at);
        if (line.starts_with("```")) fenced = !fenced;
        if (!fenced && line.starts_with("<details>")) ++details;
        if (!fenced && line == "</details>") --details;
        at = end + 1;
    }
    CHECK_FALSE(fenced);
    CHECK(details == 0);
}

}  // namespace

TEST_CASE("T30: never over its budget, with the heading, errors, denials and totals kept") {
    auto report = monster();
    for (std::size_t budget : {std::size_t{60'000}, std::size_t{30'000}, std::size_t{12'000}}) {
        CAPTURE(budget);
        const auto started = std::chrono::steady_clock::now();
        report.limits.comment_bytes = budget;
        const auto text = comment_markdown(report);
        const auto took = std::chrono::steady_clock::now() - started;
        CHECK(text.size() <= budget);
        CHECK(took < std::chrono::seconds(20));  // with sanitizers, unoptimised, on a busy machine
        check_whole_markdown(text);
        CHECK(contains(text, "### Slipway: 10 plans failed; 10 plans denied by policy"));
        CHECK(contains(text, "**Destroys 50 and replaces 50 in"));
        CHECK(contains(text, "**Denied** in "));
        CHECK(contains(text, "more refusals"));
        CHECK(contains(text, "Error: number 0 eee"));
        CHECK(contains(text, "In all +2000 ~2000 -2000 ±2000 in 40 stacks."));
        CHECK(contains(text, "All commands: `/slipway help`."));
    }
    report.limits = TextLimits();
    const auto text = comment_markdown(report);
    CHECK(text.size() > 40'000);  // what there is room for is used
    CHECK(contains(text, "left out here"));
    CHECK(contains(text, "shown in [the run](https://slipway.example.com/runs/"));
}

TEST_CASE("the largest plans are shortened first") {
    Plan large, small = network_plan();
    for (int i = 0; i < 3000; ++i)
        large.changes.push_back(change(Action::update,
                                       "aws_instance.web[" + std::to_string(i) + "]",
                                       {attribute("size", value("1"), value("2"))}));
    large.counts = plan_of(large.changes).counts;
    const auto text = comment_markdown(
        report_of({approved(planned("large", large), ""), approved(planned("small", small), "")}));
    CHECK(text.size() <= 60'000);
    CHECK(text.size() > 55'000);
    CHECK(contains(text, "+   route[2].cidr_block = \"10.2.0.0/16\""));
    CHECK(contains(text, "more resources are left out here (~"));
}

TEST_CASE("checks stay below what forges take") {
    const auto report = monster();
    const auto summary = summary_check(report);
    CHECK(summary.summary.size() <= 65'000);
    CHECK(summary.text.size() <= 65'000);
    for (std::size_t i : {0u, 1u, 2u}) {
        const auto check = stack_check(report, report.stacks[i]);
        CHECK(check.summary.size() <= 65'000);
        CHECK(check.text.size() <= 65'000);
        CHECK(check.title.size() <= 140);
        check_whole_markdown(check.summary);
    }
}

TEST_CASE("checks keep the limits of a forge that takes less") {
    auto report = monster();
    report.limits.check_bytes = 20'000;
    report.limits.title_bytes = 60;
    report.limits.annotations = 1;
    const auto summary = summary_check(report);
    CHECK(summary.summary.size() <= 20'000);
    CHECK(summary.text.size() <= 20'000);
    for (std::size_t i : {0u, 1u, 2u}) {
        const auto check = stack_check(report, report.stacks[i]);
        CHECK(check.summary.size() <= 20'000);
        CHECK(check.text.size() <= 20'000);
        CHECK(check.title.size() <= 60);
        CHECK(check.notes.size() <= 1);
        check_whole_markdown(check.summary);
    }
}

TEST_CASE("hundreds of stacks still leave a comment that says who must act") {
    std::vector<StackReport> stacks;
    for (int i = 0; i < 400; ++i)
        stacks.push_back(approved(planned("service-" + std::to_string(i), payments_plan()), ""));
    stacks.push_back(missing(planned("payments-prod", network_plan()), of_team("dba")));
    const auto text = comment_markdown(report_of(std::move(stacks)));
    CHECK(text.size() <= 60'000);
    CHECK(contains(text, "### Slipway: 401 stacks change, waiting for 1 approval"));
    CHECK(contains(text, "| **payments-prod** | ~1 | passed | 1 of team dba |"));
    CHECK(contains(text, "Members of team dba: approve"));
    check_whole_markdown(text);
}
