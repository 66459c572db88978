// Questions to the organisation. Rule C3: what a space says holds for all below it. Rule W2: who is
// not named has no role.
#include <algorithm>

#include "service/catalog/catalog.hpp"
#include "service/catalog/detail/reading.hpp"
#include "service/model/glob.hpp"

namespace slipway {

namespace {

// The space and all above it, the root last.
std::vector<std::string> lineage(const SpaceId& space) {
    std::vector<std::string> out;
    std::string path = space.value;
    while (!path.empty()) {
        out.push_back(path);
        auto slash = path.rfind('/');
        path.resize(slash == path.npos ? 0 : slash);
    }
    out.emplace_back();
    return out;
}

// Rule C5: labels that a repository gave itself count only where its space says so.
std::vector<std::string> labels_that_count(const Organisation& organisation, const Stack& stack) {
    if (!stack.self_described) return stack.labels;
    std::vector<std::string> out;
    for (const auto& delegation : organisation.delegations) {
        if (delegation.space != stack.space ||
            !glob_matches(delegation.pattern, stack.repository.text()))
            continue;
        for (const auto& label : stack.labels)
            if (std::any_of(
                    delegation.labels.begin(), delegation.labels.end(),
                    [&](const std::string& pattern) { return glob_matches(pattern, label); }))
                out.push_back(label);
    }
    return out;
}

bool any_matches(const std::vector<std::string>& patterns, const std::vector<std::string>& labels) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
        return std::any_of(labels.begin(), labels.end(),
                           [&](const std::string& label) { return glob_matches(pattern, label); });
    });
}

// What a repository asks for by Atlantis's `apply_requirements`.
Policy one_approval(const Stack& stack) {
    Policy out;
    out.name = "apply_requirements";
    out.kind = PolicyKind::approval;
    out.space = stack.space;
    out.place = stack.place;
    out.text = R"(package slipway

import rego.v1

approved_by contains review.author if {
	some review in input.reviews.current.approvals
	not review.is_author
}

approve if {
	count(approved_by) > 0
	not reject
}

reject if count(input.reviews.current.rejections) > 0

missing contains {"msg": "1 of those who may write, but not the author", "count": 1} if {
	count(approved_by) == 0
}
)";
    return out;
}

}  // namespace

bool is_within(const SpaceId& space, const SpaceId& ancestor) {
    return ancestor.empty() || space == ancestor || space.value.starts_with(ancestor.value + "/");
}

const Stack* Organisation::find(const StackId& id) const {
    auto it =
        std::find_if(stacks.begin(), stacks.end(), [&](const Stack& s) { return s.id == id; });
    return it == stacks.end() ? nullptr : &*it;
}

std::vector<const Stack*> Organisation::stacks_on(const RepositoryName& repository,
                                                  std::string_view branch) const {
    std::vector<const Stack*> out;
    for (const auto& stack : stacks)
        if (stack.repository == repository && stack.branch == branch) out.push_back(&stack);
    return out;
}

std::vector<Policy> Organisation::policies_for(const Stack& stack, PolicyKind kind) const {
    std::vector<Policy> out;
    const auto labels = labels_that_count(*this, stack);
    for (const auto& policy : policies) {
        if (policy.kind != kind || !is_within(stack.space, policy.space)) continue;
        auto selector = policy_labels.find(policy.place.file);
        if (selector == policy_labels.end() || any_matches(selector->second, labels))
            out.push_back(policy);
    }
    if (stack.needs_approval && kind == PolicyKind::approval) out.push_back(one_approval(stack));
    return out;
}

Role Organisation::role_of(const Actor& actor, const SpaceId& space) const {
    if (actor.login.empty() || !catalog::id_trouble(actor.login).empty()) return Role::none;
    std::vector<std::string> names;
    // Somebody on the machine itself is the person of that name; on a forge, names are the forge's.
    if (!actor.forge.empty() || people.count(actor.login)) names.push_back(actor.text());
    for (const auto& [person, logins] : people) {
        auto login = logins.find(actor.forge);
        if (login != logins.end() && login->second == actor.login) names.push_back(person);
    }
    for (const auto& [team, members] : teams)
        if (std::any_of(members.begin(), members.end(), [&](const std::string& member) {
                return std::find(names.begin(), names.end(), member) != names.end();
            }))
            names.push_back("team:" + team);
    if (!actor.bot) names.emplace_back("everyone");
    Role best = Role::none;
    for (const auto& at : lineage(space)) {
        auto said = roles.find(at);
        if (said == roles.end()) continue;
        for (const auto& [role, who] : said->second)
            if (auto parsed = parse_word<Role>(role); parsed && *parsed > best)
                for (const auto& one : who)
                    if (std::find(names.begin(), names.end(), one) != names.end()) best = *parsed;
    }
    return best;
}

std::vector<std::pair<std::string, Role>> Organisation::forge_teams(const SpaceId& space,
                                                                    std::string_view forge) const {
    std::map<std::string, Role> found;
    const std::string prefix = std::string(forge) + "/";
    auto note = [&](const std::string& name, Role role) {
        if (!name.starts_with(prefix) || name.find('/', prefix.size()) == name.npos) return;
        auto& known = found[name.substr(prefix.size())];
        known = std::max(known, role);
    };
    for (const auto& at : lineage(space)) {
        auto said = roles.find(at);
        if (said == roles.end()) continue;
        for (const auto& [role_word, who] : said->second) {
            auto role = parse_word<Role>(role_word).value_or(Role::none);
            for (const auto& one : who) {
                note(one, role);
                if (!one.starts_with("team:")) continue;
                auto team = teams.find(one.substr(5));
                if (team == teams.end()) continue;
                for (const auto& member : team->second) note(member, role);
            }
        }
    }
    return {found.begin(), found.end()};
}

namespace {
bool within_any(const SpaceId& space, const std::vector<SpaceId>& spaces) {
    return std::any_of(spaces.begin(), spaces.end(),
                       [&](const SpaceId& at) { return is_within(space, at); });
}
}  // namespace

bool Organisation::observes(const SpaceId& space) const { return within_any(space, observing); }

bool Organisation::trusts_folder(const SpaceId& space) const {
    return within_any(space, trusting_folder);
}

std::vector<Organisation::Budget> Organisation::budgets_for(const SpaceId& space) const {
    std::vector<Budget> out;
    for (const auto& budget : budgets)
        if (is_within(space, budget.space)) out.push_back(budget);
    return out;
}

std::vector<std::string> Organisation::logins_of_team(std::string_view team,
                                                      std::string_view forge) const {
    std::vector<std::string> out;
    auto members = teams.find(std::string(team));
    if (members == teams.end()) return out;
    const std::string prefix = std::string(forge) + "/";
    for (const auto& member : members->second) {
        if (auto person = people.find(member); person != people.end()) {
            auto login = person->second.find(std::string(forge));
            if (login != person->second.end()) out.push_back(login->second);
        } else if (member.starts_with(prefix) && member.find('/', prefix.size()) == member.npos) {
            out.push_back(member.substr(prefix.size()));
        }
    }
    return out;
}

}  // namespace slipway
