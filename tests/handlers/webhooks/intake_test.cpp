// The intake as a forge meets it: real sockets, the GitHub adapter, a real redis-server.
#include <doctest/doctest.h>

#include <set>

#include "handlers/webhooks/receive.hpp"
#include "service/base/digest.hpp"
#include "service/base/metrics.hpp"
#include "service/net/http_client.hpp"
#include "tests/support/redis_server.hpp"
#include "tests/support/serving.hpp"

using namespace slipway;
using namespace std::chrono_literals;

namespace {

const Secret present("It's a Secret to Everybody"), former("the secret before it");
const std::string body = R"({"action":"opened","number":7,"text":"a+b %41 &payload=x"})";

std::string signature(const Secret& secret, std::string_view of) {
    return "sha256=" + hmac_sha256_hex(secret, of);
}

// One service's intake, with what it stands on.
struct Intake {
    explicit Intake(HttpServerOptions options = {}) {
        REQUIRE_MESSAGE(redis_server_installed(), "these cases need redis-server");
        GithubConfig github;
        github.api_url = "http://127.0.0.1:1";
        github.token = Secret("unused");
        github.webhook_secrets = {present, former};
        ForgeConfig config{"github.com", {}, github};
        forges["github.com"] = make_github_forge(config, *http, clock);
        serving = std::make_unique<Serving>(
            [this](Router& router) {
                router.add(
                    "POST", "/webhooks/{forge}",
                    [this](HttpRequest request) { return handler(std::move(request)); },
                    webhook_body_limit);
            },
            options);
        serving->loop.call([&] {
            queue =
                make_redis_queue(serving->loop.executor(), redis.address(), Secret("record key"));
            handler = receive_webhook(*queue, forges);
        });
    }
    ~Intake() {
        serving->stop(0ms);
        serving->loop.call([&] { queue.reset(); });
    }

    int port() const { return serving->port(); }
    std::optional<Delivery> stored(std::string id) {
        return serving->loop.run(queue->delivery("github.com", std::move(id)));
    }
    std::int64_t events() { return serving->loop.run(queue->status()).waiting["service"]; }

    RedisServer redis;
    SystemClock clock;
    std::unique_ptr<HttpClient> http = make_http_client();
    Forges forges;
    std::unique_ptr<Queue> queue;
    HttpHandler handler;
    std::unique_ptr<Serving> serving;
};

// A webhook as GitHub sends it; a field that is "" is left out.
struct Webhook {
    std::string id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
    std::string event = "pull_request";
    std::string type = "application/json";
    std::string sent = body;
    std::string signed_by = signature(present, body);
    std::string more;
    std::string forge = "github.com";

    std::string head(const std::string& length) const {
        std::string out = "POST /webhooks/" + forge + " HTTP/1.1\r\nHost: slipway\r\n" +
                          "User-Agent: GitHub-Hookshot/044aadd\r\n";
        auto add = [&](const std::string& name, const std::string& value) {
            if (!value.empty()) out += name + ": " + value + "\r\n";
        };
        add("X-GitHub-Event", event);
        add("X-GitHub-Delivery", id);
        add("Content-Type", type);
        add("X-Hub-Signature-256", signed_by);
        return out + more + length + "\r\n";
    }
    std::string request() const {
        return head("Content-Length: " + std::to_string(sent.size()) + "\r\n") + sent;
    }
};

int ask(Intake& intake, const std::string& request) {
    RawClient client(intake.port());
    const auto answer = client.ask(request);
    CAPTURE(answer);
    const int status = status_of(answer);
    if (status >= 400) {  // one line of JSON
        const auto said = parse_json(body_of(answer));
        CHECK(said.ok());
        if (said.ok()) CHECK((*said)["error"].text() != "");
        CHECK(body_of(answer).find('\n') == body_of(answer).size() - 1);
    }
    return status;
}

std::string encoded(std::string_view text) {
    std::string out;
    for (unsigned char c : text) {
        char escape[4];
        std::snprintf(escape, sizeof escape, "%%%02X", c);
        out += c == ' ' ? "+" : std::isalnum(c) ? std::string(1, static_cast<char>(c)) : escape;
    }
    return out;
}

}  // namespace

