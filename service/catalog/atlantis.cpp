// The file as a whole: its keys, discovery, and the order of its projects.
#include "service/catalog/atlantis.hpp"

#include <algorithm>
#include <set>

#include "service/base/digest.hpp"
#include "service/catalog/detail/atlantis.hpp"
#include "service/model/glob.hpp"

namespace slipway {

using namespace catalog;

namespace catalog {

namespace {

constexpr std::size_t most_projects = 5'000;
constexpr std::size_t most_pairs = 100'000;  // of one project and another that it waits for

bool is_pattern(std::string_view directory) {
    return directory.find_first_of("*?[") != directory.npos;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
    return std::binary_search(list.begin(), list.end(), text);
}

// Keys that mean nothing here, whatever they say.
struct Ignored {
    std::string_view key, why;
};
constexpr Ignored ignored_keys[] = {
    {"parallel_plan", "plans of a pull request are made at the same time anyway"},
    {"parallel_apply", "applies that need not wait for each other run at the same time anyway"},
    {"delete_source_branch_on_merge", "Slipway deletes no branches; the forge can"},
    {"emoji_reaction", "every command gets the eyes"},
    {"allowed_regexp_prefixes", "`-p` takes a name here, and no expression"},
    {"abort_on_execution_order_fail", "what waits for a failed apply is never applied"},
    {"repo_locks", "a plan locks nothing; applies of a stack take turns"},
    {"silence_pr_comments", "there is one comment, which is kept up to date"},
};

class FileReader {
  public:
    FileReader(const Yaml& root, AtlantisReading& reading)
        : root_(root),
          reading_(reading),
          reader_(root, std::string(atlantis_file), reading.findings) {}

    std::vector<AtlantisProject> read() {
        if (reader_.require("version")) reader_.whole("version", 2, 3);
        for (const auto& [key, why] : ignored_keys)
            if (const Yaml* node = reader_.find(key))
                reading_.ignores(node->place, "`" + std::string(key) + "`: " + std::string(why));
        if (const Yaml* node = reader_.find("automerge"); node && node->scalar == "true")
            reading_.differs(node->place,
                             "`automerge`: Slipway merges nothing; somebody merges the pull "
                             "request once it is applied");
        if (const Yaml* node = reader_.find("policies"))
            reading_.differs(node->place,
                             "`policies`: conftest's policies are not run from here; plan policies "
                             "of the organisation tree take their rules as they are");
        reading_.workflows = reader_.find("workflows");
        if (reading_.workflows && reading_.workflows->kind != Yaml::Kind::map)
            reader_.report("workflows", "is a map of workflows by their names");
        if (!reading_.may_set("apply"))
            reading_.differs(root_.place,
                             "stacks are applied after the merge: the organisation does not let "
                             "the repository set `apply`");
        read_projects();
        discover();
        order();
        return std::move(projects_);
    }

  private:
    void read_projects() {
        const Yaml* list = reader_.find("projects");
        if (!list) return;
        if (list->kind != Yaml::Kind::list)
            return reader_.report("projects", "is a list of projects");
        if (list->list.size() > most_projects)
            return reader_.report("projects", "are more than 5000");
        for (const auto& node : list->list)
            for (auto& project : read_atlantis_project(node, reading_))
                projects_.push_back(std::move(project));
        lists_projects_ = !list->list.empty();
    }

    void discover() {
        const Yaml* node = reader_.find("autodiscover");
        std::string mode = "auto";
        std::vector<std::string> ignored;
        if (node) {
            MapReader reader(*node, "`autodiscover`", reading_.findings);
            mode = reader.text("mode").value_or(mode);
            if (mode != "auto" && mode != "enabled" && mode != "disabled")
                reader.report("mode", "is auto, enabled or disabled");
            ignored = reader.texts("ignore_paths");
            for (const auto& pattern : ignored)
                if (auto trouble = glob_error(pattern); !trouble.empty())
                    reader.report("ignore_paths", "has a pattern that " + trouble + ": " + pattern);
        }
        if (mode == "disabled" || (mode == "auto" && lists_projects_)) return;
        const auto place = node ? node->place : root_.place;
        for (const auto& directory : reading_.source.directories.all)
            if (is_discovered(directory, ignored))
                projects_.push_back(discovered_project(directory, place, reading_));
        reading_.differs(place,
                         "projects are discovered: a stack is every directory with Terraform's "
                         "files that has no `modules` in its path and that no other one names as "
                         "a module");
    }

    bool is_discovered(const std::string& directory,
                       const std::vector<std::string>& ignored) const {
        if (("/" + directory + "/").find("/modules/") != std::string::npos ||
            contains(reading_.source.directories.modules, directory))
            return false;
        const auto is_listed = [&](const AtlantisProject& project) {
            return project.read.stack.directory == directory;
        };
        return std::none_of(
                   ignored.begin(), ignored.end(),
                   [&](const auto& pattern) { return glob_matches(pattern, directory); }) &&
               std::none_of(projects_.begin(), projects_.end(), is_listed);
    }

