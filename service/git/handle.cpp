// How libgit2 is opened: once a process, deaf to the configuration of the user it runs as, and with
// its check of the owner lifted only while a repository of the built-in forge is opened.
#include "service/git/detail/handle.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace slipway::git {

void start_libgit2() {
    static const bool started = [] {
        git_libgit2_init();
        for (int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL})
            git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "");
        git_libgit2_opts(GIT_OPT_SET_MWINDOW_FILE_LIMIT, static_cast<size_t>(256));
        return true;
    }();
    (void)started;
}

void throw_last_error(int code, std::string_view doing) {
    const git_error* last = git_error_last();
    std::string message(doing);
    if (last && last->message) message.append(": ").append(last->message);
    int kind = last ? last->klass : GIT_ERROR_NONE;
    bool damage = kind == GIT_ERROR_ODB || kind == GIT_ERROR_ZLIB || kind == GIT_ERROR_OBJECT ||
                  kind == GIT_ERROR_TREE || kind == GIT_ERROR_SHA || code == GIT_EMISMATCH ||
                  kind == GIT_ERROR_REPOSITORY;
    git_error_clear();
    throw GitError(message, damage);
}

git_oid oid_of(std::string_view hex) {
    git_oid oid;
    bool is_hex =
        hex.size() == GIT_OID_HEXSZ && hex.find_first_not_of("0123456789abcdef") == hex.npos;
    if (!is_hex || git_oid_fromstrn(&oid, hex.data(), hex.size()) < 0)
        throw Failure("\"" + std::string(hex.substr(0, 80)) + "\" is not a git object id",
                      Retry::never);
    return oid;
}

std::string hex_of(const git_oid& oid) {
    std::string hex(GIT_OID_HEXSZ, '0');
    git_oid_fmt(hex.data(), &oid);
    return hex;
}

RepositoryPtr open(const std::filesystem::path& path, Owner owner, Handles::Where where) {
    start_libgit2();
    static std::mutex opening;
    std::lock_guard lock(opening);
    if (owner == Owner::anyone) git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    git_repository* opened = nullptr;
    unsigned flags = 0;
    if (where == Handles::Where::exactly_here) flags = GIT_REPOSITORY_OPEN_NO_SEARCH;
    int code = git_repository_open_ext(&opened, path.c_str(), flags, nullptr);
    if (owner == Owner::anyone) git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 1);
    check(code, "cannot open the repository " + path.string());
    return RepositoryPtr(opened);
}

Handles::Handles(std::filesystem::path path, Owner owner, Where where)
    : path_(std::move(path)), owner_(owner), where_(where) {}

Handles::Opened Handles::borrow(bool fresh) {
    struct stat now {};
    ::stat(path_.c_str(), &now);
    unsigned generation = 0;
    {
        std::lock_guard lock(mutex_);
        generation = generation_;
        std::erase_if(idle_, [&](const Opened& o) {
            return o.device != now.st_dev || o.inode != now.st_ino;
        });
        if (!fresh && !idle_.empty()) {
            Opened opened = std::move(idle_.back());
            idle_.pop_back();
            return opened;
        }
    }
    return {open(path_, owner_, where_), now.st_dev, now.st_ino, generation};
}

void Handles::renew() {
    std::lock_guard lock(mutex_);
    ++generation_;
    idle_.clear();
}

void Handles::give_back(Opened opened) {
    constexpr std::size_t most_idle = 8;
    std::lock_guard lock(mutex_);
    if (idle_.size() < most_idle && opened.generation == generation_)
        idle_.push_back(std::move(opened));
}

namespace {

constexpr int deepest = 200;

struct Size {
    std::size_t files = 0;
    int depth = 1;
};

// A tree's id says what lies below it, in every repository alike.
class Counted {
  public:
    std::optional<Size> find(const std::string& id) {
        std::lock_guard lock(mutex_);
        auto it = sizes_.find(id);
        return it == sizes_.end() ? std::nullopt : std::optional(it->second);
    }
    void keep(const std::string& id, Size size) {
        std::lock_guard lock(mutex_);
        if (sizes_.size() >= most_remembered) sizes_.clear();
        sizes_.emplace(id, size);
    }

  private:
    static constexpr std::size_t most_remembered = 200'000;
    std::mutex mutex_;
    std::unordered_map<std::string, Size> sizes_;
};

// Trees are counted once each, so that a tree of ten levels that name each other ten times costs
// ten steps.
Size size_of(git_repository* repository, const git_oid& id, int depth) {
    static Counted counted;
    const std::string key(reinterpret_cast<const char*>(id.id), GIT_OID_RAWSZ);
    auto size = counted.find(key);
    if (depth + (size ? size->depth : 1) > deepest)
        throw Failure("the tree has directories more than 200 deep", Retry::never);
    if (size) return *size;
    git_tree* raw = nullptr;
    check(git_tree_lookup(&raw, repository, &id), "cannot read tree " + hex_of(id));
    TreePtr tree(raw);
    size.emplace();
    for (std::size_t i = 0; i < git_tree_entrycount(tree.get()); ++i) {
        const git_tree_entry* entry = git_tree_entry_byindex(tree.get(), i);
        Size below{1, 0};
        if (git_tree_entry_type(entry) == GIT_OBJECT_TREE)
            below = size_of(repository, *git_tree_entry_id(entry), depth + 1);
        size->files = std::min(size->files + below.files, most_files + 1);
        size->depth = std::max(size->depth, below.depth + 1);
    }
    counted.keep(key, *size);
    return *size;
}

}  // namespace

void check_size(git_repository* repository, const git_oid& tree) {
    if (size_of(repository, tree, 0).files > most_files)
        throw Failure("the tree has more than " + std::to_string(most_files) + " files",
                      Retry::never);
}

std::string tidy_path(std::string_view path) {
    if (path.starts_with('/'))
        throw Failure("\"" + std::string(path) + "\" is not a path inside a repository",
                      Retry::never);
    std::string tidy;
    for (std::size_t from = 0; from <= path.size();) {
        std::size_t to = std::min(path.find('/', from), path.size());
        std::string_view part = path.substr(from, to - from);
        from = to + 1;
        if (part.empty() || part == ".") continue;
        if (part == "..")
            throw Failure("\"" + std::string(path) + "\" leaves the repository", Retry::never);
        if (!tidy.empty()) tidy += '/';
        tidy += part;
    }
    return tidy.empty() ? "." : tidy;
}

}  // namespace slipway::git
