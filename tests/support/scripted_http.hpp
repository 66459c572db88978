// An HTTP client that plays a forge from a script of replies at https://api.test.
#pragma once
#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "service/base/json.hpp"
#include "service/net/http_client.hpp"

namespace slipway {

struct Sent {
    std::string method, path, authorization;
    Json body;
};

// Answers by "METHOD /path", each in its order; the last one of a list stays.
class ScriptedHttp final : public HttpClient {
  public:
    std::map<std::string, std::deque<HttpReply>> answers;
    std::vector<Sent> sent;

    void on(const std::string& request, int status, const std::string& body = "{}",
            std::map<std::string, std::string, std::less<>> headers = {}) {
        answers[request].push_back({status, std::move(headers), body});
    }
    int count(const std::string& request) const {
        int n = 0;
        for (const auto& one : sent) n += one.method + " " + one.path == request;
        return n;
    }
    Task<HttpReply> send(HttpCall call) override {
        const std::string base = "https://api.test";
        REQUIRE(call.url.starts_with(base));
        auto path = call.url.substr(base.size());
        Json body;
        if (!call.body.empty()) body = *parse_json(call.body);
        sent.push_back({call.method, path, call.authorization.reveal(), body});
        auto& list = answers[call.method + " " + path];
        if (list.empty()) throw Failure("nobody answers " + call.method + " " + path);
        auto reply = list.front();
        if (list.size() > 1) list.pop_front();
        if (reply.status == 0) throw Failure("the connection broke");
        co_return reply;
    }
};

inline HttpReply reply(int status, std::map<std::string, std::string, std::less<>> headers = {},
                       std::string body = "{}") {
    return {status, std::move(headers), std::move(body)};
}

}  // namespace slipway
