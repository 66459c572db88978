// The built-in forge as an adapter: bare repositories below a folder, read and written on the pool.
#include <filesystem>

#include "handlers/forges/builtin/message.hpp"
#include "handlers/forges/builtin/pulls.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/base/signature.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

// Where a repository of that name would lie; nullopt: no such one, or a name that leaves the root.
std::optional<fs::path> repository_path(const fs::path& root, const std::string& name) {
    if (name.empty() || name.front() == '/') return std::nullopt;
    for (const auto& part : fs::path(name))
        if (part == ".." || part == "." || part.empty()) return std::nullopt;
    for (const auto& candidate : {root / (name + ".git"), root / name})
        if (fs::is_regular_file(candidate / "HEAD")) return candidate;
    return std::nullopt;
}

class BuiltinForge : public Forge {
  public:
    BuiltinForge(ForgeConfig config, Pool& pool, const Clock& clock)
        : config_(std::move(config)),
          root_(std::get<BuiltinConfig>(config_.own).root),
          pool_(pool),
          clock_(clock) {}

    const ForgeConfig& config() const override { return config_; }
    ForgeTraits traits() const override {
        ForgeTraits out;
        out.is_owners_folder = true;
        return out;
    }

    std::variant<Delivery, RefusedWebhook> verify(const Headers& headers,
                                                  std::string body) override {
        auto value = [&](const char* name) {
            auto at = headers.find(name);
            return at == headers.end() ? std::string() : at->second;
        };
        Delivery delivery;
        delivery.forge = config_.name;
        delivery.event = value("x-slipway-event");
        delivery.id = value("x-slipway-delivery");
        const auto repository = value("x-slipway-repository");
        if (delivery.event.empty() || delivery.id.empty() || repository.empty())
            return RefusedWebhook{400, "X-Slipway-Event, -Delivery and -Repository are needed"};
        auto path = repository_path(root_, repository);
        auto secret = path ? read_hook_secret(*path) : std::nullopt;
        if (!secret) return RefusedWebhook{401, "the signature does not fit"};
        std::vector<Secret> secrets{*secret};
        SignatureCheck check(secrets);
        if (!check.matches(value("x-slipway-signature-256"), body))
            return RefusedWebhook{401, "the signature does not fit"};
        // The secret is this repository's: what it signs may speak of this repository alone.
        auto message = decode<BuiltinMessage>(std::string_view(body));
        if (!message || message->repository != repository || message->event != delivery.event)
            return RefusedWebhook{401, "the body speaks of another repository or event"};
        delivery.body = std::move(body);
        delivery.received_at_ms = clock_.now_ms();
        delivery.repository = config_.name + "/" + repository;
        return delivery;
    }

    EventOrIgnored parse(const Delivery& delivery) const override {
        auto message = decode<BuiltinMessage>(std::string_view(delivery.body));
        if (!message) return Ignored{"the body is not one of ours: " + message.error().message};
        const RepositoryName repository{config_.name, message->repository};
        const PullRequestName pull{repository, message->number};
        const Actor sender{config_.name, message->sender};
        if (message->event == "push")
            return Event(BranchPushed{repository, message->branch, CommitSha(message->before),
                                      CommitSha(message->after), message->forced, sender});
        if (message->event == "pull_request") {
            auto change = parse_word<PullChange>(message->change);
            if (!change) return Ignored{"an unknown change of a pull request"};
            return Event(PullRequestChanged{pull, *change, sender});
        }
        if (message->event == "comment")
            return Event(CommentCreated{pull, message->comment, sender, {}});
        if (message->event == "review") return Event(ReviewChanged{pull, sender});
        if (message->event == "check_rerequested")
            return Event(CheckRerequested{repository, CommitSha(message->head),
                                          message->external_id, sender});
        return Ignored{"an unknown event"};
    }

    Task<std::optional<PullRequest>> pull_request(PullRequestName name) override {
        auto read = [this, name]() -> std::optional<PullRequest> {
            auto pulls = open(name.repository);
            auto found = pulls.find(name.number);
            if (!found) return std::nullopt;
            return pull_of(name, *found, pulls);
        };
        co_return co_await pool_.run(read);
    }

    Task<std::optional<Comment>> comment(PullRequestName pull, std::string id) override {
        auto read = [this, pull, id]() -> std::optional<Comment> {
            auto documents = open(pull.repository).read(pull.number);
            if (!documents) return std::nullopt;
            for (const auto& one : documents->comments) {
                if (one.id != id) continue;
                Comment out;
                out.id = one.id;
                out.pull = pull;
                out.author = one.author;
                out.ours = one.ours;
                out.edited = one.edited;
                out.body = one.body;
                out.created_at_ms = one.created_at_ms;
                return out;
            }
            return std::nullopt;
        };
        co_return co_await pool_.run(read);
    }

    Task<std::vector<ForgeReview>> reviews(PullRequestName pull) override {
        auto read = [this, pull] {
            auto documents = open(pull.repository).read(pull.number);
            return documents ? documents->reviews : std::vector<ForgeReview>();
        };
        co_return co_await pool_.run(read);
    }

    // Rule S6: whoever may write the folder may speak, and says as whom.
    Task<Permission> permission(RepositoryName, Actor who) override {
        co_return who.login.empty() ? Permission::none : Permission::admin;
    }
    Task<bool> is_team_member(std::string, Actor) override { co_return false; }

