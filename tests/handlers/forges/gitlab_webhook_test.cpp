// What comes in from GitLab: who may say something, what each payload means, and the oddities that
// other tools met (named after where they were told).
#include "handlers/forges/gitlab/webhook.hpp"

#include <doctest/doctest.h>

#include "handlers/forges/gitlab/webhook_head.hpp"
#include "service/base/digest.hpp"

using namespace slipway;
using namespace slipway::gitlab;

namespace {

constexpr const char* forge = "gitlab.example.com";
constexpr const char* path = "acme/platform/infra";
constexpr const char* sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
constexpr const char* old_sha = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const std::string zero(40, '0');
const Secret signing("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
constexpr std::int64_t now_ms = 1'700'000'000'000;

Json project() { return Json::object({{"id", 4711}, {"path_with_namespace", path}}); }
Json user(const char* username = "linus") {
    return Json::object({{"id", 102}, {"username", username}});
}

Json merge_request(const char* action, Json changes = Json::object()) {
    return Json::object(
        {{"object_kind", "merge_request"},
         {"user", user()},
         {"project", project()},
         {"object_attributes", Json::object({{"iid", 7}, {"action", action}, {"state", "opened"}})},
         {"changes", std::move(changes)}});
}

Json note(const char* text = "/slipway plan") {
    return Json::object({{"object_kind", "note"},
                         {"event_type", "note"},
                         {"user", user("grace")},
                         {"project", project()},
                         {"object_attributes", Json::object({{"id", 55},
                                                             {"note", text},
                                                             {"noteable_type", "MergeRequest"},
                                                             {"system", false},
                                                             {"action", "create"}})},
                         {"merge_request", Json::object({{"iid", 7}})}});
}

EventOrIgnored read(const Json& body, std::string_view own_login = "slipway") {
    return read_payload(forge, body, own_login);
}
std::string why_ignored(const Json& body, std::string_view own_login = "slipway") {
    const auto event = read(body, own_login);
    const auto* ignored = std::get_if<Ignored>(&event);
    return ignored ? ignored->reason : "";
}
template <class T>
T event_in(const Json& body) {
    const auto event = read(body);
    REQUIRE(std::holds_alternative<Event>(event));
    REQUIRE(std::holds_alternative<T>(std::get<Event>(event)));
    return std::get<T>(std::get<Event>(event));
}
PullChange change_in(const Json& body) { return event_in<PullRequestChanged>(body).change; }

Json changed(const char* what, Json previous, Json current) {
    return Json::object({{what, Json::object({{"previous", std::move(previous)},
                                              {"current", std::move(current)}})}});
}

GitlabConfig config_with(std::vector<Secret> signing_tokens, std::vector<Secret> tokens) {
    GitlabConfig config;
    config.api_url = "https://gitlab.internal.test:8443/api/v4";
    config.git_url = "https://gitlab.example.com/{path}.git";
    config.webhook_signing_tokens = std::move(signing_tokens);
    config.webhook_tokens = std::move(tokens);
    return config;
}

Headers headers_of(const std::string& body, const Secret& token = signing) {
    const std::string id = "8a1c", at = "1700000000", text = id + "." + at + "." + body;
    const auto digest = hmac_sha256(*standard_webhook_key(token), text);
    const std::string_view bytes(reinterpret_cast<const char*>(digest.data()), digest.size());
    return {{"content-type", "application/json"},
            {"x-gitlab-event", "Merge Request Hook"},
            {"webhook-id", id},
            {"webhook-timestamp", at},
            {"idempotency-key", id},
            {"x-gitlab-webhook-uuid", "b3c2"},
            {"webhook-signature", "v1," + to_base64(bytes)}};
}

std::variant<Delivery, RefusedWebhook> opened(const GitlabConfig& config, const Headers& headers,
                                              const std::string& body) {
    return open_envelope(forge, locks_of(forge, config), headers, body, now_ms);
}
int refused(const std::variant<Delivery, RefusedWebhook>& answer) {
    const auto* refusal = std::get_if<RefusedWebhook>(&answer);
    return refusal ? refusal->status : 0;
}

}  // namespace

TEST_CASE("W1: a signed webhook comes in under its signed id, for the project it names") {
    const auto config = config_with({signing}, {});
    const auto body = merge_request("open").dump();
    auto headers = headers_of(body);
    headers["idempotency-key"] = "another";  // nobody signed this one, nor the next
    headers["x-gitlab-webhook-uuid"] = "another";
    const auto answer = opened(config, headers, body);
    REQUIRE(refused(answer) == 0);
    const auto& delivery = std::get<Delivery>(answer);
    CHECK(delivery.id == "8a1c");
    CHECK(delivery.event == "merge_request_hook");
    CHECK(delivery.repository == "gitlab.example.com/acme/platform/infra");
    CHECK(delivery.body == body);
    const auto event = parse_payload(delivery, "slipway");
    CHECK(std::holds_alternative<Event>(event));
}

TEST_CASE(
    "W1: where a signing token is configured nothing else lets a webhook in (gitlab!231325)") {
    const auto body = merge_request("open").dump();
    const auto config = config_with({signing}, {Secret("in clear")});
    auto headers = headers_of(body);
    headers["x-gitlab-token"] = "in clear";
    headers.erase("webhook-signature");
    CHECK(refused(opened(config, headers, body)) == 401);
    headers["webhook-signature"] = "v1,AAAA";
    CHECK(refused(opened(config, headers, body)) == 401);
    CHECK(refused(opened(config, headers_of(body), body + " ")) == 401);
    CHECK(refused(open_envelope(forge, locks_of(forge, config), headers_of(body), body,
                                now_ms + 301'000)) == 401);
    CHECK(refused(opened(config_with({}, {}), headers_of(body), body)) == 401);
    CHECK(refused(opened(config, headers_of(body), body)) == 0);
}

TEST_CASE("W1: the token in clear is compared whole, and any of a rotation will do") {
    const auto body = merge_request("open").dump();
    const auto config = config_with({}, {Secret("the new one"), Secret("the old one")});
    Headers headers{{"content-type", "application/json"}, {"x-gitlab-event", "Push Hook"}};
    for (const char* wrong : {"", "the new", "the new one ", "The new one"}) {
        headers["x-gitlab-token"] = wrong;
        CHECK(refused(opened(config, headers, body)) == 401);
    }
    for (const char* right : {"the new one", "the old one"}) {
        headers["x-gitlab-token"] = right;
        CHECK(refused(opened(config, headers, body)) == 0);
    }
    CHECK(refused(opened(config_with({}, {Secret("")}), {{"x-gitlab-token", ""}}, body)) == 401);
}

TEST_CASE(
    "A delivery has one id however often it comes, and the event's UUID is none (gitlab docs)") {
    const auto body = merge_request("open").dump();
    const auto config = config_with({}, {Secret("t")});
    Headers headers{{"content-type", "application/json"},
                    {"x-gitlab-event", "Push Hook"},
                    {"x-gitlab-token", "t"},
                    {"x-gitlab-event-uuid", "shared by hooks that cause one another"}};
    const auto id = [&](const std::string& text) {
        return std::get<Delivery>(opened(config, headers, text)).id;
    };
    CHECK(id(body) == id(body));
    CHECK(id(body) != id(merge_request("close").dump()));
    CHECK(id(body).starts_with("body-"));
    headers["idempotency-key"] = "k1";
    CHECK(id(body) == "k1");
    headers["x-gitlab-webhook-uuid"] = "group";  // a project's hook and its group's tell it twice
    CHECK(id(body) == "k1:group");
    headers["idempotency-key"] = "not/a\nname";
    CHECK(id(body).starts_with("body-"));
}

TEST_CASE("A webhook of another instance, of no JSON or of no event is refused") {
    const auto body = merge_request("open").dump();
    const auto config = config_with({signing}, {});
    auto headers = headers_of(body);
    for (const char* ours : {"https://gitlab.example.com", "https://GitLab.example.com/",
                             "https://gitlab.internal.test:8443"}) {
        headers["x-gitlab-instance"] = ours;
        CHECK(refused(opened(config, headers, body)) == 0);
    }
    for (const char* others : {"https://gitlab.com", "http://gitlab.example.com",
                               "https://gitlab.example.com.evil.test"}) {
        headers["x-gitlab-instance"] = others;
        CHECK(refused(opened(config, headers, body)) == 401);
    }
    headers.erase("x-gitlab-instance");
    headers["content-type"] = "application/x-www-form-urlencoded";
    CHECK(refused(opened(config, headers, body)) == 415);
    headers["content-type"] = "application/json; charset=utf-8";
    headers.erase("x-gitlab-event");
    CHECK(refused(opened(config, headers, body)) == 400);
}

TEST_CASE(
    "The project is read off the body with all its groups, and never from what people write") {
    const auto in = [](const std::string& body) { return project_in("g", body); };
    CHECK(in(R"({"project":{"path_with_namespace":"a/b/c/d"}})") == "g/a/b/c/d");
    CHECK(in(R"({"project":{"path_with_namespace": "a/b"}})") == "g/a/b");
    const auto said = Json::object(
        {{"title", R"(","path_with_namespace":"evil/repo)"}, {"path_with_namespace", "a/b"}});
    CHECK(in(said.dump()) == "g/a/b");
    for (const char* none :
         {"{}", R"({"path_with_namespace":7})", R"({"path_with_namespace":"a"})",
          R"({"path_with_namespace":"a/../b"})", R"({"path_with_namespace":"a/)"})
        CHECK(in(none) == "g/");
    CHECK(is_project_path("a/b"));
    for (const char* bad : {"", "a", "/a", "a/", "a//b", "a/./b", "a/b c", "a/b?x"})
        CHECK_FALSE(is_project_path(bad));
}

TEST_CASE("What changed in a merge request is told by action, oldrev and changes") {
    for (const auto& [action, change] :
         std::vector<std::pair<const char*, PullChange>>{{"open", PullChange::opened},
                                                         {"reopen", PullChange::reopened},
                                                         {"close", PullChange::closed},
                                                         {"merge", PullChange::closed}})
        CHECK(change_in(merge_request(action)) == change);
    auto pushed = merge_request("update");
    pushed.at("object_attributes").set("oldrev", old_sha);
    CHECK(change_in(pushed) == PullChange::pushed);
    CHECK(change_in(merge_request("update", changed("target_branch", "main", "other"))) ==
          PullChange::retargeted);
    CHECK(change_in(merge_request("update", changed("draft", true, false))) == PullChange::ready);
    CHECK(change_in(merge_request("update", changed("draft", false, true))) == PullChange::draft);
    CHECK(change_in(merge_request("update", changed("labels", Json::array(), Json::array()))) ==
          PullChange::labelled);
    const auto event = event_in<PullRequestChanged>(merge_request("open"));
    CHECK(event.pull.text() == "gitlab.example.com/acme/platform/infra#7");
    CHECK(event.sender.login == "linus");
}

TEST_CASE("F3: The second update hook of one push is ignored (atlantis#3089)") {
    CHECK(why_ignored(merge_request("update")) == "merge_request.update without news");
    CHECK(why_ignored(merge_request("update", changed("merge_status", "checking", "ok"))) != "");
}

TEST_CASE(
    "Descriptions, reviewers, milestones and emoji are no news (atlantis#655, #2052, #3566)") {
    for (const char* what : {"description", "reviewers", "milestone_id", "title", "updated_at"})
        CHECK(why_ignored(merge_request("update", changed(what, "a", "b"))) != "");
    const auto emoji = Json::object({{"object_kind", "emoji"}, {"project", project()}});
    CHECK(why_ignored(emoji) == "emoji is of no interest");
}

TEST_CASE("W3: approvals, also those that GitLab takes back after a push, are looked at again") {
    for (const char* action : {"approved", "unapproved", "approval", "unapproval"}) {
        auto body = merge_request(action);
        body.at("object_attributes").set("system", true);
        body.at("object_attributes").set("system_action", "approvals_reset_on_push");
        CHECK(event_in<ReviewChanged>(body).pull.number == 7);
    }
}

TEST_CASE("A push names its branch and commits; zeros are no commits") {
    auto body = Json::object({{"object_kind", "push"},
                              {"event_name", "push"},
                              {"ref", "refs/heads/feature/x"},
                              {"before", old_sha},
                              {"after", sha},
                              {"user_username", "linus"},
                              {"project", project()}});
    const auto event = event_in<BranchPushed>(body);
    CHECK(event.branch == "feature/x");
    CHECK(event.before.value == old_sha);
    CHECK(event.after.value == sha);
    CHECK(event.sender.login == "linus");
    body.set("before", zero);
    CHECK(event_in<BranchPushed>(body).before.empty());
    body.set("before", sha).set("after", zero).set("checkout_sha", nullptr);
    CHECK(event_in<BranchPushed>(body).after.empty());
    body.set("before", zero);
    CHECK(why_ignored(body) == "push says no usable before or after");
    body.set("after", sha).set("ref", "refs/tags/v1");
    CHECK(why_ignored(body) == "push says no usable ref");
}

TEST_CASE("F22: a new pipeline lacks our statuses, but for the one that these made themselves") {
    auto pipeline = [](const char* status, const char* source) {
        return Json::object({{"object_kind", "pipeline"},
                             {"object_attributes", Json::object({{"id", 31},
                                                                 {"ref", "topic"},
                                                                 {"sha", sha},
                                                                 {"status", status},
                                                                 {"source", source}})},
                             {"project", project()}});
    };
    const auto lost = event_in<ChecksLost>(pipeline("pending", "merge_request_event"));
    CHECK(lost.repository.path == "acme/platform/infra");
    CHECK(lost.head.value == sha);
    CHECK(why_ignored(pipeline("running", "external")) == "a pipeline of statuses");
    CHECK(why_ignored(pipeline("success", "push")) == "pipeline.success is of no interest");
    auto body = pipeline("created", "web");
    body.set("object_attributes", Json::object({{"status", "created"}, {"sha", "main"}}));
    CHECK(why_ignored(body) == "pipeline says no usable object_attributes.sha");
}

TEST_CASE("W2: a new note on a merge request is a comment, with the text that was signed") {
    const auto event = event_in<CommentCreated>(note());
    CHECK(event.pull.text() == "gitlab.example.com/acme/platform/infra#7");
    CHECK(event.comment_id == "55");
    CHECK(event.sender.login == "grace");
    CHECK(event.body == "/slipway plan");
}

TEST_CASE(
    "F12, W2: an edited, a confidential, a bot's, our own and GitLab's own note command nothing") {
    const auto with = [](const char* member, Json value) {
        auto body = note();
        body.at("object_attributes").set(member, std::move(value));
        return why_ignored(body);
    };
    CHECK(with("action", "update") == "a note edited");
    CHECK(with("action", nullptr) == "a note edited");  // GitLab before 16.11 does not say
    CHECK(with("system", true) == "GitLab's own note");
    CHECK(with("internal", true) == "a confidential note");
    CHECK(with("noteable_type", "Issue") == "not on a merge request");
    CHECK(with("note", nullptr) == "note says no usable object_attributes.note");
    CHECK(with("id", "x") == "note says no usable object_attributes.id");
    auto body = note();
    body.set("event_type", "confidential_note");
    CHECK(why_ignored(body) == "a confidential note");
    body = note();
    body.set("user", user("Slipway"));
    CHECK(why_ignored(body) == "our own note");
    CHECK(why_ignored(body, "") == "");  // not known yet: who reacts looks again
    for (const char* bot : {"project_4711_bot_0a1b", "group_1_bot2", "service_account_group_3_x"}) {
        body.set("user", user(bot));
        CHECK(why_ignored(body) == "a bot's note");
    }
    for (const char* person : {"project_bot", "project_4711", "groupie_1_bot"}) {
        body.set("user", user(person));
        CHECK(why_ignored(body) == "");
    }
}

TEST_CASE("A system hook is told by its body: moved projects, and pushes like any other") {
    for (const char* name : {"project_rename", "project_transfer"}) {
        const auto event = event_in<RepositoryRenamed>(
            Json::object({{"event_name", name},
                          {"project_id", 4711},
                          {"path_with_namespace", "acme/infra"},
                          {"old_path_with_namespace", "acme/platform/infra"}}));
        CHECK(event.from.text() == "gitlab.example.com/acme/platform/infra");
        CHECK(event.to.text() == "gitlab.example.com/acme/infra");
    }
    CHECK(why_ignored(Json::object({{"event_name", "user_create"}})) ==
          "user_create is of no interest");
    CHECK(why_ignored(Json::object({{"object_kind", "pipeline"}})) == "pipeline is of no interest");
}

TEST_CASE("A payload that lacks or bends any one member is ignored or read, never a crash") {
    auto pushed = merge_request("update");
    pushed.at("object_attributes").set("oldrev", old_sha);
    for (const auto& whole : {merge_request("open"), pushed, note(), merge_request("approved")}) {
        for (const auto& [name, value] : whole.members()) {
            for (const Json& bent : {Json(), Json(7), Json("x"), Json::array(), Json(true)}) {
                auto body = whole;
                body.set(name, bent);
                read(body);
                for (const auto& [inner, ignored] : value.members()) {
                    body = whole;
                    body.at(name).set(inner, bent);
                    read(body);
                }
            }
        }
    }
    CHECK(why_ignored(Json()) != "");
    auto body = merge_request("open");
    for (const Json& iid :
         {Json(), Json(0), Json(-1), Json("7"), Json(Json::Number{"99999999999"})}) {
        body.at("object_attributes").set("iid", iid);
        CHECK(why_ignored(body) == "merge_request says no usable object_attributes.iid");
    }
    body = merge_request("open");
    body.at("project").set("path_with_namespace", "a/../b");
    CHECK(why_ignored(body) == "merge_request says no usable project.path_with_namespace");
    const Delivery broken{forge, "1", "push_hook", "{", 0, ""};
    CHECK(std::holds_alternative<Ignored>(parse_payload(broken, "")));
}
