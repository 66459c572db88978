#include "service/app/service_caller.hpp"

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "service/base/json.hpp"
#include "service/net/http_server.hpp"

namespace slipway {

ServiceCaller::ServiceCaller(const Where& where) : http_(make_http_client()) {
    server_ = where.server;
    if (server_.empty())
        if (const char* set = std::getenv("SLIPWAY_SERVER")) server_ = set;
    if (server_.empty()) {
        socket_ = where.data + "/slipway.sock";
        server_ = "http://localhost";
        if (!somebody_answers_on(socket_))
            throw Failure("no service runs on " + where.data +
                              ": start it, name its data directory with --data, or a service "
                              "with --server",
                          Retry::later);
        return;
    }
    std::string token;
    if (!where.token_file.empty()) {
        std::ifstream file(where.token_file);
        if (!std::getline(file, token))
            throw Failure("the token file " + where.token_file + " cannot be read", Retry::never);
    } else if (const char* set = std::getenv("SLIPWAY_TOKEN")) {
        token = set;
    }
    if (token.empty())
        throw Failure("a call to " + server_ + " wants a token: --token-file or SLIPWAY_TOKEN",
                      Retry::never);
    authorization_ = Secret("Bearer " + token);
}

HttpReply ServiceCaller::call(std::string method, const std::string& path, std::string body) {
    HttpCall call;
    call.method = std::move(method);
    call.url = server_ + path;
    call.body = std::move(body);
    call.unix_socket = socket_;
    call.authorization = authorization_;
    if (!call.body.empty()) call.headers.emplace_back("Content-Type", "application/json");
    std::optional<HttpReply> reply;
    std::exception_ptr error;
    auto task = http_->send(std::move(call));
    asio::co_spawn(io_, std::move(task), [&](std::exception_ptr e, HttpReply r) {
        error = e;
        if (!e) reply = std::move(r);
    });
    io_.restart();
    io_.run();
    if (error) std::rethrow_exception(error);
    return std::move(*reply);
}

std::optional<int> refused(const HttpReply& reply) {
    if (reply.status < 400) return std::nullopt;
    auto problem = parse_json(reply.body);
    std::string detail = problem ? (*problem)["detail"].text() : "";
    if (detail.empty() && problem) detail = (*problem)["error"].text();
    std::cerr << (detail.empty() ? "the service answered " + std::to_string(reply.status) : detail)
              << "\n";
    if (reply.status >= 500) return 3;
    return reply.status == 403 || reply.status == 409 ? 1
                                                      : 2;  // "no", or nothing that can be asked
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
        out += plain ? std::string(1, c) : hex;
    }
    return out;
}

}  // namespace slipway