TEST_CASE("a signed webhook is accepted in whatever segments its head arrives") {
    Intake intake;
    const auto request = Webhook().request();
    const auto head = request.find("\r\n\r\n") + 4;
    const auto accepted = [&](std::vector<std::size_t> cuts) {
        RawClient client(intake.port());
        std::size_t sent = 0;
        cuts.push_back(request.size());
        for (const auto cut : cuts) {
            client.send(std::string_view(request).substr(sent, cut - sent));
            sent = cut;
            if (cut < request.size()) intake.serving->loop.catch_up();
        }
        CAPTURE(cuts);
        CHECK(status_of(client.answer()) == 202);
    };
    // One to five segments from every byte on: those after the first cut are single bytes, or whole
    // lines.
    for (std::size_t first = 1; first < head; ++first) {
        std::vector<std::size_t> bytes, lines;
        for (std::size_t more = 0; more < 4 && first + more < head; ++more) {
            bytes.push_back(first + more);
            accepted(bytes);
        }
        for (auto at = first; at < head && lines.size() < 4; at = request.find("\r\n", at) + 2)
            lines.push_back(at);
        accepted(lines);
    }
}

TEST_CASE("fault 41: a webhook is accepted by its signature alone") {
    Intake intake;
    struct Case {
        std::string name;
        std::string signed_by;
        std::string more;
        int status;
    };
    const auto right = signature(present, body);
    std::string upper = right.substr(7);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    auto off_by_one = right;
    off_by_one.back() = off_by_one.back() == '0' ? '1' : '0';
    const std::vector<Case> cases = {
        {"right", right, "", 202},
        {"by the former secret, during rotation", signature(former, body), "", 202},
        {"in capitals", "sha256=" + upper, "", 202},
        {"beside a SHA-1 that is wrong", right, "X-Hub-Signature: sha1=00\r\n", 202},
        {"missing", "", "", 401},
        {"empty", " ", "", 401},
        {"without digits", "sha256=", "", 401},
        {"SHA-1 only", "", "X-Hub-Signature: sha1=" + std::string(40, 'a') + "\r\n", 401},
        {"SHA-1 in the place of SHA-256", "sha1=" + std::string(40, 'a'), "", 401},
        {"another algorithm's name", "sha512=" + right.substr(7), "", 401},
        {"no algorithm's name", right.substr(7), "", 401},
        {"off by one digit", off_by_one, "", 401},
        {"cut", right.substr(0, right.size() - 1), "", 401},
        {"with more behind", right + "00", "", 401},
        {"not hexadecimal", "sha256=" + std::string(64, 'g'), "", 401},
        {"by a secret given up", signature(Secret("long gone"), body), "", 401},
        {"of another body", signature(present, body + " "), "", 401},
        {"by a blank for a secret", signature(Secret(" "), body), "", 401},
        {"twice, one of them right", right, "X-Hub-Signature-256: " + off_by_one + "\r\n", 401},
    };
    std::int64_t expected = 0;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        CAPTURE(cases[i].name);
        Webhook webhook;
        webhook.id = "delivery-" + std::to_string(i);
        webhook.signed_by = cases[i].signed_by;
        webhook.more = cases[i].more;
        CHECK(ask(intake, webhook.request()) == cases[i].status);
        if (cases[i].status == 202) ++expected;
        CHECK(intake.events() == expected);
    }
}

