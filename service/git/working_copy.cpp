// What a person's working copy says of itself.
#include <git2.h>

#include <memory>
#include <string_view>

#include "service/git/written.hpp"

namespace slipway {

std::string current_branch(const std::filesystem::path& folder) {
    git_libgit2_init();  // counted: never ended
    git_repository* repository = nullptr;
    if (git_repository_open_ext(&repository, folder.c_str(), 0, nullptr) < 0) return "";
    const std::unique_ptr<git_repository, decltype(&git_repository_free)> held(repository,
                                                                               git_repository_free);
    git_reference* head = nullptr;
    if (git_reference_lookup(&head, repository, "HEAD") < 0) return "";
    const std::unique_ptr<git_reference, decltype(&git_reference_free)> reference(
        head, git_reference_free);
    const char* target = git_reference_symbolic_target(head);
    const std::string_view name = target ? target : "";
    constexpr std::string_view heads = "refs/heads/";
    return std::string(name.starts_with(heads) ? name.substr(heads.size()) : "");
}

}  // namespace slipway
