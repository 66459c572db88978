// Rule R1 at its root: what a program inside can reach. Where bubblewrap does not work the tests
// say so aloud and skip.
#include "service/process/sandbox.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "service/base/result.hpp"
#include "service/process/run_user.hpp"
#include "tests/support/run_task.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

bool works() {
    asio::io_context io;
    const auto level = run_task(io, probe_sandbox(SandboxConfig{}));
    if (level.trouble.empty()) return true;
    MESSAGE("skipped: bubblewrap does not work here: " << level.trouble);
    return false;
}

// A place on a real disk with a workspace and what a service keeps beside it.
struct Place {
    fs::path root;
    Place() {
        char name[] = "/var/tmp/slipway-sandbox-XXXXXX";
        root = mkdtemp(name);
        fs::create_directories(root / "data/runs/this/source");
        fs::create_directories(root / "data/runs/other");
        fs::create_directories(root / "data/blobs");
        write(root / "data/blobs/plan", "PLAN-OF-SOMEBODY");
        write(root / "data/runs/other/state", "STATE-OF-SOMEBODY");
        write(root / "data.key", "KEY-OF-SERVICE");
        write(root / "shared/readme", "SHARED");
    }
    ~Place() { fs::remove_all(root); }
    static void write(const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    fs::path workspace() const { return root / "data/runs/this"; }
    // As the service gives it: where we are root, to a user of the run's own.
    SandboxView view() const {
        SandboxView view;
        view.workspace = workspace();
        view.user = run_user(SandboxConfig{}, 0);
        if (view.user) give_tree(workspace(), *view.user);
        view.hidden = {root / "data", root / "data.key"};
        return view;
    }
};

Command shell(const Place& place, std::string script) {
    Command command;
    command.argv = {"/bin/sh", "-c", std::move(script)};
    command.environment = {{"PATH", "/usr/bin:/bin"}};
    command.directory = place.workspace() / "source";
    command.limit = 20s;
    return command;
}

Ended run_inside(const Place& place, std::string script, SandboxView view,
                 SandboxConfig config = {}) {
    asio::io_context io;
    auto inside = sandboxed(shell(place, std::move(script)), config, view);
    return run_task(io, run(std::move(inside)));
}

TEST_CASE("a command runs in its directory of the workspace, which is at the same place for all") {
    if (!works()) return;
    Place place;
    auto ended = run_inside(place, "pwd; echo made > made; hostname; exit 7", place.view());
    CHECK(ended.error_output == "");
    CHECK(ended.output == "/workspace/source\nslipway\n");
    CHECK(ended.code == 7);
    CHECK(fs::exists(place.workspace() / "source/made"));
    CHECK(inside_sandbox(place.workspace() / "a/b", SandboxConfig{}, place.view()) ==
          "/workspace/a/b");
    CHECK(inside_sandbox(place.workspace(), SandboxConfig{}, place.view()) == "/workspace");
    CHECK(inside_sandbox("/usr/bin/env", SandboxConfig{}, place.view()) == "/usr/bin/env");
}

TEST_CASE("R1: a program inside finds nothing of the service") {
    if (!works()) return;
    Place place;
    setenv("SLIPWAY_TEST_SECRET", "ENVIRONMENT-OF-SERVICE", 1);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto socket_path = place.root / "data/redis.sock";
    socket_path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener, 1) == 0);

    const auto root = place.root.string();
    const std::string script =
        "cat /proc/*/environ 2>/dev/null | tr '\\0' '\\n'; env;"
        "find " +
        root +
        " /var /home /root /run /srv /opt /mnt 2>/dev/null;"
        "cat " +
        root + "/data/blobs/plan " + root +
        "/data.key 2>/dev/null;"
        "cat ../../other/state 2>/dev/null; ls ../..;"
        "ln -s / everything; cat everything" +
        root +
        "/data.key 2>/dev/null;"
        "cat /proc/1/root" +
        root + "/data.key /proc/self/root" + root +
        "/data.key 2>/dev/null;"
        "cat /etc/shadow /etc/gshadow 2>/dev/null;"
        "[ -e " +
        root +
        "/data/redis.sock ] && echo SOCKET-OF-REDIS;"
        "for p in /proc/[0-9]*; do echo process ${p#/proc/}; done;"
        "grep -h -e CapEff -e NoNewPrivs /proc/self/status; mount -t tmpfs x /mnt 2>/dev/null && "
        "echo MOUNTED; echo end";
    auto ended = run_inside(place, script, place.view());
    ::close(listener);
    CAPTURE(ended.output);
    for (const char* no : {"-OF-SERVICE", "-OF-SOMEBODY", "SOCKET-OF-REDIS", "SLIPWAY_TEST_SECRET",
                           "root:", "MOUNTED", "sandbox-", "data.key"})
        CHECK(ended.output.find(no) == std::string::npos);
    CHECK(ended.output.ends_with("CapEff:\t0000000000000000\nNoNewPrivs:\t1\nend\n"));
    // Its own processes only: bubblewrap's first one, the shell, and what the shell starts.
    CHECK(ended.output.find("process 1\n") != std::string::npos);
    CHECK(ended.output.find("process " + std::to_string(getpid())) == std::string::npos);
}

