// The payloads were sent by a real Gitea 1.26 (tests/fixtures/gitea); what Forgejo does
// differently is made here from its documentation.
#include "handlers/forges/gitea/webhook.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "handlers/forges/gitea/webhook_head.hpp"
#include "service/base/digest.hpp"
#include "service/model/ascii.hpp"

using namespace slipway;
using namespace slipway::gitea;

namespace {

constexpr const char* forge_name = "git.acme.test";
const Secret secret("the webhook's secret");

struct Sent {
    Headers headers;  // as received: names in lower case
    Json body;
};

Sent sent(const std::string& name) {
    std::ifstream in(std::filesystem::path(SLIPWAY_SOURCE_DIR) / "tests/fixtures/gitea" /
                     (name + ".json"));
    REQUIRE_MESSAGE(in.good(), name);
    std::stringstream text;
    text << in.rdbuf();
    const auto json = parse_json(text.str());
    REQUIRE(json);
    Sent out;
    for (const auto& [key, value] : (*json)["headers"].members()) {
        std::string lower;
        for (char c : key) lower += ascii_lower(c);
        out.headers[lower] = value.text();
    }
    out.body = (*json)["body"];
    return out;
}

std::string outcome(const EventOrIgnored& parsed) {
    if (const auto* ignored = std::get_if<Ignored>(&parsed)) return "ignored: " + ignored->reason;
    struct Text {
        std::string operator()(const PullRequestChanged& e) {
            return "pull " + e.pull.text() + " " + std::string(word(e.change));
        }
        std::string operator()(const BranchPushed& e) {
            return "push " + e.repository.text() + " " + e.branch +
                   (e.before.empty() ? " from nothing" : "") + (e.after.empty() ? " gone" : "");
        }
        std::string operator()(const CommentCreated& e) {
            return "comment " + e.pull.text() + " by " + e.sender.login;
        }
        std::string operator()(const ReviewChanged& e) {
            return "review " + e.pull.text() + " by " + e.sender.login;
        }
        std::string operator()(const CheckRerequested&) { return "check"; }
        std::string operator()(const InstallationChanged&) { return "installation"; }
        std::string operator()(const ChecksLost&) { return "checks lost"; }
        std::string operator()(const RepositoryRenamed&) { return "renamed"; }
        std::string operator()(const MergeGroupRequested&) { return "group"; }
    };
    return std::visit(Text{}, std::get<Event>(parsed));
}

std::string outcome(const std::string& name) {
    const auto one = sent(name);
    return outcome(read_payload(forge_name, one.headers.at("x-gitea-event"), one.body));
}

std::variant<Delivery, RefusedWebhook> open(Headers headers, std::string body) {
    const std::vector<Secret> secrets{Secret("an older one"), secret};
    const SignatureCheck check(secrets);
    return open_envelope(forge_name, check, headers, std::move(body), 1);
}

int status_of(const std::variant<Delivery, RefusedWebhook>& opened) {
    const auto* refused = std::get_if<RefusedWebhook>(&opened);
    return refused ? refused->status : 202;
}

Headers head_of(const std::string& body, const std::string& family = "gitea") {
    return {{"x-" + family + "-event", "push"},
            {"x-" + family + "-delivery", "6f1d"},
            {"x-" + family + "-signature", hmac_sha256_hex(secret, body)},
            {"x-github-event", "push"},
            {"x-github-delivery", "6f1d"},
            {"x-hub-signature-256", "sha256=" + hmac_sha256_hex(secret, body)},
            {"content-type", "application/json"}};
}

constexpr const char* push_body = R"({"ref":"refs/heads/main","repository":{"full_name":"a/b"}})";

}  // namespace

