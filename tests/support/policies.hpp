// The real policy engine for tests, one child for a whole test case, and the stack that most of
// them ask about.
#pragma once
#include "policies/policies.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {

inline Stack a_stack() {
    Stack stack;
    stack.id = StackId("web");
    stack.space = SpaceId("production");
    stack.repository = {"github.com", "acme/infra"};
    stack.directory = "stacks/web";
    stack.labels = {"env:prod"};
    return stack;
}

inline Policy a_policy(std::string name, PolicyKind kind, std::string text) {
    Policy policy;
    policy.kind = kind;
    policy.space = SpaceId("production");
    policy.place.file = "policies/" + std::string(word(kind)) + "/" + name + ".rego";
    policy.name = std::move(name);
    policy.text = std::move(text);
    return policy;
}

struct PolicyBench {
    asio::io_context io;
    std::unique_ptr<Policies> policies;

    explicit PolicyBench(PolicyLimits limits = {})
        : policies(
              make_policies(io.get_executor(), SLIPWAY_BINARY_DIR "/bin/slipway-opa", limits)) {}
    ~PolicyBench() {
        policies.reset();
        io.restart();
        io.run_for(std::chrono::seconds(5));  // readers and writers see their child gone
    }
    PushDecision push(PolicySet set, PushQuestion question) {
        return run_task(io, policies->decide_push(std::move(set), std::move(question)));
    }
    PlanDecision plan(PolicySet set, PlanQuestion question) {
        return run_task(io, policies->decide_plan(std::move(set), std::move(question)),
                        std::chrono::seconds(100));
    }
    ApprovalDecision approval(PolicySet set, ApprovalQuestion question) {
        return run_task(io, policies->decide_approval(std::move(set), std::move(question)));
    }
};

}  // namespace slipway
