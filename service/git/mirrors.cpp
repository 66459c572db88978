// Bare mirrors below one directory. Per mirror at most one git program writes; callers that come
// meanwhile share the next fetch, which begins after they asked. A mirror that turns out damaged is
// made anew beside the old one and exchanged with it in one step, so that readers always find a
// repository.
#include <algorithm>
#include <mutex>
#include <set>

#include "service/base/digest.hpp"
#include "service/base/log.hpp"
#include "service/git/detail/fetch.hpp"
#include "service/git/detail/handle.hpp"
#include "service/git/detail/local_fetch.hpp"
#include "service/git/detail/mirror_directory.hpp"
#include "service/git/mirror.hpp"
#include "service/process/process.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;
using git::FetchAnswer;
using What = FetchAnswer::What;

constexpr std::chrono::milliseconds check_limit = std::chrono::minutes(20);
constexpr std::size_t most_packs = 40;

struct Batch {
    std::set<std::string> refs;
    std::set<std::string> commits;
    bool done = false;
    bool abandoned = false;  // its leader was cancelled: somebody else asks again
    std::exception_ptr error;
};

struct Mirror {
    Mirror(std::string repository, fs::path directory, asio::any_io_executor executor)
        : name(std::move(repository)),
          path(std::move(directory)),
          handles(std::make_shared<git::Handles>(path, Owner::ourselves,
                                                 git::Handles::Where::exactly_here)),
          repository_view(std::make_shared<Repository>(handles)),
          idle(executor) {}

    std::string name;
    fs::path path;
    std::shared_ptr<git::Handles> handles;
    std::shared_ptr<Repository> repository_view;
    bool busy = false;
    std::shared_ptr<Batch> next;
    Signal idle;
};

}  // namespace

