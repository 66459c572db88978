// The payloads are GitHub's own examples (npm @octokit/webhooks-examples, in the build tree) and,
// for what they lack, bodies made here.
#include "handlers/forges/github/webhook.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "handlers/forges/github/webhook_head.hpp"
#include "handlers/forges/rest/envelope.hpp"
#include "service/base/digest.hpp"

using namespace slipway;
using namespace slipway::github;
using rest::repository_in;

namespace {

constexpr const char* forge_name = "github.com";
constexpr const char* sha_a = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
constexpr const char* sha_b = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
constexpr const char* zeros = "0000000000000000000000000000000000000000";

// What an event makes us look at. The sender is left out: it decides nothing.
std::string text_of(const Event& event) {
    struct Text {
        std::string operator()(const PullRequestChanged& e) {
            return "pull " + e.pull.text() + " " + std::string(word(e.change));
        }
        std::string operator()(const BranchPushed& e) {
            return "push " + e.repository.text() + " " + e.branch + " " + e.before.value + ".." +
                   e.after.value;
        }
        std::string operator()(const CommentCreated& e) {
            return "comment " + e.pull.text() + " " + e.comment_id;
        }
        std::string operator()(const ReviewChanged& e) { return "review " + e.pull.text(); }
        std::string operator()(const CheckRerequested& e) {
            return "check " + e.repository.text() + " " + e.head.value;
        }
        std::string operator()(const ChecksLost&) { return "checks lost"; }
        std::string operator()(const InstallationChanged& e) {
            return "installation " + e.installation_id + " " + e.action;
        }
        std::string operator()(const RepositoryRenamed& e) {
            return "renamed " + e.from.text() + " to " + e.to.text();
        }
        std::string operator()(const MergeGroupRequested& e) {
            return "group " + e.repository.text() + " " + e.head.value + " " + e.base.value + " " +
                   e.base_branch;
        }
    };
    return std::visit(Text{}, event);
}

std::string outcome(const EventOrIgnored& parsed) {
    if (const auto* event = std::get_if<Event>(&parsed)) return text_of(*event);
    const auto& reason = std::get<Ignored>(parsed).reason;
    if (reason.empty()) FAIL("ignored without a reason");
    return "ignored: " + reason;
}

std::string outcome(std::string_view event, const Json& body, std::string_view app = "29310") {
    return outcome(read_payload(forge_name, event, body, app));
}

Json json(std::string_view text) {
    auto parsed = parse_json(text);
    REQUIRE(parsed.ok());
    return *parsed;
}

void change(Json& body, std::string_view members) {
    const Json changes = json(members);
    for (const auto& [name, value] : changes.members()) body.set(name, value);
}

struct Example {
    std::string event;
    Json body;
};

const std::vector<Example>& examples() {
    static const std::vector<Example> all = [] {
        std::filesystem::path path =
            std::filesystem::path(SLIPWAY_BINARY_DIR) /
            "npm/node_modules/@octokit/webhooks-examples/api.github.com/index.json";
        std::ifstream in(path);
        REQUIRE_MESSAGE(in.good(), "run tests/support/npm/install ", SLIPWAY_BINARY_DIR);
        std::stringstream text;
        text << in.rdbuf();
        std::vector<Example> out;
        const Json index = json(text.str());
        for (const auto& event : index.items())
            for (const auto& body : event["examples"].items())
                out.push_back({event["name"].text(), body});
        return out;
    }();
    return all;
}

// Visits every member of every object below `json` and lets `change` try something on it in place.
template <class Change>
void each_member(Json& json, Change&& change) {
    if (json.is_object()) {
        for (auto& member : json.edit_members()) {
            change(member);
            each_member(member.second, change);
        }
    } else if (json.is_array()) {
        for (auto& item : json.edit_items()) each_member(item, change);
    }
}

bool same_type(const Json& a, const Json& b) {
    return (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
}

Json pull_payload() {
    return json(R"({"action":"opened","number":7,
        "pull_request":{"number":7,"head":{"repo":null}},
        "repository":{"full_name":"acme/infra"},"sender":{"login":"ada","type":"User"}})");
}

}  // namespace

