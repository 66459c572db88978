// Which stacks live on a repository's branch: those of the organisation tree, and those that the repository
// describes itself where it may (rule C1: read from its default branch, never from a head; what only a head
// describes is marked so and gets no variables).
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handlers/webhooks/react.hpp"

namespace slipway {

struct DescribedStacks {
    std::shared_ptr<const Organisation> organisation;
    std::vector<Stack> stacks;          // whose tracked branch it is
    std::vector<std::string> findings;  // of the repository's own file, file:line:column: message
};

// May this repository bring its own file, and what may it set there?
struct SelfDescription {
    bool may = false;
    SpaceId space;
    std::vector<std::string> may_set;  // empty: everything
};
SelfDescription may_describe_itself(const ReactContext&, const Forge&, const RepositoryName&,
                                    const Organisation&);

// `own_file`: the text of .slipway.yaml on the default branch; `head_file`: in the merge result.
DescribedStacks describe(std::shared_ptr<const Organisation> organisation, const RepositoryName& repository,
                   std::string_view branch, std::string_view default_branch,
                   const SelfDescription& self, const std::optional<std::string>& own_file,
                   const std::optional<std::string>& head_file);

inline constexpr std::string_view repository_file = ".slipway.yaml";

}  // namespace slipway
