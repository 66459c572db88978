// Stacks of the tree: one a file, or many from one entry with `each`; and what they say of each
// other.
#include <algorithm>
#include <tuple>

#include "service/base/nearest.hpp"
#include "service/catalog/detail/reading.hpp"

namespace slipway::catalog {

namespace {

constexpr std::size_t most_of_a_matrix = 20'000;

using Combination = std::vector<std::pair<std::string, std::string>>;

std::string filled_in(const std::string& text, const Combination& values) {
    std::string out = text;
    for (const auto& [name, value] : values) {
        const std::string hole = "{" + name + "}";
        for (auto at = out.find(hole); at != out.npos; at = out.find(hole, at + value.size()))
            out.replace(at, hole.size(), value);
    }
    return out;
}

Yaml filled_in(const Yaml& node, const Combination& values) {
    Yaml out = node;
    out.scalar = filled_in(node.scalar, values);
    for (auto& item : out.list) item = filled_in(item, values);
    for (auto& entry : out.map) {
        entry.key = filled_in(entry.key, values);
        entry.value = filled_in(entry.value, values);
    }
    return out;
}

// {bank} that `each` does not give is a slip of the pen; {a,b} of a pattern is none.
void find_holes(const Yaml& node, const Combination& values, Findings& findings) {
    for (std::size_t at = node.scalar.find('{'); at != node.scalar.npos;
         at = node.scalar.find('{', at + 1)) {
        auto end = node.scalar.find('}', at);
        if (end == node.scalar.npos) break;
        std::string name = node.scalar.substr(at + 1, end - at - 1);
        if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != name.npos || name.empty())
            continue;
        std::vector<std::string> known;
        for (const auto& value : values) known.push_back(value.first);
        if (std::find(known.begin(), known.end(), name) == known.end())
            findings.add(node.place, "{" + name + "} is not in `each`" + did_you_mean(name, known));
    }
    for (const auto& item : node.list) find_holes(item, values, findings);
    for (const auto& entry : node.map)
        if (entry.key != "variables" && entry.key != "each")
            find_holes(entry.value, values, findings);
}

std::vector<Combination> combinations(const Yaml& each, Findings& findings) {
    std::vector<Combination> all{{}};
    if (each.kind != Yaml::Kind::map || each.map.empty()) {
        findings.add(each.place, "`each` is a map of lists: {env: [uat, prod]}");
        return {};
    }
    for (const auto& entry : each.map) {
        std::vector<Combination> longer;
        if (entry.value.kind != Yaml::Kind::list || entry.value.list.empty()) {
            findings.add(entry.value.place, "`" + entry.key + "` of `each` is a list of texts");
            return {};
        }
        for (const auto& combination : all)
            for (const auto& value : entry.value.list) {
                if (value.kind != Yaml::Kind::scalar || value.scalar.empty()) {
                    findings.add(value.place, "`" + entry.key + "` of `each` is a list of texts");
                    return {};
                }
                longer.push_back(combination);
                longer.back().emplace_back(entry.key, value.scalar);
            }
        if (longer.size() > most_of_a_matrix) {
            findings.add(each.place, "`each` makes more than 20000 stacks");
            return {};
        }
        all = std::move(longer);
    }
    return all;
}

// Finds circles by walking along the dependencies; each is told once, from its first stack.
class Circles {
  public:
    Circles(const std::vector<ReadStack>& stacks, const std::map<std::string, std::size_t>& by_id,
            Findings& findings)
        : stacks_(stacks), by_id_(by_id), findings_(findings), marks_(stacks.size(), Mark::unseen) {
        for (std::size_t i = 0; i < stacks_.size(); ++i) visit(i);
    }

  private:
    enum class Mark { unseen, on_the_way, done };
    struct Step {
        std::size_t stack;
        std::size_t next = 0;
    };

    void visit(std::size_t first) {
        if (marks_[first] != Mark::unseen) return;
        std::vector<Step> way{{first}};
        marks_[first] = Mark::on_the_way;
        while (!way.empty()) {
            Step& here = way.back();
            const auto& dependencies = stacks_[here.stack].depends_on;
            if (here.next == dependencies.size()) {
                marks_[here.stack] = Mark::done;
                way.pop_back();
                continue;
            }
            const auto& [id, place] = dependencies[here.next++];
            auto found = by_id_.find(id);
            if (found == by_id_.end()) continue;
            if (marks_[found->second] == Mark::on_the_way) {
                tell(way, found->second, place);
            } else if (marks_[found->second] == Mark::unseen) {
                marks_[found->second] = Mark::on_the_way;
                way.push_back({found->second});
            }
        }
    }

    void tell(const std::vector<Step>& way, std::size_t again, const Place& place) {
        auto begin = std::find_if(way.begin(), way.end(),
                                  [&](const Step& step) { return step.stack == again; });
        std::string circle;
        for (auto step = begin; step != way.end(); ++step)
            circle += stacks_[step->stack].stack.id.value + " → ";
        findings_.add(place, "the stacks depend on each other in a circle: " + circle +
                                 stacks_[again].stack.id.value);
    }

