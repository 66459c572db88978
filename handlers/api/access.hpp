// Who calls, and what they may. Private to this folder.
#pragma once
#include <variant>

#include "handlers/api/api.hpp"
#include "service/model/request.hpp"
#include "service/model/user.hpp"

namespace slipway {

struct Caller {
    Actor actor;
    Role role = Role::none;
};

// token/<SHA-256 of the token>
struct TokenRecord {
    std::string name;
    Role role = Role::reader;
    bool revoked = false;
    std::int64_t created_at_ms = 0;
    static void fields(auto& self, auto&& f) {
        f("name", self.name);
        f("role", self.role);
        f("revoked", self.revoked);
        f("created_at_ms", self.created_at_ms);
    }
};

// The caller, if that is somebody of at least this role; else the answer to give.
Task<std::variant<Caller, HttpResponse>> admit(ApiContext& context, HttpRequest request,
                                               Role at_least);

// What the request is answered, once it was worked on.
Task<HttpResponse> answer_to(ApiContext& context, Request wanted);

using ApiHandler = Task<HttpResponse> (*)(ApiContext&, HttpRequest);
// A route's handler for callers of at least this role.
HttpHandler for_role(ApiContext& context, Role at_least, ApiHandler handler);

}  // namespace slipway