TEST_CASE("what is not a webhook is told why, and nothing is stored") {
    Intake intake;
    Webhook no_forge, no_event, odd_event, no_id, odd_id, long_id, no_type, text;
    no_forge.forge = "gitlab.com";
    no_event.event = "";
    odd_event.event = "pull request";
    no_id.id = "";
    odd_id.id = "a/b";
    long_id.id = std::string(1000, 'a');
    no_type.type = "";
    text.type = "text/plain";
    struct Case {
        std::string name;
        std::string request;
        int status;
    };
    for (const auto& c : std::vector<Case>{
             {"a forge nobody configured", no_forge.request(), 404},
             {"no event", no_event.request(), 400},
             {"an event with a blank", odd_event.request(), 400},
             {"no delivery", no_id.request(), 400},
             {"a delivery with a slash", odd_id.request(), 400},
             {"a delivery without end", long_id.request(), 400},
             {"no content type", no_type.request(), 415},
             {"text", text.request(), 415},
             {"GET", "GET /webhooks/github.com HTTP/1.1\r\nHost: a\r\n\r\n", 405},
             {"two lengths", Webhook{}.head("Content-Length: 2\r\nContent-Length: 2\r\n") + "ab",
              400},
             {"a list of lengths", Webhook{}.head("Content-Length: 2, 2\r\n") + "ab", 400},
             {"length and chunks",
              Webhook{}.head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "ab", 400},
             {"xchunked", Webhook{}.head("Transfer-Encoding: xchunked\r\n") + "ab", 400},
             {"no length", Webhook{}.head(""), 400},
             {"a folded header", Webhook{}.head("X-One: 1\r\n 2\r\nContent-Length: 0\r\n"), 400}}) {
        CAPTURE(c.name);
        CHECK(ask(intake, c.request) == c.status);
    }
    CHECK(intake.events() == 0);
}

TEST_CASE("the event is durable when it is acknowledged, with the bytes that were signed") {
    Intake intake;
    Webhook webhook;
    webhook.type = "application/json; charset=utf-8";
    CHECK(ask(intake, webhook.request()) == 202);
    intake.redis.kill_hard();
    intake.redis.start();
    const auto job = intake.serving->loop.run(intake.queue->claim("service", "tester", 30s, 5s));
    REQUIRE(job);
    CHECK(job->job.id.value == "event/github.com/" + webhook.id + ":pull_request");
    const auto delivery = intake.stored(webhook.id + ":pull_request");
    REQUIRE(delivery);
    CHECK(delivery->event == "pull_request");
    CHECK(delivery->body == body);
    CHECK(delivery->received_at_ms > 0);
}

TEST_CASE("a form is verified as it was sent and decoded after") {
    Intake intake;
    Webhook webhook;
    webhook.type = "application/x-www-form-urlencoded";
    webhook.sent = "payload=" + encoded(body);
    webhook.signed_by = signature(present, body);
    CHECK(ask(intake, webhook.request()) == 401);
    webhook.signed_by = signature(present, webhook.sent);
    CHECK(ask(intake, webhook.request()) == 202);
    const auto job = intake.serving->loop.run(intake.queue->claim("service", "tester", 30s, 5s));
    REQUIRE(job);
    const auto delivery = intake.stored(webhook.id + ":pull_request");
    REQUIRE(delivery);
    CHECK(delivery->body == body);
    for (const std::string form : {"", "other=x", "payload=%zz", "payload=a&payload=b"}) {
        CAPTURE(form);
        webhook.sent = form;
        webhook.signed_by = signature(present, form);
        CHECK(ask(intake, webhook.request()) == 400);
    }
}

TEST_CASE("a signed body that is not valid JSON is stored all the same") {
    Intake intake;
    Webhook webhook;
    webhook.sent = "\x00\xff no JSON";
    webhook.signed_by = signature(present, webhook.sent);
    CHECK(ask(intake, webhook.request()) == 202);
    CHECK(intake.events() == 1);
}

TEST_CASE("fault 37: 25 MB are accepted, 2 GB are refused when announced, endless chunks are cut") {
    Intake intake;
    Webhook large;
    large.sent = "\"" + std::string(webhook_body_limit - 2, 'x') + "\"";
    large.signed_by = signature(present, large.sent);
    CHECK(ask(intake, large.request()) == 202);
    CHECK(ask(intake, Webhook{}.head("Content-Length: 26214401\r\n")) == 413);
    CHECK(ask(intake, Webhook{}.head("Content-Length: 2000000000\r\n")) == 413);
    CHECK(ask(intake, Webhook{}.head("Content-Length: 2000000000\r\nExpect: 100-continue\r\n")) ==
          413);

    RawClient client(intake.port());
    client.send(Webhook{}.head("Transfer-Encoding: chunked\r\n"));
    const auto chunk = "10000\r\n" + std::string(65536, 'x') + "\r\n";
    std::size_t sent = 0;
    while (sent < 2u << 30 && !client.readable(0ms) && client.send(chunk)) sent += chunk.size();
    CHECK(status_of(client.answer()) == 413);
    CHECK(sent < 64u << 20);
    CHECK(intake.events() == 1);
}

