#include "service/git/detail/local_fetch.hpp"

#include <map>
#include <memory>

#include "service/git/detail/handle.hpp"
#include "service/git/detail/mirror_directory.hpp"

namespace slipway::git {

namespace {

namespace fs = std::filesystem;

struct Difference {
    std::map<std::string, git_oid> tips;  // of the refs
    std::set<std::string> gone;           // refs
    std::string missing;                  // as git reads revisions: one a line; "": nothing
    std::string objects;                  // the other repository's directory of them
};

OdbPtr objects_of(git_repository* repository) {
    git_odb* raw = nullptr;
    check(git_repository_odb(&raw, repository), "cannot read objects");
    return OdbPtr(raw);
}

std::string directory_of_objects(git_repository* repository) {
    git_buf path = GIT_BUF_INIT;
    check(git_repository_item_path(&path, repository, GIT_REPOSITORY_ITEM_OBJECTS),
          "cannot find objects");
    std::string out(path.ptr, path.size);
    git_buf_dispose(&path);
    return out;
}

// More than that an index names it: a pack may have been cut.
int find_object(git_odb* objects, const git_oid& id) {
    git_odb_object* read = nullptr;
    const int code = git_odb_read(&read, objects, &id);
    git_odb_object_free(read);
    return code;
}

// What the mirror has already of what a new commit most likely stands on, as revisions to leave
// out: its branches, and the refs that are fetched. A ref without its object is damage.
std::string known_to(git_repository* mirror, git_odb* objects, std::set<std::string> refs) {
    git_reference_iterator* raw = nullptr;
    check(git_reference_iterator_glob_new(&raw, mirror, "refs/heads/*"),
          "cannot list the branches of a mirror");
    const std::unique_ptr<git_reference_iterator, Freed<git_reference_iterator_free>> branches(raw);
    for (const char* name = nullptr; git_reference_next_name(&name, branches.get()) == 0;)
        refs.insert(name);
    std::string out;
    git_oid id;
    for (const auto& name : refs) {
        if (git_reference_name_to_id(&id, mirror, name.c_str()) < 0) continue;
        check(find_object(objects, id), "cannot read " + name + " of a mirror");
        out += "^" + hex_of(id) + "\n";
    }
    return out;
}

// What is wrong over there, and not with the mirror.
struct RemoteTrouble {
    std::string sentence;
};

RepositoryPtr open_remote(const std::string& path) {
    try {
        auto repository = open(path, Owner::anyone, Handles::Where::exactly_here);
        if (!git_repository_is_shallow(repository.get())) return repository;
    } catch (const GitError& error) {
        throw RemoteTrouble{error.what()};
    }
    throw RemoteTrouble{
        "it is a shallow clone; `git fetch --unshallow` brings the history that is missing"};
}

Difference difference(const fs::path& mirror, const std::string& remote,
                      const std::set<std::string>& refs, const std::set<std::string>& commits) {
    const auto theirs = open_remote(remote);
    const auto ours = open(mirror, Owner::ourselves, Handles::Where::exactly_here);
    const auto their_objects = objects_of(theirs.get()), our_objects = objects_of(ours.get());
    Difference out;
    out.objects = directory_of_objects(theirs.get());
    const auto want = [&](const git_oid& id) {
        if (find_object(our_objects.get(), id) < 0) out.missing += hex_of(id) + "\n";
    };
    for (const auto& ref : refs) {
        git_oid id;
        const int code = git_reference_name_to_id(&id, theirs.get(), ref.c_str());
        if (code == GIT_ENOTFOUND) {
            out.gone.insert(ref);
            continue;
        }
        if (code < 0) throw RemoteTrouble{"its ref " + ref + " cannot be read"};
        out.tips.emplace(ref, id);
        want(id);
    }
    for (const auto& commit : commits) {
        const auto id = oid_of(commit);
        if (find_object(their_objects.get(), id) == 0) want(id);
    }
    if (!out.missing.empty()) out.missing += known_to(ours.get(), our_objects.get(), refs);
    return out;
}

// git's own quoting, for a path with a colon would be two.
std::string quoted(const std::string& path) {
    std::string out = "\"";
    for (char c : path) out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
    return out + "\"";
}

Command packing(const fs::path& mirror, const Difference& difference,
                std::chrono::milliseconds limit) {
    auto command =
        local_command(mirror,
                      {"-c", "core.commitGraph=false", "pack-objects", "--revs", "--non-empty",
                       "--delta-base-offset", "--quiet", (mirror / "objects/pack/pack").string()},
                      limit);
    command.environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = quoted(difference.objects);
    command.input = difference.missing;
    return command;
}

void set_ref(git_repository* repository, const fs::path& mirror, const std::string& name,
             const git_oid& id) {
    git_oid before;
    if (git_reference_name_to_id(&before, repository, name.c_str()) == 0 &&
        git_oid_equal(&before, &id))
        return;
    git_reference* made = nullptr;
    if (git_reference_create(&made, repository, name.c_str(), &id, 1, nullptr) < 0) {
        make_room(mirror, {name});
        check(git_reference_create(&made, repository, name.c_str(), &id, 1, nullptr),
              "cannot write " + name);
    }
    ReferencePtr reference(made);
}

void set_refs(const fs::path& mirror, const Difference& found) {
    for (const auto& ref : found.gone) remove_ref(mirror, ref);
    const auto repository = open(mirror, Owner::ourselves, Handles::Where::exactly_here);
    for (const auto& [ref, id] : found.tips) set_ref(repository.get(), mirror, ref, id);
}

}  // namespace

Task<FetchAnswer> fetch_local(Pool& pool, fs::path mirror, GitRemote remote,
                              std::set<std::string> refs, std::set<std::string> commits,
                              std::chrono::milliseconds limit) {
    using What = FetchAnswer::What;
    try {
        auto compare = [=] { return difference(mirror, remote.url, refs, commits); };
        const auto found = co_await pool.run(std::move(compare));
        if (!found.missing.empty()) {
            auto command = packing(mirror, found, limit);
            const auto ended = co_await run(std::move(command));
            if (!ended.ok()) co_return fetch_answer(ended, remote);
        }
        auto set = [=] { set_refs(mirror, found); };
        co_await pool.run(std::move(set));
    } catch (const RemoteTrouble& trouble) {
        co_return FetchAnswer{What::remote_trouble, "", trouble.sentence};
    } catch (const GitError& error) {
        co_return FetchAnswer{What::unclear, "", error.what()};
    }
    co_return FetchAnswer{What::fetched, "", ""};
}

}  // namespace slipway::git
