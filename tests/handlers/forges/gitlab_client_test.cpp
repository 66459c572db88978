// The client against a script of GitLab's replies: numbers instead of names, whom it believes, and
// what a double that keeps to the rules does not play: gone pipelines, taken names, lost answers.
#include "handlers/forges/gitlab/client.hpp"

#include <doctest/doctest.h>

#include "handlers/forges/gitlab/answers.hpp"
#include "service/base/pause.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scripted_http.hpp"

using namespace slipway;
using namespace slipway::gitlab;
using std::chrono::milliseconds;

namespace {

constexpr const char* sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
constexpr const char* other_sha = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
constexpr const char* base_sha = "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c";
const std::string project_get = "GET /projects/acme%2Fplatform%2Finfra";
const std::string pull_path = "/projects/4711/merge_requests/7";
const std::string statuses = std::string("POST /projects/4711/statuses/") + sha;
const std::string pulls_of_sha =
    std::string("GET /projects/4711/repository/commits/") + sha + "/merge_requests?per_page=100";
const std::string first_notes =
    "GET " + pull_path +
    "/notes?activity_filter=only_comments&per_page=100&order_by=created_at&sort=asc";
const std::string newest_notes =
    "GET " + pull_path +
    "/notes?activity_filter=only_comments&per_page=100&order_by=created_at&sort=desc";

std::string person(int id, const char* name, const std::string& more = "") {
    return R"({"id":)" + std::to_string(id) + R"(,"username":")" + name + R"(","state":"active")" +
           more + "}";
}

std::string merge_request(const std::string& more = "", const char* state = "opened") {
    return std::string(R"({"iid":7,"project_id":4711,"title":"A network","state":")") + state +
           R"(","draft":false,"author":)" + person(102, "linus") +
           R"(,"source_branch":"topic","target_branch":"main","source_project_id":4711,)"
           R"("target_project_id":4711,"labels":["a"],"sha":")" +
           sha + R"(","diff_refs":{"base_sha":")" + other_sha + R"(","start_sha":")" + base_sha +
           R"("},"references":{"full":"acme/platform/infra!7"},"user_notes_count":3)" + more + "}";
}

std::string pipeline(int id, const char* ref, const char* of = sha) {
    return R"(,"head_pipeline":{"id":)" + std::to_string(id) + R"(,"sha":")" + of + R"(","ref":")" +
           ref + R"("})";
}

std::string written(int pipeline_id) {
    return R"({"id":1,"pipeline_id":)" + std::to_string(pipeline_id) + "}";
}

struct Bench {
    asio::io_context io;
    FixedClock clock{1'800'000'000'000}, steady{1'000};
    ScriptedHttp http;
    std::unique_ptr<GitlabForge> forge;
    RepositoryName repository{"gitlab.com", "acme/platform/infra"};
    PullRequestName pull{repository, 7};
    Actor linus{"gitlab.com", "linus", false};

    explicit Bench(GitlabConfig::Writers writers = GitlabConfig::Writers::developer) {
        GitlabConfig gitlab;
        gitlab.api_url = "https://api.test/";
        gitlab.git_url = "https://gitlab.test/{path}.git";
        gitlab.token = Secret("glpat-1");
        gitlab.writers = writers;
        auto spacing = documented_spacing();
        spacing.lag = {milliseconds(0), milliseconds(0)};
        forge = std::make_unique<GitlabForge>(ForgeConfig{"gitlab.com", {}, gitlab}, http, clock,
                                              steady, spacing);
        http.on(
            project_get, 200,
            R"({"id":4711,"path_with_namespace":"acme/platform/infra","default_branch":"trunk"})");
        http.on("GET /user", 200, person(100, "slipway"));
        http.on("GET /personal_access_tokens/self", 404);
        http.on("GET " + pull_path + "/versions?per_page=1", 200,
                std::string(R"([{"head_commit_sha":")") + sha +
                    R"(","created_at":"2026-11-28T10:00:00.250Z"}])");
    }
    template <class T>
    T run(Task<T> task) {
        return run_task(io, std::move(task));
    }
    template <class T>
    std::optional<Failure> failure(Task<T> task) {
        try {
            run(std::move(task));
        } catch (const Failure& e) {
            return e;
        }
        return std::nullopt;
    }
    Json last(const std::string& request) const {
        for (auto one = http.sent.rbegin(); one != http.sent.rend(); ++one)
            if (one->method + " " + one->path == request) return one->body;
        return {};
    }
    // A merge request whose head is `sha`, with what its answer says besides.
    void at_head(const std::string& more = "") {
        http.on(pulls_of_sha, 200, "[" + merge_request() + "]");
        http.on("GET " + pull_path, 200, merge_request(more));
    }
    std::string put(const std::string& known, Check check) {
        return run(forge->put_check(repository, known, std::move(check)));
    }
};

