// Walks the organisation tree: folders are spaces, and a few names in each have a meaning.
// Everything is read before anything is judged, so that all findings come at once.
#include <algorithm>
#include <array>
#include <fstream>

#include "service/base/digest.hpp"
#include "service/base/nearest.hpp"
#include "service/catalog/detail/reading.hpp"
#include "service/model/glob.hpp"

namespace slipway {

namespace catalog {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes_of_a_file = 1u << 20;
constexpr std::size_t deepest_space = 20;
constexpr std::array later_folders{"contexts", "blueprints", "modules", "schedules"};
constexpr std::array later_kinds{PolicyKind::trigger, PolicyKind::notification, PolicyKind::login};

bool is_text_for_people(const fs::path& path) {
    return path.extension() == ".md" || path.extension() == ".txt";
}

class TreeReader {
  public:
    explicit TreeReader(const fs::path& root) : root_(root) {}

    Loaded read(const std::function<std::optional<bool>(const Stack&)>& directory_exists) {
        std::error_code error;
        if (!fs::is_directory(root_, error)) {
            findings_.add({root_.string(), 0, 0}, "there is no such directory");
        } else {
            read_space_at("", Space());
            check_stacks(stacks_, findings_, directory_exists);
            const bool all_known = std::none_of(spaces_.begin(), spaces_.end(),
                                                [](const Space& s) { return s.is_unreadable; });
            if (all_known) resolve_people(spaces_, loaded_.organisation, findings_);
            for (auto& read : stacks_) loaded_.organisation.stacks.push_back(std::move(read.stack));
            if (all_known) check_selectors();
            if (all_known) find_what_has_no_effect(loaded_.organisation, findings_);
        }
        loaded_.organisation.digest = sha256_hex(everything_);
        loaded_.findings = sorted(findings_.all());
        loaded_.warnings = sorted(findings_.warnings());
        return std::move(loaded_);
    }

  private:
    // Names in a folder, sorted, hidden ones left out: `..data` of a Kubernetes volume is none of
    // ours.
    std::vector<std::string> names_in(const std::string& folder) {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(root_ / folder, error))
            if (auto name = entry.path().filename().string(); !name.starts_with('.'))
                names.push_back(name);
        if (error) findings_.add({folder, 0, 0}, "cannot be read: " + error.message());
        std::sort(names.begin(), names.end());
        return names;
    }

    bool is_folder(const std::string& path) const {
        std::error_code error;
        return fs::is_directory(root_ / path, error);
    }

    std::optional<std::string> text_of(const std::string& path) {
        auto text = read_text(root_ / path, path, findings_);
        if (text)
            everything_.append(path)
                .append(1, '\0')
                .append(std::to_string(text->size()))
                .append(1, '\0')
                .append(*text);
        return text;
    }

    std::optional<Yaml> yaml_of(const std::string& path) {
        auto text = text_of(path);
        if (!text) return std::nullopt;
        auto parsed = parse_yaml(*text, path);
        if (auto* error = std::get_if<YamlError>(&parsed)) {
            findings_.add(error->place, error->message);
            return std::nullopt;
        }
        Yaml node = std::get<Yaml>(std::move(parsed));
        if (node.place.line == 0) node.place = {path, 1, 1};  // an empty file
        return node;
    }

    void read_space_at(const std::string& folder, const Space& above) {
        const std::string prefix = folder.empty() ? "" : folder + "/";
        const SpaceId id(folder);
        loaded_.organisation.spaces.push_back(id);
        Yaml description;
        description.kind = Yaml::Kind::map;
        description.place = {prefix + "space.yaml", 1, 1};
        const auto names = names_in(folder);
        bool is_unreadable = false;
        if (std::binary_search(names.begin(), names.end(), "space.yaml")) {
            auto yaml = yaml_of(prefix + "space.yaml");
            is_unreadable = !yaml;
            if (yaml) description = std::move(*yaml);
        }
        Space space = read_space(description, id, above, stacks_, loaded_.organisation.delegations,
                                 findings_);
        space.is_unreadable = space.is_unreadable || is_unreadable;
        if (space.observes && !above.observes) loaded_.organisation.observing.push_back(id);
        if (space.trusts_folder) loaded_.organisation.trusting_folder.push_back(id);
        if (space.budget) loaded_.organisation.budgets.push_back(*space.budget);
        spaces_.push_back(space);
        for (const auto& name : names) {
            const std::string path = prefix + name;
            if (is_folder(path))
                read_folder(path, name, space);
            else if (name != "space.yaml")
                judge_stray_file(path, name);
        }
    }

