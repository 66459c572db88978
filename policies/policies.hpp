// The judgement, by OPA itself in a supervised child. Evaluates all policies of a kind that hold
// for a stack, each by itself, and merges: deny wins, sets unite, an evaluation that fails blocks
// (rule P1). Nothing attached: the default policy of the library.
//
// A decision's `why` is {text: "push policies", outcome, because: one node for each policy}, so
// that whoever shows several decisions of a stack puts the nodes of all under one root.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "service/base/json.hpp"
#include "service/base/task.hpp"
#include "service/model/decision.hpp"
#include "service/model/plan.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/run.hpp"

namespace slipway {

struct CostEstimate;
struct KeptInput;
struct Replay;

// One approval or rejection, from a forge's review or a command; bound to what it saw (rule W3).
struct GivenReview {
    std::string author;  // login
    std::string forge;
    bool approves = true;  // false: rejects
    bool may_write =
        false;            // permission on the forge and role in the space (rule W2), looked up now
    std::string why_not;  // for people, where not
    bool is_author = false;  // of the pull request or of its head commit
    std::vector<std::string> teams;
    CommitSha commit;    // what it was given for
    std::string plan;    // digest of the one it was given for
    std::string source;  // "review", "comment", "api"
    std::string note;
    std::int64_t at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("author", self.author);
        f("forge", self.forge);
        f("approves", self.approves);
        f("may_write", self.may_write);
        f("why_not", self.why_not);
        f("is_author", self.is_author);
        f("teams", self.teams);
        f("commit", self.commit);
        f("plan", self.plan);
        f("source", self.source);
        f("note", self.note);
        f("at_ms", self.at_ms);
    }
};

// What the push policies are asked about: one stack and a change.
struct PushQuestion {
    Stack stack;
    std::vector<std::string> changed;  // files, relative to the repository's root
    std::vector<std::string> because;  // those of them that concern the stack
    std::optional<PullRequest> pull;   // absent: a push to a branch
    std::string action;                // opened, synchronize, … as Spacelift names them
    std::string branch;
    CommitSha head;
    std::string author;
    std::string message;
    std::int64_t now_ms = 0;
};

struct PlanQuestion {
    Stack stack;
    Run run;
    Plan plan;
    Json document;  // the tool's own plan document, redacted (terraform show -json)
    std::shared_ptr<const CostEstimate> estimate;  // null: nothing costs, or it is not priced
    std::int64_t now_ms = 0;
};

struct ApprovalQuestion {
    Stack stack;
    Run run;
    // What is to be approved. Absent: policies see no `run.changes` and no `plan`, which a policy
    // that approves harmless changes by itself may mistake for harmless ones.
    std::optional<Plan> plan;
    std::shared_ptr<const CostEstimate> estimate;  // likewise
    std::vector<GivenReview> reviews;              // those bound to what is to be approved
    std::vector<GivenReview> older;
    std::int64_t now_ms = 0;
};

struct PolicyTestResult {
    int passed = 0, failed = 0, skipped = 0;
    std::string text;  // a line a failing rule with file and line, then "N passed, N failed"
    Json coverage;
};

// Which policies hold: as the catalogue answered, plus the files of policies/lib. Those of another
// kind than is asked about are passed over.
struct PolicySet {
    std::vector<Policy> policies;
    std::map<std::string, std::string> library;
    // Of delegated repositories and unmerged trees (rule P2): judged in a child of their own, heard
    // only where they narrow, and no substitute for the default policy.
    std::vector<Policy> untrusted = {};
};

class Policies {
  public:
    virtual ~Policies() = default;
    // Never throw for what a policy does: an error is a decision that blocks and says file and
    // line.
    virtual Task<PushDecision> decide_push(PolicySet set, PushQuestion question) = 0;
    virtual Task<PlanDecision> decide_plan(PolicySet set, PlanQuestion question) = 0;
    virtual Task<ApprovalDecision> decide_approval(PolicySet set, ApprovalQuestion question) = 0;
    // Compiles every policy by itself; the findings name file, line and column.
    virtual Task<std::vector<Finding>> check(PolicySet set) = 0;
    virtual Task<PolicyTestResult> test(std::string directory, bool coverage) = 0;
    // What these policies say to an input that was kept: see kept_input.hpp.
    virtual Task<Replay> replay(PolicySet set, std::shared_ptr<const KeptInput> kept) = 0;
};

// Spacelift's limits: what a kind of decision may take, all its policies together.
struct PolicyLimits {
    std::chrono::milliseconds push{10'000};
    std::chrono::milliseconds plan{45'000};
    std::chrono::milliseconds approval{5'000};
};

// Names the texts of all policies of that kind that are asked, as a decision does.
std::string policy_set_digest(const PolicySet& set, PolicyKind kind);

// Starts slipway-opa at the first question. `program`: its path, "": the one that came with us.
std::unique_ptr<Policies> make_policies(asio::any_io_executor executor, std::string program = "",
                                        PolicyLimits limits = {});

// The input documents, as Spacelift documents its policy input (for tests and `explain`).
Json push_input(const PushQuestion&);
Json plan_input(const PlanQuestion&);
Json approval_input(const ApprovalQuestion&);

}  // namespace slipway
