// The merge of two commits in memory. Nearly always each side changed other files: then only the
// trees along those paths are read and written. Whatever could be a rename or a conflict is left to
// libgit2's own merge, which reads everything.
#include <map>
#include <optional>
#include <set>

#include "service/git/detail/handle.hpp"

namespace slipway::git {

namespace {

struct Entry {
    git_oid id{};
    git_filemode_t mode = GIT_FILEMODE_UNREADABLE;  // unreadable: there is none
    bool is_tree() const { return mode == GIT_FILEMODE_TREE; }
    bool is_absent() const { return mode == GIT_FILEMODE_UNREADABLE; }
    friend bool operator==(const Entry& a, const Entry& b) {
        return a.mode == b.mode && (a.is_absent() || git_oid_equal(&a.id, &b.id));
    }
};
struct Three {
    Entry base, ours, theirs;
};

class QuickMerge {
  public:
    explicit QuickMerge(git_repository* repository) : repository_(repository) {}

    // nullopt: not so simple. Three trees, of which base may be absent.
    std::optional<git_oid> merge(const Three& trees) {
        std::map<std::string, Three> entries;
        read(trees.base, &Three::base, entries);
        read(trees.ours, &Three::ours, entries);
        read(trees.theirs, &Three::theirs, entries);
        git_treebuilder* raw = nullptr;
        check(git_treebuilder_new(&raw, repository_, nullptr), "cannot build a tree");
        TreeBuilderPtr builder(raw);
        for (const auto& [name, three] : entries) {
            auto chosen = choose(three);
            if (!chosen) return std::nullopt;
            if (!chosen->is_absent())
                check(git_treebuilder_insert(nullptr, builder.get(), name.c_str(), &chosen->id,
                                             chosen->mode),
                      "cannot build a tree");
        }
        git_oid id;
        check(git_treebuilder_write(&id, builder.get()), "cannot write a tree");
        return id;
    }

  private:
    void read(const Entry& tree, Entry Three::*side, std::map<std::string, Three>& entries) {
        if (!tree.is_tree()) return;
        git_tree* raw = nullptr;
        check(git_tree_lookup(&raw, repository_, &tree.id), "cannot read tree " + hex_of(tree.id));
        TreePtr owned(raw);
        for (std::size_t i = 0; i < git_tree_entrycount(owned.get()); ++i) {
            const git_tree_entry* entry = git_tree_entry_byindex(owned.get(), i);
            entries[git_tree_entry_name(entry)].*
                side = {*git_tree_entry_id(entry), git_tree_entry_filemode_raw(entry)};
        }
    }

    // The side that changed. Both alike: also what each took away may have gone to another place on
    // each side, which is for the whole merge to see.
    std::optional<Entry> choose(const Three& three) {
        if (three.ours == three.base) return three.theirs;
        if (three.theirs == three.base) return three.ours;
        if (three.ours == three.theirs) {
            if (three.ours.is_absent() || three.ours.is_tree()) return std::nullopt;
            return three.ours;
        }
        if (!three.ours.is_tree() || !three.theirs.is_tree()) return std::nullopt;
        if (!three.base.is_tree() && !three.base.is_absent()) return std::nullopt;
        auto merged = merge(three);
        if (!merged) return std::nullopt;
        // Nothing left of it, as git keeps no empty directories.
        if (git_oid_streq(&*merged, "4b825dc642cb6eb9a060e54bf8d69288fbee4904") == 0)
            return std::nullopt;
        return Entry{*merged, GIT_FILEMODE_TREE};
    }

    git_repository* repository_;
};

std::vector<std::string> conflict_paths(git_index* index) {
    git_index_conflict_iterator* raw = nullptr;
    check(git_index_conflict_iterator_new(&raw, index), "cannot list conflicts");
    ConflictsPtr conflicts(raw);
    std::set<std::string> paths;
    const git_index_entry *ancestor = nullptr, *ours = nullptr, *theirs = nullptr;
    while (git_index_conflict_next(&ancestor, &ours, &theirs, conflicts.get()) == 0)
        for (const git_index_entry* side : {ancestor, ours, theirs})
            if (side) paths.insert(side->path);
    return {paths.begin(), paths.end()};
}

MergeResult whole_merge(git_repository* repository, git_commit* ours, git_commit* theirs) {
    git_merge_options options = GIT_MERGE_OPTIONS_INIT;
    options.flags = GIT_MERGE_FIND_RENAMES;
    git_index* raw = nullptr;
    check(git_merge_commits(&raw, repository, ours, theirs, &options), "cannot merge the commits");
    IndexPtr index(raw);
    if (git_index_has_conflicts(index.get())) return {{}, conflict_paths(index.get())};
    git_oid tree;
    check(git_index_write_tree_to(&tree, index.get(), repository), "cannot write the merged tree");
    return {TreeId(hex_of(tree)), {}};
}

}  // namespace

MergeResult merge(git_repository* repository, git_commit* ours, git_commit* theirs) {
    check_size(repository, *git_commit_tree_id(ours));
    check_size(repository, *git_commit_tree_id(theirs));
    git_oidarray bases{};
    int code = git_merge_bases(&bases, repository, git_commit_id(ours), git_commit_id(theirs));
    const bool is_one = code == 0 && bases.count == 1;  // of several, libgit2 makes one first
    const git_oid base = is_one ? bases.ids[0] : git_oid{};
    if (code == 0) git_oidarray_dispose(&bases);
    if (!is_one) return whole_merge(repository, ours, theirs);

    git_commit* raw = nullptr;
    check(git_commit_lookup(&raw, repository, &base), "cannot read commit " + hex_of(base));
    CommitPtr common(raw);
    auto tree_of = [](const git_commit* commit) {
        return Entry{*git_commit_tree_id(commit), GIT_FILEMODE_TREE};
    };
    const Three trees{tree_of(common.get()), tree_of(ours), tree_of(theirs)};
    check_size(repository, trees.base.id);
    if (trees.ours == trees.base) return {TreeId(hex_of(trees.theirs.id)), {}};
    if (trees.theirs == trees.base) return {TreeId(hex_of(trees.ours.id)), {}};
    if (auto merged = QuickMerge(repository).merge(trees)) return {TreeId(hex_of(*merged)), {}};
    return whole_merge(repository, ours, theirs);
}

}  // namespace slipway::git
