#include "service/app/preview_copy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>

#include "service/base/digest.hpp"
#include "service/process/process.hpp"

namespace slipway {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory()
    : path_(fs::temp_directory_path() / ("slipway-" + random_id())) {
    fs::create_directories(path_);
    fs::permissions(path_, fs::perms::owner_all);
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

namespace {

// The git program in the user's repository, or on the throw-away one.
class Git {
  public:
    explicit Git(fs::path repository) : repository_(std::move(repository)) {}

    Ended try_run(std::vector<std::string> arguments,
                  std::map<std::string, std::string> extra = {}) {
        Command command;
        command.argv = {"git", "-C", repository_.string()};
        command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
        command.environment = std::move(extra);
        for (const char* name : {"PATH", "HOME"})
            if (const char* value = std::getenv(name)) command.environment.emplace(name, value);
        command.directory = repository_;
        asio::io_context io;
        Ended ended;
        std::exception_ptr error;
        auto task = run(std::move(command));
        asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, Ended result) {
            error = e;
            ended = std::move(result);
        });
        io.run();
        if (error) std::rethrow_exception(error);
        while (!ended.output.empty() && ended.output.back() == '\n') ended.output.pop_back();
        return ended;
    }

    std::string must(std::vector<std::string> arguments,
                     std::map<std::string, std::string> extra = {}) {
        const auto what = arguments.front();
        auto ended = try_run(std::move(arguments), std::move(extra));
        if (!ended.ok()) throw Failure("git " + what + ": " + ended.error_output, Retry::never);
        return ended.output;
    }

    std::string maybe(std::vector<std::string> arguments) {
        auto ended = try_run(std::move(arguments));
        return ended.ok() ? ended.output : "";
    }

  private:
    fs::path repository_;
};

std::string find_base(Git& git, const std::string& wanted) {
    if (!wanted.empty()) return wanted;
    auto remote_head = git.maybe({"symbolic-ref", "--short", "refs/remotes/origin/HEAD"});
    if (!remote_head.empty()) return remote_head;
    for (const char* name : {"origin/main", "origin/master", "main", "master"})
        if (!git.maybe({"rev-parse", "--verify", "--quiet", std::string(name) + "^{commit}"})
                 .empty())
            return name;
    throw Failure("no base branch was found: name one with --base", Retry::never);
}

RepositoryName find_name(Git& git, const PreviewOptions& options,
                         const std::vector<RepositoryName>& known, const fs::path& top) {
    if (!options.name.empty()) {
        auto name = RepositoryName::parse(options.name);
        if (!name) throw Failure("--name is FORGE/PATH, as in github.com/acme/infra", Retry::never);
        return *name;
    }
    auto origin = git.maybe({"config", "--get", "remote.origin.url"});
    if (origin.ends_with(".git")) origin.resize(origin.size() - 4);
    for (const auto& name : known)
        if (origin.ends_with("/" + name.path) || origin.ends_with(":" + name.path)) return name;
    if (known.size() == 1) return known.front();
    if (!known.empty())
        throw Failure(
            "the organisation names several repositories, and the origin of this one tells none of "
            "them: say which with --name FORGE/PATH",
            Retry::never);
    return RepositoryName{"local", top.filename().string()};
}

// The working tree as a commit on top of HEAD, made in the bare repository with an index of its
// own.
std::string commit_of_working_tree(Git& git, const fs::path& bare, const fs::path& top,
                                   const fs::path& index) {
    const std::map<std::string, std::string> here{{"GIT_DIR", bare.string()},
                                                  {"GIT_WORK_TREE", top.string()},
                                                  {"GIT_INDEX_FILE", index.string()},
                                                  {"GIT_AUTHOR_NAME", "preview"},
                                                  {"GIT_AUTHOR_EMAIL", "preview@localhost"},
                                                  {"GIT_COMMITTER_NAME", "preview"},
                                                  {"GIT_COMMITTER_EMAIL", "preview@localhost"}};
    const auto present = git.must({"rev-parse", "--verify", "HEAD^{commit}"});
    git.must({"read-tree", present}, here);
    git.must({"add", "--all"}, here);
    const auto tree = git.must({"write-tree"}, here);
    return git.must({"commit-tree", tree, "-p", present, "-m", "the working tree"}, here);
}

}  // namespace

std::shared_ptr<WorkingCopy> make_working_copy(const PreviewOptions& options,
                                               const std::vector<RepositoryName>& known,
                                               const fs::path& scratch) {
    Git outer(fs::absolute(options.repository));
    auto top = fs::path(outer.must({"rev-parse", "--show-toplevel"}));
    Git git(top);
    if (git.maybe({"rev-parse", "--is-shallow-repository"}) == "true")
        throw Failure(
            "this is a shallow clone, and a merge needs its history: `git fetch --unshallow` "
            "brings it",
            Retry::never);
    auto base_name = find_base(git, options.base);
    auto base = git.must({"rev-parse", "--verify", base_name + "^{commit}"});
    auto objects = fs::path(git.must({"rev-parse", "--git-path", "objects"}));
    if (objects.is_relative()) objects = top / objects;

    const auto bare = scratch / "origin";
    git.must({"init", "--quiet", "--bare", bare.string()});
    std::ofstream(bare / "objects" / "info" / "alternates")
        << fs::canonical(objects).string() << "\n";
    Git borrowed(bare);
    const auto head = options.head.empty()
                          ? commit_of_working_tree(git, bare, top, scratch / "index")
                          : git.must({"rev-parse", "--verify", options.head + "^{commit}"});
    auto branch = base_name.starts_with("origin/") ? base_name.substr(7) : base_name;
    if (git.maybe({"check-ref-format", "--branch", branch}).empty() || branch.size() == 40)
        branch = "main";
    borrowed.must({"update-ref", "refs/heads/" + branch, base});
    borrowed.must({"update-ref", "refs/pull/1/head", head});
    borrowed.must({"symbolic-ref", "HEAD", "refs/heads/" + branch});

    auto copy = std::make_shared<WorkingCopy>();
    copy->path = bare;
    auto& pull = copy->pull;
    pull.name.repository = find_name(git, options, known, top);
    pull.name.number = 1;
    pull.title = "working copy";
    pull.author.forge = pull.name.repository.forge;
    pull.author.login = "you";
    pull.head_branch = "working-copy";
    pull.head = CommitSha(head);
    pull.base_branch = branch;
    pull.base = CommitSha(base);
    copy->config.name = pull.name.repository.forge;
    return copy;
}

}  // namespace slipway