TEST_CASE("Gitea: what a real one sends means what people did") {
    const std::string pull = "git.acme.test/acme/infra#";
    const std::pair<const char*, std::string> cases[] = {
        {"pull_request_opened", "pull " + pull + "1 opened"},
        {"pull_request_synchronized", "pull " + pull + "1 pushed"},
        {"pull_request_synchronized_forced", "pull " + pull + "1 pushed"},
        {"pull_request_retargeted", "pull " + pull + "1 retargeted"},
        {"pull_request_edited_to_draft", "pull " + pull + "1 draft"},
        {"pull_request_edited_from_draft", "pull " + pull + "1 ready"},
        {"pull_request_labelled", "pull " + pull + "1 labelled"},
        {"pull_request_reopened", "pull " + pull + "1 reopened"},
        {"pull_request_closed", "pull " + pull + "1 closed"},
        {"pull_request_merged", "pull " + pull + "1 closed"},
        {"review_approved", "review " + pull + "1 by grace"},
        {"review_rejected", "review " + pull + "1 by grace"},
        {"review_comment", "review " + pull + "1 by grace"},
        {"issue_comment_created", "comment " + pull + "1 by grace"},
        {"issue_comment_edited", "ignored: a comment that was edited commands nothing"},
        {"issue_comment_deleted", "ignored: a comment that was deleted commands nothing"},
        {"issue_comment_on_issue", "ignored: the comment is on an issue"},
        {"push", "push git.acme.test/acme/infra topic"},
        {"push_new_branch", "push git.acme.test/acme/infra topic from nothing"},
        {"create_branch", "ignored: create is of no interest"},
        {"delete_branch", "ignored: delete is of no interest"},
    };
    for (const auto& [name, expected] : cases) {
        CAPTURE(name);
        CHECK(outcome(std::string(name)) == expected);
    }
}

TEST_CASE("Gitea: the webhook names its repository by its id, whatever it is called") {
    const auto before = sent("issue_comment_created"), after = sent("issue_comment_after_renaming");
    CHECK(before.body["repository"]["full_name"].text() !=
          after.body["repository"]["full_name"].text());
    CHECK(before.body["repository"]["id"].number_text() ==
          after.body["repository"]["id"].number_text());
}

TEST_CASE("Gitea: the signature is the bare hex of the JSON, and nothing is read without it") {
    CHECK(status_of(open(head_of(push_body), push_body)) == 202);
    CHECK(status_of(open(head_of(push_body, "forgejo"), push_body)) == 202);
    CHECK(status_of(open(head_of(push_body), std::string(push_body) + " ")) == 401);
    auto headers = head_of(push_body);
    headers["x-gitea-signature"] = "";  // what is sent without a secret
    CHECK(status_of(open(headers, push_body)) == 401);
    headers.erase("x-gitea-signature");  // GitHub's look-alike proves nothing here
    CHECK(status_of(open(headers, push_body)) == 401);
    headers = head_of(push_body);
    headers["x-gitea-event"] = "not a name";
    CHECK(status_of(open(headers, push_body)) == 400);
    headers = head_of(push_body);
    headers["content-type"] = "text/plain";
    CHECK(status_of(open(headers, push_body)) == 415);
}

TEST_CASE("Gitea: a form is signed as the JSON within it, which differs from GitHub's way") {
    auto headers = head_of(push_body);
    headers["content-type"] = "application/x-www-form-urlencoded";
    const std::string form =
        "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22repository%22%3A%7B%22full_name%22"
        "%3A%22a%2Fb%22%7D%7D";
    const auto opened = open(headers, form);
    REQUIRE(status_of(opened) == 202);
    const auto& delivery = std::get<Delivery>(opened);
    CHECK(delivery.body == push_body);
    CHECK(delivery.id == "6f1d:push");
    CHECK(delivery.repository == "git.acme.test/a/b");
    headers["x-gitea-signature"] = hmac_sha256_hex(secret, form);
    CHECK(status_of(open(headers, form)) == 401);
    CHECK(status_of(open(headers, "payload=a&payload=b")) == 400);
}

TEST_CASE("Gitea: a payload that lacks what its event needs is ignored with a reason") {
    for (const char* name : {"pull_request_opened", "push", "issue_comment_created"}) {
        const auto one = sent(name);
        for (const auto& [member, value] : one.body.members()) {
            CAPTURE(name);
            CAPTURE(member);
            auto changed = one.body;
            changed.set(member, Json());
            const auto parsed = read_payload(forge_name, one.headers.at("x-gitea-event"), changed);
            if (const auto* ignored = std::get_if<Ignored>(&parsed))
                CHECK(!ignored->reason.empty());
        }
    }
    CHECK(outcome(read_payload(forge_name, "push", Json())) ==
          "ignored: the body is not a JSON object");
    CHECK(outcome(read_payload(forge_name, "wiki", Json())) == "ignored: wiki is of no interest");
}
