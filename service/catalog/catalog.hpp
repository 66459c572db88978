// The organisation as values: stacks, policies, people and rights, from the organisation tree and
// from repositories that describe their own stacks. Strict: unknown keys, wrong types, duplicate
// ids, cyclic dependencies are findings with file, line and column, all at once. What the tree may
// say one day and this version does not do (contexts, drift, secrets …) is a finding too, never
// silence.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/base/task.hpp"
#include "service/base/yaml_reader.hpp"
#include "service/model/concerned.hpp"
#include "service/model/decision.hpp"
#include "service/model/pull_request.hpp"
#include "service/model/stack.hpp"

namespace slipway {

struct Organisation {
    std::vector<Stack> stacks;
    std::vector<Policy> policies;  // of all spaces; rego files of policies/lib separately
    std::map<std::string, std::string> policy_library;  // path -> text, loaded beside each policy
    // Policy file -> patterns of labels, from the file's METADATA:
    //     # METADATA
    //     # custom:
    //     #   labels: ["env:prod", "team:*"]
    // Such a policy holds for stacks with a label that any of them matches; others for every stack.
    std::map<std::string, std::vector<std::string>> policy_labels;
    std::vector<SpaceId> spaces;
    std::vector<SpaceId>
        observing;  // spaces that say `mode: observe`, for themselves and all below
    std::vector<SpaceId> trusting_folder;  // spaces that say `trust: folder`, likewise (rule S6)
    struct Budget {
        SpaceId space;
        std::string monthly;  // US dollars, decimal text
        std::string warn_at;  // a share of it, 0 < warn_at <= 1; empty: no warning
    };
    std::vector<Budget> budgets;                    // spaces that have one
    std::map<std::string, std::string> cost_files;  // path -> text of `costs/`
    // space -> role -> who ("ada", "team:dba", "github.com/acme/dba", "everyone")
    std::map<std::string, std::map<std::string, std::vector<std::string>>> roles;
    std::map<std::string, std::map<std::string, std::string>> people;  // name -> forge -> login
    std::map<std::string, std::vector<std::string>> teams;  // name -> people or forge teams
    struct Delegation {
        SpaceId space;
        std::string pattern;  // github.com/acme/*
        std::vector<std::string> may_set;
        std::vector<std::string> tools;  // of those that workers configure: "custom/NAME"
        std::vector<std::string>
            labels;  // patterns: which of its labels may match policies' selectors (C5)
        Place place;
    };
    std::vector<Delegation> delegations;
    std::string digest;  // of everything read

    const Stack* find(const StackId&) const;
    // Stacks of that repository whose tracked branch this is. Only these can be concerned (rule
    // C1).
    std::vector<const Stack*> stacks_on(const RepositoryName&, std::string_view branch) const;
    // Policies of the kind that hold for the stack: of its space and every space above (rule C3),
    // and where a policy's METADATA has a label selector, only if that matches.
    std::vector<Policy> policies_for(const Stack&, PolicyKind) const;
    // The role of somebody in a space: own or inherited from above; `none` where nothing is said
    // (W2).
    Role role_of(const Actor&, const SpaceId&) const;
    // Teams that the forge keeps ("acme/dba") and the roles they give in the space, own or
    // inherited. Only the forge knows their members: role_of() leaves them out, so whoever decides
    // asks it.
    std::vector<std::pair<std::string, Role>> forge_teams(const SpaceId&,
                                                          std::string_view forge) const;
    // Whether the space, or one above it, only observes: nothing of it is ever applied.
    bool observes(const SpaceId&) const;
    // Whether approvals given on the built-in forge count in the space (rule S6).
    bool trusts_folder(const SpaceId&) const;
    // Those of the space itself and of the spaces above it.
    std::vector<Budget> budgets_for(const SpaceId&) const;
    // Members of a team by login on the forge, as far as the tree names them.
    std::vector<std::string> logins_of_team(std::string_view team, std::string_view forge) const;
};

// The space itself, or one above it.
bool is_within(const SpaceId& space, const SpaceId& ancestor);

// What an atlantis.yaml means here, for `slipway check`.
struct AtlantisNotes {
    std::vector<ConfigFinding> understood;
    std::vector<ConfigFinding> differs;
    std::vector<ConfigFinding> ignored;
};

struct Loaded {
    Organisation organisation;
    std::vector<ConfigFinding> findings;  // any: the tree is not taken into use
    std::vector<ConfigFinding> warnings;  // what has no effect or cannot happen; it is still used
    std::optional<AtlantisNotes> atlantis = {};
};

// Reads a directory. `directory_exists` answers for a stack's directory where the repository is at
// hand
// (`slipway check` on a working copy); empty: not checked.
Loaded load_organisation(
    const std::filesystem::path& directory,
    const std::function<std::optional<bool>(const Stack&)>& directory_exists = {});

// One repository's own file (.slipway.yaml), text as read from its default branch. `may_set` empty:
// everything (installation without organisation tree); `directory` may always be set. Of the tools
// that workers configure it may use those in `tools` alone. A stack's id
// is the repository's full name, a slash and its key: no repository can take the name of another's
// stack.
Loaded read_repository_file(std::string_view text, std::string file, const RepositoryName&,
                            std::string_view default_branch, const SpaceId& space,
                            const std::vector<std::string>& may_set,
                            const std::vector<std::string>& tools = {});

// What `slipway check DIR` looks at: the repository's own file where there is one, with its
// directories looked for on disk, otherwise the organisation tree.
Loaded check_directory(const std::filesystem::path& directory);

// Watches the directory and reads it again when it changed; a broken tree is reported and the last
// good one stays in force. Where there is no good one, the newest that can be read is: what is
// broken in it blocks.
class Catalog {
  public:
    // What somebody else finds in a tree that the catalogue has nothing against: its policies'
    // faults.
    using Judge =
        std::function<Task<std::vector<ConfigFinding>>(std::shared_ptr<const Organisation>)>;

    // Reads the tree; it is in force where it has no findings, and judged by the first poll.
    explicit Catalog(std::optional<std::filesystem::path> directory);
    std::shared_ptr<const Organisation> current() const;
    const std::vector<ConfigFinding>& findings() const;  // of the newest tree, good or not
    bool newest_in_force() const;
    // True: another tree is in force, or there are other findings. Cheap (a stat walk): every
    // second or two, one at a time. A tree that only `judge` objects to is judged again each time,
    // for the fault may have been the judge's. Throws what `judge` throws; the next poll asks it
    // again.
    Task<bool> poll(Judge judge = {});

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace slipway