Check check_of(CheckStatus status = CheckStatus::done) {
    Check check;
    check.name = "slipway/network";
    check.commit = CommitSha(sha);
    check.status = status;
    check.title = "1 to add";
    return check;
}

}  // namespace

TEST_CASE("W3: a merge request says when its head was pushed, for approvals name no commit") {
    Bench bench;
    bench.http.on("GET " + pull_path, 200, merge_request());
    const auto pull = bench.run(bench.forge->pull_request(bench.pull));
    REQUIRE(pull);
    CHECK(pull->head.value == sha);
    CHECK(pull->base.value == base_sha);
    CHECK(pull->head_pushed_at_ms == parse_utc_iso("2026-11-28T10:00:00.250Z"));
    CHECK(pull->head_branch == "topic");
    CHECK(pull->author.login == "linus");
    CHECK(pull->labels == std::vector<std::string>{"a"});
    CHECK_FALSE(pull->fork);
    CHECK(bench.http.sent.back().authorization == "Bearer glpat-1");

    const auto approvals = "GET " + pull_path + "/approvals";
    bench.http.on(approvals, 200,
                  R"({"approved":true,"approved_by":[{"user":)" + person(101, "grace") +
                      R"(,"approved_at":"2026-11-28T10:00:00.251Z"},{"user":)" +
                      person(104, "early") +
                      R"(,"approved_at":"2026-11-28T10:00:00.250Z"},{"user":)" +
                      person(105, "undated") + "}]}");
    const auto reviews = bench.run(bench.forge->reviews(bench.pull));
    REQUIRE(reviews.size() == 3);
    for (const auto& review : reviews) {
        CHECK_FALSE(review.commit);
        CHECK(review.state == ReviewState::approved);
        CHECK(is_of(review, pull->head, *pull) == (review.author.login == "grace"));
    }
    bench.http.answers[approvals] = {reply(200, {}, R"({"approved":true,"approved_by":[]})")};
    CHECK(bench.run(bench.forge->reviews(bench.pull)).empty());  // the free edition requires none
}

TEST_CASE("W3: when the newest version is not of this head, nobody knows when it was pushed") {
    const auto answer = *parse_json(merge_request());
    const PullRequestName name{{"gitlab.com", "a/b"}, 7};
    auto versions = *parse_json(std::string(R"([{"head_commit_sha":")") + other_sha +
                                R"(","created_at":"2026-11-28T10:00:00Z"}])");
    CHECK(pull_request_of(name, answer, versions)->head_pushed_at_ms == 0);
    CHECK(pull_request_of(name, answer, Json())->head_pushed_at_ms == 0);
}

TEST_CASE("W4: a fork is what has another source project, or none any more") {
    const PullRequestName name{{"gitlab.com", "a/b"}, 7};
    auto answer = *parse_json(merge_request());
    for (const Json& source : {Json(4712), Json()}) {
        answer.set("source_project_id", source);
        CHECK(pull_request_of(name, answer, Json())->fork);
    }
}