TEST_CASE("All 329 example payloads are accepted or ignored with a reason") {
    REQUIRE(examples().size() == 329);
    std::map<std::string, int> accepted;
    int ignored = 0;
    for (const auto& example : examples()) {
        Delivery delivery{forge_name, "1", example.event, example.body.dump(), 0};
        auto parsed = parse_payload(delivery, "29310");
        if (std::holds_alternative<Ignored>(parsed)) {
            ++ignored;
            CHECK(!std::get<Ignored>(parsed).reason.empty());
        } else {
            ++accepted[example.event];
        }
    }
    // No issue_comment is on a pull request, no check_run of this App is requested again: hand-made
    // below.
    const std::map<std::string, int> expected = {
        {"check_suite", 2}, {"installation", 7},  {"installation_repositories", 3},
        {"merge_group", 2}, {"pull_request", 19}, {"pull_request_review", 4},
        {"push", 2},        {"repository", 4},
    };
    CHECK(accepted == expected);
    CHECK(ignored == 329 - 43);
}

TEST_CASE("An event takes the turn of the first repository that it names, whatever people write") {
    const std::string forge = std::string(forge_name) + "/";
    for (const auto& example : examples()) {
        const auto body = example.body.dump();
        const auto found = repository_in(forge_name, body);
        CAPTURE(example.event);
        CAPTURE(found);
        const bool named = body.find("\"full_name\":") != body.npos;
        CHECK(found.starts_with(forge));
        CHECK((found == forge) == !named);
        if (named)
            CHECK(body.find("\"full_name\":\"" + found.substr(forge.size()) + "\"") != body.npos);
    }
    const auto of = [](std::string_view body) { return repository_in("hub", body); };
    CHECK(of(R"({"repository": {"full_name": "acme/infra"}})") == "hub/acme/infra");
    // A title is text: its quotes are escaped.
    auto payload = pull_payload();
    payload.set("aaa", Json(R"(","full_name":"victim/infra",")"));
    CHECK(of(payload.dump()) == "hub/acme/infra");
    for (const char* odd :
         {"", "{}", R"({"full_name":)", R"({"full_name":7})", R"({"full_name":"infra"})",
          R"({"full_name":"a/b)", R"({"full_name":"a/b/c"})", R"({"full_name":"a/ b"})",
          R"({"full_name":"a/b\n"})", R"({"full_name":"/b"})", R"({"full_name":"a/"})"}) {
        CAPTURE(odd);
        CHECK(of(odd) == "hub/");
    }
}

TEST_CASE("The example payloads say what they say") {
    std::set<std::string> seen;
    for (const auto& example : examples()) seen.insert(outcome(example.event, example.body));
    for (const char* expected : {
             "pull github.com/Codertocat/Hello-World#2 opened",
             "pull github.com/Codertocat/Hello-World#2 closed",
             "pull github.com/Codertocat/Hello-World#2 ready",
             "push github.com/Codertocat/Hello-World master "
             "..6113728f27ae82c7b1a177c8d03f9e96e0adf246",
             "renamed github.com/octocat/Hello-World to github.com/Octocoders/Hello-World",
             "ignored: tags are of no interest",
             "ignored: the comment is on an issue",
             "ignored: ping: the webhook works",
             "ignored: star is of no interest",
         }) {
        CAPTURE(expected);
        CHECK(seen.count(expected) == 1);
    }
}

