// What policies were asked, kept with what followed from it: enough to ask again later, whatever
// has changed since (`slipway test --replay`). The plan in it is the redacted one, and of the
// stack's settings the variables are left out, so nothing in it is secret.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/policies.hpp"
#include "service/base/json.hpp"
#include "service/base/result.hpp"

namespace slipway {

struct KeptInput {
    PolicyKind kind = PolicyKind::push;
    std::int64_t at_ms = 0;
    Stack stack;
    Json input;     // as the policies see it
    Json document;  // of a plan: the tool's own, redacted
    std::vector<GivenReview> reviews = {}, older = {};
    std::vector<std::string> because = {};
    std::string outcome = {};     // "propose", "denied", "undecided", …
    std::string policy_set = {};  // see policy_set_digest()

    static void fields(auto& self, auto&& f) {
        f("kind", self.kind);
        f("at_ms", self.at_ms);
        f("stack", self.stack);
        f("outcome", self.outcome);
        f("policy_set", self.policy_set);
        f("input", self.input);
        f("document", self.document);
        f("reviews", self.reviews);
        f("older", self.older);
        f("because", self.because);
    }
};

// Before the question is asked; what followed is added by decided().
KeptInput kept_input(const PushQuestion& question);
KeptInput kept_input(const PlanQuestion& question);
KeptInput kept_input(const ApprovalQuestion& question);
void decided(KeptInput& kept, const PushDecision& decision);
void decided(KeptInput& kept, const PlanDecision& decision);
void decided(KeptInput& kept, const ApprovalDecision& decision);

// One document of several inputs, as of all stacks of one push; nullopt: it would be larger than
// what is kept of a decision.
inline constexpr std::size_t kept_input_limit = 8u << 20;
std::optional<std::string> kept_document(const std::vector<KeptInput>& inputs);
// That of the stack.
std::optional<Json> find_kept(std::string_view document, const StackId& stack);
// As `slipway explain RUN --input KIND` prints it.
Result<KeptInput> read_kept(std::string_view text);

// What policies say to it.
struct Replay {
    std::string outcome;
    std::string policy_set;
    std::vector<Finding> findings;
    std::vector<MissingApproval> missing;
    Explanation why;
};

}  // namespace slipway
