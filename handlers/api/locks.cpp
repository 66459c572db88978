// Locks of stacks: list, set, lift.
#include <algorithm>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/answers.hpp"

namespace slipway {

namespace {

constexpr std::size_t targets_limit = 100;  // as in a comment

std::string lock_key_of(const std::string& stack) { return lock_key(StackId(stack)); }

Task<HttpResponse> list_locks(ApiContext& context, HttpRequest) {
    auto locks = co_await load_listed<StackLock>(context.queue, locks_index(), lock_key_of);
    const auto now_ms = context.clock.now_ms();
    std::erase_if(locks, [&](const StackLock& lock) { return !holds(lock, now_ms); });
    std::ranges::sort(locks, {}, [](const StackLock& lock) { return lock.stack; });
    co_return json_response(200, Json::object({{"locks", encode(locks)}}));
}

HttpResponse bad(std::string_view detail) { return problem_response(400, "Bad request", detail); }

// {"stacks": ["net", "prod-*"], "for": "4h", "note": "migration tonight"}
template <Verb verb>
Task<HttpResponse> ask(ApiContext& context, HttpRequest request) {
    auto admitted = co_await admit(context, request, Role::writer);
    if (auto* refused = std::get_if<HttpResponse>(&admitted)) co_return std::move(*refused);
    const auto& caller = std::get<Caller>(admitted);
    const auto body = parse_json(request.body.empty() ? "{}" : std::string_view(request.body));
    if (!body) co_return bad(body.error().message);
    Request wanted;
    wanted.verb = verb;
    wanted.actor = caller.actor;
    wanted.granted = caller.role;
    for (const auto& stack : (*body)["stacks"].items())
        if (!stack.text().empty()) wanted.targets.push_back({stack.text(), ""});
    if (wanted.targets.empty() || wanted.targets.size() > targets_limit)
        co_return bad(answers::name_stacks(targets_limit));
    wanted.note = (*body)["note"].text();
    if (const auto time = (*body)["for"].text(); verb == Verb::lock && !time.empty()) {
        const auto lasts = parse_lock_duration(time);
        if (!lasts) co_return bad(answers::how_long_a_lock());
        wanted.lock_ms = *lasts;
    }
    co_return co_await answer_to(context, std::move(wanted));
}

}  // namespace

void add_lock_routes(Router& router, ApiContext& context) {
    const auto asking = [&](const char* method, ApiHandler handler) {
        router.add(method, "/api/v1/locks", [&context, handler](HttpRequest request) {
            return handler(context, std::move(request));
        });
    };
    router.add("GET", "/api/v1/locks", for_role(context, Role::reader, list_locks));
    asking("POST", ask<Verb::lock>);
    asking("DELETE", ask<Verb::unlock>);
}

}  // namespace slipway
