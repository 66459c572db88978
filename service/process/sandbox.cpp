// The bubblewrap argument vector. What the run may see is listed; all else does not exist inside.
// Order is meaning: system, temporary places, what is shared, the workspace, and last what is
// hidden.
#include "service/process/sandbox.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "service/base/result.hpp"
#include "service/process/seccomp_filter.hpp"

namespace slipway {

namespace fs = std::filesystem;

namespace {

const fs::path workspace_inside = "/workspace";
constexpr const char* init_inside = "/run/slipway-enter";
constexpr std::size_t temporary_bytes = 1u << 30;
constexpr std::size_t shared_memory_bytes = 256u << 20;
constexpr int options_at = 3, filter_at = 5, users_at = 6, groups_at = 7, resolver_at = 8;
// Who a run is inside, whoever it is outside: with a name, since ssh and others ask for one.
constexpr const char* user_inside = "1000";
constexpr const char* users =
    "root:x:0:0:root:/:/usr/sbin/nologin\nslipway:x:1000:1000:a run:/workspace/home:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n";
constexpr const char* groups = "root:x:0:\nslipway:x:1000:\nnogroup:x:65534:\n";

constexpr const char* system_directories[] = {"/usr",   "/bin",    "/sbin", "/lib",
                                              "/lib32", "/libx32", "/lib64"};
// Names, certificates, time and the dynamic linker: no shadow file, no host keys, no configuration.
constexpr const char* system_files[] = {
    "/etc/hosts",           "/etc/host.conf",  "/etc/nsswitch.conf", "/etc/gai.conf",
    "/etc/services",        "/etc/protocols",  "/etc/localtime",     "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf", "/etc/pki",        "/etc/ssl/cert.pem",  "/etc/ca-certificates",
    "/etc/ld.so.cache",     "/etc/ld.so.conf", "/etc/ld.so.conf.d",  "/etc/alternatives",
    "/etc/crypto-policies"};
// Where the kernel is spoken to. They belong to root, which a run is nowhere; read-only as well.
constexpr const char* kernel_places[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq",
                                         "/proc/bus", "/proc/fs"};

fs::path without_slash(const fs::path& path) {
    return path.has_filename() ? path : path.parent_path();
}

fs::path real(const fs::path& path) {
    std::error_code error;
    auto out = fs::weakly_canonical(path, error);
    if (error) out = path.lexically_normal();
    return without_slash(out);
}

bool lies_in(const fs::path& path, const fs::path& directory) {
    const auto [rest, end] =
        std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
    (void)end;
    return rest == directory.end();
}

struct Shared {
    fs::path path;  // on the machine
    fs::path at;    // inside: the same, or as it is spelled, through a link
    bool writable = false;
    bool own = false;  // the service's, not something that the configuration names
};

std::vector<Shared> all_shared(const SandboxConfig& config, const SandboxView& view) {
    std::vector<Shared> out, through_links;
    auto add = [&](const auto& paths, bool writable, bool own) {
        for (const auto& path : paths) {
            const auto found = real(fs::path(path));
            for (const char* no : {"/", "/proc", "/dev", "/workspace"})
                if (found == no)
                    throw Failure("the sandbox cannot share " + std::string(no) + " with runs",
                                  Retry::never);
            out.push_back({found, found, writable, own});
            const auto spelled = without_slash(fs::path(path).lexically_normal());
            if (spelled.is_absolute() && spelled != found)
                through_links.push_back({found, spelled, writable, own});
        }
    };
    add(config.readable, false, false);
    add(config.writable, true, false);
    add(view.readable, false, true);
    add(view.writable, true, true);
    // What is shared with the link itself is there already.
    std::erase_if(through_links, [&](const Shared& one) {
        return std::any_of(out.begin(), out.end(),
                           [&](const Shared& other) { return lies_in(one.at, other.at); });
    });
    out.insert(out.end(), through_links.begin(), through_links.end());
    // Shallow first, so that the deeper one decides about itself.
    std::stable_sort(out.begin(), out.end(), [](const Shared& a, const Shared& b) {
        return std::distance(a.at.begin(), a.at.end()) < std::distance(b.at.begin(), b.at.end());
    });
    return out;
}

// What is covered, since it would be seen through something shared.
std::vector<fs::path> all_covered(const SandboxView& view, const std::vector<Shared>& shared) {
    std::vector<fs::path> out;
    std::error_code error;
    for (const auto& path : view.hidden) {
        if (!fs::exists(path, error)) continue;
        const auto hidden = real(path);
        for (const auto& one : shared)
            if (lies_in(hidden, one.path))
                out.push_back(one.at / hidden.lexically_relative(one.path));
    }
    for (auto& path : out) path = without_slash(path.lexically_normal());
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

// Two argument vectors under construction: bubblewrap's, and what comes before it.
struct Arguments {
    std::vector<std::string> before, list;
    std::optional<unsigned> user;
    int staged = 0;

    void add(std::initializer_list<std::string> words) { list.insert(list.end(), words); }
    // Where bubblewrap finds a path: a run of another user could not walk to it.
    std::string source(const fs::path& path, std::initializer_list<std::string> owner = {}) {
        if (!user) return path.string();
        before.insert(before.end(), {"--share", path.string()});
        before.insert(before.end(), owner);
        return "/tmp/" + std::to_string(staged++);
    }
    // The same for what belongs to another user, who stands for the run there. Never root, where
    // the configuration lets runs write: what they made would be root's on the machine.
    std::string source(const Shared& one, unsigned instead_of_root) {
        struct stat status {};
        if (!user || ::stat(one.path.c_str(), &status) != 0) return source(one.path);
        const bool not_root = one.writable && !one.own;
        if (not_root && status.st_uid == 0) return source(one.path);
        const auto group = not_root && status.st_gid == 0 ? instead_of_root : status.st_gid;
        return source(one.path, {one.writable ? "--owner" : "--owner-if-possible",
                                 std::to_string(status.st_uid), std::to_string(group)});
    }
};

void add_system(Arguments& arguments, bool isolated_network) {
    for (const fs::path path : system_directories) {
        std::error_code error;
        if (fs::is_symlink(path, error))  // /bin -> usr/bin, where the two are merged
            arguments.add({"--symlink", fs::read_symlink(path, error).string(), path.string()});
        else if (fs::is_directory(path, error))
            arguments.add({"--ro-bind", path.string(), path.string()});
    }
    for (const char* path : system_files) arguments.add({"--ro-bind-try", path, path});
    arguments.add({"--ro-bind-data", std::to_string(users_at), "/etc/passwd"});
    arguments.add({"--ro-bind-data", std::to_string(groups_at), "/etc/group"});
    if (isolated_network)
        arguments.add({"--ro-bind-data", std::to_string(resolver_at), "/etc/resolv.conf"});
    else
        arguments.add({"--ro-bind-try", "/etc/resolv.conf", "/etc/resolv.conf"});
    arguments.add({"--proc", "/proc"});
    for (const char* path : kernel_places) arguments.add({"--ro-bind-try", path, path});
    arguments.add(
        {"--dev", "/dev", "--size", std::to_string(shared_memory_bytes), "--tmpfs", "/dev/shm"});
    arguments.add({"--remount-ro", "/dev"});  // memory without a limit
    for (const char* path : {"/tmp", "/var/tmp"})
        arguments.add({"--size", std::to_string(temporary_bytes), "--tmpfs", path});
}

void add_shared(Arguments& arguments, const SandboxConfig& config, const SandboxView& view) {
    const auto workspace = real(view.workspace);
    const auto shared = all_shared(config, view);
    auto bind = [&](const Shared& one, const fs::path& at) {
        const auto source = lies_in(one.path, workspace) ? arguments.source(one.path)
                                                         : arguments.source(one, config.first_uid);
        arguments.add({one.writable ? "--bind" : "--ro-bind", source, at.string()});
    };
    for (const auto& one : shared)
        if (!lies_in(one.path, workspace)) bind(one, one.at);
    arguments.add({"--bind", arguments.source(workspace), workspace_inside.string()});
    for (const auto& one : shared)
        if (lies_in(one.path, workspace)) bind(one, inside_sandbox(one.path, config, view));
    std::error_code error;
    for (const auto& covered : all_covered(view, shared)) {
        if (fs::is_directory(covered, error))
            arguments.add({"--tmpfs", covered.string()});
        else
            arguments.add({"--ro-bind", "/dev/null", covered.string()});
    }
    for (const auto& program : view.programs)
        arguments.add({"--ro-bind", arguments.source(real(program.file)), program.at.string()});
}

// Process 1 inside and the limits of what it starts. Those here hold at once; the watcher, which
// can say why, comes first at half of them.
std::vector<std::string> init_arguments(const SandboxConfig& config) {
    constexpr std::int64_t mega = 1 << 20;
    return {init_inside,   "init",
            "--processes", std::to_string(2 * static_cast<std::int64_t>(config.processes)),
            "--data",      std::to_string(2 * mega * config.memory_mb),
            "--file",      std::to_string(2 * mega * config.workspace_mb),
            "--"};
}

// Options that bubblewrap reads from a descriptor: each ends with a NUL.
std::string environment_options(const std::map<std::string, std::string>& environment) {
    std::string out("--clearenv\0", 11);
    for (const auto& [name, value] : environment)
        for (const auto* text : {"--setenv", name.c_str(), value.c_str()}) out.append(text) += '\0';
    return out;
}

}  // namespace

fs::path inside_sandbox(const fs::path& path, const SandboxConfig& config,
                        const SandboxView& view) {
    if (config.kind == SandboxConfig::Kind::none) return path;
    const auto workspace = real(view.workspace), whole = real(path);
    if (!lies_in(whole, workspace)) return path;
    if (whole == workspace) return workspace_inside;
    return workspace_inside / whole.lexically_relative(workspace);
}

bool sandbox_shows(const fs::path& path, SandboxAccess access, const SandboxConfig& config,
                   const SandboxView& view) {
    if (config.kind == SandboxConfig::Kind::none) return true;
    const auto shared = all_shared(config, view);
    const auto covered = all_covered(view, shared);
    const auto shows = [&](const fs::path& place, bool to_write) {
        bool out = false;
        for (const auto& one : shared)
            if (lies_in(place, one.at)) out = one.writable || !to_write;
        return out && std::none_of(covered.begin(), covered.end(),
                                   [&](const fs::path& cover) { return lies_in(place, cover); });
    };
    // As it is spelled, and where it leads: a link out of what is shared leads nowhere inside.
    return shows(without_slash(path.lexically_normal()), false) &&
           shows(real(path), access == SandboxAccess::write);
}

Command sandboxed(Command command, const SandboxConfig& config, const SandboxView& view) {
    if (config.kind == SandboxConfig::Kind::none) return command;
    const auto bubblewrap = find_program("bwrap"), enter = find_own_program("slipway-enter");
    if (!bubblewrap)
        throw Failure(
            "bubblewrap is not installed (the program bwrap is not on PATH), and runs need "
            "it; install it, or write `sandbox: {kind: none}` into the configuration",
            Retry::never);
    if (!enter)
        throw Failure("the program slipway-enter is not beside slipway; install both",
                      Retry::never);

    const bool shares_network =
        view.needs_network && config.network == SandboxConfig::Network::shared;
    const bool joins = view.needs_network && view.network != nullptr;
    Arguments arguments;
    arguments.user = view.user;
    arguments.before = {enter->string(), "start"};
    if (view.user)
        arguments.before.insert(arguments.before.end(), {"--user", std::to_string(*view.user)});
    if (joins) {
        arguments.before.insert(arguments.before.end(),
                                {"--network", std::to_string(view.network->process())});
        command.side_inputs[resolver_at] = view.network->name_servers();
    }
    arguments.add({"--", bubblewrap->string(), "--args", std::to_string(options_at)});
    arguments.add({"--seccomp", std::to_string(filter_at), "--unshare-user", "--disable-userns",
                   "--uid", user_inside, "--gid", user_inside, "--unshare-pid", "--as-pid-1",
                   "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent",
                   "--cap-drop", "ALL", "--hostname", "slipway"});
    if (!joins && !shares_network) arguments.add({"--unshare-net"});
    add_system(arguments, joins);
    add_shared(arguments, config, view);
    arguments.add({"--ro-bind", arguments.source(*enter), init_inside});
    // What is written where nothing was shared would be lost without a word.
    arguments.add({"--remount-ro", "/"});
    arguments.add({"--chdir", inside_sandbox(command.directory, config, view).string(), "--"});

    const auto init = init_arguments(config);
    arguments.before.insert(arguments.before.end(), arguments.list.begin(), arguments.list.end());
    arguments.before.insert(arguments.before.end(), init.begin(), init.end());
    arguments.before.insert(arguments.before.end(), command.argv.begin(), command.argv.end());
    command.argv = std::move(arguments.before);
    command.side_inputs[options_at] = environment_options(command.environment);
    command.side_inputs[filter_at] = seccomp_filter();
    command.side_inputs[users_at] = users;
    command.side_inputs[groups_at] = groups;
    command.environment.clear();
    command.directory = "/";
    command.user = view.user;
    return command;
}

UsageLimits usage_limits(const SandboxConfig& config, const fs::path& workspace) {
    constexpr std::int64_t mega = 1 << 20;
    return {config.processes, mega * config.memory_mb, mega * config.workspace_mb, workspace};
}
}  // namespace slipway
