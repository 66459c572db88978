#include "service/git/written.hpp"

#include <fcntl.h>
#include <git2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <mutex>
#include <thread>

#include "service/base/result.hpp"

namespace slipway {

using namespace std::chrono_literals;

namespace {

void start_library() {
    static std::once_flag once;
    std::call_once(once, [] {
        git_libgit2_init();
        git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);  // the built-in forge's own folder
    });
}

template <class T, void (*Free)(T*)>
struct Freed {
    void operator()(T* handle) const { Free(handle); }
};
using RepositoryHandle =
    std::unique_ptr<git_repository, Freed<git_repository, git_repository_free>>;
using CommitHandle = std::unique_ptr<git_commit, Freed<git_commit, git_commit_free>>;
using TreeHandle = std::unique_ptr<git_tree, Freed<git_tree, git_tree_free>>;
using BlobHandle = std::unique_ptr<git_blob, Freed<git_blob, git_blob_free>>;
using ReferenceHandle = std::unique_ptr<git_reference, Freed<git_reference, git_reference_free>>;
using ConfigHandle = std::unique_ptr<git_config, Freed<git_config, git_config_free>>;
using EntryHandle = std::unique_ptr<git_tree_entry, Freed<git_tree_entry, git_tree_entry_free>>;

void must(int code, const char* what) {
    if (code >= 0) return;
    const auto* error = git_error_last();
    throw Failure(std::string(what) + ": " + (error ? error->message : "git gave no reason"),
                  Retry::never);
}

std::string hex(const git_oid* id) {
    char text[GIT_OID_HEXSZ + 1];
    return git_oid_tostr(text, sizeof text, id);
}

git_oid oid(const std::string& text) {
    git_oid out{};
    must(git_oid_fromstr(&out, text.c_str()), "not an object name");
    return out;
}

struct SignatureHandle {
    explicit SignatureHandle(const Signature& who) {
        const auto email = who.name + "@localhost";
        must(git_signature_new(&value, who.name.c_str(), email.c_str(), who.at_ms / 1000, 0),
             "not a name for a commit");
    }
    ~SignatureHandle() { git_signature_free(value); }
    SignatureHandle(const SignatureHandle&) = delete;
    SignatureHandle& operator=(const SignatureHandle&) = delete;
    git_signature* value = nullptr;
};

}  // namespace

struct WrittenRepository::Git {
    explicit Git(const std::filesystem::path& path) {
        start_library();
        git_repository* raw = nullptr;
        must(git_repository_open_ext(&raw, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr),
             "not a git repository");
        repository_.reset(raw);
    }

    std::optional<CommitSha> ref(const std::string& name) const {
        git_oid id{};
        if (git_reference_name_to_id(&id, repository_.get(), name.c_str()) < 0) return std::nullopt;
        return CommitSha(hex(&id));
    }

    std::vector<std::string> refs(const std::string& glob) const {
        std::vector<std::string> out;
        auto add = [](const char* name, void* into) {
            static_cast<std::vector<std::string>*>(into)->emplace_back(name);
            return 0;
        };
        must(git_reference_foreach_glob(repository_.get(), glob.c_str(), add, &out), "list refs");
        return out;
    }

    enum class Moved { yes, overtaken, locked };

    Moved move_ref(const std::string& name, const CommitSha& from, const CommitSha& to,
                   const std::string& why) {
        auto target = oid(to.value);
        git_reference* raw = nullptr;
        int code = 0;
        if (from.empty()) {
            code = git_reference_create(&raw, repository_.get(), name.c_str(), &target, 0,
                                        why.c_str());
        } else {
            auto seen = oid(from.value);
            code = git_reference_create_matching(&raw, repository_.get(), name.c_str(), &target, 1,
                                                 &seen, why.c_str());
        }
        ReferenceHandle handle(raw);
        if (code == GIT_ELOCKED) {
            break_abandoned_lock(name);
            return Moved::locked;
        }
        if (code == GIT_EEXISTS || code == GIT_EMODIFIED || code == GIT_ENOTFOUND)
            return Moved::overtaken;
        must(code, "move a ref");
        return Moved::yes;
    }

    bool remove_ref(const std::string& name, const CommitSha& at) {
        git_reference* raw = nullptr;
        if (ref(name) != at || git_reference_lookup(&raw, repository_.get(), name.c_str()) < 0)
            return false;
        ReferenceHandle handle(raw);
        return git_reference_delete(handle.get()) == 0;  // fails where it moved since the look
    }

