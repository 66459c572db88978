// Commands that call a service.
#include <CLI/CLI.hpp>

#include "service/app/client_calls.hpp"
#include "service/app/pull_wait.hpp"
#include "service/model/request.hpp"
#include "service/model/stack_lock.hpp"

namespace slipway {

void add_where(CLI::App* command, Where& where) {
    command->add_option("--data", where.data,
                        "Data directory of the service on this machine (SLIPWAY_DATA)");
    command->add_option("--server", where.server, "URL of a service elsewhere (SLIPWAY_SERVER)");
    command->add_option("--token-file", where.token_file, "File with a token (SLIPWAY_TOKEN)");
    command->add_flag("--json", where.json, "JSON instead of words");
}

namespace {

constexpr const char* run_help = "Id of the run, or the beginning of it";

void add_resolve(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string run, note;
        bool applied = false, failed = false;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("resolve", "Say how an apply ended whose end nobody saw");
    add_where(command, *where);
    command->add_option("run", options->run, run_help)->required();
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
    add_where(command, *where);
    command->add_option("run", options->run, run_help)->required();
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

void add_show_run(CLI::App& runs, Chosen& chosen, const std::shared_ptr<Where>& where) {
    auto run = std::make_shared<std::string>();
    auto* command = runs.add_subcommand(
        "show", "One run: what it is about, what it waits for, and what happened to it when");
    add_where(command, *where);
    command->add_option("run", *run, run_help)->required();
    command->footer("Example: slipway runs show 3f9c");
    command->callback([=, &chosen] { chosen = [=] { return show_run(*where, *run); }; });
}

void add_runs(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    auto asked = std::make_shared<RunList>();
    auto* command = app.add_subcommand("runs", "Runs, newest first; or one of them");
    add_where(command, *where);
    command->add_option("--stack", asked->stack, "Only of this stack");
    command->add_option("--state", asked->states,
                        "Only in these states: by name, or waiting, running, over");
    command->add_option("--pull", asked->pull, "Only of the pull request with this number")
        ->check(CLI::Range(1, 1'000'000'000));
    command->add_option("--limit", asked->limit, "How many")->check(CLI::Range(1, 200));
    command->footer(
        "Example: slipway runs --stack network --state waiting,applying\n"
        "Example: slipway runs show 3f9c");
    command->callback([=, &chosen] {
        if (command->get_subcommands().empty()) chosen = [=] { return list_runs(*where, *asked); };
    });
    add_show_run(*command, chosen, where);
}

void add_logs(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string run;
        bool follow = false;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand("logs", "The log of a run");
    add_where(command, *where);
    command->add_option("run", options->run, run_help)->required();
    command->add_flag("--follow", options->follow,
                      "Until the run is over or waits for a person; exits with 1 where it failed");
    command->footer("Example: slipway logs 3f9c… --follow");
    command->callback(
        [=, &chosen] { chosen = [=] { return show_log(*where, options->run, options->follow); }; });
}

void add_explain(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string of, input;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand(
        "explain", "Why a run is as it is: every policy, who approved, what would change it");
    add_where(command, *where);
    command
        ->add_option("of", options->of,
                     "A stack, of which the run that is not over or the newest is explained; or a "
                     "run, by its id or the beginning of it")
        ->required();
    command
        ->add_option("--input", options->input,
                     "What these policies were asked, as JSON, for slipway test --replay")
        ->check(CLI::IsMember({"push", "plan", "approval"}));
    command->footer(
        "Example: slipway explain network\n"
        "Example: slipway explain 3f9c… --input approval > asked.json");
    command->callback(
        [=, &chosen] { chosen = [=] { return explain(*where, options->of, options->input); }; });
}

// Those that need nothing but a run and perhaps a note.
void add_requests(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string run, note;
    };
    auto options = std::make_shared<Options>();
    const std::pair<const char*, const char*> verbs[] = {
        {"confirm", "Apply what waits for a confirmation; naming its run names the stack"},
        {"discard", "Do not apply what waits"},
        {"cancel", "Undo whatever the run's state allows"},
        {"approve", "Approve this very plan"},
        {"retry", "Plan again: a pull request's run, or one of the branch from its tip"}};
    for (const auto& [verb, help] : verbs) {
        auto* command = app.add_subcommand(verb, help);
        add_where(command, *where);
        command->add_option("run", options->run, run_help)->required();
        command->add_option("--note", options->note, "Why; kept with the run");
        command->footer(std::string("Example: slipway ") + verb + " 3f9c… --note \"as discussed\"");
        command->callback([=, &chosen, verb = std::string(verb)] {
            chosen = [=] {
                return ask(*where, verb, options->run,
                           Json::object({{"note", Json(options->note)}}));
            };
        });
    }
}

Json words(const std::vector<std::string>& texts) {
    Json out = Json::array();
    for (const auto& text : texts) out.push(Json(text));
    return out;
}

void add_locks(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::vector<std::string> stacks;
        std::string time, note;
    };
    auto options = std::make_shared<Options>();
    const char* names = "Names or patterns, label:NAME, space:PATH";
    auto* lock = app.add_subcommand("lock", "Keep stacks from being applied; plans go on");
    add_where(lock, *where);
    lock->add_option("stacks", options->stacks, names)->required();
    lock->add_option("--for", options->time, "How long, at most 30d (default: 24h)")
        ->check([](const std::string& text) {
            return parse_lock_duration(text)
                       ? std::string()
                       : "write a time such as 30m, 4h or 2d, 30 days at most";
        });
    lock->add_option("--note", options->note, "Why; shown to everybody who waits");
    lock->footer("Example: slipway lock network --for 4h --note \"migration tonight\"");
    lock->callback([=, &chosen] {
        chosen = [=] {
            return ask_lock(*where, "POST",
                            Json::object({{"stacks", words(options->stacks)},
                                          {"for", Json(options->time)},
                                          {"note", Json(options->note)}}));
        };
    });

    auto* unlock =
        app.add_subcommand("unlock", "Lift the lock of stacks; for who set it, or admins");
    add_where(unlock, *where);
    unlock->add_option("stacks", options->stacks, names)->required();
    unlock->footer("Example: slipway unlock network");
    unlock->callback([=, &chosen] {
        chosen = [=] {
            return ask_lock(*where, "DELETE", Json::object({{"stacks", words(options->stacks)}}));
        };
    });

    auto* list = app.add_subcommand("locks", "Stacks that are locked, by whom and until when");
    add_where(list, *where);
    list->footer("Example: slipway locks");
    list->callback([=, &chosen] { chosen = [=] { return list_locks(*where); }; });
}

void add_drift(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    auto asked = std::make_shared<DriftQuestion>();
    auto time = std::make_shared<std::string>("30m");
    auto* command = app.add_subcommand(
        "drift", "What differs from the state of a stack; without one, what was found last");
    add_where(command, *where);
    command->add_option("stack", asked->stack, "Name of the stack");
    command->add_flag("--wait", asked->wait,
                      "For what it finds: exits with 0 where nothing drifted, 4 where something "
                      "did, 1 where it failed");
    command->add_option("--timeout", *time, "How long to wait (default: 30m)")
        ->check([](const std::string& text) {
            return parse_duration(text) ? std::string() : "write a time such as 90s, 10m or 1h";
        });
    command->add_option("--note", asked->note, "Why; kept with the run");
    command->footer("Example: slipway drift network --wait\nNothing is applied.");
    command->callback([=, &chosen] {
        asked->timeout = *parse_duration(*time);
        chosen = [=] {
            return asked->stack.empty() ? list_drift(*where) : look_for_drift(*where, *asked);
        };
    });
}

void add_destroy(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string stack, confirm, note;
    };
    auto options = std::make_shared<Options>();
    auto* command = app.add_subcommand(
        "destroy", "Plan to destroy all that a stack manages; needs the role admin");
    add_where(command, *where);
    command->add_option("stack", options->stack, "Name of the stack")->required();
    command->add_option("--confirm", options->confirm, "The same name once more")->required();
    command->add_option("--note", options->note, "Why; kept with the run");
    command->footer(
        "Example: slipway destroy network --confirm network\n"
        "Nothing is destroyed before the plan is approved and confirmed.");
    command->callback([=, &chosen] {
        chosen = [=] {
            return ask_destroy(*where, Json::object({{"stack", Json(options->stack)},
                                                     {"confirm", Json(options->confirm)},
                                                     {"note", Json(options->note)}}));
        };
    });
}

void add_tokens(CLI::App& app, Chosen& chosen, const std::shared_ptr<Where>& where) {
    struct Options {
        std::string name, role = "reader";
    };
    auto options = std::make_shared<Options>();
    auto* tokens = app.add_subcommand("token", "Tokens for calls over TCP");
    tokens->require_subcommand(1);
    const std::pair<const char*, const char*> verbs[] = {
        {"create", "token create ci --role reader"},
        {"list", "token list"},
        {"revoke", "token revoke ci"}};
    for (const auto& [verb, example] : verbs) {
        auto* command = tokens->add_subcommand(verb, std::string(verb) + " tokens");
        command->footer(std::string("Example: slipway ") + example);
        add_where(command, *where);
        if (std::string_view(verb) != "list")
            command->add_option("name", options->name, "Name of the token, or its id")->required();
        if (std::string_view(verb) == "create")
            command->add_option("--role", options->role, "reader, writer or admin")
                ->check(CLI::IsMember({"reader", "writer", "admin"}));
        command->callback([=, &chosen, verb = std::string(verb)] {
            chosen = [=] { return call_tokens(*where, verb, options->name, options->role); };
        });
    }
}

}  // namespace

void add_client_commands(CLI::App& app, Chosen& chosen) {
    auto where = std::make_shared<Where>();
    add_runs(app, chosen, where);
    add_logs(app, chosen, where);
    add_explain(app, chosen, where);
    add_requests(app, chosen, where);
    add_resolve(app, chosen, where);
    add_allow(app, chosen, where);
    add_locks(app, chosen, where);
    add_drift(app, chosen, where);
    add_destroy(app, chosen, where);
    add_tokens(app, chosen, where);
}

}  // namespace slipway
