// What a tree says without any effect, and what in it can never happen: warnings, for the tree is
// as good without them.
#include <algorithm>
#include <set>

#include "service/catalog/detail/reading.hpp"

namespace slipway::catalog {

namespace {

std::string shown(const Place& place) { return place.file + ":" + std::to_string(place.line); }

std::string name_of(const SpaceId& space) {
    return space.empty() ? "the root space" : "the space " + space.value;
}

// A policy of the root may hold for repositories that only the service's configuration lists.
void find_unused_policies(const Organisation& organisation, Findings& findings) {
    for (const auto& policy : organisation.policies) {
        if (policy.space.empty() || organisation.policy_labels.count(policy.place.file)) continue;
        const auto within = [&](const auto& one) { return is_within(one.space, policy.space); };
        if (std::none_of(organisation.stacks.begin(), organisation.stacks.end(), within) &&
            std::none_of(organisation.delegations.begin(), organisation.delegations.end(), within))
            findings.warn(policy.place, "the policy holds for nothing: " + name_of(policy.space) +
                                            " has no stack, and no space below has one; move it "
                                            "to a space with stacks, or remove it");
    }
}

// Whether a review on that forge can count in the space: somebody is named who may write there.
// Teams of a forge have members that only the forge knows, so they are taken to have some.
bool somebody_may_approve(const Organisation& organisation, const SpaceId& space,
                          const std::string& forge) {
    const auto may = [&](const std::string& login) {
        return organisation.role_of(Actor{forge, login, false}, space) >= Role::writer;
    };
    for (const auto& [name, logins] : organisation.people)
        if (auto login = logins.find(forge); login != logins.end() && may(login->second))
            return true;
    for (const auto& [team, role] : organisation.forge_teams(space, forge))
        if (role >= Role::writer) return true;
    const auto is_named = [&](const std::string& name) {
        return name.starts_with(forge + "/") && may(name.substr(forge.size() + 1));
    };
    for (const auto& [at, roles] : organisation.roles)
        for (const auto& [role, names] : roles)
            if (std::any_of(names.begin(), names.end(), is_named)) return true;
    for (const auto& [team, members] : organisation.teams)
        if (std::any_of(members.begin(), members.end(), is_named)) return true;
    return may("somebody-whom-nobody-names");  // by `everyone`
}

// Told once for each space and forge, at its first stack.
void find_unapprovable(const Organisation& organisation, Findings& findings) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& stack : organisation.stacks) {
        const auto policies = organisation.policies_for(stack, PolicyKind::approval);
        if (policies.empty() || stack.mode == Mode::observe) continue;
        const auto& forge = stack.repository.forge;
        if (forge.empty() || !seen.emplace(stack.space.value, forge).second) continue;
        if (somebody_may_approve(organisation, stack.space, forge)) continue;
        const auto& policy = policies.front();
        findings.warn(stack.place, "no review can approve stack " + stack.id.value +
                                       ": the approval policy at " + policy.place.file +
                                       " holds for it, and nobody with a login on " + forge +
                                       " is writer or admin in " + name_of(stack.space) +
                                       "; give somebody that role under `roles`, and a login on " +
                                       forge + " under `people`");
    }
}

}  // namespace

void find_repeated_roles(const std::vector<NamedRole>& all, Findings& findings) {
    for (const auto& one : all) {
        const auto gives_it = [&](const NamedRole& other) {
            if (&other == &one || other.meaning != one.meaning ||
                !is_within(one.space, other.space) || other.role < one.role)
                return false;
            // Of two that say the same in one space, the second has no effect.
            return other.space != one.space || other.role > one.role || &other < &one;
        };
        const auto found = std::find_if(all.begin(), all.end(), gives_it);
        if (found == all.end()) continue;
        findings.warn(one.place, "this has no effect: " + one.meaning + " is " +
                                     std::string(word(found->role)) + " here already, by " +
                                     shown(found->place) + "; remove one of them");
    }
}

void find_repeated_defaults(const Yaml& defaults, const Space& above, Space& space,
                            Findings& findings) {
    for (const auto& entry : defaults.map) {
        const auto said = above.default_places.find(entry.key);
        Yaml alone = defaults;
        alone.map = {entry};
        Stack stack = above.prototype;
        Findings unheard;  // what is wrong with it is told elsewhere
        {
            MapReader reader(alone, "`defaults`", unheard);
            read_defaults(reader, stack, unheard);
        }
        if (said != above.default_places.end() && unheard.empty() && stack == above.prototype)
            findings.warn(entry.place, "`" + entry.key +
                                           "` has no effect: the space above says "
                                           "the same at " +
                                           shown(said->second) + "; remove it");
        space.default_places[entry.key] = entry.place;
    }
}

void find_locked_mode(const Yaml* said, const Place& observed_by, Findings& findings) {
    if (said && said->scalar == word(Mode::apply) && observed_by.line > 0)
        findings.warn(said->place, "`mode: apply` has no effect: " + shown(observed_by) +
                                       " lets the whole space observe; remove one of them");
}

void find_what_has_no_effect(const Organisation& organisation, Findings& findings) {
    find_unused_policies(organisation, findings);
    find_unapprovable(organisation, findings);
}

}  // namespace slipway::catalog
