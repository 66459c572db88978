// Calls to a service about anything but runs.
#include "service/app/client_calls.hpp"

#include <algorithm>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <vector>

#include "service/app/service_caller.hpp"
#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/model/stack_lock.hpp"
#include "service/wording/locks.hpp"
#include "service/wording/numbers.hpp"
#include "service/wording/plan_cost.hpp"
#include "service/wording/reasons.hpp"

namespace slipway {

std::string default_data_directory() {
    const char* set = std::getenv("SLIPWAY_DATA");
    return set && *set ? set : "/var/lib/slipway";
}

bool colour_wanted() { return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"); }

namespace {

// One line an apply, oldest first.
void print_cost_history(const Json& costs) {
    struct Line {
        std::int64_t at_ms = 0;
        std::string stack, text;
    };
    std::vector<Line> lines;
    std::size_t width = 0;
    for (const auto& stack : costs["stacks"].items()) {
        width = std::max(width, stack["stack"].text().size());
        for (const auto& applied : stack["applied"].items())
            lines.push_back({applied["at_ms"].int_or(0), stack["stack"].text(),
                             applied_cost_text(applied["monthly"].text(), applied["delta"].text(),
                                               applied["incomplete"].bool_or(false)) +
                                 "  " + applied["run"].text()});
    }
    std::ranges::stable_sort(lines, {}, &Line::at_ms);
    for (const auto& line : lines)
        std::cout << utc_minutes(line.at_ms) << "  " << std::left
                  << std::setw(static_cast<int>(width)) << line.stack << "  " << line.text << "\n";
    std::cout << "Now "
              << applied_cost_text(costs["monthly"].text(), "0", costs["incomplete"].bool_or(false))
              << " per month in " << number_of(costs["stacks"].items().size(), "stack") << ".\n";
}

}  // namespace

int show_cost_history(const Where& where, const std::string& name) {
    ServiceCaller caller(where);
    const auto query = percent_encoded(name);
    auto reply = caller.call("GET", "/api/v1/costs?stack=" + query);
    if (auto code = refused(reply)) return *code;
    auto body = parse_json(reply.body);
    if (!name.empty() && body && (*body)["stacks"].items().empty()) {
        reply = caller.call("GET", "/api/v1/costs?space=" + query);
        if (auto code = refused(reply)) return *code;
        body = parse_json(reply.body);
    }
    if (where.json) {
        std::cout << reply.body << "\n";
        return 0;
    }
    if (!body || (*body)["stacks"].items().empty()) {
        std::cout << "nothing that costs was applied"
                  << (name.empty() ? "" : " in a stack or space " + name) << " yet\n";
        return 0;
    }
    print_cost_history(*body);
    return 0;
}

int ask_lock(const Where& where, const std::string& method, Json body) {
    ServiceCaller caller(where);
    const auto reply = caller.call(method, "/api/v1/locks", body.dump());
    if (auto code = refused(reply)) return *code;
    const auto answer = parse_json(reply.body);
    std::cout << (where.json || !answer ? reply.body : (*answer)["text"].text()) << "\n";
    return 0;
}

int list_locks(const Where& where) {
    ServiceCaller caller(where);
    const auto reply = caller.call("GET", "/api/v1/locks");
    if (auto code = refused(reply)) return *code;
    const auto body = parse_json(reply.body);
    if (where.json || !body) {
        std::cout << reply.body << "\n";
        return 0;
    }
    if ((*body)["locks"].items().empty()) std::cout << "no stack is locked\n";
    for (const auto& one : (*body)["locks"].items())
        if (const auto lock = decode<StackLock>(one))
            std::cout << lock->stack.value << "  locked by " << lock_text(*lock) << "\n";
    return 0;
}

int call_tokens(const Where& where, const std::string& verb, const std::string& name,
                const std::string& role) {
    ServiceCaller caller(where);
    HttpReply reply;
    if (verb == "create")
        reply = caller.call("POST", "/api/v1/tokens",
                            Json::object({{"name", Json(name)}, {"role", Json(role)}}).dump());
    else if (verb == "list")
        reply = caller.call("GET", "/api/v1/tokens");
    else
        reply = caller.call("POST", "/api/v1/tokens/" + name + "/revoke", "{}");
    if (auto code = refused(reply)) return *code;
    auto body = parse_json(reply.body);
    if (where.json || !body) {
        std::cout << reply.body << "\n";
    } else if (verb == "create") {
        std::cout << (*body)["token"].text() << "\n";
    } else if (verb == "revoke") {
        std::cout << "revoked " << (*body)["revoked"].text() << "\n";
    } else {
        for (const auto& one : (*body)["tokens"].items())
            std::cout << one["id"].text() << "  " << std::left << std::setw(8) << one["role"].text()
                      << one["name"].text() << (one["revoked"].bool_or(false) ? "  (revoked)" : "")
                      << "\n";
    }
    return 0;
}

}  // namespace slipway
