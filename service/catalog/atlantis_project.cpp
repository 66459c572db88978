// One project of an atlantis.yaml as a stack.
#include <algorithm>
#include <array>
#include <cctype>

#include "service/catalog/detail/atlantis.hpp"
#include "service/catalog/detail/uses_protocol.hpp"
#include "service/model/glob.hpp"

namespace slipway {

std::string atlantis_key(std::string_view project_name) {
    std::string out;
    for (const char c : project_name) {
        const auto byte = static_cast<unsigned char>(c);
        const bool fits = byte < 128 && (std::isalnum(byte) || c == '_' || c == '.' || c == '-');
        if (out.empty() && !std::isalnum(byte)) continue;  // a key begins with one of these
        out += fits ? c : '-';
    }
    return out;
}

namespace catalog {

namespace {

// Keys of a project that mean nothing here.
constexpr std::array ignored_keys{
    "delete_source_branch_on_merge", "repo_locking", "repo_locks",         "silence_pr_comments",
    "import_requirements",           "policy_check", "custom_policy_check"};

class ProjectReader {
  public:
    ProjectReader(const Yaml& node, AtlantisReading& reading)
        : reading_(reading), reader_(node, "a project", reading.findings) {
        project_.read.stack = atlantis_prototype(reading);
        project_.read.stack.place = node.place;
        project_.read.id_place = node.place;
        project_.order_place = node.place;
    }

    std::vector<AtlantisProject> read() {
        for (const char* key : ignored_keys)
            if (const Yaml* found = reader_.find(key))
                reading_.ignores(found->place, "`" + std::string(key) + "` of a project");
        auto& stack = project_.read.stack;
        read_tool(stack);
        if (auto workspace = reader_.text("workspace")) {
            reading_.check_allowed(*reader_.find("workspace"), "workspace", "workspace");
            stack.workspace = *workspace;
            if (auto trouble = id_trouble(*workspace); !trouble.empty())
                reader_.report("workspace", trouble);
        }
        name_ = reader_.text("name").value_or("");
        if (!name_.empty()) project_.read.id_place = reader_.place_of("name");
        read_order();
        read_requirements(stack);
        const bool is_meant = goes_into_default_branch();
        read_autoplan(stack);
        auto out = at_directories();
        for (auto& one : out) read_workflow(one.read.stack);
        if (!is_meant) out.clear();
        return out;
    }

  private:
    void read_tool(Stack& stack) {
        if (auto distribution = reader_.text("terraform_distribution")) {
            reading_.check_allowed(*reader_.find("terraform_distribution"),
                                   "terraform_distribution", "tool");
            names_tool_ = true;
            if (const auto tool = parse_word<ToolKind>(*distribution);
                tool && traits_of(*tool).reads_hcl)
                stack.tool = *tool;
            else
                reader_.report("terraform_distribution", "is terraform or opentofu");
        }
        auto version = reader_.text("terraform_version");
        if (!version) return;
        const Yaml& node = *reader_.find("terraform_version");
        reading_.check_allowed(node, "terraform_version", "version");
        if (version->starts_with('v')) version->erase(0, 1);
        const bool is_exact = version->find_first_not_of("0123456789.") == version->npos ||
                              version->find('-') != version->npos;
        if (!is_exact || !version_trouble(*version).empty())
            return reader_.report("terraform_version", "is one version, like 1.9.8");
        stack.version = *version;
        reading_.differs_once(node.place,
                              "`terraform_version`: nothing is downloaded; the version has to be "
                              "installed on the worker");
    }

    void read_order() {
        if (auto group = reader_.whole("execution_order_group", -1'000'000, 1'000'000)) {
            project_.order_group = *group;
            project_.order_place = reader_.place_of("execution_order_group");
        }
        reader_.texts("depends_on");  // says what is wrong with it
        if (const Yaml* node = reader_.find("depends_on"); node && node->kind == Yaml::Kind::list) {
            for (const auto& item : node->list)
                if (item.kind == Yaml::Kind::scalar && !item.scalar.empty())
                    project_.read.depends_on.emplace_back(id_of(atlantis_key(item.scalar)),
                                                          item.place);
        }
        for (const char* key : {"execution_order_group", "depends_on"})
            if (const Yaml* node = reader_.find(key))
                reading_.check_allowed(*node, key, "depends_on");
    }

