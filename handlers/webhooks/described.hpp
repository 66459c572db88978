// Which stacks live on a repository's branch: those of the organisation tree, and those that the
// repository describes itself where it may (rule C1: read from its default branch, never from a
// head; what only a head describes is marked so and gets no variables).
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "handlers/webhooks/react.hpp"
#include "service/catalog/atlantis.hpp"

namespace slipway {

struct DescribedStacks {
    std::shared_ptr<const Organisation> organisation;
    std::vector<Stack> stacks;            // whose tracked branch it is
    std::vector<ConfigFinding> findings;  // of the repository's own file
    // What a change of the repository's own file does to the stacks that it described before.
    std::vector<Stack> undescribed;  // it describes them no longer; with their settings of before
    std::map<StackId, std::string>
        directories;  // what it names instead of the directory that they have
    std::map<StackId, StackId>
        renamed;  // the new key of a stack that is the same but for it -> the old one
};

// May this repository bring its own file, and what may it set there?
struct SelfDescription {
    bool may = false;
    SpaceId space;
    std::vector<std::string> may_set;  // empty: everything
    std::vector<std::string> tools;    // of those that workers configure, the ones it may use
};
SelfDescription may_describe_itself(const ReactContext&, const Forge&, const RepositoryName&,
                                    const Organisation&);

// A repository's own file: .slipway.yaml, or where it has none an atlantis.yaml.
struct OwnFile {
    std::string name;
    std::string text;
    TerraformDirectories directories;  // where an atlantis.yaml leaves its projects to them
    bool operator==(const OwnFile&) const = default;
};
// Blocking. nullopt: the tree has neither.
std::optional<OwnFile> own_file(const Repository&, const TreeId&);

// The files that a look compares; nullopt: there is none.
struct OwnFiles {
    std::optional<OwnFile> trusted;  // on the default branch, as it is now
    std::optional<OwnFile> before;   // on the base, or before the push
    std::optional<OwnFile> after;    // in the merge result, or after the push
    // Whether `after` is, or would be, what the default branch says; else no description is gone.
    bool counts = false;
    bool pushed = false;  // `trusted` is `after`: settings of what is gone are those of before
};

DescribedStacks describe(std::shared_ptr<const Organisation> organisation,
                         const RepositoryName& repository, std::string_view branch,
                         std::string_view default_branch, const SelfDescription& self,
                         const OwnFiles& files);

inline constexpr std::string_view repository_file = ".slipway.yaml";

}  // namespace slipway