TEST_CASE(
    "F18, W5: what a merge put onto the target is a merge commit, a squashed one, or the head") {
    const PullRequestName name{{"gitlab.com", "a/b"}, 7};
    const auto merged_as = [&](const std::string& more, const char* state = "merged") {
        const auto pull = pull_request_of(name, *parse_json(merge_request(more, state)), Json());
        return pull->merge_commit.value;
    };
    const auto member = [](const char* named, const char* value) {
        return std::string(",\"") + named + "\":\"" + value + "\"";
    };
    const auto squashed = member("squash_commit_sha", other_sha);
    CHECK(merged_as(member("merge_commit_sha", base_sha) + squashed) == base_sha);
    CHECK(merged_as(",\"merge_commit_sha\":null" + squashed) == other_sha);
    CHECK(merged_as("") == sha);
    CHECK(merged_as(squashed, "opened") == "");
    CHECK(pull_request_of(name, *parse_json(merge_request("", "locked")), Json())->state ==
          PullState::open);
}

TEST_CASE("W5: only merge requests merged onto that branch lend what they have") {
    Bench bench;
    const auto one = [](int iid, const char* state, const char* target, const char* head) {
        return R"({"iid":)" + std::to_string(iid) + R"(,"state":")" + state +
               R"(","target_branch":")" + target + R"(","sha":")" + head + "\"}";
    };
    bench.http.on(pulls_of_sha, 200,
                  "[" + one(1, "merged", "main", other_sha) + "," + one(2, "opened", "main", sha) +
                      "," + one(3, "merged", "x", sha) + "," + one(4, "closed", "main", sha) + "," +
                      one(5, "opened", "main", other_sha) + "]");
    CommitSha commit(sha);
    CHECK(bench.run(bench.forge->pulls_of_commit(bench.repository, commit, "main")) ==
          std::vector<int>{1});
    CHECK(bench.run(bench.forge->pulls_with_head(bench.repository, commit)) == std::vector<int>{2});
}

TEST_CASE(
    "A path is asked for once; a project that moved and one that took its name are told apart") {
    Bench bench;
    bench.http.on("GET " + pull_path, 200, merge_request());
    bench.run(bench.forge->pull_request(bench.pull));
    bench.run(bench.forge->pull_request(bench.pull));
    CHECK(bench.http.count(project_get) == 1);

    // It is called otherwise now, and GitLab forwards the old path to the same project.
    const auto moved = [](const char* id, const char* path) {
        return std::string(R"({"id":)") + id + R"(,"path_with_namespace":")" + path + "\"}";
    };
    auto answer = *parse_json(merge_request());
    answer.at("references").set("full", "acme/infra!7");
    bench.http.answers["GET " + pull_path] = {reply(200, {}, answer.dump())};
    bench.http.answers[project_get] = {
        reply(301, {{"location", "https://api.test/projects/4711"}})};
    bench.http.on("GET /projects/4711", 200, moved("4711", "acme/infra"));
    CHECK(bench.run(bench.forge->pull_request(bench.pull))->head.value == sha);
    CHECK(bench.run(bench.forge->git_remote(bench.repository)).url ==
          "https://gitlab.test/acme/infra.git");
    const auto asked = bench.http.count(project_get);
    bench.run(bench.forge->pull_request(bench.pull));
    CHECK(bench.http.count(project_get) == asked);

    // Another project has the old name by now.
    answer.at("references").set("full", "acme/elsewhere!7");
    bench.http.answers["GET " + pull_path] = {reply(200, {}, answer.dump())};
    bench.http.answers[project_get] = {reply(200, {}, moved("9", "acme/platform/infra"))};
    answer.at("references").set("full", "acme/platform/infra!7");
    answer.set("project_id", 9).set("sha", other_sha);
    bench.http.on("GET /projects/9/merge_requests/7", 200, answer.dump());
    bench.http.on("GET /projects/9/merge_requests/7/versions?per_page=1", 200, "[]");
    CHECK(bench.run(bench.forge->pull_request(bench.pull))->head.value == other_sha);
}

