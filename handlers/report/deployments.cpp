#include "handlers/report/deployments.hpp"

#include <algorithm>

namespace slipway {

namespace {

bool has_begun(const Run& run) {
    return std::any_of(run.history.begin(), run.history.end(), [](const StateChange& change) {
        return change.event == RunEvent::begun || change.state == RunState::applying;
    });
}

// nullopt: it applies nothing, or has not begun to.
std::optional<DeploymentState> state_of(const Run& run) {
    if (run.kind == RunKind::proposed || !has_begun(run)) return std::nullopt;
    switch (run.state) {
        case RunState::applying:
            return DeploymentState::in_progress;
        case RunState::finished:
            return DeploymentState::success;
        case RunState::failed:
            return DeploymentState::failure;
        case RunState::unknown:
            return DeploymentState::error;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::vector<Deployment> deployments_due(const Report& report, const PostedRecord& posted) {
    std::vector<Deployment> out;
    for (const auto& stack : report.stacks) {
        if (!stack.run) continue;
        const auto& run = *stack.run;
        const auto state = state_of(run);
        if (!state) continue;
        const auto known = posted.deployments.find(run.id.value);
        if (known != posted.deployments.end() && known->second.state == *state) continue;
        Deployment one;
        one.environment = stack.stack.value;
        one.commit = run.head;
        one.key = run.id.value;
        one.state = *state;
        one.description = counts_sentence(plan_of(run).counts);
        if (!report.public_url.empty()) one.url = report.public_url + "/runs/" + run.id.value;
        out.push_back(std::move(one));
    }
    return out;
}

void forget_other_deployments(PostedRecord& posted, const Report& report) {
    std::erase_if(posted.deployments, [&](const auto& one) {
        return std::none_of(report.stacks.begin(), report.stacks.end(),
                            [&](const StackReport& stack) {
                                return stack.run && stack.run->id.value == one.first;
                            });
    });
}

}  // namespace slipway
