// What a decision tells of itself beyond its answer: what a rule read, whose word was of another
// plan, who is still wanted, and until when. And that it can be asked again.
#include <doctest/doctest.h>

#include "policies/engine/judged.hpp"
#include "policies/engine/library.hpp"
#include "policies/kept_input.hpp"
#include "tests/support/policies.hpp"
#include "tests/support/set_plan.hpp"

namespace slipway {
namespace {

GivenReview review(std::string author, bool approves = true) {
    GivenReview given;
    given.author = std::move(author);
    given.forge = "github.com";
    given.approves = approves;
    given.may_write = true;
    given.plan = "9f3c0000";
    given.source = "review";
    given.at_ms = 1763975640000;
    return given;
}

ApprovalQuestion asked(std::vector<GivenReview> reviews = {}) {
    ApprovalQuestion question;
    question.stack = a_stack();
    question.run.kind = RunKind::tracked;
    question.run.state = RunState::unconfirmed;
    question.run.settings = question.stack;
    question.reviews = std::move(reviews);
    question.now_ms = 1763975700000;
    return question;
}

Policy approval(const char* name, std::string text) {
    return a_policy(name, PolicyKind::approval, std::move(text));
}

std::vector<std::string> texts(const Explanation& node) {
    std::vector<std::string> out;
    for (const auto& one : node.because) out.push_back(one.text);
    return out;
}

bool has(const std::vector<std::string>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

TEST_CASE("a rule that decides says what it reads, through its helpers, with short values") {
    PolicyBench bench;
    const auto policy = approval("reads", R"(package slipway
import rego.v1
approve if enough(input.reviews.current)
enough(current) if count(current.approvals) > limit
limit := 1 if production
limit := 0 if not production
production if input.stack.space.id == "production"
approve if input.nothing.of_the_kind
)");
    const auto decision = bench.approval({{policy}, {}}, asked({review("ada")}));
    CHECK(has(texts(decision.why.because.at(0)),
              "approve reads input.nothing.of_the_kind (undefined), input.reviews.current (2 "
              "members), input.stack.space.id (\"production\")"));
}

TEST_CASE("a plan policy's rule that fires says what it reads, one that passes says nothing") {
    PolicyBench bench;
    PlanQuestion question;
    question.stack = a_stack();
    question.run.settings = question.stack;
    question.document = *parse_json(R"({"terraform_version": "1.11.0"})");
    const auto policy = a_policy("p", PolicyKind::plan, R"(package slipway
import rego.v1
deny contains "old" if input.terraform.terraform_version == "1.11.0"
warn contains "many" if count(input.plan.changes) > 3
)");
    const auto decision = bench.plan({{policy}, {}}, question);
    CHECK(texts(decision.why.because.at(0)) ==
          std::vector<std::string>{"deny reads input.terraform.terraform_version (\"1.11.0\")"});
}

TEST_CASE("what was said of another plan is told once, with why it does not count") {
    PolicyBench bench;
    const auto eyes = approval("eyes", std::string(library_policy("approval/two_eyes.rego")));
    auto question = asked({review("ada")});
    question.older = {review("ken"), review("ada")};
    question.older[0].plan = "8e210000";
    const auto decision = bench.approval({{eyes}, {}}, question);
    const auto nodes = texts(decision.why);
    REQUIRE(nodes.size() == 2);
    CHECK(nodes[1] ==
          "ken approved plan 8e21 at 2025-11-24 09:14 UTC (review), which does not count: it is of "
          "another plan");
}

TEST_CASE("who approved already, and whose approval does not count, is not wanted again") {
    PolicyBench bench;
    auto question = asked({review("ken"), review("ada"), review("grace", false)});
    question.reviews[1].is_author = true;
    const auto policy = approval("three", R"(package slipway
import rego.v1
approved_by contains r.author if { some r in input.reviews.current.approvals; not r.is_author }
missing contains {"msg": "more", "count": 3 - count(approved_by)} if count(approved_by) < 3
approve if count(approved_by) >= 3
)");
    const auto decision = bench.approval({{policy}, {}}, question);
    REQUIRE(decision.missing.size() == 1);
    CHECK(decision.missing[0].not_by == std::vector<std::string>{"ada", "ken"});
}

TEST_CASE("until when a policy holds is known, in nanoseconds or as RFC 3339 writes it") {
    PolicyBench bench;
    const auto missing = [&](const char* value) {
        const auto policy = approval("held",
                                     "package slipway\nimport rego.v1\nmissing contains {\"msg\": "
                                     "\"held\", \"count\": 0, \"until\": " +
                                         std::string(value) + "} if input.stack.id\n");
        return bench.approval({{policy}, {}}, asked()).missing.at(0).until_ms;
    };
    CHECK(missing("1799046000000000000") == 1799046000000);
    CHECK(missing("\"2027-01-04T07:00:00Z\"") == 1799046000000);
    CHECK(missing("\"on Monday\"") == 0);
    CHECK(missing("time.parse_rfc3339_ns(\"2027-01-04T07:00:00Z\")") == 1799046000000);
    const auto freeze = approval("freeze", std::string(library_policy("approval/freeze.rego")));
    auto question = asked();
    question.now_ms = 1764961200000;  // Friday 2025-12-05 19:00: over the weekend
    CHECK(bench.approval({{freeze}, {}}, question).missing.at(0).until_ms == 1765177200000);
}

TEST_CASE("a kept input says what it said, and to another policy what that would decide") {
    PolicyBench bench;
    const auto eyes = approval("eyes", std::string(library_policy("approval/two_eyes.rego")));
    auto question = asked({review("ada")});
    auto kept = kept_input(question);
    const auto decision = bench.approval({{eyes}, {}}, question);
    decided(kept, decision);
    const auto document = kept_document({kept});
    REQUIRE(document);
    const auto found = find_kept(*document, StackId("web"));
    REQUIRE(found);
    CHECK_FALSE(find_kept(*document, StackId("other")));
    const auto read = read_kept(found->dump());
    REQUIRE(read);
    const auto replay = [&](const Policy& policy) {
        return run_task(bench.io, bench.policies->replay({{policy}, {}},
                                                         std::make_shared<const KeptInput>(*read)));
    };
    const auto same = replay(eyes);
    CHECK(same.outcome == "approved");
    CHECK(same.outcome == read->outcome);
    CHECK(same.policy_set == read->policy_set);
    CHECK(same.why == decision.why);
    const auto other = replay(approval("nobody",
                                       "package slipway\nimport rego.v1\n"
                                       "reject if input.stack.id\n"));
    CHECK(other.outcome == "rejected");
    CHECK(other.policy_set != read->policy_set);
}

TEST_CASE("what is no kept input is refused with a sentence") {
    CHECK_FALSE(read_kept("{}"));
    CHECK_FALSE(read_kept("no JSON"));
    CHECK(read_kept("{}").error().message == "no kept input");
}

TEST_CASE("the digest of a set is that of a decision, by whichever policies are asked") {
    PolicyBench bench;
    const auto eyes = approval("eyes", std::string(library_policy("approval/two_eyes.rego")));
    for (const auto& policies : {std::vector<Policy>{}, std::vector<Policy>{eyes}}) {
        const PolicySet set{policies, {}};
        CHECK(bench.approval(set, asked()).policy_set ==
              policy_set_digest(set, PolicyKind::approval));
    }
}

}  // namespace
}  // namespace slipway
