// libgit2 behind owning types, and handles that threads borrow: a git_repository is one thread's at
// a time, and is opened anew where the directory was replaced or an answer looked stale.
#pragma once
#include <git2.h>
#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/result.hpp"
#include "service/git/mirror.hpp"

namespace slipway::git {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using RepositoryPtr = std::unique_ptr<git_repository, Freed<git_repository_free>>;
using CommitPtr = std::unique_ptr<git_commit, Freed<git_commit_free>>;
using TreePtr = std::unique_ptr<git_tree, Freed<git_tree_free>>;
using TreeBuilderPtr = std::unique_ptr<git_treebuilder, Freed<git_treebuilder_free>>;
using TreeEntryPtr = std::unique_ptr<git_tree_entry, Freed<git_tree_entry_free>>;
using BlobPtr = std::unique_ptr<git_blob, Freed<git_blob_free>>;
using OdbPtr = std::unique_ptr<git_odb, Freed<git_odb_free>>;
using DiffPtr = std::unique_ptr<git_diff, Freed<git_diff_free>>;
using IndexPtr = std::unique_ptr<git_index, Freed<git_index_free>>;
using ConflictsPtr =
    std::unique_ptr<git_index_conflict_iterator, Freed<git_index_conflict_iterator_free>>;
using ReferencePtr = std::unique_ptr<git_reference, Freed<git_reference_free>>;
using SignaturePtr = std::unique_ptr<git_signature, Freed<git_signature_free>>;

// What libgit2 said. `damage`: objects that must be there are missing or unreadable.
struct GitError : std::runtime_error {
    GitError(const std::string& message, bool is_damage)
        : std::runtime_error(message), damage(is_damage) {}
    bool damage;
};
[[noreturn]] void throw_last_error(int code, std::string_view doing);
inline void check(int code, std::string_view doing) {
    if (code < 0) throw_last_error(code, doing);
}

// Throws Failure(never) where the text is not a full object id.
git_oid oid_of(std::string_view hex);
std::string hex_of(const git_oid& oid);

class Handles {
  public:
    enum class Where { exactly_here, here_or_above };
    Handles(std::filesystem::path path, Owner owner, Where where);

    // Runs `use(git_repository*)` on a borrowed handle; what fails on one is asked once more of a
    // fresh one, since packs may have been replaced. Then Failure(later).
    template <class F>
    auto with(F use) {
        try {
            Lease lease(*this, false);
            auto result = use(lease.get());
            lease.give_back();
            return result;
        } catch (const GitError&) {
        }
        try {
            Lease lease(*this, true);
            auto result = use(lease.get());
            lease.give_back();
            return result;
        } catch (const GitError& error) {
            if (error.damage) damaged_ = true;
            throw Failure(error.what());
        }
    }

    // After a fetch: a handle that was opened before might not look where the new objects are.
    void renew();
    // True once since the last call where an answer showed damage: whoever fetches looks closer.
    bool take_damage() { return damaged_.exchange(false); }

  private:
    struct Opened {
        RepositoryPtr repository;
        dev_t device = 0;
        ino_t inode = 0;
        unsigned generation = 0;
    };
    class Lease {
      public:
        Lease(Handles& handles, bool fresh) : handles_(handles), opened_(handles.borrow(fresh)) {}
        git_repository* get() const { return opened_.repository.get(); }
        void give_back() { handles_.give_back(std::move(opened_)); }

      private:
        Handles& handles_;
        Opened opened_;
    };
    Opened borrow(bool fresh);
    void give_back(Opened opened);

    std::filesystem::path path_;
    Owner owner_;
    Where where_;
    std::mutex mutex_;
    std::vector<Opened> idle_;
    unsigned generation_ = 0;
    std::atomic<bool> damaged_{false};
};

void start_libgit2();  // idempotent
RepositoryPtr open(const std::filesystem::path& path, Owner owner, Handles::Where where);

// Throws Failure(never) where a tree names itself so often that reading it would never end. What
// was counted is remembered by tree id, for the whole process: the next commit shares nearly all of
// it.
void check_size(git_repository* repository, const git_oid& tree);
inline constexpr std::size_t most_files = 2'000'000;

// See Repository::changed_files.
std::vector<ChangedFile> changed_files(git_repository* repository, const git_oid& from,
                                       const git_oid& to);

// See Repository::merge: `theirs` into `ours`.
MergeResult merge(git_repository* repository, git_commit* ours, git_commit* theirs);

// See Repository::materialise.
void materialise(git_repository* repository, const git_oid& tree,
                 const std::vector<std::string>& paths, const std::filesystem::path& to);

// "a//b/./c/" → "a/b/c", "" and "." → "."; Failure(never) for absolute paths and "..".
std::string tidy_path(std::string_view path);

}  // namespace slipway::git
