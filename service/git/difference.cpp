// What changed between two trees. Only directories whose trees differ are read; libgit2's own
// comparison, which reads all, is asked where something was added and something else removed: that
// may be a rename.
#include <map>
#include <string>

#include "service/git/detail/handle.hpp"

namespace slipway::git {

namespace {

TreePtr tree_at(git_repository* repository, const git_oid& id) {
    git_tree* tree = nullptr;
    check(git_tree_lookup(&tree, repository, &id), "cannot read tree " + hex_of(id));
    return TreePtr(tree);
}

class Walk {
  public:
    explicit Walk(git_repository* repository) : repository_(repository) {}

    void compare(const git_oid& from, const git_oid& to, const std::string& prefix) {
        TreePtr old_tree = tree_at(repository_, from), new_tree = tree_at(repository_, to);
        std::map<std::string_view, std::pair<const git_tree_entry*, const git_tree_entry*>> entries;
        for (std::size_t i = 0; i < git_tree_entrycount(old_tree.get()); ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(old_tree.get(), i);
            entries[git_tree_entry_name(entry)].first = entry;
        }
        for (std::size_t i = 0; i < git_tree_entrycount(new_tree.get()); ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(new_tree.get(), i);
            entries[git_tree_entry_name(entry)].second = entry;
        }
        for (const auto& [name, pair] : entries)
            judge(prefix + std::string(name), pair.first, pair.second);
    }

    std::vector<ChangedFile> changes;
    bool added = false, removed = false;

  private:
    static bool is_tree(const git_tree_entry* entry) {
        return git_tree_entry_filemode(entry) == GIT_FILEMODE_TREE;
    }

    void judge(const std::string& path, const git_tree_entry* before, const git_tree_entry* after) {
        if (before && after && is_tree(before) == is_tree(after)) {
            bool same = git_oid_equal(git_tree_entry_id(before), git_tree_entry_id(after));
            if (is_tree(before)) {
                if (!same)
                    compare(*git_tree_entry_id(before), *git_tree_entry_id(after), path + "/");
            } else if (!same || git_tree_entry_filemode(before) != git_tree_entry_filemode(after)) {
                changes.push_back({ChangedFile::How::modified, path, ""});
            }
            return;
        }
        if (before) all_of(path, before, ChangedFile::How::removed);
        if (after) all_of(path, after, ChangedFile::How::added);
    }

    void all_of(const std::string& path, const git_tree_entry* entry, ChangedFile::How how) {
        if (!is_tree(entry)) {
            (how == ChangedFile::How::added ? added : removed) = true;
            changes.push_back({how, path, ""});
            return;
        }
        TreePtr tree = tree_at(repository_, *git_tree_entry_id(entry));
        for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
            const git_tree_entry* below = git_tree_entry_byindex(tree.get(), i);
            all_of(path + "/" + git_tree_entry_name(below), below, how);
        }
    }

    git_repository* repository_;
};

ChangedFile changed_file(const git_diff_delta& delta) {
    switch (delta.status) {
        case GIT_DELTA_ADDED:
            return {ChangedFile::How::added, delta.new_file.path, ""};
        case GIT_DELTA_DELETED:
            return {ChangedFile::How::removed, delta.old_file.path, ""};
        case GIT_DELTA_RENAMED:
            return {ChangedFile::How::renamed, delta.new_file.path, delta.old_file.path};
        default:
            return {ChangedFile::How::modified, delta.new_file.path, ""};
    }
}

std::vector<ChangedFile> with_renames(git_repository* repository, const git_oid& from,
                                      const git_oid& to) {
    TreePtr old_tree = tree_at(repository, from), new_tree = tree_at(repository, to);
    git_diff_options options = GIT_DIFF_OPTIONS_INIT;
    options.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
    git_diff* raw = nullptr;
    check(git_diff_tree_to_tree(&raw, repository, old_tree.get(), new_tree.get(), &options),
          "cannot compare trees");
    DiffPtr diff(raw);
    git_diff_find_options renames = GIT_DIFF_FIND_OPTIONS_INIT;
    renames.flags = GIT_DIFF_FIND_RENAMES;
    renames.rename_limit = 400;
    // Both sides count either way; guessing similar contents among thousands is not worth its time.
    if (git_diff_num_deltas(diff.get()) > 2000) renames.flags |= GIT_DIFF_FIND_EXACT_MATCH_ONLY;
    check(git_diff_find_similar(diff.get(), &renames), "cannot find renames");
    std::vector<ChangedFile> out;
    for (std::size_t i = 0; i < git_diff_num_deltas(diff.get()); ++i)
        out.push_back(changed_file(*git_diff_get_delta(diff.get(), i)));
    return out;
}

}  // namespace

std::vector<ChangedFile> changed_files(git_repository* repository, const git_oid& from,
                                       const git_oid& to) {
    if (git_oid_equal(&from, &to)) return {};
    check_size(repository, from);
    check_size(repository, to);
    Walk walk(repository);
    walk.compare(from, to, "");
    if (walk.added && walk.removed) return with_renames(repository, from, to);
    return std::move(walk.changes);
}

}  // namespace slipway::git