    std::string default_branch() const {
        git_reference* raw = nullptr;
        must(git_reference_lookup(&raw, repository_.get(), "HEAD"), "read HEAD");
        ReferenceHandle head(raw);
        const char* target = git_reference_symbolic_target(head.get());
        std::string name = target ? target : "refs/heads/main";
        return name.starts_with("refs/heads/") ? name.substr(11) : name;
    }

    CommitSha commit(const TreeId& tree_id, const std::vector<CommitSha>& parents,
                     const std::string& message, const Signature& who) {
        auto id = oid(tree_id.value);
        git_tree* raw = nullptr;
        must(git_tree_lookup(&raw, repository_.get(), &id), "find a tree");
        TreeHandle tree(raw);
        return commit_tree(tree.get(), parents, message, who);
    }

    Documents documents(const std::string& name) const {
        Documents out;
        auto tree = tree_at(name);
        if (tree) walk(tree.get(), "", out);
        return out;
    }

    std::optional<std::string> document(const std::string& name, const std::string& path) const {
        auto tree = tree_at(name);
        if (!tree) return std::nullopt;
        git_tree_entry* raw = nullptr;
        if (git_tree_entry_bypath(&raw, tree.get(), path.c_str()) < 0) return std::nullopt;
        EntryHandle entry(raw);
        return blob_text(git_tree_entry_id(entry.get()));
    }

    void update(const std::string& name, const Change& change, const std::string& message,
                const Signature& who) {
        constexpr int tries = 100;
        for (int i = 0; i < tries; ++i) {
            auto present = ref(name);
            auto edits = change(documents(name));
            if (edits.empty()) return;
            auto tree = edited(name, edits);
            std::vector<CommitSha> parents;
            if (present) parents.push_back(*present);
            auto made = commit_tree(tree.get(), parents, message, who);
            const auto moved = move_ref(name, present.value_or(CommitSha()), made, message);
            if (moved == Moved::yes) return;
            // libgit2 does not wait for a lock. All pauses together outlast an abandoned one.
            if (moved == Moved::locked && is_ours_alone(name))
                std::this_thread::sleep_for(i < 20 ? 5ms : 100ms);
        }
        throw Failure("the ref " + name + " is written by others all the time", Retry::later);
    }

    // Those of pull requests are written by Slipway's programs alone, each within milliseconds.
    static bool is_ours_alone(const std::string& name) { return name.starts_with("refs/pull/"); }

    // Whoever is killed while it writes a ref leaves the ref's lock for ever. A lock of other refs
    // may be git's own, and is left.
    void break_abandoned_lock(const std::string& name) const {
        constexpr std::time_t abandoned_after = 5;  // seconds
        if (!is_ours_alone(name)) return;
        const std::filesystem::path folder = git_repository_path(repository_.get());
        const auto lock = folder / (name + ".lock");
        // One at a time: a second would break what the first takes next.
        const int guard = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (guard < 0) return;
        struct stat info {};
        if (::flock(guard, LOCK_EX | LOCK_NB) == 0 && ::stat(lock.c_str(), &info) == 0 &&
            std::time(nullptr) - info.st_mtime > abandoned_after)
            ::unlink(lock.c_str());
        ::close(guard);
    }

    TreeHandle tree_at(const std::string& name) const {
        git_oid id{};
        if (git_reference_name_to_id(&id, repository_.get(), name.c_str()) < 0) return nullptr;
        git_commit* commit_raw = nullptr;
        must(git_commit_lookup(&commit_raw, repository_.get(), &id), "find a commit");
        CommitHandle commit_handle(commit_raw);
        git_tree* tree = nullptr;
        must(git_commit_tree(&tree, commit_handle.get()), "find a tree");
        return TreeHandle(tree);
    }

    TreeHandle edited(const std::string& name, const Documents& edits) const {
        auto base = tree_at(name);
        git_oid id{};
        if (!base) {
            git_treebuilder* builder = nullptr;
            must(git_treebuilder_new(&builder, repository_.get(), nullptr), "make a tree");
            const int code = git_treebuilder_write(&id, builder);
            git_treebuilder_free(builder);
            must(code, "write a tree");
            base = tree(id);
        }
        std::vector<git_tree_update> updates;
        for (const auto& [path, text] : edits) {
            git_tree_update one{};
            one.action = GIT_TREE_UPDATE_UPSERT;
            one.filemode = GIT_FILEMODE_BLOB;
            one.path = path.c_str();
            must(git_blob_create_from_buffer(&one.id, repository_.get(), text.data(), text.size()),
                 "write a blob");
            updates.push_back(one);
        }
        must(git_tree_create_updated(&id, repository_.get(), base.get(), updates.size(),
                                     updates.data()),
             "write a tree");
        return tree(id);
    }

