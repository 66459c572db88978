// A repository's own .slipway.yaml. Rule C5: it sets only what its space lists, and every stack of
// it is named after the repository, so that it can be mistaken for no other.
#include <algorithm>

#include "service/base/digest.hpp"
#include "service/catalog/atlantis.hpp"
#include "service/catalog/detail/reading.hpp"

namespace slipway {

namespace {

using namespace catalog;
namespace fs = std::filesystem;

constexpr const char* file_name = ".slipway.yaml";

void check_allowed(const Yaml& node, const std::vector<std::string>& may_set, const SpaceId& space,
                   Findings& findings) {
    if (may_set.empty()) return;
    for (const auto& entry : node.map) {
        if (entry.key == "directory" ||
            std::find(may_set.begin(), may_set.end(), entry.key) != may_set.end())
            continue;
        std::string listed = "directory";
        for (const auto& key : may_set)
            if (key != "directory") listed += ", " + key;
        findings.add(entry.place, "`" + entry.key +
                                      "` may not be set by the repository: the organisation's " +
                                      (space.empty() ? "root space" : "space " + space.value) +
                                      " lets it set " + listed);
    }
}

// A program of the worker's is not every repository's to start: its space lists who may.
void check_tool(const ReadStack& read, const Yaml& node,
                const std::optional<std::vector<std::string>>& tools, Findings& findings) {
    const auto& stack = read.stack;
    if (!tools || !traits_of(stack.tool).is_configured) return;
    const auto tool = tool_text(stack.tool, stack.configured_tool);
    if (std::find(tools->begin(), tools->end(), tool) != tools->end()) return;
    const Yaml* written = node.find("tool");
    const auto space = stack.space.empty() ? "the root space" : "space " + stack.space.value;
    findings.add(written ? written->place : node.place,
                 "`tool` may not be " + tool + ": the organisation's " + space +
                     " does not list it under `tools` of " + stack.repository.text());
}

void read_own_stack(const Yaml::Entry& entry, const Stack& prototype,
                    const std::optional<std::vector<std::string>>& tools,
                    std::vector<ReadStack>& stacks, Findings& findings) {
    ReadStack read;
    read.stack = prototype;
    read.stack.place = entry.place;
    read.id_place = entry.place;
    read.stack.id = StackId(prototype.repository.text() + "/" + entry.key);
    if (auto trouble = id_trouble(entry.key); !trouble.empty())
        findings.add(entry.place, "the name of a stack " + trouble);
    MapReader reader(entry.value, "the stack " + entry.key, findings);
    for (const char* fixed : {"id", "repository"})
        if (reader.find(fixed))
            reader.report(
                fixed,
                "is given: a stack of this file belongs to this repository and is named after it");
    read_settings(reader, read, findings);
    check_tool(read, entry.value, tools, findings);
    read.stack.repository = prototype.repository;
    for (auto& [name, place] : read.depends_on) name = prototype.repository.text() + "/" + name;
    stacks.push_back(std::move(read));
}

Loaded read_own_file(std::string_view text, std::string file, const Stack& prototype,
                     const std::vector<std::string>& may_set,
                     const std::optional<std::vector<std::string>>& tools,
                     const std::function<std::optional<bool>(const Stack&)>& directory_exists) {
    Findings findings;
    Loaded loaded;
    std::vector<ReadStack> stacks;
    auto parsed = parse_yaml(text, file);
    if (auto* error = std::get_if<YamlError>(&parsed)) {
        findings.add(error->place, error->message);
    } else {
        Yaml root = std::get<Yaml>(std::move(parsed));
        if (root.place.line == 0) root.place = {file, 1, 1};  // an empty file
        MapReader reader(root, "the file", findings);
        if (reader.require("version")) reader.whole("version", 1, 1);
        if (reader.require("stacks")) {
            const Yaml* node = reader.find("stacks");
            if (node->kind != Yaml::Kind::map)
                reader.report("stacks", "is a map: {network: {directory: stacks/network}}");
            for (const auto& entry : node->map) {
                check_allowed(entry.value, may_set, prototype.space, findings);
                read_own_stack(entry, prototype, tools, stacks, findings);
            }
        }
    }
    check_stacks(stacks, findings, directory_exists);
    for (auto& read : stacks) loaded.organisation.stacks.push_back(std::move(read.stack));
    loaded.organisation.digest = sha256_hex(text);
    loaded.findings = sorted(findings.all());
    loaded.warnings = sorted(findings.warnings());
    return loaded;
}

RepositoryName name_of(const fs::path& directory) {
    std::error_code error;
    auto name = fs::absolute(directory, error).lexically_normal();
    if (name.filename().empty()) name = name.parent_path();
    return {"local", name.filename().string()};
}

TerraformDirectories directories_below(const fs::path& directory) {
    std::vector<std::string> files;
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory, error), end; it != end;
         it.increment(error)) {
        if (it->path().filename().string().starts_with('.')) it.disable_recursion_pending();
        if (it->is_regular_file(error))
            files.push_back(it->path().lexically_relative(directory).generic_string());
    }
    return terraform_directories(files, [&](const std::string& path) {
        Findings unread;
        return read_text(directory / path, path, unread);
    });
}

Loaded check_own_file(const fs::path& directory, const std::string& name) {
    Findings findings;
    auto text = read_text(directory / name, name, findings);
    if (!text) return {{}, sorted(findings.all()), {}};
    const auto exists = [&](const Stack& stack) {
        std::error_code ignored;
        return std::optional(fs::is_directory(directory / stack.directory, ignored));
    };
    if (name == atlantis_file) {
        AtlantisSource source;
        source.repository = name_of(directory);
        if (needs_directories(*text)) source.directories = directories_below(directory);
        return read_atlantis_file(*text, source, exists);
    }
    Stack prototype;
    prototype.repository = name_of(directory);
    prototype.self_described = true;
    return read_own_file(*text, name, prototype, {}, std::nullopt, exists);
}

bool has_file(const fs::path& folder, std::string_view extension) {
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, error), end; it != end; it.increment(error))
        if (it->path().extension() == extension) return true;
    return false;
}

}  // namespace

Loaded read_repository_file(std::string_view text, std::string file,
                            const RepositoryName& repository, std::string_view default_branch,
                            const SpaceId& space, const std::vector<std::string>& may_set,
                            const std::vector<std::string>& tools) {
    Stack prototype;
    prototype.space = space;
    prototype.repository = repository;
    prototype.branch = default_branch;
    prototype.self_described = true;
    return read_own_file(text, std::move(file), prototype, may_set, tools, {});
}

Loaded check_directory(const fs::path& directory) {
    std::error_code error;
    for (const std::string_view name : {std::string_view(file_name), atlantis_file})
        if (fs::exists(directory / name, error))
            return check_own_file(directory, std::string(name));
    // A repository of infrastructure has folders of these names, too, but not such files in them.
    bool is_tree = fs::exists(directory / "space.yaml", error) ||
                   has_file(directory / "stacks", ".yaml") ||
                   has_file(directory / "policies", ".rego");
    if (is_tree || !fs::is_directory(directory, error)) return load_organisation(directory);
    Findings findings;
    findings.add({directory.string(), 0, 0},
                 "is neither an organisation tree (no space.yaml, stacks/*.yaml or policies/) nor "
                 "a repository "
                 "that describes its stacks (no .slipway.yaml and no atlantis.yaml)");
    return {{}, sorted(findings.all()), {}};
}

}  // namespace slipway
