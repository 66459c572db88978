// Reading a repository by libgit2. Every call borrows a handle, so any pool thread may ask beside a
// fetch.
#include "service/git/detail/handle.hpp"
#include "service/git/mirror.hpp"

namespace slipway {

namespace {

using namespace git;

CommitPtr commit_of(git_repository* repository, const CommitSha& sha) {
    git_oid id = oid_of(sha.value);
    git_commit* commit = nullptr;
    check(git_commit_lookup(&commit, repository, &id), "cannot read commit " + sha.value);
    return CommitPtr(commit);
}

TreePtr tree_at(git_repository* repository, const git_oid& id) {
    git_tree* tree = nullptr;
    check(git_tree_lookup(&tree, repository, &id), "cannot read tree " + hex_of(id));
    return TreePtr(tree);
}

struct Found {
    git_oid id;
    git_filemode_t mode;
    git_object_t type;
};

std::optional<Found> find_entry(git_repository* repository, const TreeId& root,
                                std::string_view path) {
    git_oid root_id = oid_of(root.value);
    std::string tidy = tidy_path(path);
    if (tidy == ".") return Found{root_id, GIT_FILEMODE_TREE, GIT_OBJECT_TREE};
    TreePtr tree = tree_at(repository, root_id);
    git_tree_entry* raw = nullptr;
    int code = git_tree_entry_bypath(&raw, tree.get(), tidy.c_str());
    if (code == GIT_ENOTFOUND) return std::nullopt;
    check(code, "cannot read " + tidy);
    TreeEntryPtr entry(raw);
    return Found{*git_tree_entry_id(entry.get()), git_tree_entry_filemode(entry.get()),
                 git_tree_entry_type(entry.get())};
}

std::optional<std::string> blob_text(git_repository* repository, const git_oid& id,
                                     std::size_t at_most) {
    git_odb* raw_odb = nullptr;
    check(git_repository_odb(&raw_odb, repository), "cannot open the objects");
    OdbPtr odb(raw_odb);
    std::size_t size = 0;
    git_object_t type{};
    check(git_odb_read_header(&size, &type, odb.get(), &id), "cannot read object " + hex_of(id));
    if (size > at_most) return std::nullopt;
    git_blob* raw = nullptr;
    check(git_blob_lookup(&raw, repository, &id), "cannot read file object " + hex_of(id));
    BlobPtr blob(raw);
    return std::string(static_cast<const char*>(git_blob_rawcontent(blob.get())),
                       static_cast<std::size_t>(git_blob_rawsize(blob.get())));
}

TreeEntry::Kind kind_of(const git_tree_entry* entry) {
    switch (git_tree_entry_filemode(entry)) {
        case GIT_FILEMODE_TREE:
            return TreeEntry::Kind::directory;
        case GIT_FILEMODE_LINK:
            return TreeEntry::Kind::link;
        case GIT_FILEMODE_COMMIT:
            return TreeEntry::Kind::submodule;
        default:
            return TreeEntry::Kind::file;
    }
}

void collect_files(git_repository* repository, const git_oid& id, const std::string& prefix,
                   std::vector<std::string>& out) {
    TreePtr tree = tree_at(repository, id);
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
        const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
        std::string path = prefix + git_tree_entry_name(entry);
        if (kind_of(entry) == TreeEntry::Kind::directory)
            collect_files(repository, *git_tree_entry_id(entry), path + "/", out);
        else if (kind_of(entry) != TreeEntry::Kind::submodule)
            out.push_back(std::move(path));
    }
}

void collect_links(git_repository* repository, const git_oid& id, const std::string& prefix,
                   std::vector<std::pair<std::string, std::string>>& out) {
    TreePtr tree = tree_at(repository, id);
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
        const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
        std::string path = prefix + git_tree_entry_name(entry);
        if (kind_of(entry) == TreeEntry::Kind::directory)
            collect_links(repository, *git_tree_entry_id(entry), path + "/", out);
        else if (kind_of(entry) == TreeEntry::Kind::link)
            out.emplace_back(std::move(path),
                             blob_text(repository, *git_tree_entry_id(entry), 4096).value_or(""));
    }
}

}  // namespace

Repository::Repository(std::shared_ptr<Handles> handles) : handles_(std::move(handles)) {}

bool Repository::has_commit(const CommitSha& sha) const {
    git_oid id = oid_of(sha.value);
    return handles_->with([&](git_repository* repository) {
        git_commit* commit = nullptr;
        int code = git_commit_lookup(&commit, repository, &id);
        if (code == GIT_ENOTFOUND) return false;
        check(code, "cannot read commit " + sha.value);
        CommitPtr owned(commit);
        return true;
    });
}

std::optional<CommitSha> Repository::branch_tip(std::string_view branch) const {
    std::string name =
        branch.starts_with("refs/") ? std::string(branch) : "refs/heads/" + std::string(branch);
    return handles_->with([&](git_repository* repository) -> std::optional<CommitSha> {
        git_oid id;
        int code = git_reference_name_to_id(&id, repository, name.c_str());
        if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC) return std::nullopt;
        check(code, "cannot read " + name);
        return CommitSha(hex_of(id));
    });
}

std::optional<CommitSha> Repository::merge_base(const CommitSha& a, const CommitSha& b) const {
    git_oid one = oid_of(a.value), two = oid_of(b.value);
    return handles_->with([&](git_repository* repository) -> std::optional<CommitSha> {
        commit_of(repository, a), commit_of(repository, b);
        git_oid base;
        int code = git_merge_base(&base, repository, &one, &two);
        if (code == GIT_ENOTFOUND) return std::nullopt;
        check(code, "cannot find the merge base");
        return CommitSha(hex_of(base));
    });
}

