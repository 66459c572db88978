// What stacks cost since each of their applies: of one stack, of a space and those below it, or of
// all.
#include <algorithm>

#include "handlers/api/access.hpp"
#include "handlers/api/routes.hpp"
#include "queue/store.hpp"
#include "service/base/codec.hpp"
#include "service/catalog/catalog.hpp"
#include "service/model/decimal.hpp"
#include "service/model/plan_cost.hpp"

namespace slipway {

namespace {

Decimal amount(const std::string& text) { return parse_decimal(text).value_or(Decimal(0)); }

Json stack_costs(const CostHistory& history) {
    Json series = Json::array();
    for (const auto& applied : history.applied)
        series.push(Json::object(
            {{"run", Json(applied.run.value)},
             {"at_ms", Json(applied.at_ms)},
             {"monthly", Json(applied.after)},
             {"delta", Json(decimal_text(amount(applied.after) - amount(applied.before)))},
             {"incomplete", Json(applied.incomplete)}}));
    return Json::object({{"stack", Json(history.stack.value)},
                         {"space", Json(history.space.value)},
                         {"applied", std::move(series)}});
}

Task<HttpResponse> list_costs(ApiContext& context, HttpRequest request) {
    const auto& stack = request.query["stack"];
    const SpaceId space(request.query["space"]);
    Decimal monthly = 0;
    bool incomplete = false;
    Json stacks = Json::array();
    auto histories = co_await load_listed<CostHistory>(context.queue, costs_index(), costs_key);
    std::ranges::sort(histories, {}, [](const CostHistory& one) { return one.stack.value; });
    for (const auto& history : histories) {
        if (history.applied.empty() || !is_within(history.space, space)) continue;
        if (!stack.empty() && history.stack.value != stack) continue;
        monthly += amount(history.applied.back().after);
        incomplete = incomplete || history.applied.back().incomplete;
        stacks.push(stack_costs(history));
    }
    co_return json_response(200, Json::object({{"currency", Json("USD")},
                                               {"monthly", Json(decimal_text(monthly))},
                                               {"incomplete", Json(incomplete)},
                                               {"stacks", std::move(stacks)}}));
}

}  // namespace

void add_cost_routes(Router& router, ApiContext& context) {
    router.add("GET", "/api/v1/costs", for_role(context, Role::reader, list_costs));
}

}  // namespace slipway
