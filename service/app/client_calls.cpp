// Calls to a service: over its unix socket when it runs here, else over HTTP with a token.
#include "service/app/client_calls.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <vector>

#include "service/base/clock.hpp"
#include "service/base/codec.hpp"
#include "service/model/run.hpp"
#include "service/model/stack_lock.hpp"
#include "service/net/http_client.hpp"
#include "service/net/http_server.hpp"
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

// One call after the other, as a command line wants it.
class Caller {
  public:
    explicit Caller(const Where& where) : http_(make_http_client()) {
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
                              Retry::never);
            return;
        }
        std::string token;
        if (!where.token_file.empty()) {
            std::ifstream file(where.token_file);
            if (!std::getline(file, token))
                throw Failure("the token file " + where.token_file + " cannot be read",
                              Retry::never);
        } else if (const char* set = std::getenv("SLIPWAY_TOKEN")) {
            token = set;
        }
        if (token.empty())
            throw Failure("a call to " + server_ + " wants a token: --token-file or SLIPWAY_TOKEN",
                          Retry::never);
        authorization_ = Secret("Bearer " + token);
    }

    HttpReply call(std::string method, const std::string& path, std::string body = "") {
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

  private:
    asio::io_context io_{1};
    std::unique_ptr<HttpClient> http_;
    std::string server_, socket_;
    Secret authorization_;
};

// Prints why not, and says whether that was all.
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

std::string when(const Json& run) {
    const auto ms = run["created_at_ms"].int_or(0);
    std::time_t seconds = ms / 1000;
    std::tm parts{};
    localtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%m-%d %H:%M", &parts);
    return text;
}

// That keeps the run from being applied, and what lifts it.
void print_lock(const Json& run) {
    if (run["lock"]["stack"].text().empty()) return;
    const auto lock = decode<StackLock>(run["lock"]);
    if (!lock) return;
    const auto text = reason_text(why_locked(*lock, lock->since_ms));
    if (run["reason"].text() != text)
        std::cout << (run["reason"].text().empty() ? ": " : "; ") << text;
    std::cout << "; slipway unlock " << lock->stack.value << " lifts the lock";
}

}  // namespace

int list_runs(const Where& where, const std::string& stack, int limit) {
    Caller caller(where);
    std::string path = "/api/v1/runs?limit=" + std::to_string(limit);
    if (!stack.empty()) path += "&stack=" + stack;
    auto reply = caller.call("GET", path);
    if (auto code = refused(reply)) return *code;
    if (where.json) {
        std::cout << reply.body << "\n";
        return 0;
    }
    auto body = parse_json(reply.body);
    if (!body || (*body)["runs"].items().empty()) {
        std::cout << (stack.empty() ? "no runs yet\n" : "no runs of " + stack + " yet\n");
        return 0;
    }
    for (const auto& run : (*body)["runs"].items()) {
        const auto pull = run["pull"].int_or(0);
        const auto& summary = run["summary"].text();
        std::cout << run["id"].text() << "  " << when(run) << "  " << std::left << std::setw(9)
                  << run["kind"].text() << std::setw(12) << run["state"].text() << std::setw(14)
                  << (summary.empty() ? "-" : summary) << run["stack"].text()
                  << (pull ? " (#" + std::to_string(pull) + ")" : "")
                  << (run["reason"].text().empty() ? "" : ": " + run["reason"].text());
        print_lock(run);
        if (run["state"].text() == word(RunState::unknown))
            std::cout << (run["last_seen"].text().empty()
                              ? ""
                              : "; last seen: " + run["last_seen"].text())
                      << "; look at its state, then slipway resolve " << run["id"].text()
                      << " --applied or --failed";
        if (const auto& sources = run["unknown_providers"].items(); !sources.empty() && !pull) {
            std::cout << "; somebody with the role admin who trusts it: slipway allow "
                      << run["id"].text();
            for (const auto& source : sources) std::cout << " " << source.text();
        }
        std::cout << "\n";
    }
    return 0;
}

namespace {

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
        char hex[4];
        std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
        out += plain ? std::string(1, c) : hex;
    }
    return out;
}

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
    Caller caller(where);
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

int show_log(const Where& where, const std::string& run, bool follow) {
    Caller caller(where);
    std::size_t offset = 0;
    for (;;) {
        auto reply =
            caller.call("GET", "/api/v1/runs/" + run + "/log?offset=" + std::to_string(offset));
        if (auto code = refused(reply)) return *code;
        std::cout << reply.body << std::flush;
        offset += reply.body.size();
        if (reply.headers["x-slipway-log"] == "complete" || (!follow && reply.body.empty()))
            return 0;
        if (reply.body.empty()) usleep(300'000);
    }
}

int explain(const Where& where, const std::string& run) {
    Caller caller(where);
    auto reply = caller.call("GET", "/api/v1/runs/" + run + "/explain");
    if (auto code = refused(reply)) return *code;
    auto body = parse_json(reply.body);
    std::cout << (where.json || !body ? reply.body : (*body)["text"].text()) << "\n";
    return 0;
}

namespace {

int request(const Where& where, const std::string& method, const std::string& path, Json body) {
    Caller caller(where);
    auto reply = caller.call(method, path, body.dump());
    if (auto code = refused(reply)) return *code;
    auto answer = parse_json(reply.body);
    std::cout << (where.json || !answer ? reply.body : (*answer)["text"].text()) << "\n";
    return 0;
}

}  // namespace

int ask(const Where& where, const std::string& verb, const std::string& run, Json body) {
    return request(where, "POST", "/api/v1/runs/" + run + "/" + verb, std::move(body));
}

int ask_lock(const Where& where, const std::string& method, Json body) {
    return request(where, method, "/api/v1/locks", std::move(body));
}

int list_locks(const Where& where) {
    Caller caller(where);
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
    Caller caller(where);
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