TEST_CASE("R1: what lies in a shared directory is still hidden where it is the service's") {
    if (!works()) return;
    Place place;
    auto view = place.view();
    view.readable = {place.root};
    const auto root = place.root.string();
    auto ended = run_inside(place,
                            "cat " + root + "/shared/readme; ls -A " + root + "/data; cat " + root +
                                "/data.key; echo x > " + root + "/shared/new",
                            view);
    CHECK(ended.output == "SHARED");
    CHECK(ended.error_output.find("Read-only file system") != std::string::npos);
}

TEST_CASE(
    "what is shared is writable only where the view says so, deeper ones decide for themselves") {
    if (!works()) return;
    Place place;
    auto view = place.view();
    view.hidden.clear();
    view.writable = {place.root / "shared"};
    Place::write(place.root / "shared/deep/file", "deep");
    Place::write(place.workspace() / "tool/binary", "binary");
    view.readable = {place.root / "shared/deep", place.workspace() / "tool"};
    const auto root = place.root.string();
    auto ended = run_inside(place,
                            "echo y > " + root + "/shared/new && echo one; echo y > " + root +
                                "/shared/deep/file || echo two; cat ../tool/binary; echo;"
                                "echo y > ../tool/binary || echo three; rm -rf ../tool/binary ||"
                                " echo four",
                            view);
    CHECK(ended.output == "one\ntwo\nbinary\nthree\nfour\n");
    CHECK(fs::exists(place.root / "shared/new"));
}

TEST_CASE("what is written where nothing is shared fails, instead of being lost with the sandbox") {
    if (!works()) return;
    Place place;
    auto ended = run_inside(place,
                            "mkdir -p /srv/states/a || echo one; mkdir /state || echo two;"
                            "echo x > /tmp/x && echo three",
                            place.view());
    CHECK(ended.output == "one\ntwo\nthree\n");
}

TEST_CASE("what a path shows inside is told without starting anything") {
    Place place;
    SandboxConfig config;
    auto view = place.view();
    view.readable = {place.root};
    view.writable = {place.root / "shared"};
    auto shows = [&](const fs::path& path, SandboxAccess access) {
        return sandbox_shows(path, access, config, view);
    };
    CHECK(shows(place.root / "shared/new/file", SandboxAccess::write));
    CHECK(shows(place.root / "else", SandboxAccess::read));
    CHECK_FALSE(shows(place.root / "else", SandboxAccess::write));
    CHECK_FALSE(shows(place.root / "data/blobs", SandboxAccess::read));
    view.hidden.push_back("");
    CHECK(shows(place.root / "else", SandboxAccess::read));
    CHECK_FALSE(shows("/tmp/state", SandboxAccess::read));
    fs::create_directories(place.root / "data/states");
    CHECK_FALSE(shows(place.root / "data/states", SandboxAccess::read));
    view.readable = {place.root / "data/states"};  // by name, and nothing that would show the rest
    CHECK(shows(place.root / "data/states", SandboxAccess::read));
    view.readable = {place.root};
    fs::create_directory_symlink(place.root / "shared", place.root / "spelled");
    CHECK(shows(place.root / "spelled/s", SandboxAccess::write));
    fs::create_directory_symlink("/tmp", place.root / "shared/link");
    CHECK_FALSE(shows(place.root / "shared/link/state", SandboxAccess::write));
    config.kind = SandboxConfig::Kind::none;
    CHECK(shows("/tmp/state", SandboxAccess::write));
}

TEST_CASE("what is shared through a link is where it is spelled, and where it is") {
    if (!works()) return;
    Place place;
    fs::create_directory_symlink(place.root / "shared", place.root / "link");
    SandboxConfig config;
    // Beside a link that is shared with its directory, which is no share of its own.
    fs::create_directories(place.root / "other/real");
    fs::create_directory_symlink(place.root / "other/real", place.root / "other/again");
    config.writable = {(place.root / "other/again").string(), (place.root / "link").string()};
    config.readable = {(place.root / "other").string()};
    give_writable_directories(config);
    const auto root = place.root.string();
    auto ended = run_inside(
        place,
        "cat " + root + "/link/readme " + root + "/shared/readme; echo x > " + root + "/link/new",
        place.view(), config);
    CHECK(ended.output == "SHAREDSHARED");
    CHECK(ended.error_output == "");
    CHECK(fs::exists(place.root / "shared/new"));
    CHECK(sandbox_shows(place.root / "other/again/x", SandboxAccess::write, config, place.view()));
    CHECK(sandbox_shows(place.root / "link/new", SandboxAccess::write, config, place.view()));
    CHECK(sandbox_shows(place.root / "shared/new", SandboxAccess::write, config, place.view()));
}