    void read_requirements(Stack& stack) {
        for (const auto& requirement : reader_.texts("plan_requirements"))
            reading_.differs_once(reader_.place_of("plan_requirements"),
                                  "`plan_requirements`: plans wait for nothing here, " +
                                      requirement + " neither; those of forks are not made");
        const auto place = reader_.place_of("apply_requirements");
        for (const auto& requirement : reader_.texts("apply_requirements")) {
            if (requirement == "approved") {
                stack.needs_approval = true;
                reading_.differs_once(place,
                                      "`apply_requirements: [approved]`: one approval of the plan "
                                      "as it is shown, by somebody who may write and is not the "
                                      "author; an older one does not count");
            } else if (requirement == "mergeable") {
                stack.needs_approval = true;
                reading_.differs_once(place,
                                      "`apply_requirements: [mergeable]`: the forge is not asked; "
                                      "the branch must merge without conflicts, and one approval "
                                      "is needed");
            } else if (requirement == "undiverged") {
                reading_.differs_once(place,
                                      "`apply_requirements: [undiverged]`: always so, for what is "
                                      "planned is the merge with the base branch");
            } else {
                reader_.report("apply_requirements", "are approved, mergeable and undiverged");
            }
        }
    }

    bool goes_into_default_branch() {
        const auto branch = reader_.text("branch");
        if (!branch) return true;
        const auto& ours = reading_.source.default_branch;
        const auto place = reader_.place_of("branch");
        if (branch->size() < 2 || !branch->starts_with('/') || !branch->ends_with('/')) {
            reader_.report("branch", "is an expression between slashes, like /^main$/");
            return true;
        }
        const auto meant = branch_matches(branch->substr(1, branch->size() - 2), ours);
        if (!meant)
            reading_.differs(place, "`branch` " + *branch +
                                        " is more than names, `.*`, `|`, `^` and `$`: the project "
                                        "is taken as one of " +
                                        ours);
        else if (!*meant)
            reading_.ignores(place, "the project: its `branch` " + *branch + " is not " + ours +
                                        ", and only pull requests into " + ours + " are planned");
        return meant.value_or(true);
    }

    void read_autoplan(Stack& stack) {
        const Yaml* node = reader_.find("autoplan");
        if (!node) return default_triggers();
        MapReader autoplan(*node, "`autoplan`", reading_.findings);
        const bool enabled = autoplan.boolean("enabled").value_or(true);
        if (!enabled) stack.plan_when = PlanWhen::asked;
        patterns_ = autoplan.texts("when_modified");
        patterns_place_ = autoplan.place_of("when_modified");
        const Yaml* listed = autoplan.find("when_modified");
        if (!listed) return default_triggers();
        reading_.check_allowed(*listed, "when_modified", "also_triggered_by");
        reading_.differs_once(patterns_place_,
                              "`when_modified`: a change of a local module that the project uses "
                              "plans it, too, unless a pattern with `!` says no");
    }

    void default_triggers() {
        reading_.differs_once(project_.read.stack.place,
                              "without `when_modified` every file of the project's directory "
                              "counts, not only *.tf*, and so do local modules that it uses");
    }

    void set_triggers(Stack& stack) const {
        if (patterns_.empty()) return;
        stack.only_triggered_by_these = true;
        for (const auto& pattern : patterns_) {
            const auto ours = patterns_from_root(stack.directory, pattern);
            if (ours.empty())
                reading_.differs(
                    patterns_place_,
                    "the pattern " + pattern + " leaves the repository, so it is passed over");
            for (const auto& one : ours) {
                const std::string_view glob = one;
                if (auto trouble = glob_error(glob.substr(glob.starts_with('!'))); !trouble.empty())
                    reading_.findings.add(patterns_place_,
                                          "the pattern " + pattern + " " + trouble);
                else
                    stack.also_triggered_by.push_back(one);
            }
        }
    }

