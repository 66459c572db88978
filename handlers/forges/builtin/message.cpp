#include "handlers/forges/builtin/message.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/net/http_client.hpp"

namespace slipway {

namespace {

std::optional<std::string> read_text(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return std::nullopt;
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

HttpReply send_and_wait(HttpCall call) {
    asio::io_context io;
    auto http = make_http_client();
    HttpReply reply;
    std::exception_ptr error;
    auto task = http->send(std::move(call));
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr e, HttpReply r) {
        error = e;
        reply = std::move(r);
    });
    io.run();
    if (error) std::rethrow_exception(error);
    return reply;
}

// "" or why it could not be delivered.
std::string send_message(const std::filesystem::path& repository, BuiltinMessage message) {
    auto address = read_address(repository);
    auto secret = read_hook_secret(repository);
    if (!address || !secret) return "the service has not set this repository up yet";
    message.repository = address->repository;
    HttpCall call;
    call.method = "POST";
    call.url = address->url + "/webhooks/" + address->forge;
    call.body = encode(message).dump();
    call.limit = std::chrono::seconds(10);
    call.headers = {{"Content-Type", "application/json"},
                    {"X-Slipway-Event", message.event},
                    {"X-Slipway-Delivery", random_id()},
                    {"X-Slipway-Repository", address->repository},
                    {"X-Slipway-Signature-256", "sha256=" + hmac_sha256_hex(*secret, call.body)}};
    try {
        auto reply = send_and_wait(std::move(call));
        if (reply.status == 202) return "";
        return "the service answered " + std::to_string(reply.status) + " " + reply.body;
    } catch (const Failure& failure) {
        return failure.what();
    }
}

}  // namespace

std::optional<BuiltinAddress> read_address(const std::filesystem::path& repository) {
    auto text = read_text(repository / address_file);
    if (!text) return std::nullopt;
    auto address = decode<BuiltinAddress>(std::string_view(*text));
    if (!address) return std::nullopt;
    return std::move(*address);
}

std::optional<Secret> read_hook_secret(const std::filesystem::path& repository) {
    auto text = read_text(repository / secret_file);
    if (!text) return std::nullopt;
    while (!text->empty() && text->back() == '\n') text->pop_back();
    if (text->empty()) return std::nullopt;
    return Secret(std::move(*text));
}

void tell_service(const std::filesystem::path& repository, BuiltinMessage message) {
    const auto trouble = send_message(repository, std::move(message));
    if (trouble.empty()) return;
    std::cerr << "slipway: the service was not told: " << trouble
              << "\nslipway: it looks for what it missed when it starts; while it runs, comment "
                 "`/slipway plan` on the pull request\n";
}

}  // namespace slipway