    const std::vector<ReadStack>& stacks_;
    const std::map<std::string, std::size_t>& by_id_;
    Findings& findings_;
    std::vector<Mark> marks_;
};

std::string shown(const Place& place) { return place.file + ":" + std::to_string(place.line); }

// Two that plan and apply one directory write one state, unless what they are given differs: a
// backend may read variables. A custom tool need not have a state, so it is told only of twins.
void check_shared_directories(const std::vector<ReadStack>& stacks, Findings& findings) {
    using Where = std::tuple<RepositoryName, std::string, std::string, std::string>;
    std::map<Where, const ReadStack*> first;
    for (const auto& read : stacks) {
        const auto& stack = read.stack;
        const bool applies = stack.mode == Mode::apply && stack.apply_when != ApplyWhen::never;
        if (!applies || stack.id.empty() || read.directory_place.line == 0) continue;
        const auto [known, is_new] = first.emplace(
            Where{stack.repository, stack.branch, stack.directory, stack.workspace}, &read);
        if (is_new) continue;
        const auto& other = known->second->stack;
        const bool is_configured =
            traits_of(stack.tool).is_configured || traits_of(other.tool).is_configured;
        const bool is_twin =
            stack.variables == other.variables && stack.configured_tool == other.configured_tool;
        // Where a backend is told by arguments, other ones mean another.
        const bool other_backend = stack.init_arguments != other.init_arguments;
        if (other.id == stack.id || other_backend || (is_configured && !is_twin)) continue;
        const std::string both = "stack " + stack.id.value + " has the directory " +
                                 stack.directory + " and the workspace " + stack.workspace +
                                 ", as stack " + other.id.value + " has at " +
                                 shown(known->second->directory_place);
        if (is_twin)
            findings.add(read.directory_place,
                         both +
                             ": both would write one state; give one of them another "
                             "`directory` or `workspace`");
        else
            findings.warn(read.directory_place,
                          both +
                              ": unless their variables choose another backend, both write one "
                              "state; give one of them another `workspace`");
    }
}

}  // namespace

std::vector<Yaml> expand_matrix(const Yaml& node, Findings& findings) {
    const Yaml* each = node.find("each");
    if (!each) return {node};
    auto all = combinations(*each, findings);
    if (all.empty()) return {};
    find_holes(node, all.front(), findings);
    Yaml rest = node;
    std::erase_if(rest.map, [](const Yaml::Entry& entry) { return entry.key == "each"; });
    std::vector<Yaml> out;
    for (const auto& combination : all) out.push_back(filled_in(rest, combination));
    return out;
}

void read_stack(const Yaml& node, const Space& space, const std::string& default_id,
                std::vector<ReadStack>& stacks, Findings& findings) {
    ReadStack read;
    read.stack = space.prototype;
    read.stack.space = space.id;
    read.stack.place = node.place;
    MapReader reader(node, "a stack", findings);
    if (default_id.empty()) reader.require("id");
    read.id_place = reader.place_of("id");
    std::string id = reader.text("id").value_or(default_id);
    if (auto trouble = id.empty() ? "" : id_trouble(id); !trouble.empty())
        findings.add(read.id_place, "the stack's id " + id + " " + trouble);
    read.stack.id = StackId(id);
    read_settings(reader, read, findings);
    if (read.stack.repository.forge.empty() && !space.is_unreadable) reader.require("repository");
    find_locked_mode(reader.find("mode"), space.observes_place, findings);
    if (space.observes) read.stack.mode = Mode::observe;
    stacks.push_back(std::move(read));
}

void check_stacks(std::vector<ReadStack>& stacks, Findings& findings,
                  const std::function<std::optional<bool>(const Stack&)>& directory_exists) {
    std::map<std::string, std::size_t> by_id;
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
        const std::string& id = stacks[i].stack.id.value;
        if (id.empty()) continue;
        auto [known, is_new] = by_id.emplace(id, i);
        if (is_new)
            ids.push_back(id);
        else
            findings.add(stacks[i].id_place, "there is a stack " + id + " already, at " +
                                                 shown(stacks[known->second].id_place));
    }
    for (auto& read : stacks) {
        for (const auto& [id, place] : read.depends_on) {
            if (by_id.count(id))
                read.stack.depends_on.emplace_back(id);
            else
                findings.add(place, "there is no stack " + id + did_you_mean(id, ids));
        }
        for (auto& reference : read.references) {
            const auto& id = read.depends_on.at(reference.dependency).first;
            if (!by_id.count(id)) continue;
            reference.reads.stack = StackId(id);
            read.stack.references.push_back(std::move(reference.reads));
        }
        if (directory_exists && directory_exists(read.stack) == false)
            findings.add(read.directory_place,
                         "the repository has no directory " + read.stack.directory);
    }
    check_shared_directories(stacks, findings);
    Circles(stacks, by_id, findings);
}

}  // namespace slipway::catalog