TEST_CASE(
    "A merge request that is not there yet is asked for again (atlantis#1019), then it is none") {
    Bench bench;
    bench.http.on("GET " + pull_path, 404);
    bench.http.on("GET " + pull_path, 404);
    bench.http.on("GET " + pull_path, 200, merge_request());
    CHECK(bench.run(bench.forge->pull_request(bench.pull)));
    bench.http.answers["GET " + pull_path] = {reply(404)};
    CHECK_FALSE(bench.run(bench.forge->pull_request(bench.pull)));
}

TEST_CASE(
    "Roles are compared by level: none, Reporter reads, Developer writes, Maintainer administers") {
    const auto at = [](int level, GitlabConfig::Writers writers, const char* more = "") {
        const auto json = R"({"access_level":)" + std::to_string(level) + more + "}";
        return permission_of(*parse_json(json), writers);
    };
    using Writers = GitlabConfig::Writers;
    for (const auto& [level, permission] :
         std::vector<std::pair<int, Permission>>{{0, Permission::none},
                                                 {5, Permission::none},
                                                 {10, Permission::none},
                                                 {15, Permission::none},
                                                 {20, Permission::read},
                                                 {25, Permission::read},
                                                 {30, Permission::write},
                                                 {35, Permission::write},
                                                 {40, Permission::admin},
                                                 {50, Permission::admin}})
        CHECK(at(level, Writers::developer) == permission);
    CHECK(at(30, Writers::maintainer) == Permission::read);
    CHECK(at(40, Writers::maintainer) == Permission::admin);
    CHECK(at(50, Writers::developer, R"(,"state":"blocked")") == Permission::none);
    CHECK(at(50, Writers::developer, R"(,"membership_state":"awaiting")") == Permission::none);
    CHECK(at(50, Writers::developer, R"(,"locked":true)") == Permission::none);
    CHECK(permission_of(Json(), Writers::developer) == Permission::none);
}

TEST_CASE(
    "W2: somebody's right is asked by number, and counts only if the answer is about that name") {
    Bench bench;
    const std::string member = "GET /projects/4711/members/all/102";
    bench.http.on("GET /users?username=linus", 200, "[" + person(102, "linus") + "]");
    bench.http.on(member, 200, person(102, "linus", R"(,"access_level":30)"));
    const auto permission = [&] {
        return bench.run(bench.forge->permission(bench.repository, bench.linus));
    };
    CHECK(permission() == Permission::write);
    CHECK(permission() == Permission::write);
    CHECK(bench.http.count("GET /users?username=linus") == 1);
    // 102 is called otherwise by now, and may still do everything.
    bench.http.answers[member] = {reply(200, {}, person(102, "linus-2", R"(,"access_level":50)"))};
    CHECK(permission() == Permission::none);
    bench.http.answers["GET /users?username=linus"] = {
        reply(200, {}, "[" + person(110, "linus") + "]")};
    bench.http.on("GET /projects/4711/members/all/110", 404);
    CHECK(permission() == Permission::none);
    CHECK(bench.http.count("GET /users?username=linus") == 2);
    Actor stranger{"github.com", "linus", false};
    CHECK(bench.run(bench.forge->permission(bench.repository, stranger)) == Permission::none);
}

TEST_CASE("A team is a group, and its own members count") {
    Bench bench;
    bench.http.on("GET /users?username=linus", 200, "[" + person(102, "linus") + "]");
    const std::string member = "GET /groups/acme%2Fdba/members/102";
    bench.http.on(member, 200, person(102, "linus", R"(,"access_level":30)"));
    CHECK(bench.run(bench.forge->is_team_member("acme/dba", bench.linus)));
    for (const auto& answer :
         {reply(404), reply(403), reply(200, {}, person(102, "linus", R"(,"access_level":5)"))}) {
        bench.http.answers[member] = {answer};
        CHECK_FALSE(bench.run(bench.forge->is_team_member("acme/dba", bench.linus)));
    }
    for (const char* odd : {"", "acme/../dba", "a b"})
        CHECK_FALSE(bench.run(bench.forge->is_team_member(odd, bench.linus)));
}

