// Calls to a service about runs: list, one, its log, its explanation, and requests.
#include <unistd.h>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <vector>

#include "service/app/client_calls.hpp"
#include "service/app/run_print.hpp"
#include "service/app/service_caller.hpp"
#include "service/base/codec.hpp"
#include "service/model/run.hpp"
#include "service/wording/run_words.hpp"

namespace slipway {

int list_runs(const Where& where, const RunList& asked) {
    ServiceCaller caller(where);
    const auto most = static_cast<std::size_t>(asked.limit);
    std::string path = "/api/v1/runs?";
    if (!asked.stack.empty()) path += "stack=" + percent_encoded(asked.stack) + "&";
    if (!asked.states.empty()) path += "state=" + percent_encoded(asked.states) + "&";
    if (asked.pull) path += "pull=" + std::to_string(asked.pull) + "&";
    Json runs = Json::array();
    std::int64_t cursor = 0;
    do {  // an answer holds what was found among so many runs
        auto page = path + "limit=" + std::to_string(most - runs.items().size());
        if (cursor) page += "&cursor=" + std::to_string(cursor);
        const auto reply = caller.call("GET", page);
        if (auto code = refused(reply)) return *code;
        const auto body = parse_json(reply.body);
        if (!body) throw Failure("the service's answer is not JSON", Retry::never);
        for (const auto& run : (*body)["runs"].items()) runs.push(run);
        cursor = (*body)["cursor"].int_or(0);
    } while (cursor && runs.items().size() < most);
    if (where.json) {
        Json out = Json::object({{"runs", std::move(runs)}});
        if (cursor) out.set("cursor", Json(cursor));
        std::cout << out.dump() << "\n";
        return 0;
    }
    if (runs.items().empty())
        std::cout << run_words::none_listed({asked.stack, asked.states,
                                             asked.pull ? std::optional(asked.pull) : std::nullopt})
                  << "\n";
    else
        std::cout << run_table(runs.items());
    return 0;
}

int show_run(const Where& where, const std::string& run) {
    ServiceCaller caller(where);
    auto reply = caller.call("GET", "/api/v1/runs/" + percent_encoded(run));
    if (auto code = refused(reply)) return *code;
    auto body = parse_json(reply.body);
    std::cout << (where.json || !body ? reply.body + "\n" : run_page_text(*body));
    return 0;
}

namespace {

constexpr int log_pause_us = 300'000;
constexpr int patience_tries = 100;  // of a service that is away: half a minute

// A service that is started again meanwhile is waited for.
HttpReply call_patiently(ServiceCaller& caller, const std::string& path, bool answered_before) {
    for (int left = answered_before ? patience_tries : 0;; --left) {
        try {
            auto reply = caller.call("GET", path);
            if (reply.status < 500 || left <= 0) return reply;
        } catch (const Failure& failure) {
            if (left <= 0 || failure.retry() == Retry::never) throw;
            if (left == patience_tries)
                std::cerr << "slipway: " << failure.what() << "; trying again\n";
        }
        usleep(log_pause_us);
    }
}

}  // namespace

int show_log(const Where& where, const std::string& run, bool follow) {
    ServiceCaller caller(where);
    std::size_t offset = 0;
    std::string id = run;
    for (bool answered = false;; answered = true) {
        auto reply = call_patiently(
            caller, "/api/v1/runs/" + percent_encoded(id) + "/log?offset=" + std::to_string(offset),
            answered);
        if (auto code = refused(reply)) return *code;
        std::cout << reply.body << std::flush;
        offset += reply.body.size();
        if (const auto& full = reply.headers["x-slipway-run"]; !full.empty()) id = full;
        const auto& rest = reply.headers["x-slipway-log"];
        const bool ended = rest == "complete" || rest == "paused";
        if (!follow && (ended || reply.body.empty())) return 0;
        if (ended) {
            const auto end = log_end(id, reply.headers["x-slipway-state"]);
            std::cerr << end.text << "\n";
            return end.code;
        }
        if (reply.body.empty()) usleep(log_pause_us);
    }
}

int explain(const Where& where, const std::string& run_or_stack, const std::string& input) {
    ServiceCaller caller(where);
    auto reply = caller.call("GET", "/api/v1/explain?of=" + percent_encoded(run_or_stack));
    if (auto code = refused(reply)) return *code;
    auto body = parse_json(reply.body);
    if (!input.empty() && body) {
        const auto run = (*body)["run"].text();
        reply = caller.call("GET", "/api/v1/runs/" + percent_encoded(run) + "/inputs/" + input);
        if (auto code = refused(reply)) return *code;
        const auto kept = parse_json(reply.body);
        std::cout << (where.json || !kept ? reply.body : kept->dump_pretty()) << "\n";
        return 0;
    }
    std::cout << (where.json || !body ? reply.body : (*body)["text"].text()) << "\n";
    return 0;
}

int ask(const Where& where, const std::string& verb, const std::string& run, Json body) {
    ServiceCaller caller(where);
    auto reply =
        caller.call("POST", "/api/v1/runs/" + percent_encoded(run) + "/" + verb, body.dump());
    if (auto code = refused(reply)) return *code;
    auto answer = parse_json(reply.body);
    std::cout << (where.json || !answer ? reply.body : (*answer)["text"].text()) << "\n";
    return answer && !(*answer)["counts"].bool_or(true) ? 1 : 0;
}

}  // namespace slipway