    void read_folder(const std::string& path, const std::string& name, const Space& space) {
        if (name == "stacks") return read_stacks(path, space);
        if (name == "policies") return read_policies(path, space.id);
        if (name == "costs") return read_costs(path, space.id);
        if (std::find(later_folders.begin(), later_folders.end(), name) != later_folders.end()) {
            for (const auto& file : names_in(path))
                if (!is_text_for_people(file))
                    findings_.add({path + "/" + file, 0, 0},
                                  name + " are not part of this version");
            return;
        }
        if (fs::is_symlink(root_ / path))
            return findings_.add({path, 0, 0}, "is a symbolic link; a space is a folder");
        if (auto trouble = id_trouble(name); !trouble.empty())
            return findings_.add({path, 0, 0}, "the name of a space " + trouble);
        if (std::count(path.begin(), path.end(), '/') >= static_cast<long>(deepest_space))
            return findings_.add({path, 0, 0}, "spaces are at most 20 deep");
        read_space_at(path, space);
    }

    void judge_stray_file(const std::string& path, const std::string& name) {
        const fs::path file(name);
        if (file.stem() == "space" || file.stem() == "spaces")
            findings_.add({path, 0, 0}, "a space is described by space.yaml");
        else if (file.extension() == ".yaml" || file.extension() == ".yml")
            findings_.add({path, 0, 0},
                          "is in no folder that means something; a stack is a file in `stacks/`");
        else if (file.extension() == ".rego")
            findings_.add({path, 0, 0},
                          "is in no folder that means something; a policy is a file in "
                          "`policies/plan/`, `policies/push/` or `policies/approval/`");
    }

    void read_stacks(const std::string& folder, const Space& space) {
        for (const auto& name : names_in(folder)) {
            const std::string path = folder + "/" + name;
            if (is_folder(path)) {
                findings_.add({path, 0, 0}, "`stacks/` has no folders; make a space for them");
            } else if (fs::path(name).extension() == ".yaml") {
                if (auto yaml = yaml_of(path))
                    read_stack(*yaml, space, fs::path(name).stem().string(), stacks_, findings_);
            } else if (!is_text_for_people(name)) {
                findings_.add({path, 0, 0}, "a stack is a file that ends in .yaml");
            }
        }
    }

    // What things cost is the same for everybody.
    void read_costs(const std::string& folder, const SpaceId& space) {
        if (!space.empty())
            return findings_.add({folder, 0, 0}, "costs are the root's alone; move it to costs");
        for (const auto& name : names_in(folder)) {
            const std::string path = folder + "/" + name;
            if (is_folder(path))
                findings_.add({path, 0, 0}, "`costs/` has no folders");
            else if (name.ends_with(".yaml")) {
                if (auto text = text_of(path))
                    loaded_.organisation.cost_files.emplace(path, std::move(*text));
            } else if (!is_text_for_people(name)) {
                findings_.add({path, 0, 0}, "a file about costs ends in .yaml");
            }
        }
    }

    void read_policies(const std::string& folder, const SpaceId& space) {
        for (const auto& name : names_in(folder)) {
            const std::string path = folder + "/" + name;
            if (!is_folder(path)) {
                if (!is_text_for_people(name))
                    findings_.add({path, 0, 0},
                                  "is in no folder of a policy kind: `policies/plan/`, "
                                  "`policies/push/` or `policies/approval/`");
            } else if (name == "lib") {
                read_library(path, space);
            } else if (auto kind = parse_word<PolicyKind>(name)) {
                read_policies_of(path, *kind, space);
            } else {
                std::vector<std::string> known{"lib", "plan", "push", "approval"};
                findings_.add({path, 0, 0},
                              "there is no policy kind " + name + did_you_mean(name, known));
            }
        }
    }