TEST_CASE(
    "W4: a status is green only for what passed; what needs somebody is failed, not pending") {
    const auto state = [](CheckStatus status, Conclusion conclusion = Conclusion::passed) {
        auto check = check_of(status);
        check.conclusion = conclusion;
        return status_of(check)["state"].text();
    };
    CHECK(state(CheckStatus::waiting) == "pending");
    CHECK(state(CheckStatus::running) == "running");
    CHECK(state(CheckStatus::done) == "success");
    CHECK(state(CheckStatus::done, Conclusion::neutral) == "success");
    CHECK(state(CheckStatus::done, Conclusion::failed) == "failed");
    CHECK(state(CheckStatus::done, Conclusion::needs_action) == "failed");
    CHECK(state(CheckStatus::done, Conclusion::cancelled) == "canceled");
    auto check = check_of();
    check.title = std::string(300, 'x') + "\n";
    CHECK(status_of(check)["description"].text() == std::string(254, 'x') + "…");
}

TEST_CASE(
    "A status goes to the pipeline of this commit, with its ref (atlantis#2484, #3373, #4785)") {
    Bench bench;
    bench.at_head(pipeline(31, "refs/merge-requests/7/head"));
    bench.http.on(statuses, 201, written(31));
    const auto id = bench.put("", check_of());
    CHECK(bench.last(statuses)["ref"].text() == "refs/merge-requests/7/head");
    CHECK(bench.last(statuses)["pipeline_id"].int_or(0) == 31);
    CHECK(bench.put(id, check_of()) == id);
    CHECK(bench.http.count(statuses) == 1);
    auto other = check_of();
    other.title = "2 to add";
    CHECK(bench.put(id, other) != id);
    CHECK(bench.http.count(statuses) == 2);
}

TEST_CASE(
    "Without a pipeline of this commit GitLab makes one, which the next status joins (#6871)") {
    Bench bench;
    bench.at_head(pipeline(30, "topic", other_sha));
    bench.http.on(statuses, 201, written(32));
    bench.put("", check_of(CheckStatus::waiting));
    CHECK(bench.last(statuses)["ref"].text() == "topic");
    CHECK(bench.last(statuses)["pipeline_id"].is_null());
    bench.put("", check_of(CheckStatus::running));
    CHECK(bench.last(statuses)["pipeline_id"].int_or(0) == 32);
    CHECK(bench.http.count("GET " + pull_path) == 1);
}