TEST_CASE(
    "A field that is missing, null or of another type crashes nothing and makes no wrong event") {
    std::size_t tried = 0;
    for (const auto& example : examples()) {
        const auto before = outcome(example.event, example.body);
        if (before.starts_with("ignored") && example.event != "issue_comment" &&
            example.event != "check_run")
            continue;
        Json body = example.body;
        auto same_or_ignored = [&](const Json::Member& member, std::string what) {
            ++tried;
            auto after = outcome(example.event, body);
            CAPTURE(example.event);
            CAPTURE(member.first);
            CAPTURE(what);
            if (after != before && !after.starts_with("ignored")) {
                CHECK(after == before);
            }
        };
        each_member(body, [&](Json::Member& member) {
            auto name = member.first;
            member.first = "\x01";
            same_or_ignored(member, "dropped");
            member.first = name;
            for (Json other : {Json(), Json(17), Json("text"), Json::array(), Json::object()}) {
                if (same_type(other, member.second)) continue;
                std::swap(member.second, other);
                same_or_ignored(member, "replaced");
                std::swap(member.second, other);
            }
        });
        CHECK(outcome(example.event, body) == before);
    }
    MESSAGE(tried << " mutated payloads");
}

TEST_CASE("An unknown action is ignored by its name") {
    for (const auto& example : examples()) {
        if (!example.body.has("action")) continue;
        Json body = example.body;
        body.set("action", "levitated");
        auto ignored = outcome(example.event, body);
        CHECK(ignored.starts_with("ignored: " + example.event));
        CHECK(ignored.ends_with(" is of no interest"));
        body.erase("action");
        CHECK(outcome(example.event, body) == "ignored: " + example.event + " is of no interest");
    }
}

TEST_CASE("An unknown event is ignored by its name, whatever its body") {
    for (const char* body : {"", "{", "[]", "null", "{}"}) {
        Delivery delivery{forge_name, "1", "levitation", body, 0};
        CHECK(outcome(parse_payload(delivery, "")) == "ignored: levitation is of no interest");
    }
}

