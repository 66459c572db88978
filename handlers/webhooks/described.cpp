#include "handlers/webhooks/described.hpp"

#include <algorithm>

#include "service/model/glob.hpp"

namespace slipway {

SelfDescription may_describe_itself(const ReactContext& context, const Forge& forge,
                                    const RepositoryName& repository,
                                    const Organisation& organisation) {
    for (const auto& delegation : organisation.delegations)
        if (glob_matches(delegation.pattern, repository.text()))
            return {true, delegation.space, delegation.may_set};
    const auto& listed = forge.config().self_described;
    bool may = std::any_of(listed.begin(), listed.end(), [&](const std::string& pattern) {
        return glob_matches(pattern, repository.path);
    });
    may = may || (forge.config().kind == ForgeKind::builtin && !context.has_organisation_tree);
    return {may, SpaceId(), {}};
}

DescribedStacks describe(std::shared_ptr<const Organisation> organisation, const RepositoryName& repository,
                   std::string_view branch, std::string_view default_branch,
                   const SelfDescription& self, const std::optional<std::string>& own_file,
                   const std::optional<std::string>& head_file) {
    DescribedStacks out;
    for (const auto* stack : organisation->stacks_on(repository, branch))
        out.stacks.push_back(*stack);
    out.organisation = std::move(organisation);
    if (!self.may) return out;

    auto read = [&](const std::string& text) {
        return read_repository_file(text, std::string(repository_file), repository, default_branch,
                                    self.space, self.may_set);
    };
    auto known = [&](const StackId& id) {
        return std::any_of(out.stacks.begin(), out.stacks.end(),
                           [&](const Stack& stack) { return stack.id == id; });
    };
    auto take = [&](const Loaded& loaded, bool only_in_head) {
        for (auto stack : loaded.organisation.stacks) {
            if (stack.branch != branch || known(stack.id)) continue;
            stack.self_described = true;
            stack.only_in_head = only_in_head;
            if (only_in_head) {  // C1: what only the pull request says permits nothing
                stack.variables.clear();
                if (stack.apply_when == ApplyWhen::before_merge) stack.apply_when = ApplyWhen::on_merge;
            }
            out.stacks.push_back(std::move(stack));
        }
    };
    if (own_file) {
        auto loaded = read(*own_file);
        for (const auto& finding : loaded.findings) out.findings.push_back(finding.text());
        if (loaded.findings.empty()) take(loaded, false);
    }
    if (head_file && head_file != own_file) {
        auto loaded = read(*head_file);
        for (const auto& finding : loaded.findings) out.findings.push_back(finding.text());
        if (loaded.findings.empty()) take(loaded, true);
    }
    return out;
}

}  // namespace slipway
