// What a run reaches. The test makes a machine of its own, a network and mount namespace with an
// outside behind a pair of virtual interfaces, so that the addresses of clouds can answer, and
// shows first that the machine itself reaches everything. That needs root and the program ip.
#include "service/process/run_network.hpp"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "service/base/result.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

const std::string tests = SLIPWAY_SOURCE_DIR "/tests/service/process/";

bool possible() {
    if (::geteuid() == 0 && find_program("ip") &&
        (find_program("pasta") || find_program("slirp4netns")))
        return true;
    MESSAGE("skipped: needs root, the program ip, and pasta or slirp4netns");
    return false;
}

void must(const std::string& script) {
    asio::io_context io;
    Command command;
    command.argv = {"/bin/sh", "-ec", script};
    command.environment = {{"PATH", "/usr/sbin:/usr/bin:/sbin:/bin"}};
    const auto ended = run_task(io, run(std::move(command)));
    if (!ended.ok()) throw std::runtime_error(script + ": " + ended.error_output);
}

// In a thread of its own, whose children live in the machine that it makes.
class Machine {
  public:
    explicit Machine(const fs::path& scratch) : io_() {
        if (::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0)
            throw std::runtime_error("cannot make a machine");
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
        std::ofstream(scratch / "resolv.conf") << "search example.test\nnameserver 198.51.100.2\n";
        ::mount((scratch / "resolv.conf").c_str(), "/etc/resolv.conf", nullptr, MS_BIND, nullptr);
        Command holder;  // of the outside's network namespace
        holder.argv = {find_program("unshare")->string(),
                       "--net",
                       "--",
                       "/bin/sh",
                       "-c",
                       "echo ready; exec cat"};
        outside_ = std::make_unique<Companion>(io_.get_executor(), std::move(holder));
        run_task(io_, outside_->read(6));
        const auto outside = std::to_string(outside_->pid());
        must("ip link set lo up; ip link add m0 type veth peer name p0 netns " + outside +
             "; ip addr add 198.51.100.1/24 dev m0; ip addr add 203.0.113.7/32 dev lo"
             "; ip -6 addr add fd00:1::1/64 dev m0 nodad; ip link set m0 up"
             "; n='nsenter -t " +
             outside +
             " -n'; $n ip link set lo up; $n ip addr add 198.51.100.2/24 dev p0"
             "; $n ip -6 addr add fd00:1::2/64 dev p0 nodad; $n ip link set p0 up"
             "; for a in 169.254.169.254 169.254.170.2 100.100.100.200 93.184.216.34; do $n ip "
             "addr add $a/32 dev lo; done"
             "; for a in fd00:ec2::254 2001:db8::34; do $n ip -6 addr add $a/128 dev lo nodad; done"
             "; ip route add default via 198.51.100.2; ip -6 route add default via fd00:1::2");
        there_ =
            serve({"198.51.100.2:80", "169.254.169.254:80", "169.254.170.2:80",
                   "100.100.100.200:80", "93.184.216.34:80", "fd00:ec2::254:80", "2001:db8::34:80"},
                  outside);
        here_ = serve({"127.0.0.1:8080", "198.51.100.1:8080", "203.0.113.7:8080", "::1:8080",
                       "fd00:1::1:8080"},
                      "");
    }
    asio::io_context& io() { return io_; }

  private:
    std::unique_ptr<Companion> serve(std::vector<std::string> targets, const std::string& process) {
        Command server;
        if (!process.empty()) server.argv = {"/usr/bin/nsenter", "-t", process, "-n"};
        server.argv.insert(server.argv.end(), {"/usr/bin/python3", "-B", tests + "serve_word.py"});
        server.argv.insert(server.argv.end(), targets.begin(), targets.end());
        auto out = std::make_unique<Companion>(io_.get_executor(), std::move(server));
        run_task(io_, out->read(6));
        return out;
    }

    asio::io_context io_;
    std::unique_ptr<Companion> outside_, there_, here_;
};

const std::vector<std::string> public_targets{"198.51.100.2:80", "93.184.216.34:80",
                                              "2001:db8::34:80"};
const std::vector<std::string> own_targets{"127.0.0.1:8080", "198.51.100.1:8080",
                                           "203.0.113.7:8080", "::1:8080", "fd00:1::1:8080"};
const std::vector<std::string> metadata_targets{"169.254.169.254:80", "169.254.170.2:80",
                                                "100.100.100.200:80", "fd00:ec2::254:80"};