TEST_CASE("what is to be shared and does not exist is named at the start") {
    SandboxConfig config;
    config.writable = {"/nonexistent/states"};
    asio::io_context io;
    CHECK_THROWS_WITH_AS(run_task(io, probe_sandbox(config)),
                         "the sandbox is to share /nonexistent/states, which does not exist: "
                         "create it, or take it out",
                         Failure);
}

TEST_CASE("whole directories that would open everything cannot be shared") {
    Place place;
    for (const char* path : {"/", "/proc", "/dev", "/usr/../"}) {
        CAPTURE(path);
        auto view = place.view();
        view.readable = {path};
        CHECK_THROWS_AS(sandboxed(shell(place, "true"), SandboxConfig{}, view), Failure);
    }
}

TEST_CASE("the environment is the command's, and stands in no argument vector") {
    if (!works()) return;
    Place place;
    auto command = shell(place, "env | grep -v -e ^PWD= -e ^_= | LC_ALL=C sort");
    command.environment["TOKEN"] = "hunter2 with spaces\nand a line";
    command.environment["LD_PRELOAD"] = "";
    auto inside = sandboxed(command, SandboxConfig{}, place.view());
    for (const auto& word : inside.argv) CHECK(word.find("hunter2") == std::string::npos);
    CHECK(inside.environment.empty());
    for (const auto& [fd, text] : inside.side_inputs)
        CHECK((fd == 3) == (text.find("hunter2") != std::string::npos));
    asio::io_context io;
    auto ended = run_task(io, run(std::move(inside)));
    CHECK(ended.output ==
          "LD_PRELOAD=\nPATH=/usr/bin:/bin\nTOKEN=hunter2 with spaces\nand a line\n");
}

TEST_CASE("a stop reaches the command inside, which may end in its own way") {
    if (!works()) return;
    Place place;
    auto command = shell(place, "trap 'echo saved; exit 5' INT; echo ready; sleep 60 & wait");
    command.first_signal = SIGINT;
    command.grace = 20s;
    auto inside = sandboxed(command, SandboxConfig{}, place.view());
    asio::io_context io;
    StopSwitch stop;
    std::string seen;
    auto ended = run_task(io, run(
                                  inside,
                                  [&](int, std::string_view bytes) {
                                      if (seen.empty()) stop.stop();
                                      seen += bytes;
                                  },
                                  stop));
    CHECK(ended.how == Ended::How::stopped);
    CHECK(seen == "ready\nsaved\n");
    CHECK(ended.code == 5);
}

TEST_CASE("fault 44: what forks twice into a session of its own ends with the run") {
    if (!works()) return;
    Place place;
    auto ended = run_inside(place,
                            "(setsid sh -c 'while :; do echo x >> ../beat; sleep 0.05; done' &) &"
                            "while [ ! -e ../beat ]; do sleep 0.01; done; echo gone",
                            place.view());
    CHECK(ended.output == "gone\n");
    // Nobody in any process table has the script any more.
    bool found = false;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        std::string line((std::istreambuf_iterator<char>(file)), {});
        found = found || line.find("../beat") != std::string::npos;
    }
    CHECK_FALSE(found);
}

TEST_CASE("without a sandbox the command is what it was, and the level says so") {
    Place place;
    SandboxConfig none;
    none.kind = SandboxConfig::Kind::none;
    auto command = shell(place, "true");
    CHECK(sandboxed(command, none, place.view()).argv == command.argv);
    CHECK(inside_sandbox("/a", none, place.view()) == "/a");
    asio::io_context io;
    CHECK(run_task(io, probe_sandbox(none)).name == "none");
    CHECK(run_task(io, probe_sandbox(SandboxConfig{})).name == "bubblewrap");
}

TEST_CASE(
    "a held command runs ahead up to its held input, and what is written meanwhile is there") {
    if (!works()) return;
    Place place;
    auto command = shell(place, "cat /proc/self/fd/4 note; ls /proc/self/fd 4<&-");
    command.held_input = "begin\n";
    HeldCommand held(sandboxed(std::move(command), SandboxConfig{}, place.view()));
    Place::write(place.workspace() / "source/note", "written meanwhile\n");
    asio::io_context io;
    const auto ended = run_task(io, held.run(20s, {}, StopSwitch()));
    CHECK(ended.output ==
          "begin\nwritten meanwhile\n0\n1\n2\n3\n");  // 3: the directory that ls reads
}

}  // namespace
}  // namespace slipway
