// Whether the sandbox that the configuration asks for works on this machine: it is tried.
#include <unistd.h>

#include <cstdlib>

#include "service/base/result.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Network = SandboxConfig::Network;

namespace {

void check_shared(const SandboxConfig& config) {
    for (const auto* paths : {&config.writable, &config.readable})
        for (const auto& path : *paths)
            if (std::error_code error; !fs::exists(path, error))
                throw Failure("the sandbox is to share " + path +
                                  ", which does not exist: create it, or take it out",
                              Retry::never);
}

// "" where a network of the run's own works.
Task<std::string> trouble_of_network(std::unique_ptr<RunNetwork>& network,
                                     std::optional<unsigned> user) {
    std::string trouble;
    auto executor = co_await this_executor();
    try {
        network = start_run_network(executor, user);
        co_await network->ready();
    } catch (const Failure& failure) {
        trouble = failure.what();
        network.reset();
    }
    co_return trouble;
}

Task<std::string> trouble_of_start(SandboxConfig config, std::optional<unsigned> user,
                                   const RunNetwork* network) {
    char name[] = "/tmp/slipway-probe-XXXXXX";
    if (::mkdtemp(name) == nullptr) throw Failure("cannot make a directory below /tmp: disk full?");
    SandboxView view;
    view.workspace = name;
    view.user = user;
    view.needs_network = true;
    view.network = network;
    std::error_code ignored;
    Command command;
    command.argv = {"/bin/true"};
    command.directory = name;
    command.limit = 10s;
    std::exception_ptr failure;
    Ended ended;
    try {
        if (user) give_tree(name, *user);
        auto inside = sandboxed(std::move(command), config, view);
        ended = co_await run(std::move(inside));
    } catch (...) {
        failure = std::current_exception();
    }
    fs::remove_all(name, ignored);
    if (failure) std::rethrow_exception(failure);
    if (ended.ok()) co_return "";
    const auto line = ended.error_output.substr(0, ended.error_output.find('\n'));
    co_return line.empty() ? "bubblewrap " + ended.text() : line;
}

}  // namespace

std::string sandbox_level(const SandboxConfig& config) {
    const bool shared =
        config.kind != SandboxConfig::Kind::none && config.network == Network::shared;
    return std::string(word(config.kind)) + (shared ? "_shared_network" : "");
}

Task<SandboxLevel> probe_sandbox(SandboxConfig config) {
    SandboxLevel level;
    level.name = word(config.kind);
    if (config.kind == SandboxConfig::Kind::none) co_return level;
    if (!find_program("bwrap")) {
        level.trouble = "bubblewrap is not installed (the program bwrap is not on PATH)";
        co_return level;
    }
    check_shared(config);
    const auto user = run_user(config, 0);
    std::unique_ptr<RunNetwork> network;
    if (config.network != Network::shared)
        level.network_trouble = co_await trouble_of_network(network, user);
    if (!level.network_trouble.empty() && config.network == Network::isolated)
        throw Failure(
            "the configuration wants runs to have a network of their own, which does not work "
            "here: " +
                level.network_trouble +
                "; install passt, or write `network: shared` below `sandbox`",
            Retry::never);
    level.network = network ? Network::isolated : Network::shared;
    config.network = level.network;
    level.trouble = co_await trouble_of_start(config, user, network.get());
    co_return level;
}

}  // namespace slipway
