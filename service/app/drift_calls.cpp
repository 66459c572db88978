// Calls about runs that people ask for: looks for drift, and destroys.
#include <unistd.h>

#include <iostream>

#include "service/app/client_calls.hpp"
#include "service/app/run_print.hpp"
#include "service/app/service_caller.hpp"
#include "service/base/clock.hpp"
#include "service/model/run.hpp"

namespace slipway {

namespace {

// The answer printed, and the run that it names; a code where that is all.
struct Asked {
    std::optional<int> code;
    std::string run;
};

Asked ask_for_run(ServiceCaller& caller, const Where& where, const char* path, const Json& body,
                  bool quiet) {
    const auto reply = caller.call("POST", path, body.dump());
    if (const auto code = refused(reply)) return {code, ""};
    const auto answer = parse_json(reply.body);
    if (!quiet)
        std::cout << (where.json || !answer ? reply.body : (*answer)["text"].text()) << std::endl;
    return {std::nullopt, answer ? std::string((*answer)["run"].text()) : ""};
}

// A service that is started again meanwhile is waited for.
std::optional<HttpReply> try_to_read(ServiceCaller& caller, const std::string& run,
                                     bool answered_before) {
    try {
        auto reply = caller.call("GET", "/api/v1/runs/" + percent_encoded(run));
        if (reply.status >= 500 && answered_before) return std::nullopt;
        return reply;
    } catch (const Failure& failure) {
        if (!answered_before || failure.retry() == Retry::never) throw;
        return std::nullopt;
    }
}

int tell_end(const Where& where, const HttpReply& reply, const Json& run) {
    std::cout << (where.json ? reply.body + "\n" : drift_end_text(run));
    if (parse_word<RunState>(run["state"].text()) != RunState::finished) return 1;
    return run["changes"].bool_or(false) ? exit_drifted : 0;
}

int wait_for(ServiceCaller& caller, const Where& where, const std::string& run,
             std::chrono::seconds timeout) {
    constexpr int pause_us = 500'000;
    const auto until = std::chrono::steady_clock::now() + timeout;
    std::string said;
    for (bool answered = false;; usleep(pause_us)) {
        if (const auto reply = try_to_read(caller, run, answered)) {
            if (const auto code = refused(*reply)) return *code;
            answered = true;
            const auto body = parse_json(reply->body);
            if (!body) throw Failure("the service's answer is not JSON", Retry::never);
            const auto state = parse_word<RunState>((*body)["state"].text());
            if (state && is_terminal(*state)) return tell_end(where, *reply, *body);
            if (!where.json && said != (*body)["state"].text())
                std::cout << (said = (*body)["state"].text()) << std::endl;
        }
        if (std::chrono::steady_clock::now() < until) continue;
        std::cerr << "slipway: timed out before run " << run << " was over\n";
        return 2;
    }
}

}  // namespace

int list_drift(const Where& where) {
    ServiceCaller caller(where);
    const auto reply = caller.call("GET", "/api/v1/drift");
    if (const auto code = refused(reply)) return *code;
    const auto body = parse_json(reply.body);
    std::cout << (where.json || !body ? reply.body + "\n" : drift_table((*body)["drift"].items()));
    return 0;
}

int look_for_drift(const Where& where, const DriftQuestion& asked) {
    ServiceCaller caller(where);
    const auto body = Json::object({{"stack", Json(asked.stack)}, {"note", Json(asked.note)}});
    const auto answer = ask_for_run(caller, where, "/api/v1/drift", body, where.json && asked.wait);
    if (answer.code) return *answer.code;
    return asked.wait ? wait_for(caller, where, answer.run, asked.timeout) : 0;
}

int ask_destroy(const Where& where, Json body) {
    ServiceCaller caller(where);
    return ask_for_run(caller, where, "/api/v1/destroy", body, false).code.value_or(0);
}

}  // namespace slipway