    // A library reaches into every policy beside it. One of a child space would reach into those
    // above, and change what they decide (rule C3).
    void read_library(const std::string& folder, const SpaceId& space) {
        if (!space.empty())
            return findings_.add({folder, 0, 0},
                                 "a library is the root's alone, since it would change "
                                 "policies of the spaces above; move it to policies/lib");
        for (const auto& name : names_in(folder)) {
            const std::string path = folder + "/" + name;
            if (is_folder(path))
                read_library(path, space);
            else if (name.ends_with(".rego") && !name.ends_with("_test.rego"))
                if (auto text = text_of(path))
                    loaded_.organisation.policy_library.emplace(path, std::move(*text));
        }
    }

    void read_policies_of(const std::string& folder, PolicyKind kind, const SpaceId& space) {
        for (const auto& name : names_in(folder)) {
            const std::string path = folder + "/" + name;
            if (is_folder(path) || !name.ends_with(".rego")) {
                if (!is_text_for_people(name))
                    findings_.add({path, 0, 0}, "a policy is a file that ends in .rego");
                continue;
            }
            if (name.ends_with("_test.rego")) continue;
            if (std::find(later_kinds.begin(), later_kinds.end(), kind) != later_kinds.end()) {
                findings_.add({path, 0, 0},
                              std::string(word(kind)) + " policies are not part of this version");
                continue;
            }
            auto text = text_of(path);
            if (!text) continue;
            Policy policy;
            policy.name = fs::path(name).stem().string();
            policy.kind = kind;
            policy.space = space;
            policy.place = {path, 1, 1};
            policy.text = std::move(*text);
            if (auto labels = policy_labels(policy, findings_))
                loaded_.organisation.policy_labels.emplace(path, std::move(*labels));
            loaded_.organisation.policies.push_back(std::move(policy));
        }
    }

    void check_selectors() {
        const auto& organisation = loaded_.organisation;
        for (const auto& policy : organisation.policies) {
            auto selector = organisation.policy_labels.find(policy.place.file);
            if (selector == organisation.policy_labels.end() || selector->second.empty()) continue;
            auto holds = [&](const Stack& stack) {
                auto chosen = organisation.policies_for(stack, policy.kind);
                return std::any_of(chosen.begin(), chosen.end(),
                                   [&](const Policy& one) { return one.place == policy.place; });
            };
            bool may_match_later = std::any_of(
                organisation.delegations.begin(), organisation.delegations.end(),
                [&](const auto& delegation) {
                    return !delegation.labels.empty() && is_within(delegation.space, policy.space);
                });
            if (!may_match_later &&
                std::none_of(organisation.stacks.begin(), organisation.stacks.end(), holds))
                findings_.add(policy.place,
                              "no stack has a label that the policy's METADATA selects: " +
                                  joined(selector->second));
        }
    }

    static std::string joined(const std::vector<std::string>& texts) {
        std::string out;
        for (const auto& text : texts) out += (out.empty() ? "" : ", ") + text;
        return out;
    }

    fs::path root_;
    Findings findings_;
    Loaded loaded_;
    std::vector<Space> spaces_;
    std::vector<ReadStack> stacks_;
    std::string everything_;
};

}  // namespace

std::optional<std::string> read_text(const fs::path& path, const std::string& shown,
                                     Findings& findings) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) {
        findings.add({shown, 0, 0}, "is not a file that can be read");
        return std::nullopt;
    }
    if (fs::file_size(path, error) > most_bytes_of_a_file) {
        findings.add({shown, 0, 0}, "is larger than a megabyte");
        return std::nullopt;
    }
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in && !in.eof()) {
        findings.add({shown, 0, 0}, "cannot be read");
        return std::nullopt;
    }
    return text;
}

std::vector<ConfigFinding> sorted(std::vector<ConfigFinding> all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace catalog

Loaded load_organisation(const std::filesystem::path& directory,
                         const std::function<std::optional<bool>(const Stack&)>& directory_exists) {
    return catalog::TreeReader(directory).read(directory_exists);
}

}  // namespace slipway
