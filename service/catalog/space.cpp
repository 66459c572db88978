// space.yaml: what a space says once, and who may do what in it.
#include <algorithm>

#include "service/base/nearest.hpp"
#include "service/catalog/detail/reading.hpp"
#include "service/model/decimal.hpp"
#include "service/model/glob.hpp"

namespace slipway::catalog {

namespace {

constexpr std::string_view everyone = "everyone";

// What a repository's own file may be allowed to set.
const std::vector<std::string> settable{"directory",
                                        "branch",
                                        "tool",
                                        "version",
                                        "workspace",
                                        "labels",
                                        "also_triggered_by",
                                        "apply",
                                        "depends_on",
                                        "variables",
                                        "time_limit_minutes",
                                        "pool",
                                        "mode",
                                        "managed_state",
                                        "drift",
                                        "delete"};

std::vector<NamedOf> names_of(MapReader& reader, std::string_view key) {
    std::vector<NamedOf> out;
    reader.texts(key);  // says what does not fit
    if (const Yaml* node = reader.find(key); node && node->kind == Yaml::Kind::list)
        for (const auto& item : node->list)
            if (item.kind == Yaml::Kind::scalar && !item.scalar.empty())
                out.push_back({item.scalar, item.place});
    return out;
}

void read_people(MapReader& reader, Space& space, Findings& findings) {
    const Yaml* node = reader.find("people");
    if (!node) return;
    if (node->kind != Yaml::Kind::map)
        return reader.report("people", "is a map: {ada: {github.com: ada-l}}");
    for (const auto& person : node->map) {
        if (!id_trouble(person.key).empty() || person.key == everyone)
            findings.add(person.place, "the name " + person.key + " " + id_trouble("/"));
        space.people_places.emplace(person.key, person.place);
        auto& logins = space.people[person.key];
        MapReader forges(person.value, "the person " + person.key, findings);
        for (const auto& entry : person.value.map)
            if (auto login = forges.text(entry.key)) logins[entry.key] = *login;
    }
}

void read_teams(MapReader& reader, Space& space, Findings& findings) {
    const Yaml* node = reader.find("teams");
    if (!node) return;
    MapReader teams(*node, "`teams`", findings);
    for (const auto& entry : node->map) {
        if (!id_trouble(entry.key).empty() || entry.key == everyone)
            findings.add(entry.place, "the name " + entry.key + " " + id_trouble("/"));
        space.team_places.emplace(entry.key, entry.place);
        space.teams[entry.key] = names_of(teams, entry.key);
    }
}

void read_roles(MapReader& reader, Space& space, Findings& findings) {
    const Yaml* node = reader.find("roles");
    if (!node) return;
    MapReader roles(*node, "`roles`", findings);
    for (Role role : {Role::reader, Role::writer, Role::admin})
        space.roles[role] = names_of(roles, word(role));
}

void read_budget(MapReader& reader, Space& space, Findings& findings) {
    const Yaml* node = reader.find("budget");
    if (!node) return;
    MapReader keys(*node, "`budget`", findings);
    Organisation::Budget budget;
    budget.space = space.id;
    if (const auto monthly = keys.text("monthly"); keys.require("monthly") && monthly) {
        const auto amount = parse_decimal(*monthly);
        if (amount && *amount > 0)
            budget.monthly = decimal_text(*amount);
        else
            keys.report("monthly", "is an amount in US dollars above 0, like 5000");
    }
    if (const auto warn_at = keys.text("warn_at")) {
        const auto share = parse_decimal(*warn_at);
        if (share && *share > 0 && *share <= 1)
            budget.warn_at = decimal_text(*share);
        else
            keys.report("warn_at", "is a share of the budget above 0 and at most 1, like 0.8");
    }
    if (!budget.monthly.empty()) space.budget = std::move(budget);
}

void read_delegations(MapReader& reader, const SpaceId& space,
                      std::vector<Organisation::Delegation>& delegations, Findings& findings) {
    const Yaml* node = reader.find("repositories");
    if (!node) return;
    if (node->kind != Yaml::Kind::map)
        return reader.report("repositories",
                             "is a map: {github.com/acme/*: {may_set: [directory]}}");
    for (const auto& entry : node->map) {
        Organisation::Delegation delegation;
        delegation.space = space;
        delegation.pattern = entry.key;
        delegation.place = entry.place;
        if (auto trouble = glob_error(entry.key); !trouble.empty())
            findings.add(entry.place, "the pattern " + entry.key + " " + trouble);
        else if (entry.key.find('/') == entry.key.npos)
            findings.add(entry.place, "the pattern " + entry.key +
                                          " names no repository, like "
                                          "github.com/acme/*");
        MapReader how(entry.value, "the delegation to " + entry.key, findings);
        if (how.require("may_set"))
            for (const auto& key : names_of(how, "may_set")) {
                if (std::find(settable.begin(), settable.end(), key.name) == settable.end())
                    findings.add(key.place, "a stack has no key `" + key.name + "`" +
                                                did_you_mean(key.name, settable));
                delegation.may_set.push_back(key.name);
            }
        // An empty list would mean "everything" to read_repository_file().
        if (delegation.may_set.empty()) delegation.may_set.emplace_back("directory");
        for (const auto& tool : names_of(how, "tools")) {
            const auto kind = parse_word<ToolKind>(tool.name.substr(0, tool.name.find('/')));
            if (!kind || !traits_of(*kind).is_configured || tool.name.find('/') == tool.name.npos)
                findings.add(tool.place,
                             "`tools` lists tools of the workers' configuration, like "
                             "custom/ansible; " +
                                 tool.name + " is none");
            delegation.tools.push_back(tool.name);
        }
        for (const auto& label : names_of(how, "labels")) {
            if (auto trouble = glob_error(label.name); !trouble.empty())
                findings.add(label.place, "the pattern " + label.name + " " + trouble);
            delegation.labels.push_back(label.name);
        }
        delegations.push_back(std::move(delegation));
    }
}

// What a name means at a place of the tree.
class Names {
  public:
    Names(const std::vector<Space>& spaces, Findings& findings) : findings_(findings) {
        for (const auto& space : spaces) {
            for (const auto& [name, place] : space.people_places)
                define(name, space.id, place, false);
            for (const auto& [name, place] : space.team_places) define(name, space.id, place, true);
        }
    }

