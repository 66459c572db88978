// One bare mirror per repository: fetched by the git program (it honours proxies, CAs and time
// limits, and can be killed), read by libgit2. One fetch at a time per mirror; credentials travel
// in the environment, never in argv, URL or config. Reading is blocking: call it on a Pool.
#pragma once
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/base/result.hpp"
#include "service/base/task.hpp"
#include "service/model/id.hpp"
#include "service/model/secret.hpp"

namespace slipway {

namespace git {
class Handles;
}

// How to reach a repository. `username`/`password` empty: none needed.
struct GitRemote {
    std::string url;  // https://…, http://… or, for the built-in forge only, an absolute path
    std::string username;
    Secret password;
    bool local = false;
};

struct ChangedFile {
    enum class How { added, modified, removed, renamed };
    How how = How::modified;
    std::string path;
    std::string previous_path;  // of a rename
};

struct MergeResult {
    std::optional<TreeId> tree;          // set when it merges cleanly
    std::vector<std::string> conflicts;  // else the paths
};

struct TreeEntry {
    enum class Kind { file, directory, link, submodule };
    std::string name;
    Kind kind = Kind::file;
    std::string id;  // of the blob, tree or (submodule) commit
    bool is_directory() const { return kind == Kind::directory; }
};

// A mirror's objects. Each call opens what it needs: safe on any pool thread beside a fetch.
class Repository {
  public:
    explicit Repository(std::shared_ptr<git::Handles> handles);
    bool has_commit(const CommitSha&) const;
    std::optional<CommitSha> branch_tip(std::string_view branch) const;
    std::optional<CommitSha> merge_base(const CommitSha&, const CommitSha&) const;
    bool is_ancestor(const CommitSha& older, const CommitSha& newer) const;
    TreeId tree_of(const CommitSha&) const;
    std::vector<CommitSha> parents(const CommitSha&) const;
    // Both sides of a rename count as changed; `to` against `from`.
    std::vector<ChangedFile> changed_files(const TreeId& from, const TreeId& to) const;
    // The merge of head into base, made in memory; the tree is written to the mirror.
    MergeResult merge(const CommitSha& base, const CommitSha& head) const;
    // nullopt: no such file (or a directory, a symbolic link, or larger than at_most).
    std::optional<std::string> file(const TreeId&, std::string_view path,
                                    std::size_t at_most = 4u << 20) const;
    // Where a symbolic link points to, as written; nullopt: no link.
    std::optional<std::string> link(const TreeId&, std::string_view path) const;
    // All symbolic links below `directory`: path relative to it, and where it points to, as
    // written.
    std::vector<std::pair<std::string, std::string>> links(const TreeId&,
                                                           std::string_view directory) const;
    // Empty where there is no such directory.
    std::vector<TreeEntry> list(const TreeId&, std::string_view directory) const;
    // The id of the tree or blob at `path` ("." is the root); nullopt: absent.
    std::optional<std::string> object_at(const TreeId&, std::string_view path) const;
    // All file paths below `directory`.
    std::vector<std::string> files(const TreeId&, std::string_view directory) const;
    // Writes the named directories and files (the whole tree for {"."}) below `to`, which is empty
    // or absent. Paths that the tree lacks are passed over (the tool says best what it misses), but
    // one must be there. Symbolic links that leave the tree, `.git` in any spelling, and a named
    // path inside a submodule are refused: Failure(never). A submodule met on the way becomes an
    // empty directory, as after `git clone`.
    void materialise(const TreeId&, const std::vector<std::string>& paths,
                     const std::filesystem::path& to) const;
    // First line of the message, author, committer time in seconds.
    struct CommitInfo {
        std::string message, author;
        std::int64_t time = 0;
    };
    CommitInfo info(const CommitSha&) const;

  private:
    std::shared_ptr<git::Handles> handles_;
};

struct MirrorOptions {
    std::vector<std::chrono::milliseconds> delays{std::chrono::seconds(1), std::chrono::seconds(2),
                                                  std::chrono::seconds(4), std::chrono::seconds(8)};
    std::chrono::milliseconds fetch_limit{std::chrono::minutes(15)};
    std::chrono::seconds stall_limit{30};  // slower than 1 kB/s for so long: given up
};

class Mirrors {
  public:
    Mirrors(std::filesystem::path directory, asio::any_io_executor executor,
            MirrorOptions options = {});
    ~Mirrors();
    // Opens (and makes, where absent) the mirror of a repository by its full name.
    std::shared_ptr<Repository> open(std::string_view name);
    // Makes sure that the commits are there and the branches are as the remote has them now. A
    // forge may lag behind its own webhook: a commit that is not there yet is asked for again with
    // 1, 2, 4, 8 s between, then Failure(later). `branches` are short names; "refs/pull/7/head"
    // style refs are allowed too.
    Task<void> fetch(std::string name, GitRemote remote, std::vector<CommitSha> commits,
                     std::vector<std::string> branches);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Whose repositories may be opened. `anyone` is for the built-in forge's root alone, whose folders
// may belong to other users of the machine; nothing of their configuration is ever executed.
enum class Owner { ourselves, anyone };

// A repository on disk as it is (bare or not; a directory inside a working copy will do), for
// `preview`, `check` and the built-in forge's own refs.
std::shared_ptr<Repository> open_repository(std::filesystem::path path,
                                            Owner owner = Owner::ourselves);

// The working copy as it is now, ignored files left out, as a commit on top of its HEAD that no ref
// names. Nothing of the working copy or its index changes. For `preview` without `--head`.
CommitSha snapshot_working_copy(const std::filesystem::path& path);

}  // namespace slipway
