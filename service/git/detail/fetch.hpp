// One call of the git program that fetches into a bare mirror, as values: what is run, and what its
// answer means. Rule: credentials are in the environment alone, redirects are not followed (they
// would carry the credentials elsewhere), hooks and submodules do not exist, and only the remote's
// own protocol is open.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "service/git/mirror.hpp"
#include "service/process/process.hpp"

namespace slipway::git {

// Throws Failure(never) where the URL is none that may be fetched from.
void check_remote(const GitRemote& remote);

// "main" → "refs/heads/main"; full names stay. Failure(never) for what is not a ref name.
std::string full_ref(std::string_view branch);

// `wanted`: full refs (fetched onto themselves) and commit ids.
Command fetch_command(const std::filesystem::path& mirror, const GitRemote& remote,
                      const std::vector<std::string>& wanted, const MirrorOptions& options);

// Any other call on the mirror, e.g. {"fsck"}.
Command local_command(const std::filesystem::path& mirror, std::vector<std::string> arguments,
                      std::chrono::milliseconds limit);

struct FetchAnswer {
    enum class What {
        fetched,
        no_such_ref,      // `name` is not on the remote
        no_such_commit,   // `name`: not there, or the server gives out only what a ref names
        refs_in_the_way,  // a branch "a" stands where "a/b" is to be
        remote_trouble,   // network, authentication, server
        unclear,          // perhaps the mirror itself is damaged
    };
    What what = What::unclear;
    std::string name;
    std::string sentence;  // for people; holds no secret
};
FetchAnswer fetch_answer(const Ended& ended, const GitRemote& remote);

}  // namespace slipway::git