std::map<std::string, std::string> reach(Machine& machine, const SandboxConfig& config,
                                         const SandboxView& view) {
    Command command;
    command.argv = {"/usr/bin/python3", "-B", "/workspace/reach.py"};
    for (const auto* targets : {&public_targets, &own_targets, &metadata_targets})
        command.argv.insert(command.argv.end(), targets->begin(), targets->end());
    command.directory = view.workspace;
    command.environment = {{"PATH", "/usr/bin:/bin"}};
    if (config.kind == SandboxConfig::Kind::none)
        command.argv[2] = (view.workspace / "reach.py").string();
    auto inside = sandboxed(std::move(command), config, view);
    const auto ended = run_task(machine.io(), run(std::move(inside)), 120s);
    INFO(ended.error_output);
    CHECK(ended.ok());
    std::map<std::string, std::string> out;
    std::istringstream lines(ended.output);
    for (std::string name, result; lines >> name >> result;) out[name] = result;
    return out;
}

// Everything within a machine of its own, on a thread of its own.
void on_a_machine(const std::function<void(Machine&, SandboxView)>& story) {
    std::exception_ptr error;
    std::thread([&] {
        try {
            Scratch scratch;
            fs::create_directories(scratch.path / "workspace");
            fs::copy_file(tests + "reach.py", scratch.path / "workspace/reach.py");
            SandboxView view;
            view.workspace = scratch.path / "workspace";
            view.user = run_user(SandboxConfig{}, 1);
            view.needs_network = true;
            give_tree(view.workspace, *view.user);
            Machine machine(scratch.path);
            story(machine, view);
        } catch (...) {
            error = std::current_exception();
        }
    }).join();
    if (error) std::rethrow_exception(error);
}

constexpr const char* answer = "c6336463";  // 198.51.100.99

TEST_CASE(
    "a run reaches the outside, and neither the machine, what listens there, nor a cloud's "
    "metadata") {
    if (!possible()) return;
    on_a_machine([](Machine& machine, SandboxView view) {
        SandboxConfig config;
        config.kind = SandboxConfig::Kind::none;  // the machine itself reaches everything: nothing
                                                  // else is in the way
        auto result = reach(machine, config, view);
        for (const auto* targets : {&public_targets, &own_targets, &metadata_targets})
            for (const auto& target : *targets) {
                CAPTURE(target);
                CHECK(result[target] == "open");
            }
        CHECK(result["name"] == answer);

        config = SandboxConfig{};
        auto network = start_run_network(machine.io().get_executor(), view.user);
        view.network = network.get();
        run_task(machine.io(), network->ready());
        CHECK(network->name_servers().find("search example.test\n") != std::string::npos);
        result = reach(machine, config, view);
        for (const auto& target : public_targets) {
            CAPTURE(target);
            CHECK(result[target] == "open");
        }
        for (const auto* targets : {&own_targets, &metadata_targets})
            for (const auto& target : *targets) {
                CAPTURE(target);
                CHECK(result[target] == "closed");
            }
        CHECK(result["name"] == answer);
    });
}

TEST_CASE("a step that needs no network has none, also where runs share the machine's") {
    if (!possible()) return;
    on_a_machine([](Machine& machine, SandboxView view) {
        SandboxConfig config;
        config.network = SandboxConfig::Network::shared;
        view.needs_network = false;
        auto result = reach(machine, config, view);
        for (const auto* targets : {&public_targets, &own_targets, &metadata_targets})
            for (const auto& target : *targets) CHECK(result[target] == "closed");
        view.needs_network = true;
        result = reach(machine, config, view);
        CHECK(result["127.0.0.1:8080"] == "open");
    });
}

// A directory of programs without the two.
struct WithoutPasta {
    Scratch place;
    std::string path = std::getenv("PATH");
    WithoutPasta() {
        for (const char* program : {"bwrap", "sh"})
            fs::create_symlink(*find_program(program), place.path / program);
        ::setenv("PATH", place.path.c_str(), 1);
    }
    ~WithoutPasta() { ::setenv("PATH", path.c_str(), 1); }
};

TEST_CASE(
    "without pasta and slirp4netns runs share the machine's network, which is said, or is refused "
    "where it must not be") {
    const WithoutPasta without;
    asio::io_context io;
    SandboxConfig config;
    const auto level = run_task(io, probe_sandbox(config));
    CHECK(level.network == SandboxConfig::Network::shared);
    CHECK(level.network_trouble.find("neither pasta") != std::string::npos);
    config.network = level.network;
    CHECK(sandbox_level(config) == "bubblewrap_shared_network");
    config.network = SandboxConfig::Network::isolated;
    CHECK_THROWS_AS(run_task(io, probe_sandbox(config)), Failure);
    CHECK(sandbox_level(config) == "bubblewrap");
}

}  // namespace
}  // namespace slipway