    Task<std::vector<int>> pulls_of_commit(RepositoryName repository, CommitSha commit,
                                           std::string branch) override {
        auto read = [this, repository, commit, branch] {
            std::vector<int> out;
            auto pulls = open(repository);
            for (int number : pulls.numbers()) {
                auto pull = pulls.find(number);
                if (pull && pull->state == PullState::merged && pull->base_branch == branch &&
                    (pull->merge_commit == commit || pull->head == commit))
                    out.push_back(number);
            }
            return out;
        };
        co_return co_await pool_.run(read);
    }

    Task<std::vector<PullRequest>> open_pulls(RepositoryName repository) override {
        auto read = [this, repository] {
            std::vector<PullRequest> out;
            auto pulls = open(repository);
            for (int number : pulls.numbers())
                if (auto found = pulls.find(number); found && found->state == PullState::open)
                    out.push_back(pull_of({repository, number}, *found, pulls));
            return out;
        };
        co_return co_await pool_.run(read);
    }

    Task<std::vector<int>> pulls_with_head(RepositoryName repository, CommitSha head) override {
        auto read = [this, repository, head] { return numbers_with_head(open(repository), head); };
        co_return co_await pool_.run(read);
    }

    Task<std::string> default_branch(RepositoryName repository) override {
        auto read = [this, repository] { return open(repository).git().default_branch(); };
        co_return co_await pool_.run(read);
    }

    Task<GitRemote> git_remote(RepositoryName repository) override {
        GitRemote remote;
        remote.url = path_of(repository).string();
        remote.local = true;
        co_return remote;
    }
    std::string ref_of_pull(int number) const override {
        return "refs/pull/" + std::to_string(number) + "/head";
    }

    // A check belongs to a commit: it is kept with every pull request whose head that is, or that
    // was merged by it. What is said of the head of a merged one is about the merge, and kept for
    // that commit as well.
    Task<std::string> put_check(RepositoryName repository, std::string, Check check) override {
        auto write = [this, repository, check] {
            auto pulls = open(repository);
            for (int number : pulls.numbers()) {
                auto pull = pulls.find(number);
                if (!pull || (pull->head != check.commit && pull->merge_commit != check.commit))
                    continue;
                pulls.put_check(number, check, clock_.now_ms());
                if (pull->merge_commit.empty() || pull->merge_commit == check.commit) continue;
                auto of_merge = check;
                of_merge.commit = pull->merge_commit;
                pulls.put_check(number, of_merge, clock_.now_ms());
            }
            return check.name + "@" + check.commit.value;
        };
        co_return co_await pool_.run(write);
    }

    Task<std::string> put_comment(PullRequestName pull, std::string, std::string marker,
                                  std::string body) override {
        co_return co_await write_comment(std::move(pull), std::move(marker), std::move(body));
    }
    Task<std::string> add_comment(PullRequestName pull, std::string key,
                                  std::string body) override {
        co_return co_await write_comment(std::move(pull), std::move(key), std::move(body));
    }

    Task<void> acknowledge(PullRequestName pull, std::string comment_id) override {
        auto write = [this, pull, comment_id] {
            auto pulls = open(pull.repository);
            auto documents = pulls.read(pull.number);
            if (!documents) return;
            for (auto& one : documents->comments) {
                if (one.id != comment_id || !one.reactions.empty()) continue;
                one.reactions.push_back("eyes");
                pulls.comment(pull.number, one);
            }
        };
        co_await pool_.run(write);
    }

  private:
    fs::path path_of(const RepositoryName& repository) const {
        auto path = repository_path(root_, repository.path);
        if (!path)
            throw Failure(
                "there is no repository " + repository.text() + " below " + root_.string(),
                Retry::never);
        return *path;
    }
    BuiltinPulls open(const RepositoryName& repository) const {
        return BuiltinPulls(path_of(repository));
    }

    static PullRequest pull_of(const PullRequestName& name, const BuiltinPull& found,
                               BuiltinPulls& pulls) {
        PullRequest out;
        out.name = name;
        out.title = found.title;
        out.author = found.author;
        out.state = found.state;
        out.draft = found.draft;
        out.head_branch = found.topic;
        out.head = found.head;
        out.base_branch = found.base_branch;
        out.base = pulls.git().ref("refs/heads/" + found.base_branch).value_or(CommitSha());
        out.merge_commit = found.merge_commit;
        out.labels = found.labels;
        return out;
    }

    static std::vector<int> numbers_with_head(const BuiltinPulls& pulls, const CommitSha& head) {
        std::vector<int> out;
        for (int number : pulls.numbers()) {
            auto pull = pulls.find(number);
            if (pull && pull->state == PullState::open && pull->head == head) out.push_back(number);
        }
        return out;
    }

    Task<std::string> write_comment(PullRequestName pull, std::string key, std::string body) {
        BuiltinComment comment;
        comment.author = Actor{config_.name, "slipway", true};
        comment.ours = true;
        comment.key = std::move(key);
        comment.body = std::move(body);
        comment.created_at_ms = clock_.now_ms();
        auto write = [this, pull, comment] {
            return open(pull.repository).comment(pull.number, comment).id;
        };
        co_return co_await pool_.run(write);
    }

    ForgeConfig config_;
    fs::path root_;
    Pool& pool_;
    const Clock& clock_;
};

}  // namespace

std::unique_ptr<Forge> make_builtin_forge(ForgeConfig config, Pool& pool, const Clock& clock) {
    return std::make_unique<BuiltinForge>(std::move(config), pool, clock);
}

}  // namespace slipway