    // "ada", "team:dba", "github.com/acme/dba", "everyone"; nullopt and a finding where it is
    // nobody.
    std::optional<std::string> meaning(const NamedOf& named, const SpaceId& space) {
        if (named.name == everyone) return named.name;
        const bool as_team = named.name.starts_with("team:");  // also written without
        auto it = defined_.find(as_team ? named.name.substr(5) : named.name);
        if (it != defined_.end() && (it->second.team || !as_team)) {
            if (is_within(space, it->second.space))
                return (it->second.team ? "team:" : "") + it->first;
            findings_.add(named.place,
                          named.name + " is described in " + it->second.place.file +
                              ", which is not above this space; describe it here or above");
            return std::nullopt;
        }
        if (auto slashes = std::count(named.name.begin(), named.name.end(), '/'); slashes >= 1)
            return named.name;
        std::vector<std::string> known;
        for (const auto& [name, definition] : defined_) known.push_back(name);
        findings_.add(named.place, "nobody is called " + named.name +
                                       did_you_mean(named.name, known) +
                                       (known.empty() ? "; describe people and teams first" : ""));
        return std::nullopt;
    }

  private:
    struct Definition {
        SpaceId space;
        Place place;
        bool team = false;
    };

    void define(const std::string& name, const SpaceId& space, const Place& place, bool team) {
        auto [known, is_new] = defined_.emplace(name, Definition{space, place, team});
        if (!is_new)
            findings_.add(place, name + " is described already, at " + known->second.place.file +
                                     ":" + std::to_string(known->second.place.line));
    }