TEST_CASE("A body that is not a JSON object is ignored") {
    for (const char* event : {"pull_request", "push", "ping"}) {
        for (const char* body : {"", "{", "[1]", "null", "\"text\"", "{\"action\":\"opened\"} x"}) {
            Delivery delivery{forge_name, "1", event, body, 0};
            const auto said = outcome(parse_payload(delivery, ""));
            CHECK((said.starts_with("ignored: the body is not valid JSON") ||
                   said == "ignored: the body is not a JSON object"));
        }
        Delivery deep{forge_name, "1", event, std::string(200'000, '['), 0};
        CHECK(outcome(parse_payload(deep, "")).starts_with("ignored: the body is not valid JSON"));
    }
}

TEST_CASE("Pull request payloads") {
    struct Case {
        const char* name;
        const char* change;  // merged into the payload
        const char* expected;
    };
    const Case cases[] = {
        {"the head's repository is gone", R"({"pull_request":{"head":{"repo":null}}})",
         "pull github.com/acme/infra#7 opened"},
        {"the number stands only inside", R"({"number":null,"pull_request":{"number":7}})",
         "pull github.com/acme/infra#7 opened"},
        {"no sender", R"({"sender":null})", "pull github.com/acme/infra#7 opened"},
        {"new commits", R"({"action":"synchronize"})", "pull github.com/acme/infra#7 pushed"},
        {"another base", R"({"action":"edited","changes":{"base":{"ref":{"from":"main"}}}})",
         "pull github.com/acme/infra#7 retargeted"},
        {"another title", R"({"action":"edited","changes":{"title":{"from":"x"}}})",
         "ignored: the edit changed neither base nor draft"},
        {"queued", R"({"action":"enqueued"})", "ignored: pull_request.enqueued is of no interest"},
        {"dequeued", R"({"action":"dequeued","reason":"MERGE"})",
         "ignored: pull_request.dequeued is of no interest"},
        {"unlabelled", R"({"action":"unlabeled"})", "pull github.com/acme/infra#7 labelled"},
        {"number zero", R"({"number":0})", "ignored: pull_request says no usable number"},
        {"a number beyond int", R"({"number":4294967303})",
         "ignored: pull_request says no usable number"},
        {"a negative number", R"({"number":-7})", "ignored: pull_request says no usable number"},
        {"a repository that climbs", R"({"repository":{"full_name":"../infra"}})",
         "ignored: pull_request says no usable repository.full_name"},
        {"a repository with a query", R"({"repository":{"full_name":"acme/infra?x"}})",
         "ignored: pull_request says no usable repository.full_name"},
        {"a repository too deep", R"({"repository":{"full_name":"acme/infra/x"}})",
         "ignored: pull_request says no usable repository.full_name"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Json body = pull_payload();
        change(body, c.change);
        CHECK(outcome("pull_request", body) == c.expected);
    }
}

TEST_CASE("F16: Push payloads") {
    struct Case {
        const char* name;
        Json ref, before, after;
        std::string expected;
    };
    const std::string heads = "push github.com/acme/infra main ";
    const Case cases[] = {
        {"an update", "refs/heads/main", sha_a, sha_b, heads + sha_a + ".." + sha_b},
        {"a new branch", "refs/heads/main", zeros, sha_b, heads + ".." + sha_b},
        {"a deleted branch", "refs/heads/main", sha_a, zeros, heads + sha_a + ".."},
        {"a branch with slashes", "refs/heads/a/b", sha_a, sha_b,
         std::string("push github.com/acme/infra a/b ") + sha_a + ".." + sha_b},
        {"nothing to nothing", "refs/heads/main", zeros, zeros,
         "ignored: the push names no commit, before or after"},
        {"a tag", "refs/tags/v1", sha_a, sha_b, "ignored: tags are of no interest"},
        {"a merge queue", "refs/heads/gh-readonly-queue/main/pr-7-x", zeros, sha_b,
         "ignored: branches of the merge queue are followed through merge_group"},
        {"a short ref", "main", sha_a, sha_b, "ignored: push says no usable ref"},
        {"a ref of a line break", "refs/heads/a\nb", sha_a, sha_b,
         "ignored: push says no usable ref"},
        {"no after", "refs/heads/main", sha_a, Json(), "ignored: push says no usable after"},
        {"no before", "refs/heads/main", Json(), sha_b, "ignored: push says no usable before"},
        {"a short commit", "refs/heads/main", sha_a, "6113728",
         "ignored: push says no usable after"},
        {"an option", "refs/heads/main", sha_a, "--upload-pack=x",
         "ignored: push says no usable after"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Json body = pull_payload();
        body.set("ref", c.ref).set("before", c.before).set("after", c.after).set("forced", true);
        CHECK(outcome("push", body) == c.expected);
        auto parsed = read_payload(forge_name, "push", body, "");
        if (const auto* event = std::get_if<Event>(&parsed))
            CHECK(std::get<BranchPushed>(*event).forced);
    }
}

TEST_CASE("Comments that command and comments that do not") {
    struct Case {
        const char* name;
        const char* change;
        const char* expected;
    };
    const Case cases[] = {
        {"on a pull request", "{}", "comment github.com/acme/infra#7 99"},
        {"on an issue", R"({"issue":{"number":7}})", "ignored: the comment is on an issue"},
        {"edited", R"({"action":"edited"})", "ignored: a comment that was edited commands nothing"},
        {"deleted", R"({"action":"deleted"})",
         "ignored: a comment that was deleted commands nothing"},
        {"our own", R"({"comment":{"id":99,"performed_via_github_app":{"id":29310}}})",
         "ignored: the comment is our own"},
        {"through another App", R"({"comment":{"id":99,"performed_via_github_app":{"id":5}}})",
         "comment github.com/acme/infra#7 99"},
        {"a bot's", R"({"sender":{"login":"x[bot]","type":"Bot"}})",
         "ignored: comments by bots command nothing"},
        {"an id as text", R"({"comment":{"id":"99"}})",
         "ignored: issue_comment says no usable comment.id"},
        {"an id with a sign", R"({"comment":{"id":-99}})",
         "ignored: issue_comment says no usable comment.id"},
        {"no number", R"({"issue":{"pull_request":{}}})",
         "ignored: issue_comment says no usable issue.number"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Json body = pull_payload();
        body.set("action", "created");
        body.set("issue", json(R"({"number":7,"pull_request":{"url":"x"}})"));
        body.set("comment", json(R"({"id":99,"body":"/slipway plan"})"));
        change(body, c.change);
        CHECK(outcome("issue_comment", body) == c.expected);
    }
}

TEST_CASE("A comment's text is taken as it was signed, where there is one") {
    Json body = pull_payload();
    body.set("action", "created");
    body.set("issue", json(R"({"number":7,"pull_request":{"url":"x"}})"));
    auto text = [&] {
        return std::get<CommentCreated>(
                   std::get<Event>(read_payload(forge_name, "issue_comment", body, "1")))
            .body;
    };
    body.set("comment", json(R"({"id":99,"body":"Thank you!"})"));
    CHECK(text() == "Thank you!");
    for (const char* without :
         {R"({"id":99})", R"({"id":99,"body":null})", R"({"id":99,"body":5})"}) {
        body.set("comment", json(without));
        CHECK(!text());
    }
}

TEST_CASE("A check is planned again only for our own App") {
    Json body = pull_payload();
    body.set("action", "rerequested");
    Json run = Json::object({{"head_sha", sha_a}, {"external_id", "01RUN"}});
    auto with_app = [&](Json app) {
        Json copy = body, its = run;
        copy.set("check_run", its.set("app", std::move(app)));
        return read_payload(forge_name, "check_run", copy, "29310");
    };
    auto ours = with_app(Json::object({{"id", 29310}}));
    REQUIRE(std::holds_alternative<Event>(ours));
    auto event = std::get<CheckRerequested>(std::get<Event>(ours));
    CHECK(event.external_id == "01RUN");
    CHECK(event.head.value == sha_a);
    CHECK(outcome(with_app(Json())) == "ignored: check_run says no usable check_run.app.id");
    CHECK(outcome(with_app(Json::object({{"id", 5}}))) ==
          "ignored: the check belongs to another App");
}

TEST_CASE("Installations and renames") {
    Json body = pull_payload();
    body.set("installation", Json::object({{"id", 12}}));
    body.set("action", "renamed");
    CHECK(outcome("installation_target", body) == "installation 12 renamed");
    body.set("changes", json(R"({"repository":{"name":{"from":"old"}}})"));
    CHECK(outcome("repository", body) == "renamed github.com/acme/old to github.com/acme/infra");
    body.set("action", "transferred");
    body.set("changes", json(R"({"owner":{"from":{"organization":{"login":"umbrella"}}}})"));
    CHECK(outcome("repository", body) ==
          "renamed github.com/umbrella/infra to github.com/acme/infra");
    body.set("changes", Json());
    CHECK(outcome("repository", body) == "ignored: repository says no usable changes.owner.from");
    body.set("action", "suspend").set("installation", Json());
    CHECK(outcome("installation", body) == "ignored: installation says no usable installation.id");
}

namespace {

struct Envelope {
    std::string secret = "It's a Secret to Everybody";
    Headers headers = {{"x-github-event", "ping"},
                       {"x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"},
                       {"content-type", "application/json"}};
    std::string body = "Hello, World!";

    void sign(const std::string& with) {
        headers["x-hub-signature-256"] = "sha256=" + hmac_sha256_hex(Secret(with), body);
    }
    std::variant<Delivery, RefusedWebhook> open(const std::vector<Secret>& secrets) {
        SignatureCheck check(secrets);
        return open_envelope(forge_name, &check, headers, body, 1'000);
    }
    int status() {
        auto opened = open({Secret("new"), Secret(secret)});
        if (auto* refused = std::get_if<RefusedWebhook>(&opened)) {
            CHECK(!refused->message.empty());
            return refused->status;
        }
        return 202;
    }
};

}  // namespace

TEST_CASE("Signatures are checked over the raw body, before everything else") {
    const std::string right =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    struct Case {
        const char* name;
        const char* header;
        std::string value;
        int status;
    };
    const Case cases[] = {
        {"GitHub's own example", "x-hub-signature-256", right, 202},
        {"missing", "x-other", "", 401},
        {"empty", "x-hub-signature-256", "", 401},
        {"no digits", "x-hub-signature-256", "sha256=", 401},
        {"wrong", "x-hub-signature-256", "sha256=" + std::string(64, 'a'), 401},
        {"too short", "x-hub-signature-256", right.substr(0, right.size() - 1), 401},
        {"too long", "x-hub-signature-256", right + "00", 401},
        {"SHA-1 only", "x-hub-signature", "sha1=3dca279e731c97c38e3019a075dee9ebbd0a99f0", 401},
        {"SHA-1 in its place", "x-hub-signature-256",
         "sha1=3dca279e731c97c38e3019a075dee9ebbd0a99f0", 401},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Envelope envelope;
        envelope.headers[c.header] = c.value;
        CHECK(envelope.status() == c.status);
    }
    Envelope old;
    old.sign("retired");
    CHECK(old.status() == 401);
    Envelope unsigned_and_nameless;
    unsigned_and_nameless.headers.clear();
    CHECK(unsigned_and_nameless.status() == 401);
    auto refused = open_envelope(forge_name, nullptr, Headers{}, "", 0);
    CHECK(std::get<RefusedWebhook>(refused).status == 401);
}

TEST_CASE("A signed webhook still needs its names and a body we read") {
    struct Case {
        const char* name;
        const char* header;
        std::string value;
        int status;
    };
    const Case cases[] = {
        {"no event", "x-github-event", "", 400},
        {"an event of two lines", "x-github-event", "ping\nx", 400},
        {"no delivery", "x-github-delivery", "", 400},
        {"a delivery with a slash", "x-github-delivery", "a/b", 400},
        {"a delivery without end", "x-github-delivery", std::string(200, 'a'), 400},
        {"another content type", "content-type", "text/plain", 415},
        {"no content type", "content-type", "", 415},
        {"a charset", "content-type", "Application/JSON; charset=utf-8", 202},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        Envelope envelope;
        envelope.sign(envelope.secret);
        envelope.headers[c.header] = c.value;
        CHECK(envelope.status() == c.status);
    }
}

TEST_CASE("A form body is verified as sent and decoded after") {
    struct Case {
        const char* form;
        const char* payload;  // null: refused
    };
    const Case cases[] = {
        {"payload=%7B%22zen%22%3A%22a+b%22%7D", R"({"zen":"a b"})"},
        {"other=1&payload=%7b%7d", "{}"},
        {"payload=", ""},
        {"pay%6Coad=x", "x"},
        {"payload=%7B%2", nullptr},
        {"payload=%zz", nullptr},
        {"payload=1&payload=2", nullptr},
        {"other=1", nullptr},
        {"", nullptr},
        {"{}", nullptr},
    };
    for (const auto& c : cases) {
        CAPTURE(c.form);
        Envelope envelope;
        envelope.body = c.form;
        envelope.headers["content-type"] = "application/x-www-form-urlencoded";
        envelope.sign(envelope.secret);
        auto opened = envelope.open({Secret(envelope.secret)});
        if (c.payload) {
            REQUIRE(std::holds_alternative<Delivery>(opened));
            CHECK(std::get<Delivery>(opened).body == c.payload);
        } else {
            REQUIRE(std::holds_alternative<RefusedWebhook>(opened));
            CHECK(std::get<RefusedWebhook>(opened).status == 400);
        }
        envelope.sign("another");
        CHECK(envelope.status() == 401);
    }
}

TEST_CASE("F1: One guid through two hooks makes two deliveries") {
    Envelope envelope;
    envelope.sign(envelope.secret);
    auto id = [&] { return std::get<Delivery>(envelope.open({Secret(envelope.secret)})).id; };
    CHECK(id() == "72d3162e-cc78-11e3-81ab-4c9367dc0958:ping");
    envelope.headers["x-github-hook-id"] = "5";
    CHECK(id() == "72d3162e-cc78-11e3-81ab-4c9367dc0958:ping:5");
}
