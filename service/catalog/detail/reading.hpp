// What the readers of the organisation tree and of .slipway.yaml share: a stack with the places
// that later checks point at, and the settings both may write.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "service/base/yaml_reader.hpp"
#include "service/catalog/catalog.hpp"

namespace slipway::catalog {

struct ReadStack {
    Stack stack;
    Place id_place;
    Place directory_place;
    std::vector<std::pair<std::string, Place>> depends_on;
    struct Reference {
        std::size_t dependency = 0;  // in depends_on
        OutputReference reads;
        Place place;
    };
    std::vector<Reference> references;
};

// The keys that a space's `defaults` may give to all its stacks, read over what `stack` already
// has.
void read_defaults(MapReader& reader, Stack& stack, Findings& findings);
// Those, and the keys of one stack alone: directory, also_triggered_by, depends_on and what this
// version does not do.
void read_settings(MapReader& reader, ReadStack& stack, Findings& findings);

// "" where it fits, else half a sentence: "is a path inside the repository, without `..`".
std::string directory_trouble(std::string_view directory);
std::string version_trouble(std::string_view constraint);
// A version without quotes that YAML takes for a number.
std::string version_number_trouble(const Yaml& node);
std::string id_trouble(std::string_view id);
bool is_variable_name(std::string_view name);
std::string variable_trouble(std::string_view name);  // "" where a stack may set it
// {network: {}}, {network: {outputs: {vpc_id: TF_VAR_vpc_id}}} or [network], once the variables are
// read.
void read_dependencies(MapReader& reader, ReadStack& stack, Findings& findings);

// Duplicate ids, unknown and circular dependencies, directories that do not exist or that two
// stacks share; then depends_on is set.
void check_stacks(std::vector<ReadStack>& stacks, Findings& findings,
                  const std::function<std::optional<bool>(const Stack&)>& directory_exists);

// `each: {bank: [alpha, beta], env: [uat, prod]}`: the node once for every combination, with {bank}
// and {env} filled in. A node without `each` is itself.
std::vector<Yaml> expand_matrix(const Yaml& node, Findings& findings);

// Patterns of custom.labels in a policy's METADATA; nullopt: it has no selector.
std::optional<std::vector<std::string>> policy_labels(const Policy& policy, Findings& findings);

// space.yaml and what it says of people; names are checked once the whole tree is read.
struct NamedOf {
    std::string name;
    Place place;
};
struct Space {
    SpaceId id;
    // Its file, or that of a space above, is not valid YAML: what it says is not known, so nothing
    // is missed that it may give.
    bool is_unreadable = false;
    Stack prototype;  // what its stacks begin with
    std::map<std::string, std::map<std::string, std::string>> people;
    std::map<std::string, Place> people_places;
    std::map<std::string, std::vector<NamedOf>> teams;
    std::map<std::string, Place> team_places;
    std::map<Role, std::vector<NamedOf>> roles;
    bool observes = false;
    Place observes_place;  // where it, or a space above, says so; line 0: none does
    bool trusts_folder = false;
    Place trusts_place;                           // likewise
    std::map<std::string, Place> default_places;  // keys of `defaults`, its own and from above
    std::optional<Organisation::Budget> budget;
};
// Adds stacks of its matrix and delegations to the rest.
Space read_space(const Yaml& node, const SpaceId& id, const Space& above,
                 std::vector<ReadStack>& stacks, std::vector<Organisation::Delegation>& delegations,
                 Findings& findings);
// One stack of the tree; `default_id` "" where it must name itself.
void read_stack(const Yaml& node, const Space& space, const std::string& default_id,
                std::vector<ReadStack>& stacks, Findings& findings);
// Fills people, teams and roles; a name means what this space or one above says (never one below:
// whoever writes there would decide who is an administrator above).
void resolve_people(const std::vector<Space>& spaces, Organisation& organisation,
                    Findings& findings);

// Somebody in a role, as the tree resolves the name.
struct NamedRole {
    SpaceId space;
    Role role = Role::none;
    std::string meaning;
    Place place;
};

// Warnings about what has no effect. The first ones look at what is written, the last at the whole
// tree.
void find_repeated_roles(const std::vector<NamedRole>& all, Findings& findings);
// Also notes in `space` what it says.
void find_repeated_defaults(const Yaml& defaults, const Space& above, Space& space,
                            Findings& findings);
// `said`: the value of `mode`, if any; `observed_by`: Space::observes_place.
void find_locked_mode(const Yaml* said, const Place& observed_by, Findings& findings);
void find_what_has_no_effect(const Organisation& organisation, Findings& findings);

// A text of the tree, at most a megabyte; nullopt and a finding where it cannot be read.
std::optional<std::string> read_text(const std::filesystem::path& path, const std::string& shown,
                                     Findings& findings);
std::vector<ConfigFinding> sorted(std::vector<ConfigFinding> findings);  // and each once

}  // namespace slipway::catalog
