// See the header. Everything here is quick and blocking, and runs while the mirror has no other
// writer.
#include "service/git/detail/mirror_directory.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "service/base/digest.hpp"
#include "service/git/detail/handle.hpp"

namespace slipway::git {

namespace {

namespace fs = std::filesystem;

RepositoryPtr open_mirror(const fs::path& path) {
    try {
        return open(path, Owner::ourselves, Handles::Where::exactly_here);
    } catch (const GitError& error) {
        throw Failure(error.what());
    }
}

void remove_one(git_repository* repository, const std::string& name) {
    int code = git_reference_remove(repository, name.c_str());
    if (code < 0 && code != GIT_ENOTFOUND)
        throw Failure("cannot remove " + name + " from a mirror");
}

}  // namespace

std::string mirror_directory_name(std::string_view repository) {
    std::string readable;
    for (char c : repository.substr(repository.find('/') + 1)) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
        readable += plain ? c : '-';
    }
    readable.resize(std::min<std::size_t>(readable.size(), 60));
    return readable + "-" + sha256_hex(repository).substr(0, 16) + ".git";
}

void make_empty_mirror(const fs::path& path) {
    start_libgit2();
    git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKPATH;
    options.initial_head = "refs/heads/main";
    git_repository* raw = nullptr;
    try {
        check(git_repository_init_ext(&raw, path.c_str(), &options), "cannot make a mirror");
    } catch (const GitError& error) {
        throw Failure(error.what());
    }
    RepositoryPtr made(raw);
}

void put_in_place(const fs::path& made, const fs::path& path) {
    if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, path.c_str(), RENAME_EXCHANGE) == 0) {
        std::error_code ignored;
        fs::remove_all(made, ignored);
    } else if (errno != ENOENT || ::rename(made.c_str(), path.c_str()) != 0) {
        throw Failure("cannot put a mirror in place: " + std::string(std::strerror(errno)));
    }
}

bool can_be_opened(const fs::path& mirror) {
    try {
        return open(mirror, Owner::ourselves, Handles::Where::exactly_here) != nullptr;
    } catch (const GitError&) {
        return false;
    }
}

void clear_leftovers(const fs::path& mirror) {
    std::error_code ignored;
    auto clear = [&](const fs::path& directory, auto matches) {
        for (fs::recursive_directory_iterator it(directory, ignored), end; it != end;
             it.increment(ignored))
            if (matches(it->path())) fs::remove(it->path(), ignored);
    };
    clear(mirror / "refs", [](const fs::path& path) { return path.extension() == ".lock"; });
    clear(mirror / "objects/pack",
          [](const fs::path& path) { return path.filename().string().starts_with("tmp_"); });
    for (const char* name : {"packed-refs.lock", "config.lock", "HEAD.lock", "shallow.lock"})
        fs::remove(mirror / name, ignored);
}

std::size_t count_packs(const fs::path& mirror) {
    std::error_code ignored;
    std::size_t packs = 0;
    for (const auto& entry : fs::directory_iterator(mirror / "objects/pack", ignored))
        packs += entry.path().extension() == ".pack";
    return packs;
}

void remove_ref(const fs::path& mirror, const std::string& name) {
    remove_one(open_mirror(mirror).get(), name);
}

void make_room(const fs::path& mirror, const std::set<std::string>& wanted) {
    auto repository = open_mirror(mirror);
    git_strarray names{};
    if (git_reference_list(&names, repository.get()) < 0)
        throw Failure("cannot list the refs of a mirror");
    std::vector<std::string> known(names.strings, names.strings + names.count);
    git_strarray_dispose(&names);
    for (const auto& ref : wanted)
        for (const auto& other : known)
            if (ref.starts_with(other + "/") || other.starts_with(ref + "/"))
                remove_one(repository.get(), other);
}

}  // namespace slipway::git
