// Tokens for calls over TCP. The service keeps a digest only; the token itself is shown once.
#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/base/digest.hpp"

namespace slipway {

namespace {

constexpr int tokens_listed = 200;

Task<HttpResponse> create_token(ApiContext& context, HttpRequest request) {
    auto body = parse_json(request.body);
    if (!body) co_return problem_response(400, "Bad request", body.error().message);
    auto role = parse_word<Role>((*body)["role"].string_or("reader"));
    if ((*body)["name"].text().empty() || !role || *role == Role::none)
        co_return problem_response(400, "Bad request",
                                   "a token wants a name, and a role: reader, writer or admin");
    auto token = "slw_" + to_base64url(random_bytes(32));
    Stored<TokenRecord> record;
    record.value.name = (*body)["name"].text();
    record.value.role = *role;
    record.value.created_at_ms = context.clock.now_ms();
    const auto digest = sha256_hex(token);
    Commit commit;
    commit.records.push_back(save(token_key(digest), record));
    commit.index.push_back({tokens_index(), digest, record.value.created_at_ms});
    co_await context.queue.commit(std::move(commit));
    co_return json_response(
        201, Json::object({{"token", Json(token)}, {"id", Json(digest.substr(0, 12))}}));
}

Task<HttpResponse> list_tokens(ApiContext& context, HttpRequest) {
    auto digests = co_await context.queue.list(tokens_index(), 0, tokens_listed);
    Json out = Json::array();
    for (const auto& [digest, created] : digests) {
        auto record = co_await load<TokenRecord>(context.queue, token_key(digest));
        auto json = encode(record.value);
        json.set("id", Json(digest.substr(0, 12)));
        out.push(std::move(json));
    }
    co_return json_response(200, Json::object({{"tokens", out}}));
}

// By the beginning of its id, or by its name where only one is called so.
Task<HttpResponse> revoke_token(ApiContext& context, HttpRequest request) {
    const auto& wanted = request.parameters["id"];
    auto digests = co_await context.queue.list(tokens_index(), 0, tokens_listed);
    std::string found, several;
    Stored<TokenRecord> record;
    for (const auto& [digest, created] : digests) {
        auto one = co_await load<TokenRecord>(context.queue, token_key(digest));
        const bool by_id = wanted.size() >= 8 && digest.starts_with(wanted);
        if (!by_id && (one.value.name != wanted || one.value.revoked)) continue;
        several += (several.empty() ? "" : ", ") + digest.substr(0, 12);
        if (!found.empty() && !by_id)
            found = "several";
        else
            found = digest;
        record = one;
        if (by_id) break;
    }
    if (found.empty()) co_return problem_response(404, "Not found", "there is no token " + wanted);
    if (found == "several")
        co_return problem_response(
            409, "Conflict",
            "several tokens are called " + wanted + ": name one by its id, " + several);
    record.value.revoked = true;
    Commit commit;
    commit.records.push_back(save(token_key(found), record));
    co_await context.queue.commit(std::move(commit));
    co_return json_response(200, Json::object({{"revoked", Json(record.value.name)}}));
}

}  // namespace

void add_token_routes(Router& router, ApiContext& context) {
    router.add("POST", "/api/v1/tokens", for_role(context, Role::admin, create_token));
    router.add("GET", "/api/v1/tokens", for_role(context, Role::admin, list_tokens));
    router.add("POST", "/api/v1/tokens/{id}/revoke", for_role(context, Role::admin, revoke_token));
}

}  // namespace slipway