    std::vector<AtlantisProject> at_directories() {
        std::vector<AtlantisProject> out;
        const bool has_files = reader_.find("glob_file_match") != nullptr;
        if (!reader_.require("dir")) return out;
        const auto directory = reader_.text("dir");
        if (!directory) return out;
        project_.read.directory_place = reader_.place_of("dir");
        if (auto trouble = directory_trouble(*directory); !trouble.empty()) {
            reader_.report("dir", trouble);
            return out;
        }
        if (directory->find_first_of("*?[") == directory->npos) {
            out.push_back(at(path_from(".", *directory).value_or(".")));
            return out;
        }
        if (!name_.empty()) reader_.report("name", "does not go with a pattern in `dir`");
        if (has_files)
            reading_.ignores(reader_.place_of("glob_file_match"),
                             "`glob_file_match`: any of Terraform's files makes a directory count");
        if (auto trouble = glob_error(*directory); !trouble.empty())
            reader_.report("dir", "has a pattern that " + trouble);
        for (const auto& found : reading_.source.directories.all)
            if (glob_matches(*directory, found)) out.push_back(at(found));
        return out;
    }

    AtlantisProject at(const std::string& directory) const {
        auto out = project_;
        auto& stack = out.read.stack;
        stack.directory = directory;
        if (!names_tool_) take_tofu(stack, reading_);
        const bool is_default = stack.workspace == "default";
        const auto place = directory == "." ? "root" : directory;
        auto key = atlantis_key(!name_.empty() ? name_
                                : is_default   ? place
                                               : place + "-" + stack.workspace);
        if (auto trouble = id_trouble(key); !trouble.empty())
            reading_.findings.add(out.read.id_place, "the project's name " + trouble);
        stack.id = StackId(id_of(key));
        set_triggers(stack);
        return out;
    }

    void read_workflow(Stack& stack) {
        const auto workflow = reader_.text("workflow");
        if (!workflow && !(reading_.workflows && reading_.workflows->find("default"))) return;
        read_atlantis_workflow(workflow.value_or("default"),
                               workflow ? reader_.place_of("workflow") : stack.place, stack,
                               reading_);
    }

    std::string id_of(const std::string& key) const {
        return reading_.source.repository.text() + "/" + key;
    }

    AtlantisReading& reading_;
    MapReader reader_;
    AtlantisProject project_;
    std::string name_;
    bool names_tool_ = false;
    std::vector<std::string> patterns_;
    Place patterns_place_;
};

}  // namespace

Stack atlantis_prototype(const AtlantisReading& reading) {
    Stack out;
    out.tool = *parse_word<ToolKind>("terraform");  // what Atlantis takes where nothing is said
    const auto& source = reading.source;
    out.repository = source.repository;
    out.branch = source.default_branch;
    out.space = source.space;
    out.self_described = true;
    if (reading.may_set("apply")) out.apply_when = ApplyWhen::before_merge;
    return out;
}

std::vector<AtlantisProject> read_atlantis_project(const Yaml& node, AtlantisReading& reading) {
    return ProjectReader(node, reading).read();
}

void take_tofu(Stack& stack, AtlantisReading& reading) {
    reading.differs_once(stack.place,
                         "without `terraform_distribution` a stack is Terraform's, whatever "
                         "Atlantis's server was told; where a directory that was found has .tofu "
                         "files, OpenTofu's");
    const auto& tofu = reading.source.directories.tofu;
    if (std::binary_search(tofu.begin(), tofu.end(), stack.directory))
        stack.tool = *parse_word<ToolKind>("opentofu");
}

AtlantisProject discovered_project(const std::string& directory, const Place& place,
                                   AtlantisReading& reading) {
    AtlantisProject out;
    auto& stack = out.read.stack;
    stack = atlantis_prototype(reading);
    stack.place = out.read.id_place = out.read.directory_place = out.order_place = place;
    stack.directory = directory;
    take_tofu(stack, reading);
    const auto key = atlantis_key(directory == "." ? "root" : directory);
    if (auto trouble = id_trouble(key); !trouble.empty())
        reading.findings.add(place, "the directory " + directory +
                                        " makes no name of a stack: list it under `projects`, with "
                                        "a `name`");
    stack.id = StackId(reading.source.repository.text() + "/" + key);
    return out;
}

}  // namespace catalog

}  // namespace slipway
