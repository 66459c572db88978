// An atlantis.yaml as Slipway understands it: projects are stacks that are applied before the
// merge. Each thing that means something else here, or nothing, is noted for `slipway check`. No
// command of a workflow is ever run.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/catalog/catalog.hpp"

namespace slipway {

inline constexpr std::string_view atlantis_file = "atlantis.yaml";

// What a tree has for Terraform to read: what a file that leaves its projects to discovery means.
struct TerraformDirectories {
    std::vector<std::string> all;      // with configuration of their own; sorted
    std::vector<std::string> modules;  // of these, those that another one names as a module; sorted
    std::vector<std::string> tofu;  // of these, those with files that OpenTofu alone reads; sorted
    bool operator==(const TerraformDirectories&) const = default;
};

// Whether the file cannot be read without them: it lists no projects, or a pattern for them.
bool needs_directories(std::string_view text);
// `files`: of the whole tree; `read` the text of one.
TerraformDirectories terraform_directories(
    const std::vector<std::string>& files,
    const std::function<std::optional<std::string>(const std::string&)>& read);

// Whose file it is, and what it may say: see read_repository_file().
struct AtlantisSource {
    RepositoryName repository;
    std::string default_branch = "main";
    SpaceId space = {};
    std::vector<std::string> may_set = {};
    TerraformDirectories directories = {};
};
Loaded read_atlantis_file(
    std::string_view text, const AtlantisSource& source,
    const std::function<std::optional<bool>(const Stack&)>& directory_exists = {});

// The key of the stack that a project of this name is: what `-p` of a command means.
std::string atlantis_key(std::string_view project_name);

}  // namespace slipway