    // A project waits for all of lower groups.
    void order() {
        std::stable_sort(projects_.begin(), projects_.end(), [](const auto& a, const auto& b) {
            return a.order_group < b.order_group;
        });
        std::size_t pairs = 0;
        for (auto& project : projects_) {
            auto& needs = project.read.depends_on;
            std::set<std::string> listed;
            for (const auto& need : needs) listed.insert(need.first);
            for (const auto& other : projects_) {
                if (other.order_group >= project.order_group) break;
                if (++pairs > most_pairs)
                    return reading_.findings.add(
                        project.order_place,
                        "`execution_order_group` makes more than 100000 pairs of projects that "
                        "wait for each other; use fewer groups, or `depends_on`");
                const auto& id = other.read.stack.id.value;
                if (!listed.count(id)) needs.emplace_back(id, project.order_place);
            }
        }
        if (pairs > 0)
            reading_.differs(root_.place,
                             "`execution_order_group`: it is the order of applies; the plans of a "
                             "pull request are all made at once");
    }

    const Yaml& root_;
    AtlantisReading& reading_;
    MapReader reader_;
    std::vector<AtlantisProject> projects_;
    bool lists_projects_ = false;
};

// "stack network: stacks/network, workspace staging, after vpc"
ConfigFinding understood(const Stack& stack) {
    const auto prefix = stack.repository.text() + "/";
    std::string text =
        "stack " + stack.id.value.substr(prefix.size()) + ": directory " + stack.directory;
    if (stack.workspace != "default") text += ", workspace " + stack.workspace;
    text += ", " + tool_text(stack.tool, stack.configured_tool);
    if (!stack.version.empty()) text += " " + stack.version;
    if (stack.plan_when == PlanWhen::asked) text += ", planned when somebody asks";
    if (stack.needs_approval) text += ", applied with an approval";
    if (stack.mode == Mode::observe) text += ", only observed";
    if (!stack.depends_on.empty()) {
        text += ", after ";
        constexpr std::size_t shown = 3;
        for (std::size_t i = 0; i < stack.depends_on.size() && i < shown; ++i)
            text += (i ? ", " : "") + stack.depends_on[i].value.substr(prefix.size());
        if (stack.depends_on.size() > shown)
            text += " and " + std::to_string(stack.depends_on.size() - shown) + " more";
    }
    return {stack.place, text};
}

}  // namespace

bool AtlantisReading::may_set(std::string_view key) const {
    const auto& listed = source.may_set;
    return listed.empty() || std::find(listed.begin(), listed.end(), key) != listed.end();
}

void AtlantisReading::check_allowed(const Yaml& node, std::string_view key, std::string_view ours) {
    if (may_set(ours)) return;
    findings.add(node.place,
                 "`" + std::string(key) +
                     "` may not be set by the repository: the organisation's " +
                     (source.space.empty() ? "root space" : "space " + source.space.value) +
                     " does not let it set `" + std::string(ours) + "`");
}

void AtlantisReading::differs(const Place& place, std::string message) {
    notes.differs.push_back({place, std::move(message)});
}

void AtlantisReading::differs_once(const Place& place, const std::string& message) {
    if (told.insert(message).second) differs(place, message);
}

void AtlantisReading::ignores(const Place& place, std::string message) {
    notes.ignored.push_back({place, std::move(message)});
}

}  // namespace catalog

bool needs_directories(std::string_view text) {
    const auto parsed = parse_yaml(text, std::string(atlantis_file));
    const auto* root = std::get_if<Yaml>(&parsed);
    if (!root) return false;
    const auto* projects = root->find("projects");
    const auto* discovery = root->find("autodiscover");
    const auto* mode = discovery ? discovery->find("mode") : nullptr;
    if (mode && mode->scalar == "enabled") return true;
    if (!projects || projects->list.empty()) return !mode || mode->scalar != "disabled";
    return std::any_of(projects->list.begin(), projects->list.end(), [](const Yaml& project) {
        const auto* directory = project.find("dir");
        return directory && is_pattern(directory->scalar);
    });
}

Loaded read_atlantis_file(
    std::string_view text, const AtlantisSource& source,
    const std::function<std::optional<bool>(const Stack&)>& directory_exists) {
    Findings findings;
    Loaded loaded;
    loaded.organisation.digest = sha256_hex(text);
    AtlantisReading reading{source, findings};
    std::vector<ReadStack> stacks;
    auto parsed = parse_yaml(text, std::string(atlantis_file));
    if (auto* error = std::get_if<YamlError>(&parsed)) {
        findings.add(error->place, error->message);
    } else {
        auto& root = std::get<Yaml>(parsed);
        if (root.place.line == 0) root.place = {std::string(atlantis_file), 1, 1};
        for (auto& project : FileReader(root, reading).read())
            stacks.push_back(std::move(project.read));
    }
    check_stacks(stacks, findings, directory_exists);
    for (auto& read : stacks) {
        reading.notes.understood.push_back(understood(read.stack));
        loaded.organisation.stacks.push_back(std::move(read.stack));
    }
    loaded.findings = sorted(findings.all());
    loaded.warnings = sorted(findings.warnings());
    reading.notes.differs = sorted(std::move(reading.notes.differs));
    reading.notes.ignored = sorted(std::move(reading.notes.ignored));
    loaded.atlantis = std::move(reading.notes);
    return loaded;
}

}  // namespace slipway