TEST_CASE("fault 39: one byte at a time is cut by the deadline, and nobody else waits") {
    HttpServerOptions options;
    options.message_limit = 200ms;
    Intake intake(options);
    RawClient slow(intake.port());
    const auto request = Webhook{}.request();
    int others = 0;
    std::size_t sent = 0;
    for (; sent < request.size() && !slow.readable(10ms); ++sent) {
        slow.send(request.substr(sent, 1));
        Webhook other;
        other.id = "delivery-" + std::to_string(++others);
        CHECK(ask(intake, other.request()) == 202);
    }
    CHECK(sent < request.size());
    CHECK(status_of(slow.answer()) == 408);
    CHECK(intake.events() == others);
}

TEST_CASE("F2, fault 29: a hundred copies of one delivery at once make one event") {
    Intake intake;
    std::vector<std::unique_ptr<RawClient>> clients;
    const auto request = Webhook{}.request();
    for (int i = 0; i < 100; ++i) clients.push_back(std::make_unique<RawClient>(intake.port()));
    for (auto& client : clients) client->send(request.substr(0, request.size() - 1));
    for (auto& client : clients) client->send(request.substr(request.size() - 1));
    std::multiset<std::string> answers;
    for (auto& client : clients) {
        const auto answer = client->answer();
        CHECK(status_of(answer) == 202);
        answers.insert(body_of(answer));
    }
    CHECK(answers.count("{\"event\": \"stored\"}\n") == 1);
    CHECK(answers.count("{\"event\": \"already stored\"}\n") == 99);
    CHECK(intake.events() == 1);
}

TEST_CASE(
    "fault 14: without Redis nothing is acknowledged; after its return everything is accepted") {
    Intake intake;
    Webhook webhook;
    webhook.id = "before";
    CHECK(ask(intake, webhook.request()) == 202);
    intake.redis.kill_hard();
    for (int i = 0; i < 5; ++i) {
        webhook.id = "meanwhile-" + std::to_string(i);
        RawClient client(intake.port());
        const auto answer = client.ask(webhook.request());
        CHECK(status_of(answer) == 503);
        CHECK(answer.find("\r\nRetry-After: ") != answer.npos);
    }
    intake.redis.start();
    const auto end = std::chrono::steady_clock::now() + 10s;
    webhook.id = "first-after";
    while (ask(intake, webhook.request()) != 202) REQUIRE(std::chrono::steady_clock::now() < end);
    for (int i = 0; i < 5; ++i) {
        webhook.id = "meanwhile-" + std::to_string(i);
        CHECK(ask(intake, webhook.request()) == 202);
    }
    webhook.id = "before";
    CHECK(ask(intake, webhook.request()) == 202);
    CHECK(intake.events() == 7);
}

TEST_CASE("fault 18: a Redis that is full stores nothing, and says so with 503") {
    Intake intake;
    CHECK(intake.redis.ask("CONFIG SET maxmemory 1") == "+OK\r\n");
    CHECK(ask(intake, Webhook{}.request()) == 503);
    CHECK(intake.redis.ask("CONFIG SET maxmemory 0") == "+OK\r\n");
    CHECK(ask(intake, Webhook{}.request()) == 202);
    CHECK(intake.events() == 1);
}

TEST_CASE("what came in is counted by forge and outcome, and how long it took") {
    Intake intake;
    Webhook right, wrong;
    wrong.signed_by = "sha256=00";
    ask(intake, right.request());
    ask(intake, right.request());
    ask(intake, wrong.request());
    const auto text = metrics_text();
    for (const std::string outcome : {"stored", "duplicate", "signature"}) {
        CAPTURE(outcome);
        CHECK(text.find("slipway_webhooks_received_total{forge=\"github.com\",outcome=\"" +
                        outcome) != text.npos);
    }
    CHECK(text.find("slipway_webhook_acknowledge_seconds_count{forge=\"github.com\"}") !=
          text.npos);
}
