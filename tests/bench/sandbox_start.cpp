// What one start of a sandbox costs: /bin/true inside, with everything that a run gets, against the
// same in bubblewrap with namespaces and bound directories alone. And how long a network of a run's
// own takes, which is there beside other work.
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>

#include "service/process/run_network.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"
#include "tests/bench/rounds.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

using namespace slipway;
namespace fs = std::filesystem;

namespace {

void must(const Ended& ended) {
    if (ended.ok()) return;
    std::fprintf(stderr, "%s: %s\n", ended.text().c_str(), ended.error_output.c_str());
    std::exit(2);
}

Command plain_bubblewrap(const fs::path& workspace) {
    Command out;
    out.argv = {"/usr/bin/env",
                "--ignore-signal=INT",
                "--ignore-signal=TERM",
                find_program("bwrap")->string(),
                "--args",
                "3",
                "--unshare-user",
                "--unshare-pid",
                "--unshare-ipc",
                "--unshare-uts",
                "--unshare-cgroup-try",
                "--die-with-parent",
                "--cap-drop",
                "ALL",
                "--hostname",
                "slipway"};
    for (const char* path : {"/usr", "/bin", "/sbin", "/lib", "/lib64"}) {
        if (fs::is_symlink(path))
            out.argv.insert(out.argv.end(), {"--symlink", fs::read_symlink(path).string(), path});
        else
            out.argv.insert(out.argv.end(), {"--ro-bind", path, path});
    }
    for (const char* path :
         {"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf",
          "/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/localtime",
          "/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/ld.so.cache", "/etc/alternatives"})
        out.argv.insert(out.argv.end(), {"--ro-bind-try", path, path});
    out.argv.insert(out.argv.end(), {"--proc",
                                     "/proc",
                                     "--dev",
                                     "/dev",
                                     "--size",
                                     "1073741824",
                                     "--tmpfs",
                                     "/tmp",
                                     "--size",
                                     "1073741824",
                                     "--tmpfs",
                                     "/var/tmp",
                                     "--bind",
                                     workspace.string(),
                                     "/workspace",
                                     "--remount-ro",
                                     "/",
                                     "--chdir",
                                     "/workspace",
                                     "--",
                                     "/usr/bin/env",
                                     "--default-signal=INT",
                                     "--default-signal=TERM",
                                     "/bin/true"});
    out.side_inputs[3] = std::string("--clearenv\0", 11);
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 201;
    Scratch scratch;
    asio::io_context io;
    SandboxConfig config;
    SandboxView view;
    view.workspace = scratch.path / "workspace";
    fs::create_directories(view.workspace);
    view.user = run_user(config, 1);
    if (view.user) give_tree(view.workspace, *view.user);
    Command command;
    command.argv = {"/bin/true"};
    command.directory = view.workspace;
    const auto in_turn = bench::in_turn(
        rounds, [&] { must(run_task(io, run(sandboxed(command, config, view)))); },
        [&] { must(run_task(io, run(plain_bubblewrap(view.workspace)))); });
    std::printf("a sandbox starts in %.1f ms, bubblewrap alone in %.1f ms\n",
                1e3 * in_turn.measured, 1e3 * in_turn.yardstick);
    std::vector<double> network;
    for (int i = 0; i < 15; ++i)
        network.push_back(bench::seconds_of([&] {
            const auto one = start_run_network(io.get_executor(), view.user);
            run_task(io, one->ready());
        }));
    std::printf("a network of a run's own is there after %.1f ms\n", 1e3 * bench::median(network));
    std::printf("ratio %.2f\n", in_turn.ratio());
    return in_turn.ratio() <= 1.5 ? 0 : 1;
}
