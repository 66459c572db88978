// Commands that call a service: over its unix socket when it runs here, else over HTTP with a
// token.

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>

#include "service/app/commands.hpp"
#include "service/base/json.hpp"
#include "service/model/request.hpp"
#include "service/model/run.hpp"
#include "service/net/http_client.hpp"
#include "service/net/http_server.hpp"

namespace slipway {

std::string default_data_directory() {
    const char* set = std::getenv("SLIPWAY_DATA");
    return set && *set ? set : "/var/lib/slipway";
}

bool colour_wanted() { return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"); }

namespace {

struct Where {
    std::string data = default_data_directory();
    std::string server, token_file;
    bool json = false;
};

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

int ask(const Where& where, const std::string& verb, const std::string& run, Json body) {
    Caller caller(where);
    auto reply = caller.call("POST", "/api/v1/runs/" + run + "/" + verb, body.dump());
    if (auto code = refused(reply)) return *code;
    auto answer = parse_json(reply.body);
    std::cout << (where.json || !answer ? reply.body : (*answer)["text"].text()) << "\n";
    return 0;
}

int token(const Where& where, const std::string& verb, const std::string& name,
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

void add_where(CLI::App* command, const std::shared_ptr<Where>& where) {
    command->add_option("--data", where->data,
                        "Data directory of the service on this machine (SLIPWAY_DATA)");
    command->add_option("--server", where->server, "URL of a service elsewhere (SLIPWAY_SERVER)");
    command->add_option("--token-file", where->token_file, "File with a token (SLIPWAY_TOKEN)");
    command->add_flag("--json", where->json, "JSON instead of words");
}

void add_resolve(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string run, note;
        bool applied = false, failed = false;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("resolve", "Say how an apply ended whose end nobody saw");
    add_where(command, where);
    command->add_option("run", options->run, "Run id")->required();
    auto* how = command->add_option_group("how", "How it ended");
    how->add_flag("--applied", options->applied, "All its changes were made");
    how->add_flag("--failed", options->failed, "They were not, or not all");
    how->require_option(1);
    command->add_option("--note", options->note, "Why; kept with the run");
    command->footer(
        "Example: slipway resolve 3f9c… --failed --note \"the instance is missing\"\n"
        "A new plan is made at once and shows what is left; it waits for a confirmation.");
    command->callback([=, &chosen] {
        chosen = [=] {
            const auto said = options->applied ? Resolution::applied : Resolution::failed;
            return ask(
                *where, "resolve", options->run,
                Json::object({{"note", Json(options->note)}, {"resolution", Json(word(said))}}));
        };
    });
}

void add_allow(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string run;
        std::vector<std::string> sources;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand(
        "allow", "Let the runs of a stack use providers that its branch did not use");
    add_where(command, where);
    command->add_option("run", options->run, "Run id")->required();
    command->add_option("sources", options->sources, "Sources of providers")->required();
    command->footer(
        "Example: slipway allow 3f9c… acme/dns\n"
        "Needs the role admin. A run of the branch that waited for it is planned again.");
    command->callback([=, &chosen] {
        chosen = [=] {
            Json sources = Json::array();
            for (const auto& source : options->sources) sources.push(Json(source));
            return ask(*where, "allow", options->run,
                       Json::object({{"providers", std::move(sources)}}));
        };
    });
}

}  // namespace

void add_client_commands(CLI::App& app, Chosen& chosen) {
    struct Options {
        std::string stack, run, note, name, role = "reader";
        int limit = 30;
        bool follow = false;
    };
    auto where = std::make_shared<Where>();
    auto options = std::make_shared<Options>();

    auto* runs = app.add_subcommand("runs", "Runs, newest first");
    add_where(runs, where);
    runs->add_option("--stack", options->stack, "Only of this stack");
    runs->add_option("--limit", options->limit, "How many")->check(CLI::Range(1, 200));
    runs->footer("Example: slipway runs --stack network");
    runs->callback([=, &chosen] {
        chosen = [=] { return list_runs(*where, options->stack, options->limit); };
    });

    auto* logs = app.add_subcommand("logs", "The log of a run");
    add_where(logs, where);
    logs->add_option("run", options->run, "Run id")->required();
    logs->add_flag("--follow", options->follow, "Until the run is over");
    logs->footer("Example: slipway logs 3f9c… --follow");
    logs->callback(
        [=, &chosen] { chosen = [=] { return show_log(*where, options->run, options->follow); }; });

    auto* why = app.add_subcommand("explain", "Why a run is as it is: policies, approvals, places");
    add_where(why, where);
    why->add_option("run", options->run, "Run id")->required();
    why->footer("Example: slipway explain 3f9c…");
    why->callback([=, &chosen] { chosen = [=] { return explain(*where, options->run); }; });

    const std::pair<const char*, const char*> verbs[] = {
        {"confirm", "Apply what waits for a confirmation; naming its run names the stack"},
        {"discard", "Do not apply what waits"},
        {"cancel", "Undo whatever the run's state allows"},
        {"approve", "Approve this very plan"},
        {"retry", "Plan again: a pull request's run, or one of the branch from its tip"}};
    for (const auto& [verb, help] : verbs) {
        auto* command = app.add_subcommand(verb, help);
        add_where(command, where);
        command->add_option("run", options->run, "Run id")->required();
        command->add_option("--note", options->note, "Why; kept with the run");
        command->footer(std::string("Example: slipway ") + verb + " 3f9c… --note \"as discussed\"");
        command->callback([=, &chosen, verb = std::string(verb)] {
            chosen = [=] {
                return ask(*where, verb, options->run,
                           Json::object({{"note", Json(options->note)}}));
            };
        });
    }

    add_resolve(app, chosen, where);
    add_allow(app, chosen, where);

    auto* tokens = app.add_subcommand("token", "Tokens for calls over TCP");
    tokens->require_subcommand(1);
    const std::pair<const char*, const char*> token_verbs[] = {
        {"create", "token create ci --role reader"},
        {"list", "token list"},
        {"revoke", "token revoke ci"}};
    for (const auto& [verb, example] : token_verbs) {
        auto* command = tokens->add_subcommand(verb, std::string(verb) + " tokens");
        command->footer(std::string("Example: slipway ") + example);
        add_where(command, where);
        if (std::string_view(verb) != "list")
            command->add_option("name", options->name, "Name of the token, or its id")->required();
        if (std::string_view(verb) == "create")
            command->add_option("--role", options->role, "reader, writer or admin")
                ->check(CLI::IsMember({"reader", "writer", "admin"}));
        command->callback([=, &chosen, verb = std::string(verb)] {
            chosen = [=] { return token(*where, verb, options->name, options->role); };
        });
    }
}

}  // namespace slipway