struct Mirrors::State {
    State(fs::path directory, asio::any_io_executor executor, MirrorOptions options)
        : directory_(std::move(directory)),
          executor_(std::move(executor)),
          options_(std::move(options)) {
        fs::create_directories(directory_);
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(directory_))
            if (entry.path().filename().string().starts_with(".new-"))
                fs::remove_all(entry.path(), ignored);
    }

    std::shared_ptr<Repository> open(std::string_view name) {
        return mirror(name)->repository_view;
    }

    Task<void> fetch(std::string name, GitRemote remote, std::vector<CommitSha> commits,
                     std::vector<std::string> branches) {
        git::check_remote(remote);
        auto refs = std::make_shared<std::set<std::string>>();
        for (const auto& branch : branches) refs->insert(git::full_ref(branch));
        for (const auto& commit : commits) git::oid_of(commit.value);
        auto mirror = this->mirror(name);
        for (std::size_t attempt = 0;; ++attempt) {
            auto missing = missing_of(*mirror, commits);
            if (missing.empty() && (attempt > 0 || refs->empty())) co_return;
            co_await one_round(mirror, remote, *refs, missing);
            missing = missing_of(*mirror, commits);
            if (missing.empty()) co_return;
            if (attempt == options_.delays.size())
                throw Failure("commit " + *missing.begin() + " is not in " + name + " yet");
            co_await sleep_for(options_.delays[attempt]);
        }
    }

    using MirrorPtr = std::shared_ptr<Mirror>;

    MirrorPtr mirror(std::string_view name) {
        std::lock_guard lock(mutex_);
        auto& known = mirrors_[std::string(name)];
        if (!known) {
            fs::path path = directory_ / git::mirror_directory_name(name);
            make_sound(path);
            known = std::make_shared<Mirror>(std::string(name), path, executor_);
        }
        return known;
    }

    void make_sound(const fs::path& path) {
        if (fs::exists(path)) {
            git::clear_leftovers(path);
            if (git::can_be_opened(path)) return;
            log_warning("a mirror cannot be opened and is cloned again",
                        {{"mirror", path.filename().string()}});
        }
        fs::path made = new_directory();
        git::make_empty_mirror(made);
        git::put_in_place(made, path);
    }

    fs::path new_directory() const { return directory_ / (".new-" + random_id()); }

    static std::set<std::string> missing_of(const Mirror& mirror,
                                            const std::vector<CommitSha>& commits) {
        std::set<std::string> missing;
        for (const auto& commit : commits)
            if (!has_commit(mirror, commit)) missing.insert(commit.value);
        return missing;
    }

    // A commit that cannot be read is missing; the damage is noted, and the fetch looks closer.
    static bool has_commit(const Mirror& mirror, const CommitSha& commit) {
        try {
            return mirror.repository_view->has_commit(commit);
        } catch (const Failure&) {
            return false;
        }
    }

    // Joins the fetch that begins next, or begins it.
    Task<void> one_round(MirrorPtr mirror, GitRemote remote, std::set<std::string> refs,
                         std::set<std::string> commits) {
        for (;;) {
            if (!mirror->next) mirror->next = std::make_shared<Batch>();
            auto batch = mirror->next;
            batch->refs.insert(refs.begin(), refs.end());
            batch->commits.insert(commits.begin(), commits.end());
            while (mirror->busy && !batch->done) co_await mirror->idle.wait(options_.fetch_limit);
            if (!batch->done) co_await lead(mirror, remote, batch);
            if (batch->abandoned) continue;
            if (batch->error) std::rethrow_exception(batch->error);
            co_return;
        }
    }

    // Whoever leads a batch ends it in every case, also where its coroutine is cancelled or
    // destroyed.
    struct Leading {
        Mirror& mirror;
        Batch& batch;
        bool finished = false;
        ~Leading() {
            mirror.handles->renew();
            batch.done = true;
            batch.abandoned = !finished;
            mirror.busy = false;
            mirror.idle.notify();
        }
    };

    Task<void> lead(MirrorPtr mirror, GitRemote remote, std::shared_ptr<Batch> batch) {
        mirror->busy = true;
        mirror->next = nullptr;
        Leading leading{*mirror, *batch};
        // What others asked for meanwhile may have come with the fetch before.
        std::erase_if(batch->commits, [&](const std::string& commit) {
            return has_commit(*mirror, CommitSha(commit));
        });
        if (batch->commits.empty() && batch->refs.empty()) {
            leading.finished = true;
            co_return;
        }
        try {
            co_await fetch_batch(mirror, remote, batch);
            leading.finished = true;
        } catch (const Failure&) {
            batch->error = std::current_exception();
            leading.finished = true;
        }
    }

    Task<void> fetch_batch(MirrorPtr mirror, GitRemote remote, std::shared_ptr<Batch> batch) {
        if (mirror->handles->take_damage()) {
            bool sound = co_await is_sound(mirror->path);
            if (!sound) co_return co_await clone_again(mirror, remote, batch);
        }
        FetchAnswer answer = co_await fetch_into(mirror->path, remote, *batch);
        if (answer.what == What::unclear) {
            git::clear_leftovers(mirror->path);
            bool sound = co_await is_sound(mirror->path);
            if (!sound) co_return co_await clone_again(mirror, remote, batch);
        }
        if (answer.what != What::fetched) throw cannot_fetch(*mirror, answer);
        co_await keep_few_packs(mirror->path);
    }

    static Failure cannot_fetch(const Mirror& mirror, const FetchAnswer& answer) {
        return Failure("cannot fetch " + mirror.name + ": " + answer.sentence);
    }

    // Until everything that the remote has of `batch` is there. What it does not have is left out:
    // a ref that is gone is removed, a commit that is not there yet is the caller's to wait for.
    Task<FetchAnswer> fetch_into(fs::path path, GitRemote remote, Batch batch) {
        if (remote.local) {
            auto answer = co_await git::fetch_local(pool_, path, remote, batch.refs, batch.commits,
                                                    options_.fetch_limit);
            if (answer.what != What::fetched) git::clear_leftovers(path);
            co_return answer;
        }
        std::vector<std::string> wanted(batch.refs.begin(), batch.refs.end());
        wanted.insert(wanted.end(), batch.commits.begin(), batch.commits.end());
        bool made_room = false;
        FetchAnswer answer;
        answer.what = What::fetched;
        while (!wanted.empty()) {
            auto command = git::fetch_command(path, remote, wanted, options_);
            Ended ended = co_await run(std::move(command));
            answer = git::fetch_answer(ended, remote);
            if (answer.what == What::fetched) break;
            if (answer.what == What::refs_in_the_way && !made_room) {
                git::clear_leftovers(path);
                git::make_room(path, batch.refs);
                made_room = true;
                continue;
            }
            bool known = answer.what == What::no_such_ref || answer.what == What::no_such_commit;
            if (!known || std::erase(wanted, answer.name) == 0) {
                if (known) answer.what = What::remote_trouble;
                git::clear_leftovers(path);
                break;
            }
            if (answer.what == What::no_such_ref) git::remove_ref(path, answer.name);
            answer.what = What::fetched;
        }
        co_return answer;
    }

    Task<bool> is_sound(fs::path path) {
        std::vector<std::string> arguments{"fsck", "--no-dangling", "--no-progress",
                                           "--no-reflogs"};
        auto command = git::local_command(path, std::move(arguments), check_limit);
        Ended ended = co_await run(std::move(command));
        co_return ended.ok() || ended.how != Ended::How::exited;
    }

    Task<void> clone_again(MirrorPtr mirror, GitRemote remote, std::shared_ptr<Batch> batch) {
        log_warning("a mirror is damaged and is cloned again", {{"repository", mirror->name}});
        fs::path made = new_directory();
        git::make_empty_mirror(made);
        FetchAnswer answer = co_await fetch_into(made, remote, *batch);
        if (answer.what != What::fetched) {
            std::error_code ignored;
            fs::remove_all(made, ignored);
            throw cannot_fetch(*mirror, answer);
        }
        git::put_in_place(made, mirror->path);
    }

    // Every fetch leaves a pack. Small ones are rolled up; a reader that has an old one open keeps
    // it.
    Task<void> keep_few_packs(fs::path path) {
        if (git::count_packs(path) <= most_packs) co_return;
        std::vector<std::string> arguments{"repack", "-d", "-q", "--geometric=2"};
        auto command = git::local_command(path, std::move(arguments), check_limit);
        Ended ended = co_await run(std::move(command));
        if (!ended.ok())
            log_warning("packs of a mirror could not be rolled up",
                        {{"mirror", path.filename().string()}, {"why", ended.error_output}});
    }

    fs::path directory_;
    asio::any_io_executor executor_;
    MirrorOptions options_;
    Pool pool_{1};      // for what blocks on the disk of somebody else's repository
    std::mutex mutex_;  // open() is called from pool threads, too
    std::map<std::string, MirrorPtr> mirrors_;
};

Mirrors::Mirrors(fs::path directory, asio::any_io_executor executor, MirrorOptions options)
    : state_(
          std::make_unique<State>(std::move(directory), std::move(executor), std::move(options))) {}
Mirrors::~Mirrors() = default;

std::shared_ptr<Repository> Mirrors::open(std::string_view name) { return state_->open(name); }

Task<void> Mirrors::fetch(std::string name, GitRemote remote, std::vector<CommitSha> commits,
                          std::vector<std::string> branches) {
    return state_->fetch(std::move(name), std::move(remote), std::move(commits),
                         std::move(branches));
}

}  // namespace slipway
