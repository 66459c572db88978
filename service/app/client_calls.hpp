// What the commands that call a service do: one function each, which prints and returns the exit
// code.
#pragma once
#include <chrono>
#include <string>

#include "service/app/commands.hpp"
#include "service/base/json.hpp"

namespace slipway {

// Which service, and how its answers are printed.
struct Where {
    std::string data = default_data_directory();
    std::string server, token_file;
    bool json = false;
};

// The options that name it. `where` outlives the command.
void add_where(CLI::App* command, Where& where);

// What the list is asked for; "" and 0: anything.
struct RunList {
    std::string stack, states;
    int pull = 0;
    int limit = 30;
};
int list_runs(const Where& where, const RunList& asked);
int show_run(const Where& where, const std::string& run);
// Of a stack or a space by that name; "": of all.
int show_cost_history(const Where& where, const std::string& name);
// With `follow` until nothing more comes by itself; then the code says how that ended.
int show_log(const Where& where, const std::string& run, bool follow);
// `input`: "push", "plan" or "approval" prints what those policies were asked; "": the tree.
int explain(const Where& where, const std::string& run_or_stack, const std::string& input);
// "confirm", "cancel" …: a request about a run.
int ask(const Where& where, const std::string& verb, const std::string& run, Json body);
// POST: locks stacks; DELETE: unlocks them.
int ask_lock(const Where& where, const std::string& method, Json body);
int list_locks(const Where& where);
// What the newest looks for drift found.
int list_drift(const Where& where);
struct DriftQuestion {
    std::string stack, note;
    bool wait = false;  // for what it finds; the code says that, too
    std::chrono::seconds timeout{1800};
};
inline constexpr int exit_drifted = 4;
int look_for_drift(const Where& where, const DriftQuestion& asked);
// POST: the run that plans it.
int ask_destroy(const Where& where, Json body);
// "create", "list" or "revoke".
int call_tokens(const Where& where, const std::string& verb, const std::string& name,
                const std::string& role);

}  // namespace slipway
