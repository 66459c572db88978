// What a run could do to the machine, to the tool that started it and to other users' files, done
// from inside. The attacks are real system calls; where one must fail, another that differs in
// nothing else succeeds.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "service/base/result.hpp"
#include "service/process/run_user.hpp"
#include "service/process/sandbox.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/scratch.hpp"

namespace slipway {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

bool works() {
    asio::io_context io;
    const auto level = run_task(io, probe_sandbox(SandboxConfig{}));
    if (!level.trouble.empty())
        MESSAGE("skipped: bubblewrap does not work here: " << level.trouble);
    return level.trouble.empty();
}

bool are_root() {
    if (::geteuid() == 0) return true;
    MESSAGE("skipped: only a service that is root gives runs another user id");
    return false;
}

struct Attack {
    Scratch place;
    SandboxView view;
    SandboxConfig config;
    Attack() {
        fs::create_directories(place.path / "workspace");
        fs::copy_file(SLIPWAY_SOURCE_DIR "/tests/service/process/attack.py",
                      place.path / "workspace/attack.py");
        view.workspace = place.path / "workspace";
        view.user = run_user(config, 0);
    }
    Command command(std::string script) const {
        Command out;
        out.argv = {"/bin/sh", "-c", std::move(script)};
        out.environment = {{"PATH", "/usr/bin:/bin"}};
        out.directory = view.workspace;
        out.limit = 30s;
        return out;
    }
    Ended go(std::string script, OnOutput on_output = {}, StopSwitch stop = {}) {
        if (view.user) give_tree(view.workspace, *view.user);
        asio::io_context io;
        auto inside = sandboxed(command(std::move(script)), config, view);
        return run_task(io, run(std::move(inside), std::move(on_output), std::move(stop)));
    }
    // A program that its user may execute and not read, as the tool's copy is.
    void place_unreadable(const char* program, const char* at) {
        const auto copy = place.path / fs::path(at).filename();
        fs::copy_file(program, copy);
        fs::permissions(copy, fs::perms(0111));
        view.programs.push_back({copy, at});
    }
};

std::map<std::string, std::string> outcomes(const std::string& output) {
    std::map<std::string, std::string> out;
    std::istringstream lines(output);
    for (std::string name, result; lines >> name >> result;) out[name] = result;
    return out;
}

TEST_CASE("R3: nothing that runs beside the tool reaches into it") {
    if (!works()) return;
    Attack attack;
    attack.place_unreadable("/bin/sleep", "/run/tool");
    const auto ended = attack.go(
        "/run/tool 100 & tool=$!; sleep 100 & readable=$!\n"
        // Both have become what they are once the kernel names them so.
        "until [ $(cat /proc/$tool/comm) = tool ] && [ $(cat /proc/$readable/comm) = sleep ]; do "
        ":; done\n"
        "exec python3 attack.py init=1 tool=$tool readable=$readable");
    CAPTURE(ended.output);
    CAPTURE(ended.error_output);
    REQUIRE(ended.output.ends_with("end\n"));
    auto result = outcomes(ended.output);
    for (const std::string victim : {"init", "tool", "readable"})
        for (const char* way : {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"}) {
            CAPTURE(victim);
            CAPTURE(way);
            CHECK(result[victim + "." + way] == "EPERM");
        }
    for (const std::string victim : {"init", "tool"})
        for (const char* way : {"mem", "environ", "fd/1", "root/etc"}) {
            CAPTURE(victim);
            CAPTURE(way);
            CHECK(result[victim + "." + way] == "EACCES");
        }
    // Nothing but the program's permissions stands in the way: the same against one that may be
    // read.
    CHECK(result["readable.mem"] == "done");
    CHECK(result["readable.fd/1"] == "done");
}

TEST_CASE(
    "a run makes no namespaces and no mounts, and the kernel's larger doors are closed to it") {
    if (!works()) return;
    Attack attack;
    const auto ended = attack.go("exec python3 attack.py");
    CAPTURE(ended.output);
    CAPTURE(ended.error_output);
    REQUIRE(ended.output.ends_with("end\n"));
    auto result = outcomes(ended.output);
    for (const char* name :
         {"mount", "unshare.user", "unshare.net", "clone.user", "setns", "keyctl", "bpf",
          "userfaultfd", "open_tree", "fsopen", "perf_event_open", "chroot"}) {
        CAPTURE(name);
        CHECK(result[name] == "EPERM");
    }
    for (const char* name : {"clone3", "io_uring_setup"}) CHECK(result[name] == "ENOSYS");
    CHECK(result["unshare.files"] == "done");
    // On a kernel without 32-bit programs the call does not exist.
    CHECK((result["int80.ptrace"] == "EPERM" || result["int80.ptrace"] == "ENOSYS"));
    for (const char* path : {"/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory",
                             "/proc/sys/net/ipv4/ip_forward", "/proc/sysrq-trigger"}) {
        CAPTURE(path);
        CHECK(result[path] != "done");
    }
    CHECK(result["/proc/sys"] == "EROFS");
}

// The line of uid_map of the process that has the word in its command line.
std::string uid_map_of(const std::string& word) {
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline");
        const std::string line((std::istreambuf_iterator<char>(file)), {});
        if (line.find(word) == line.npos || !line.starts_with("/bin/sh")) continue;
        std::ifstream map(entry.path() / "uid_map");
        std::string inside, outside, count;
        map >> inside >> outside >> count;
        return inside + " " + outside + " " + count;
    }
    return "";
}

TEST_CASE(
    "R1: where the service is root a run is somebody else on the machine, in each slot another") {
    if (!works() || !are_root()) return;
    for (const int slot : {0, 1}) {
        Attack attack;
        attack.view.user = run_user(attack.config, slot);
        StopSwitch stop;
        std::string map;
        attack.go(
            "echo ready; sleep 1000; : marker-of-uid-map",
            [&](int, std::string_view) {
                if (map.empty()) map = uid_map_of("marker-of-uid-map");  // as the machine sees it
                stop.stop();
            },
            stop);
        CHECK(map == "1000 " + std::to_string(231'072 + slot) + " 1");
    }
}

TEST_CASE("R1: root's own files in a directory that runs may write stay as they are") {
    if (!works() || !are_root()) return;
    for (const int slot : {0, 3}) {
        Attack attack;
        const auto shared = attack.place.path / "shared";
        fs::create_directories(shared / "deep");
        std::ofstream(shared / "before.tfstate") << "before";
        REQUIRE(::mkfifo((shared / "pipe").c_str(), 0600) == 0);
        attack.config.writable = {shared.string()};
        attack.view.user = run_user(attack.config, slot);
        give_writable_directories(attack.config);
        // What root puts there afterwards is root's.
        std::ofstream(shared / "of-root") << "root";
        fs::permissions(shared / "of-root", fs::perms(0644));
        const auto ended =
            attack.go("cd " + shared.string() +
                      "; (echo evil > of-root) 2>/dev/null || echo kept; echo made > deep/made; "
                      "echo changed > before.tfstate; cp /bin/true tool; chmod 4755 tool");
        CHECK(ended.output == "kept\n");
        CHECK(ended.error_output == "");
        std::string text;
        std::getline(std::ifstream(shared / "of-root"), text);
        CHECK(text == "root");
        // All runs are one user there, whatever slot they have, so that the next one can go on; and
        // never root.
        for (const char* name : {"deep/made", "before.tfstate", "tool"}) {
            struct stat status {};
            REQUIRE(::stat((shared / name).c_str(), &status) == 0);
            CHECK(status.st_uid == attack.config.first_uid);
            CHECK(status.st_gid == attack.config.first_uid);
        }
        std::getline(std::ifstream(shared / "before.tfstate"), text);
        CHECK(text == "changed");
    }
}

TEST_CASE("a directory of somebody else's stays that one's, and runs are that one there") {
    if (!works() || !are_root()) return;
    Attack attack;
    const auto shared = attack.place.path / "shared";
    fs::create_directories(shared);
    REQUIRE(::chown(shared.c_str(), 4321, 4321) == 0);
    attack.config.writable = {shared.string()};
    attack.view.user = run_user(attack.config, 2);
    give_writable_directories(attack.config);
    CHECK(attack.go("echo made > " + shared.string() + "/made").error_output == "");
    struct stat status {};
    REQUIRE(::stat((shared / "made").c_str(), &status) == 0);
    CHECK(status.st_uid == 4321);
}

TEST_CASE(
    "a directory of root's that holds more than states is not given away, but refused with the "
    "reason") {
    if (!are_root()) return;
    struct {
        const char* what;
        std::function<void(const fs::path&)> make;
        const char* reason;
    } cases[] = {
        {"a program", [](const fs::path& at) { fs::permissions(at, fs::perms(0755)); },
         "is a program"},
        {"somebody's file",
         [](const fs::path& at) { REQUIRE(::chown(at.c_str(), 4321, 4321) == 0); },
         "belongs to user id 4321"},
        {"a link",
         [](const fs::path& at) { fs::create_symlink("/etc/passwd", at.string() + "-link"); },
         "is a link"},
        {"a second name",
         [](const fs::path& at) {
             fs::create_hard_link(at, at.parent_path().parent_path() / "other");
         },
         "has a second name elsewhere"},
        {"a socket",
         [](const fs::path& at) {
             REQUIRE(::mknod((at.string() + "-s").c_str(), S_IFSOCK | 0600, 0) == 0);
         },
         "is not a plain file"},
    };
    for (const auto& one : cases) {
        CAPTURE(one.what);
        Scratch place;
        SandboxConfig config;
        config.writable = {(place.path / "shared").string()};
        fs::create_directories(place.path / "shared");
        std::ofstream(place.path / "shared/file") << "x";
        one.make(place.path / "shared/file");
        std::string said;
        try {
            give_writable_directories(config);
        } catch (const Failure& failure) {
            said = failure.what();
        }
        CHECK(said.find(one.reason) != said.npos);
        CHECK(said.find("chown -R 231072:231072 ") != said.npos);
        struct stat status {};
        REQUIRE(::stat((place.path / "shared").c_str(), &status) == 0);
        CHECK(status.st_uid == 0);
    }
}

TEST_CASE("a program of a run may open its own descriptors by their names") {
    if (!works()) return;
    Attack attack;
    const auto ended =
        attack.go("echo out > /dev/stdout; echo error > /dev/stderr; echo self > /proc/self/fd/1");
    CHECK(ended.output == "out\nself\n");
    CHECK(ended.error_output == "error\n");
}

TEST_CASE("the memory behind /dev is bounded") {
    if (!works()) return;
    Attack attack;
    const auto ended = attack.go(
        "(echo x > /dev/x) 2>/dev/null || echo closed; echo y > /dev/shm/y && df -m --output=size "
        "/dev/shm");
    CHECK(ended.output.starts_with("closed\n"));
    CHECK(ended.output.ends_with(" 256\n"));
}

}  // namespace
}  // namespace slipway
