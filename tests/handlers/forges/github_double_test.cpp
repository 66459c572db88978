// The client against foreign parts: npm's emulator of GitHub behind a validator of GitHub's own
// description, with git's own server beside it (tests/support/github_double.py).
#include <doctest/doctest.h>

#include "handlers/forges/github/client.hpp"
#include "tests/support/github_double.hpp"
#include "tests/support/run_task.hpp"

using namespace slipway;
using namespace slipway::github;
using rest::Spacing;
using std::chrono::milliseconds;

namespace {

struct Bench {
    GithubDouble double_;
    asio::io_context io;
    SystemClock clock;
    std::unique_ptr<HttpClient> http = make_http_client();
    ForgeConfig config = make_config();
    GithubForge forge{config, *http, clock, clock, spacing()};
    RepositoryName repository{"github.com", double_.about["repository"].text()};

    ForgeConfig make_config() {
        GithubConfig github;
        github.api_url = double_.about["api_url"].text();
        github.git_url = double_.about["git_url"].text();
        github.app_id = double_.about["app_id"].text();
        github.app_private_key = Secret(double_.about["app_private_key"].text());
        github.webhook_secrets = {Secret(double_.about["webhook_secret"].text())};
        return {"github.com", {}, github};
    }
    static Spacing spacing() {
        Spacing fast = documented_spacing();
        fast.lag = {milliseconds(1)};
        return fast;
    }
    template <class T>
    T run(Task<T> task) {
        return run_task(io, std::move(task));
    }
    std::string commit(const char* branch, const char* text) {
        Json files = Json::object({{"stacks/network/main.tf", text}});
        double_.ask("commit", {{"branch", branch}, {"files", files}});
        return double_.ask("push", {{"branch", branch}}).text();
    }
    std::string base, head;
};

Check check_of(const std::string& name, const std::string& sha, CheckStatus status) {
    Check check;
    check.name = name;
    check.commit = CommitSha(sha);
    check.external_id = "01RUN";
    check.status = status;
    check.title = "1 to add";
    check.summary = "A summary";
    check.text = "tree";
    check.details_url = "https://slipway.example.com/runs/01RUN";
    check.started_at_ms = 1'700'000'000'000;
    check.completed_at_ms = 1'700'000'010'000;
    return check;
}

void reads(Bench& bench, const PullRequestName& name) {
    auto pull = bench.run(bench.forge.pull_request(name));
    REQUIRE(pull);
    CHECK(pull->head.value == bench.head);
    CHECK(pull->base.value == bench.base);
    CHECK(pull->head_branch == "topic");
    CHECK(pull->base_branch == "main");
    CHECK(pull->author.login == "ada");
    CHECK(!pull->author.bot);
    CHECK(!pull->fork);
    CHECK(pull->state == PullState::open);
    CHECK(pull->merge_commit.empty());
    PullRequestName absent{bench.repository, 999};
    CHECK(!bench.run(bench.forge.pull_request(absent)));

    CHECK(bench.run(bench.forge.default_branch(bench.repository)) == "main");
    auto permission = [&](const char* login) {
        Actor who{"github.com", login, false};
        return bench.run(bench.forge.permission(bench.repository, who));
    };
    CHECK(permission("ada") == Permission::admin);
    CHECK(permission("linus") == Permission::write);
    CHECK(permission("nobody-of-that-name") == Permission::none);
    Actor elsewhere{"gitlab.com", "ada", false};
    CHECK(bench.run(bench.forge.permission(bench.repository, elsewhere)) == Permission::none);
    auto member = [&](const char* team, const char* login) {
        Actor who{"github.com", login, false};
        return bench.run(bench.forge.is_team_member(team, who));
    };
    CHECK(member("acme/members", "grace"));
    CHECK(!member("acme/members", "mallory"));
    CHECK(!member("acme/no-such-team", "grace"));
    CHECK(!member("no-such-organisation/dba", "grace"));
    CHECK(!member("acme/../dba", "grace"));

    bench.double_.ask("review", {{"number", name.number}});
    auto reviews = bench.run(bench.forge.reviews(name));
    REQUIRE(reviews.size() == 1);
    CHECK(reviews[0].author.login == "grace");
    CHECK(reviews[0].state == ReviewState::approved);
    CHECK(reviews[0].commit == CommitSha(bench.head));

    CHECK(bench.run(bench.forge.pulls_with_head(bench.repository, CommitSha(bench.head))) ==
          std::vector<int>{name.number});
    CHECK(bench.run(bench.forge.pulls_of_commit(bench.repository, CommitSha(bench.head), "main"))
              .empty());
    CommitSha merged(bench.double_.ask("merge", {{"number", name.number}}).text());
    CHECK(bench.run(bench.forge.pulls_of_commit(bench.repository, merged, "main")) ==
          std::vector<int>{name.number});
    CHECK(bench.run(bench.forge.pulls_of_commit(bench.repository, merged, "other")).empty());
    pull = bench.run(bench.forge.pull_request(name));
    CHECK(pull->state == PullState::merged);
    CHECK(pull->merge_commit == merged);
}

void checks(Bench& bench) {
    auto put = [&](std::string id, Check check) {
        return bench.run(bench.forge.put_check(bench.repository, std::move(id), std::move(check)));
    };
    auto queued = check_of("slipway/network", bench.head, CheckStatus::waiting);
    auto id = put("", queued);
    CHECK(put("", queued) == id);  // the stored id was lost
    auto done = check_of("slipway/network", bench.head, CheckStatus::done);
    done.conclusion = Conclusion::needs_action;
    done.summary = std::string(200'000, 'x');
    for (int i = 0; i < 60; ++i)
        done.annotations.push_back(
            {"stacks/network/main.tf", i + 1, true, "require-tags", "No tag"});
    auto with_notes = put(id, done);
    CHECK(CheckId::parse(with_notes).number == CheckId::parse(id).number);
    CHECK(put(with_notes, done) == with_notes);
    CHECK(put(with_notes, queued) == with_notes);
    CHECK(put("999999", done) != "");
    auto other = done;
    other.external_id = "02RUN";
    CHECK(CheckId::parse(put("", other)).number != CheckId::parse(id).number);
    auto checks = bench.double_.ask("checks", {{"sha", bench.head}});
    CHECK(checks.items().size() >= 1);
}

void comments(Bench& bench, const PullRequestName& name) {
    const std::string marker = "<!-- slipway -->";
    auto put = [&](std::string id, std::string body) {
        return bench.run(bench.forge.put_comment(name, std::move(id), marker, std::move(body)));
    };
    bench.double_.ask("comment",
                      {{"number", name.number}, {"body", marker + "\nI am Slipway, too"}});
    auto id = put("", marker + "\nFirst");
    CHECK(put(id, marker + "\nSecond") == id);
    CHECK(put("", marker + "\nThird") == id);
    CHECK(put("424242", marker + "\nFourth") == id);
    auto again = bench.run(bench.forge.add_comment(name, "reply/99 --> x", "An answer"));
    CHECK(bench.run(bench.forge.add_comment(name, "reply/99 --> x", "An answer")) == again);
    CHECK(again != id);
    auto comments = bench.double_.ask("comments", {{"number", name.number}});
    REQUIRE(comments.items().size() == 3);
    CHECK(comments[1]["body"].text() == marker + "\nFourth");

    auto ours = bench.run(bench.forge.comment(name, id));
    REQUIRE(ours);
    CHECK(ours->ours);
    CHECK(ours->author.bot);
    auto theirs =
        bench.run(bench.forge.comment(name, std::string(comments[0]["id"].number_text())));
    REQUIRE(theirs);
    CHECK(!theirs->ours);
    CHECK(!theirs->edited);
    CHECK(theirs->author.login == "ada");
    bench.double_.ask("edit_comment", {{"comment_id", comments[0]["id"]}, {"body", "Another"}});
    theirs = bench.run(bench.forge.comment(name, theirs->id));
    CHECK(theirs->edited);
    PullRequestName another{bench.repository, 999};
    CHECK(!bench.run(bench.forge.comment(another, id)));
    CHECK(!bench.run(bench.forge.comment(name, "424242")));

    bench.run(bench.forge.acknowledge(name, id));
    auto reactions = bench.double_.ask("reactions");
    CHECK(reactions[std::size_t(0)]["content"].text() == "eyes");
}

void fetches(Bench& bench, const PullRequestName& name) {
    auto remote = bench.run(bench.forge.git_remote(bench.repository));
    CHECK(remote.username == "x-access-token");
    CHECK(remote.url.ends_with("/git/acme/infra.git"));
    CHECK(remote.url.find(remote.password.reveal()) == remote.url.npos);
    Scratch scratch;
    auto mirrors = std::make_unique<Mirrors>(scratch.path, bench.io.get_executor());
    std::vector<CommitSha> commits = {CommitSha(bench.base), CommitSha(bench.head)};
    std::vector<std::string> branches = {"main", bench.forge.ref_of_pull(name.number)};
    bench.run(mirrors->fetch(bench.repository.text(), remote, commits, branches));
    CHECK(mirrors->open(bench.repository.text())->has_commit(CommitSha(bench.head)));
}

}  // namespace

TEST_CASE("The GitHub client does its work without a request that violates GitHub's description") {
    Bench bench;
    bench.base = bench.commit("main", "a\n");
    bench.head = bench.commit("topic", "b\n");
    auto number = bench.double_.ask("open_pull", {{"branch", "topic"}}).int_or(0);
    PullRequestName name{bench.repository, static_cast<int>(number)};
    fetches(bench, name);
    checks(bench);
    comments(bench, name);
    reads(bench, name);
    auto violations = bench.double_.ask("violations");
    CAPTURE(violations.dump_pretty());
    CHECK(violations.items().empty());
    CHECK(!bench.double_.ask("provoke").items().empty());  // the validator is awake
}