    Findings& findings_;
    std::map<std::string, Definition> defined_;
};

// One login is one person: else somebody below could share the rights of somebody above.
void check_logins(const std::vector<Space>& spaces, Findings& findings) {
    std::map<std::pair<std::string, std::string>, std::string> owner;
    for (const auto& space : spaces)
        for (const auto& [person, logins] : space.people)
            for (const auto& login : logins) {
                auto [known, is_new] = owner.emplace(login, person);
                if (!is_new && known->second != person)
                    findings.add(
                        space.people_places.at(person),
                        login.second + " on " + login.first + " is " + known->second + " already");
            }
}

void warn_repeated(MapReader& reader, std::string_view key, const Place& above,
                   Findings& findings) {
    findings.warn(reader.place_of(key),
                  "`" + std::string(key) + "` has no effect: the space above says the same at " +
                      above.file + ":" + std::to_string(above.line) + "; remove it");
}

void read_mode(MapReader& reader, Space& space, Findings& findings) {
    if (reader.word<Mode>("mode") != Mode::observe)
        return find_locked_mode(reader.find("mode"), space.observes_place, findings);
    if (space.observes) return warn_repeated(reader, "mode", space.observes_place, findings);
    space.observes = true;
    space.observes_place = reader.place_of("mode");
}

void read_trust(MapReader& reader, Space& space, Findings& findings) {
    const auto trust = reader.text("trust");
    if (!trust) return;
    if (*trust != "folder") return reader.report("trust", "is `folder`, or is left out");
    if (space.trusts_place.line > 0) warn_repeated(reader, "trust", space.trusts_place, findings);
    space.trusts_folder = true;
    space.trusts_place = reader.place_of("trust");
}

}  // namespace

Space read_space(const Yaml& node, const SpaceId& id, const Space& above,
                 std::vector<ReadStack>& stacks, std::vector<Organisation::Delegation>& delegations,
                 Findings& findings) {
    Space space;
    space.id = id;
    space.is_unreadable = above.is_unreadable;
    space.prototype = above.prototype;
    space.observes = above.observes;
    space.observes_place = above.observes_place;
    space.trusts_place = above.trusts_place;
    space.default_places = above.default_places;
    MapReader reader(node, "a space", findings);
    reader.text("name");
    read_mode(reader, space, findings);
    read_trust(reader, space, findings);
    read_budget(reader, space, findings);
    read_people(reader, space, findings);
    read_teams(reader, space, findings);
    read_roles(reader, space, findings);
    if (const Yaml* defaults = reader.find("defaults")) {
        MapReader keys(*defaults, "`defaults`", findings);
        read_defaults(keys, space.prototype, findings);
        find_repeated_defaults(*defaults, above, space, findings);
        find_locked_mode(defaults->find("mode"), space.observes_place, findings);
    }
    read_delegations(reader, id, delegations, findings);
    if (const Yaml* matrix = reader.find("stacks")) {
        if (matrix->kind != Yaml::Kind::list)
            reader.report("stacks", "is a list, not " + std::string(kind_name(*matrix)));
        for (const auto& entry : matrix->list)
            for (const auto& one : expand_matrix(entry, findings))
                read_stack(one, space, "", stacks, findings);
    }
    return space;
}

void resolve_people(const std::vector<Space>& spaces, Organisation& organisation,
                    Findings& findings) {
    Names names(spaces, findings);
    check_logins(spaces, findings);
    std::vector<NamedRole> resolved;
    for (const auto& space : spaces) {
        for (const auto& [name, logins] : space.people) organisation.people.emplace(name, logins);
        for (const auto& [team, members] : space.teams) {
            auto& out = organisation.teams[team];
            for (const auto& member : members) {
                auto meaning = names.meaning(member, space.id);
                if (meaning && (*meaning == everyone || meaning->starts_with("team:")))
                    findings.add(member.place, "the team " + team +
                                                   " has people and teams of a forge as "
                                                   "members, not " +
                                                   member.name);
                else if (meaning)
                    out.push_back(*meaning);
            }
        }
        for (const auto& [role, named] : space.roles)
            for (const auto& one : named)
                if (auto meaning = names.meaning(one, space.id)) {
                    organisation.roles[space.id.value][std::string(word(role))].push_back(*meaning);
                    resolved.push_back({space.id, role, *meaning, one.place});
                }
    }
    find_repeated_roles(resolved, findings);
}

}  // namespace slipway::catalog
