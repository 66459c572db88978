// Writing to a bare repository of our own keeping (the built-in forge): refs that move only from
// where they were seen, commits, and small documents kept under a ref as files of its tree.
// Blocking: use a Pool.
#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/model/id.hpp"

namespace slipway {

struct Signature {
    std::string name;
    std::int64_t at_ms = 0;
};

// path -> text.
using Documents = std::map<std::string, std::string>;

class WrittenRepository {
  public:
    // Throws Failure(never) where the path is not a repository.
    explicit WrittenRepository(const std::filesystem::path& path);
    ~WrittenRepository();
    std::optional<CommitSha> ref(const std::string& name) const;
    // Names that match, e.g. refs/pull/*/head.
    std::vector<std::string> refs(const std::string& glob) const;
    // Moves the ref if it is where `from` says (empty: absent). False: somebody was quicker.
    bool move_ref(const std::string& name, const CommitSha& from, const CommitSha& to,
                  const std::string& why);
    // If it is where `at` says. False: somebody moved it, or it was gone.
    bool remove_ref(const std::string& name, const CommitSha& at);
    std::string default_branch() const;
    CommitSha commit(const TreeId& tree, const std::vector<CommitSha>& parents,
                     const std::string& message, const Signature& who);
    Documents documents(const std::string& ref) const;
    std::optional<std::string> document(const std::string& ref, const std::string& path) const;
    // Reads, lets `change` say what becomes of the documents (path -> new text), writes them as one
    // commit on the ref; starts over where somebody else was quicker.
    using Change = std::function<Documents(const Documents& present)>;
    void update(const std::string& ref, const Change& change, const std::string& message,
                const Signature& who);

  private:
    struct Git;
    std::unique_ptr<Git> git_;
};

// The bare repository behind a folder: itself, or the local one that a working copy's origin names.
std::optional<std::filesystem::path> bare_repository_behind(const std::filesystem::path& folder);

// The branch that a working copy is on; "": none, or no repository.
std::string current_branch(const std::filesystem::path& folder);

}  // namespace slipway
