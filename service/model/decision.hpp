// What a policy said and why. The same tree is shown by the check, the comment, the API and
// `explain`.
#pragma once
#include <string>
#include <vector>

#include "service/model/stack.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class PolicyKind { push, plan, approval, trigger, notification, login };
BOOST_DESCRIBE_ENUM(PolicyKind, push, plan, approval, trigger, notification, login)

// One policy file that holds for a stack.
struct Policy {
    std::string name;  // the file's name without .rego
    PolicyKind kind = PolicyKind::plan;
    SpaceId space;
    Place place;  // file relative to the organisation tree
    std::string text;

    bool operator==(const Policy&) const = default;
    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("kind", self.kind);
        f("space", self.space);
        f("place", self.place);
        f("text", self.text);
    }
};

// One sentence of a policy, with what it names.
struct Finding {
    enum class Severity { deny, warn, note, error };
    BOOST_DESCRIBE_NESTED_ENUM(Severity, deny, warn, note, error)
    Severity severity = Severity::deny;
    std::string policy;
    std::string rule;
    Place place;           // of the rule in the policy
    std::string message;   // foreign text: whoever shows it makes it inert
    std::string resource;  // address, where the policy names one
    std::string docs;

    bool operator==(const Finding&) const = default;
    static void fields(auto& self, auto&& f) {
        f("severity", self.severity);
        f("policy", self.policy);
        f("rule", self.rule);
        f("place", self.place);
        f("message", self.message);
        f("resource", self.resource);
        f("docs", self.docs);
    }
};

// A node of the explanation: "plan policy require-tags -> denied", children say why.
struct Explanation {
    std::string text;
    std::string outcome;
    std::vector<Explanation> because;

    bool operator==(const Explanation&) const = default;
    static void fields(auto& self, auto&& f) {
        f("text", self.text);
        f("outcome", self.outcome);
        f("because", self.because);
    }
};

enum class PushAction { ignore, propose, track };
BOOST_DESCRIBE_ENUM(PushAction, ignore, propose, track)

struct PushDecision {
    PushAction action = PushAction::ignore;
    bool failed = false;  // a policy could not be evaluated: nothing runs, the check says so
    std::vector<Finding> findings;
    Explanation why;
    std::string policy_set;  // digest of all policies that were asked
    BlobId input;            // what they were asked, kept sealed; "": not kept

    static void fields(auto& self, auto&& f) {
        f("action", self.action);
        f("failed", self.failed);
        f("findings", self.findings);
        f("why", self.why);
        f("policy_set", self.policy_set);
        f("input", self.input);
    }
};

enum class Verdict { passed, warned, denied, error };
BOOST_DESCRIBE_ENUM(Verdict, passed, warned, denied, error)

struct PlanDecision {
    Verdict verdict = Verdict::passed;
    std::vector<Finding> findings;
    Explanation why;
    std::string policy_set;  // digest of all policies that were asked
    BlobId input;            // what they were asked, kept sealed; "": not kept

    static void fields(auto& self, auto&& f) {
        f("verdict", self.verdict);
        f("findings", self.findings);
        f("why", self.why);
        f("policy_set", self.policy_set);
        f("input", self.input);
    }
};

enum class Approval { undecided, approved, rejected, error };
BOOST_DESCRIBE_ENUM(Approval, undecided, approved, rejected, error)

// An approval that a policy waits for.
struct MissingApproval {
    std::string text;  // foreign text: the policy's own words, "1 of team dba"
    int count = 1;     // how many people's
    std::string team;  // whose members it must be; "": the policy does not say it but in words
    std::vector<std::string> not_by = {};  // logins whose word counts already, or cannot
    std::int64_t until_ms = 0;             // with `count` 0: asked again then; 0: not known

    auto operator<=>(const MissingApproval&) const = default;
    static void fields(auto& self, auto&& f) {
        f("text", self.text);
        f("count", self.count);
        f("team", self.team);
        f("not_by", self.not_by);
        f("until_ms", self.until_ms);
    }
};

struct ApprovalDecision {
    Approval approval = Approval::undecided;
    std::vector<MissingApproval> missing;
    std::vector<std::string> approved_by;  // logins that count
    std::vector<std::string> rejected_by;  // logins of those who may write
    std::vector<std::string>
        may_approve;  // logins whose approval would count, where known: who is asked
    std::vector<Finding> findings;
    Explanation why;
    std::string policy_set;  // digest of all policies that were asked
    BlobId input;            // what they were asked, kept sealed; "": not kept

    static void fields(auto& self, auto&& f) {
        f("approval", self.approval);
        f("missing", self.missing);
        f("approved_by", self.approved_by);
        f("rejected_by", self.rejected_by);
        f("may_approve", self.may_approve);
        f("findings", self.findings);
        f("why", self.why);
        f("policy_set", self.policy_set);
        f("input", self.input);
    }
};

}  // namespace slipway
