// The working copy as a commit, so that `preview` plans exactly what lies there. The index is one
// in memory: nothing of the person's working copy, index or refs changes; loose objects are all
// that is left.
#include "service/git/detail/handle.hpp"
#include "service/git/mirror.hpp"

namespace slipway {

CommitSha snapshot_working_copy(const std::filesystem::path& path) {
    using namespace git;
    try {
        RepositoryPtr repository = open(path, Owner::ourselves, Handles::Where::here_or_above);
        if (git_repository_is_bare(repository.get()))
            throw Failure(path.string() + " has no working copy; name the commit with --head",
                          Retry::never);
        git_index* raw_index = nullptr;
        check(git_repository_index(&raw_index, repository.get()), "cannot read the index");
        IndexPtr index(raw_index);  // never written back
        git_strarray everything{};
        check(git_index_add_all(index.get(), &everything, GIT_INDEX_ADD_DEFAULT, nullptr, nullptr),
              "cannot read the working copy");
        if (git_index_has_conflicts(index.get()))
            throw Failure("the working copy has unmerged files; resolve them first", Retry::never);
        git_oid tree_id;
        check(git_index_write_tree(&tree_id, index.get()), "cannot write the tree");
        git_tree* raw_tree = nullptr;
        check(git_tree_lookup(&raw_tree, repository.get(), &tree_id), "cannot read the tree");
        TreePtr tree(raw_tree);

        git_oid head_id;
        git_commit* raw_head = nullptr;
        if (git_reference_name_to_id(&head_id, repository.get(), "HEAD") == 0)
            check(git_commit_lookup(&raw_head, repository.get(), &head_id), "cannot read HEAD");
        CommitPtr head(raw_head);
        // The time is the parent's, so that the same content gives the same commit.
        git_signature* raw_signature = nullptr;
        check(git_signature_new(&raw_signature, "slipway", "slipway@localhost",
                                head ? git_commit_time(head.get()) : 0, 0),
              "cannot sign");
        SignaturePtr signature(raw_signature);
        const git_commit* parents[] = {head.get()};
        git_oid commit;
        check(git_commit_create(&commit, repository.get(), nullptr, signature.get(),
                                signature.get(), nullptr, "The working copy as it is", tree.get(),
                                head ? 1 : 0, parents),
              "cannot write the commit");
        return CommitSha(hex_of(commit));
    } catch (const GitError& error) {
        throw Failure(error.what(), Retry::never);
    }
}

}  // namespace slipway
