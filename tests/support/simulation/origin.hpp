// A repository whose commits cost a moment each: made in this process, where the git program would
// take longer than all else of a simulated day. The service's mirror shares its objects, so that a
// fetch only moves refs.
#pragma once
#include "service/git/detail/handle.hpp"
#include "service/git/detail/mirror_directory.hpp"
#include "tests/support/git_fixture.hpp"

namespace slipway::simulation {

class Origin {
  public:
    using Files = std::map<std::string, std::string>;

    explicit Origin(const std::filesystem::path& path) : path_(path) {
        git_libgit2_init();
        std::filesystem::create_directories(path);
        git_repository* raw = nullptr;
        git::check(git_repository_init(&raw, path.c_str(), 1), "cannot make a repository");
        repository_.reset(raw);
        view_ = open_repository(path);
    }
    const std::filesystem::path& path() const { return path_; }
    const Repository& view() const { return *view_; }

    // The mirror is there and nothing was read of it yet.
    void share_objects_with(const std::filesystem::path& mirrors, std::string_view repository) {
        write_file(mirrors / git::mirror_directory_name(repository) / "objects/info/alternates",
                   (path_ / "objects").string() + "\n");
    }

    TreeId tree_with(const CommitSha& parent, const Files& files) {
        git::TreePtr base = parent.empty() ? nullptr : tree(view_->tree_of(parent));
        std::vector<git_tree_update> updates;
        for (const auto& [path, text] : files) {
            git_tree_update update{};
            update.action = GIT_TREE_UPDATE_UPSERT;
            update.filemode = GIT_FILEMODE_BLOB;
            update.path = path.c_str();
            git::check(git_blob_create_from_buffer(&update.id, repository_.get(), text.data(),
                                                   text.size()),
                       "cannot write a file");
            updates.push_back(update);
        }
        git_oid id;
        git::check(git_tree_create_updated(&id, repository_.get(), base.get(), updates.size(),
                                           updates.data()),
                   "cannot write a tree");
        return TreeId(git::hex_of(id));
    }
    CommitSha commit(const TreeId& id, const std::vector<CommitSha>& parents,
                     const std::string& message, std::int64_t at_ms) {
        git_signature* raw = nullptr;
        git::check(git_signature_new(&raw, "Ada", "ada@example.test", at_ms / 1000, 0),
                   "cannot sign a commit");
        const git::SignaturePtr who(raw);
        std::vector<git::CommitPtr> read;
        std::vector<const git_commit*> given;
        for (const auto& parent : parents) {
            const auto oid = git::oid_of(parent.value);
            git_commit* one = nullptr;
            git::check(git_commit_lookup(&one, repository_.get(), &oid), "cannot read a commit");
            read.emplace_back(one);
            given.push_back(one);
        }
        git_oid out;
        git::check(
            git_commit_create(&out, repository_.get(), nullptr, who.get(), who.get(), nullptr,
                              message.c_str(), tree(id).get(), given.size(), given.data()),
            "cannot write a commit");
        return CommitSha(git::hex_of(out));
    }
    void set(const std::string& ref, const CommitSha& commit) {
        const auto oid = git::oid_of(commit.value);
        git_reference* raw = nullptr;
        git::check(git_reference_create(&raw, repository_.get(), ref.c_str(), &oid, 1, nullptr),
                   "cannot move a ref");
        const git::ReferencePtr moved(raw);
    }

  private:
    git::TreePtr tree(const TreeId& id) {
        const auto oid = git::oid_of(id.value);
        git_tree* raw = nullptr;
        git::check(git_tree_lookup(&raw, repository_.get(), &oid), "cannot read a tree");
        return git::TreePtr(raw);
    }

    std::filesystem::path path_;
    git::RepositoryPtr repository_;
    std::shared_ptr<Repository> view_;
};

}  // namespace slipway::simulation