    TreeHandle tree(const git_oid& id) const {
        git_tree* raw = nullptr;
        must(git_tree_lookup(&raw, repository_.get(), &id), "find a tree");
        return TreeHandle(raw);
    }

    CommitSha commit_tree(const git_tree* tree_raw, const std::vector<CommitSha>& parents,
                          const std::string& message, const Signature& who) {
        std::vector<CommitHandle> handles;
        std::vector<const git_commit*> raw_parents;
        for (const auto& parent : parents) {
            auto id = oid(parent.value);
            git_commit* raw = nullptr;
            must(git_commit_lookup(&raw, repository_.get(), &id), "find a parent commit");
            handles.emplace_back(raw);
            raw_parents.push_back(raw);
        }
        SignatureHandle signature(who);
        git_oid id{};
        must(git_commit_create(&id, repository_.get(), nullptr, signature.value, signature.value,
                               nullptr, message.c_str(), tree_raw, raw_parents.size(),
                               raw_parents.data()),
             "write a commit");
        return CommitSha(hex(&id));
    }

    std::string blob_text(const git_oid* id) const {
        git_blob* raw = nullptr;
        must(git_blob_lookup(&raw, repository_.get(), id), "find a blob");
        BlobHandle blob(raw);
        return {static_cast<const char*>(git_blob_rawcontent(blob.get())),
                static_cast<std::size_t>(git_blob_rawsize(blob.get()))};
    }

    void walk(const git_tree* at, const std::string& prefix, Documents& out) const {
        for (std::size_t i = 0; i < git_tree_entrycount(at); ++i) {
            const auto* entry = git_tree_entry_byindex(at, i);
            const auto path = prefix + git_tree_entry_name(entry);
            if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
                walk(tree(*git_tree_entry_id(entry)).get(), path + "/", out);
            else
                out.emplace(path, blob_text(git_tree_entry_id(entry)));
        }
    }

    RepositoryHandle repository_;
};

WrittenRepository::WrittenRepository(const std::filesystem::path& path)
    : git_(std::make_unique<Git>(path)) {}
WrittenRepository::~WrittenRepository() = default;

std::optional<CommitSha> WrittenRepository::ref(const std::string& name) const {
    return git_->ref(name);
}
std::vector<std::string> WrittenRepository::refs(const std::string& glob) const {
    return git_->refs(glob);
}
bool WrittenRepository::move_ref(const std::string& name, const CommitSha& from,
                                 const CommitSha& to, const std::string& why) {
    return git_->move_ref(name, from, to, why) == Git::Moved::yes;
}
bool WrittenRepository::remove_ref(const std::string& name, const CommitSha& at) {
    return git_->remove_ref(name, at);
}
std::string WrittenRepository::default_branch() const { return git_->default_branch(); }
CommitSha WrittenRepository::commit(const TreeId& tree, const std::vector<CommitSha>& parents,
                                    const std::string& message, const Signature& who) {
    return git_->commit(tree, parents, message, who);
}
Documents WrittenRepository::documents(const std::string& ref) const {
    return git_->documents(ref);
}
std::optional<std::string> WrittenRepository::document(const std::string& ref,
                                                       const std::string& path) const {
    return git_->document(ref, path);
}
void WrittenRepository::update(const std::string& ref, const Change& change,
                               const std::string& message, const Signature& who) {
    git_->update(ref, change, message, who);
}

std::optional<std::filesystem::path> bare_repository_behind(const std::filesystem::path& folder) {
    start_library();
    git_repository* raw = nullptr;
    if (git_repository_open_ext(&raw, folder.c_str(), 0, nullptr) < 0) return std::nullopt;
    RepositoryHandle repository(raw);
    if (git_repository_is_bare(repository.get())) return git_repository_path(repository.get());
    // Not git_remote_lookup: in libgit2 1.5 its search of the configuration leaks.
    git_config* raw_config = nullptr;
    if (git_repository_config_snapshot(&raw_config, repository.get()) < 0) return std::nullopt;
    ConfigHandle config(raw_config);
    const char* value = nullptr;
    if (git_config_get_string(&value, config.get(), "remote.origin.url") < 0) return std::nullopt;
    std::string url = value;
    if (url.starts_with("file://")) url.erase(0, 7);
    if (!std::filesystem::is_regular_file(std::filesystem::path(url) / "HEAD")) return std::nullopt;
    return std::filesystem::path(url);
}

}  // namespace slipway
