#include "handlers/api/access.hpp"

#include <pwd.h>
#include <unistd.h>

#include "queue/store.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

std::string user_name(unsigned uid) {
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found) return found->pw_name;
    return "uid-" + std::to_string(uid);
}

HttpResponse unauthorized(std::string_view detail) {
    auto response = problem_response(401, "Unauthorized", detail);
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

}  // namespace

Task<std::variant<Caller, HttpResponse>> admit(ApiContext& context, HttpRequest request,
                                               Role at_least) {
    Caller caller;
    if (request.peer) {
        if (request.peer->uid != geteuid() && request.peer->uid != 0)
            co_return problem_response(403, "Forbidden",
                                       "only the service's own user and root may use this socket");
        caller.actor.login = user_name(request.peer->uid);
        caller.role = Role::admin;
        co_return caller;
    }
    auto header = request.headers.find("authorization");
    constexpr std::string_view scheme = "Bearer ";
    if (header == request.headers.end() || !header->second.starts_with(scheme))
        co_return unauthorized("this call wants a token: Authorization: Bearer …");
    auto digest = sha256_hex(std::string_view(header->second).substr(scheme.size()));
    auto token = co_await load<TokenRecord>(context.queue, token_key(digest));
    if (!token.version || token.value.revoked)
        co_return unauthorized("the token is not known, or was revoked");
    caller.actor.login = token.value.name;
    caller.role = token.value.role;
    if (caller.role < at_least)
        co_return problem_response(403, "Forbidden",
                                   "this call wants the role " + std::string(word(at_least)) +
                                       "; the token has " + std::string(word(caller.role)));
    co_return caller;
}

HttpHandler for_role(ApiContext& context, Role at_least, ApiHandler handler) {
    return [&context, at_least, handler](HttpRequest request) -> Task<HttpResponse> {
        auto admitted = co_await admit(context, request, at_least);
        if (auto* refused = std::get_if<HttpResponse>(&admitted)) co_return std::move(*refused);
        co_return co_await handler(context, std::move(request));
    };
}

}  // namespace slipway