TEST_CASE(
    "F22: A pipeline that the merge request gave up for another one gets its end, too (#6871)") {
    Bench bench;
    bench.at_head(pipeline(40, "topic"));
    bench.http.on(statuses, 201, written(40));
    auto id = bench.put("", check_of(CheckStatus::running));
    bench.steady.advance(milliseconds(20'000));
    bench.http.answers["GET " + pull_path] = {
        reply(200, {}, merge_request(pipeline(41, "refs/merge-requests/7/head")))};
    bench.http.answers[statuses] = {reply(201, {}, written(41)), reply(201, {}, written(40))};
    id = bench.put(id, check_of());
    REQUIRE(bench.http.count(statuses) == 3);
    CHECK(bench.http.sent[bench.http.sent.size() - 2].body["pipeline_id"].int_or(0) == 41);
    CHECK(bench.last(statuses)["pipeline_id"].int_or(0) == 40);
    CHECK(bench.last(statuses)["state"].text() == "success");
    CHECK(StatusId::parse(id).pipelines == std::vector<std::string>{"41"});
}

TEST_CASE("F22: One commit at the head of two merge requests shows on both (atlantis#5228)") {
    Bench bench;
    auto second = *parse_json(merge_request(pipeline(52, "refs/merge-requests/8/head")));
    second.set("iid", 8);
    bench.http.on(pulls_of_sha, 200, "[" + merge_request() + "," + second.dump() + "]");
    bench.http.on("GET " + pull_path, 200,
                  merge_request(pipeline(51, "refs/merge-requests/7/head")));
    bench.http.on("GET /projects/4711/merge_requests/8", 200, second.dump());
    bench.http.on(statuses, 201, written(51));
    bench.http.on(statuses, 201, written(52));
    const auto id = bench.put("", check_of());
    CHECK(StatusId::parse(id).pipelines == std::vector<std::string>{"51", "52"});
}

TEST_CASE("A closed merge request of the same commit counts only where none is open") {
    Bench bench;
    const auto closed = [](int iid) {
        auto json = *parse_json(merge_request("", "closed"));
        return json.set("iid", iid).dump();
    };
    bench.http.on(pulls_of_sha, 200,
                  "[" + closed(5) + "," + merge_request() + "," + closed(6) + "]");
    bench.http.on("GET " + pull_path, 200, merge_request(pipeline(31, "topic")));
    bench.http.on(statuses, 201, written(31));
    CHECK(bench.put("", check_of()).ends_with("@31"));
    CHECK(bench.http.count("GET /projects/4711/merge_requests/5") == 0);
}

TEST_CASE(
    "What stands there already is written; a gone pipeline is done without; others are told") {
    Bench bench;
    bench.at_head(pipeline(31, "topic"));
    bench.http.on(
        statuses, 400,
        R"j({"message":"Cannot transition status via :run from :running (Reason(s): x)"})j");
    CHECK(bench.put("", check_of(CheckStatus::running)).ends_with("@31"));

    bench.http.answers[statuses] = {reply(404), reply(201, {}, written(33))};
    CHECK(bench.put("", check_of()).ends_with("@33"));
    CHECK(bench.last(statuses)["pipeline_id"].is_null());

    const auto fails = [&](int status, const std::string& body) {
        bench.http.answers[statuses] = {reply(status, {}, body)};
        return bench.failure(bench.forge->put_check(bench.repository, "", check_of()));
    };
    auto conflict = fails(409, R"({"message":"409 Conflict"})");
    REQUIRE(conflict);
    CHECK(conflict->retry() == Retry::later);
    auto forbidden = fails(403, R"({"message":"403 Forbidden"})");
    REQUIRE(forbidden);
    CHECK(forbidden->retry() == Retry::never);
    CHECK(std::string(forbidden->what()).find("protected branch the right to push or merge") !=
          std::string::npos);
    auto refused = fails(422, R"({"message":{"base":["too many jobs"]}})");
    REQUIRE(refused);
    CHECK(std::string(refused->what()).find("too many jobs") != std::string::npos);
    bench.http.answers[statuses] = {reply(429, {{"retry-after", "7"}})};
    auto limited = bench.failure(bench.forge->put_check(bench.repository, "", check_of()));
    REQUIRE(limited);
    CHECK(limited->after().count() == 7'000);
}

TEST_CASE("The sticky note is edited, found by marker and author, and made again once it is gone") {
    Bench bench;
    const auto note = [](int id, int author, const char* body, const char* more = "") {
        return R"({"id":)" + std::to_string(id) + R"(,"body":")" + body + R"(","author":{"id":)" +
               std::to_string(author) + "}" + more + "}";
    };
    const std::string marker = "<!-- slipway -->", put = "PUT " + pull_path + "/notes/";
    const auto write = [&](const std::string& known) {
        return bench.run(bench.forge->put_comment(bench.pull, known, marker, "Planning"));
    };
    bench.http.on(put + "71", 200, R"({"id":71})");
    CHECK(write("71") == "71");
    CHECK(bench.last(put + "71")["body"].text() == marker + "\nPlanning");

    // Anybody can paste the marker, GitLab's own notes have our name, and pages are many.
    bench.http.on(first_notes, 200,
                  "[" + note(60, 103, "<!-- slipway --> forged") + "," +
                      note(61, 100, "<!-- slipway -->", R"(,"system":true)") + "," +
                      note(62, 100, "<!-- slipway") + "]",
                  {{"x-next-page", "2"}});
    bench.http.on(newest_notes, 200, "[" + note(72, 100, "<!-- slipway --> ours") + "]");
    bench.http.on(put + "72", 200, R"({"id":72})");
    CHECK(write("") == "72");
    CHECK(bench.http.count(newest_notes) == 1);

    bench.http.answers[put + "71"] = {reply(404)};
    bench.http.answers[newest_notes] = {reply(200, {{"x-next-page", ""}}, "[]")};
    bench.http.on("POST " + pull_path + "/notes", 201, R"({"id":73})");
    CHECK(write("71") == "73");
}

TEST_CASE("F21: The search for a note is bounded, however many there are (loopover#970)") {
    Bench bench;
    bench.http.on(first_notes, 200, "[]", {{"x-next-page", "2"}});
    const auto page = [&](int n) {
        return newest_notes + (n == 1 ? "" : "&page=" + std::to_string(n));
    };
    for (int n = 1; n < 30; ++n)
        bench.http.on(page(n), 200, "[]", {{"x-next-page", std::to_string(n + 1)}});
    bench.http.on("POST " + pull_path + "/notes", 201, R"({"id":73})");
    bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x"));
    CHECK(bench.http.count(page(9)) == 1);
    CHECK(bench.http.count(page(10)) == 0);
}

TEST_CASE("A merge request that was just read without notes is not searched") {
    Bench bench;
    auto answer = *parse_json(merge_request());
    answer.set("user_notes_count", 0);
    bench.http.on("GET " + pull_path, 200, answer.dump());
    bench.http.on("POST " + pull_path + "/notes", 201, R"({"id":73})");
    bench.run(bench.forge->pull_request(bench.pull));
    bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x"));
    CHECK(bench.http.count(first_notes) == 0);
    bench.http.on(first_notes, 200, "[]");
    bench.run(bench.forge->put_comment(bench.pull, "", "<!-- slipway -->", "x"));
    CHECK(bench.http.count(first_notes) == 1);
}

TEST_CASE("No line that we post begins with a command of GitLab") {
    Bench bench;
    bench.http.on(first_notes, 200, "[]");
    bench.http.on("POST " + pull_path + "/notes", 201, R"({"id":73})");
    bench.run(bench.forge->add_comment(bench.pull, "key", "/merge\n```\n/close\n```\n  /approve"));
    const auto body = bench.last("POST " + pull_path + "/notes")["body"].text();
    CHECK(body.find("\n/") == std::string::npos);
    CHECK(body.find("\n  /") == std::string::npos);
    CHECK(body.find("\xE2\x81\xA0/merge\n```\n\xE2\x81\xA0/close") != std::string::npos);
}

TEST_CASE("W2: a note is ours by its author; times do not tell whether it was edited") {
    const PullRequestName name{{"gitlab.com", "a/b"}, 7};
    const auto read = [&](const std::string& more) {
        const auto json = R"({"id":55,"body":"/slipway plan","noteable_type":"MergeRequest",)"
                          R"("noteable_iid":7,"created_at":"2026-11-28T10:00:00.000Z",)"
                          R"("updated_at":"2026-11-28T10:00:09.000Z","author":)" +
                          person(101, "grace") + more + "}";
        return comment_of(name, *parse_json(json), "100");
    };
    const auto comment = read("");
    REQUIRE(comment);
    CHECK_FALSE(comment->edited);  // our own eyes moved updated_at
    CHECK_FALSE(comment->ours);
    CHECK(comment->author.login == "grace");
    CHECK(comment->created_at_ms == parse_utc_iso("2026-11-28T10:00:00Z"));
    CHECK(read(",\"author\":" + person(100, "slipway"))->ours);
    for (const char* none :
         {R"(,"system":true)", R"(,"internal":true)", R"(,"confidential":true)",
          R"(,"noteable_type":"Issue")", R"(,"noteable_iid":8)", R"(,"id":null)"})
        CHECK_FALSE(read(none));
}

TEST_CASE("The eyes are given once; an emoji that is there already is no trouble") {
    Bench bench;
    const auto eyes = "POST " + pull_path + "/notes/55/award_emoji";
    bench.http.on(eyes, 404, R"({"message":"404 Award Emoji Name has already been taken"})");
    bench.run(bench.forge->acknowledge(bench.pull, "55"));
    CHECK(bench.last(eyes)["name"].text() == "eyes");
    bench.run(bench.forge->acknowledge(bench.pull, "55/../56"));
    CHECK(bench.http.count(eyes) == 1);
}

TEST_CASE("Notes have a pace of their own, which statuses do not wait for") {
    Bench bench;
    bench.at_head(pipeline(31, "topic"));
    bench.http.on(first_notes, 200, "[]");
    bench.http.on("POST " + pull_path + "/notes", 201, R"({"id":73})");
    bench.http.on(statuses, 201, written(31));
    const auto reply_to = [&](int n) {
        return bench.forge->add_comment(bench.pull, std::to_string(n), "x");
    };
    for (int n = 0; n < 60; ++n) bench.run(reply_to(n));
    CHECK(bench.failure(reply_to(60)));
    bench.put("", check_of());
    CHECK(bench.run(bench.forge->wait_for_rest(bench.repository, WriteKind::creates)).count() == 0);
}

TEST_CASE("R5: git gets the token as oauth2, at the path that the project has now") {
    Bench bench;
    const auto remote = bench.run(bench.forge->git_remote(bench.repository));
    CHECK(remote.url == "https://gitlab.test/acme/platform/infra.git");
    CHECK(remote.username == "oauth2");
    CHECK(remote.password.reveal() == "glpat-1");
    CHECK(bench.forge->ref_of_pull(7) == "refs/merge-requests/7/head");
    CHECK(bench.run(bench.forge->default_branch(bench.repository)) == "trunk");
}

TEST_CASE("A token's end is read once a day, and what GitLab does not say of it is no trouble") {
    Bench bench;
    const std::string about = "GET /personal_access_tokens/self",
                      note = "GET " + pull_path + "/notes/55";
    bench.http.on(note, 404);
    const auto look = [&] { bench.run(bench.forge->comment(bench.pull, "55")); };
    bench.http.answers[about] = {reply(401), reply(200, {}, R"({"expires_at":"2027-01-16"})")};
    look();
    look();
    CHECK(bench.http.count(about) == 1);
    bench.clock.advance(std::chrono::hours(25));
    look();
    CHECK(bench.http.count(about) == 2);
    CHECK(bench.http.count("GET /user") == 1);
}

TEST_CASE(
    "A project's number outlives its name, and is in every webhook; open merge requests are "
    "listed") {
    Bench bench;
    CHECK(bench.run(bench.forge->repository_id(bench.repository)) == "4711");
    const Delivery delivery{"gitlab.com", "1", "push_hook", R"({"project":{"id":4711}})", 0, ""};
    CHECK(bench.forge->repository_id_in(delivery) == "4711");
    bench.http.on("GET /projects/4711/merge_requests?state=opened&per_page=100", 200,
                  "[" + merge_request() + "]");
    const auto open = bench.run(bench.forge->open_pulls(bench.repository));
    REQUIRE(open.size() == 1);
    CHECK(open[0].name == bench.pull);
    CHECK(open[0].head.value == sha);
}

TEST_CASE("What GitLab can and cannot do") {
    Bench bench;
    const auto traits = bench.forge->traits();
    CHECK_FALSE(traits.has_checks);
    CHECK(traits.tells_dismissals);
    CHECK_FALSE(traits.is_owners_folder);
    CHECK(traits.limits.title_bytes == 255);
}