bool Repository::is_ancestor(const CommitSha& older, const CommitSha& newer) const {
    if (older == newer) return true;
    git_oid old_id = oid_of(older.value), new_id = oid_of(newer.value);
    return handles_->with([&](git_repository* repository) {
        int code = git_graph_descendant_of(repository, &new_id, &old_id);
        check(code, "cannot compare commits");
        return code == 1;
    });
}

TreeId Repository::tree_of(const CommitSha& sha) const {
    return handles_->with([&](git_repository* repository) {
        return TreeId(hex_of(*git_commit_tree_id(commit_of(repository, sha).get())));
    });
}

std::vector<CommitSha> Repository::parents(const CommitSha& sha) const {
    return handles_->with([&](git_repository* repository) {
        CommitPtr commit = commit_of(repository, sha);
        std::vector<CommitSha> out;
        for (unsigned i = 0; i < git_commit_parentcount(commit.get()); ++i)
            out.emplace_back(hex_of(*git_commit_parent_id(commit.get(), i)));
        return out;
    });
}

std::vector<ChangedFile> Repository::changed_files(const TreeId& from, const TreeId& to) const {
    git_oid old_id = oid_of(from.value), new_id = oid_of(to.value);
    return handles_->with(
        [&](git_repository* repository) { return git::changed_files(repository, old_id, new_id); });
}

MergeResult Repository::merge(const CommitSha& base, const CommitSha& head) const {
    return handles_->with([&](git_repository* repository) {
        CommitPtr ours = commit_of(repository, base), theirs = commit_of(repository, head);
        return git::merge(repository, ours.get(), theirs.get());
    });
}

std::optional<std::string> Repository::file(const TreeId& tree, std::string_view path,
                                            std::size_t at_most) const {
    return handles_->with([&](git_repository* repository) -> std::optional<std::string> {
        auto found = find_entry(repository, tree, path);
        if (!found || found->type != GIT_OBJECT_BLOB || found->mode == GIT_FILEMODE_LINK)
            return std::nullopt;
        return blob_text(repository, found->id, at_most);
    });
}

std::optional<std::string> Repository::link(const TreeId& tree, std::string_view path) const {
    return handles_->with([&](git_repository* repository) -> std::optional<std::string> {
        auto found = find_entry(repository, tree, path);
        if (!found || found->mode != GIT_FILEMODE_LINK) return std::nullopt;
        return blob_text(repository, found->id, 4096);
    });
}

std::vector<std::pair<std::string, std::string>> Repository::links(
    const TreeId& root, std::string_view directory) const {
    return handles_->with([&](git_repository* repository) {
        std::vector<std::pair<std::string, std::string>> out;
        auto found = find_entry(repository, root, directory);
        if (!found || found->type != GIT_OBJECT_TREE) return out;
        check_size(repository, found->id);
        collect_links(repository, found->id, "", out);
        return out;
    });
}

std::vector<TreeEntry> Repository::list(const TreeId& root, std::string_view directory) const {
    return handles_->with([&](git_repository* repository) {
        std::vector<TreeEntry> out;
        auto found = find_entry(repository, root, directory);
        if (!found || found->type != GIT_OBJECT_TREE) return out;
        TreePtr tree = tree_at(repository, found->id);
        for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
            out.push_back(
                {git_tree_entry_name(entry), kind_of(entry), hex_of(*git_tree_entry_id(entry))});
        }
        return out;
    });
}

std::optional<std::string> Repository::object_at(const TreeId& tree, std::string_view path) const {
    return handles_->with([&](git_repository* repository) -> std::optional<std::string> {
        auto found = find_entry(repository, tree, path);
        if (!found) return std::nullopt;
        return hex_of(found->id);
    });
}

std::vector<std::string> Repository::files(const TreeId& root, std::string_view directory) const {
    return handles_->with([&](git_repository* repository) {
        std::vector<std::string> out;
        auto found = find_entry(repository, root, directory);
        if (!found || found->type != GIT_OBJECT_TREE) return out;
        check_size(repository, found->id);
        std::string prefix = tidy_path(directory);
        collect_files(repository, found->id, prefix == "." ? "" : prefix + "/", out);
        return out;
    });
}

void Repository::materialise(const TreeId& tree, const std::vector<std::string>& paths,
                             const std::filesystem::path& to) const {
    git_oid id = oid_of(tree.value);
    handles_->with([&](git_repository* repository) {
        git::materialise(repository, id, paths, to);
        return true;
    });
}

Repository::CommitInfo Repository::info(const CommitSha& sha) const {
    return handles_->with([&](git_repository* repository) {
        CommitPtr commit = commit_of(repository, sha);
        const char* summary = git_commit_summary(commit.get());
        const git_signature* author = git_commit_author(commit.get());
        return CommitInfo{summary ? summary : "", author && author->name ? author->name : "",
                          git_commit_time(commit.get())};
    });
}

std::shared_ptr<Repository> open_repository(std::filesystem::path path, Owner owner) {
    auto handles =
        std::make_shared<git::Handles>(std::move(path), owner, git::Handles::Where::here_or_above);
    handles->with([](git_repository*) { return true; });
    return std::make_shared<Repository>(std::move(handles));
}

}  // namespace slipway
