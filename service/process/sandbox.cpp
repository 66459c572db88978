// The bubblewrap argument vector. What the run may see is listed; all else does not exist inside.
// Order is meaning: system, temporary places, what is shared, the workspace, and last what is
// hidden.
#include "service/process/sandbox.hpp"

#include <algorithm>

#include "service/base/result.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const fs::path workspace_inside = "/workspace";
constexpr std::size_t temporary_bytes = 1u << 30;

constexpr const char* system_directories[] = {"/usr",   "/bin",    "/sbin", "/lib",
                                              "/lib32", "/libx32", "/lib64"};
// Names, certificates, time and the dynamic linker: no shadow file, no host keys, no configuration.
constexpr const char* system_files[] = {
    "/etc/resolv.conf", "/etc/hosts",        "/etc/host.conf",       "/etc/nsswitch.conf",
    "/etc/gai.conf",    "/etc/services",     "/etc/protocols",       "/etc/passwd",
    "/etc/group",       "/etc/localtime",    "/etc/ssl/certs",       "/etc/ssl/openssl.cnf",
    "/etc/pki",         "/etc/ssl/cert.pem", "/etc/ca-certificates", "/etc/crypto-policies",
    "/etc/ld.so.cache", "/etc/ld.so.conf",   "/etc/ld.so.conf.d",    "/etc/alternatives"};

fs::path without_slash(const fs::path& path) { return path.has_filename() ? path : path.parent_path(); }

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
};

std::vector<Shared> all_shared(const SandboxConfig& config, const SandboxView& view) {
    std::vector<Shared> out, through_links;
    auto add = [&](const auto& paths, bool writable) {
        for (const auto& path : paths) {
            const auto found = real(fs::path(path));
            for (const char* no : {"/", "/proc", "/dev", "/workspace"})
                if (found == no)
                    throw Failure("the sandbox cannot share " + std::string(no) + " with runs",
                                  Retry::never);
            out.push_back({found, found, writable});
            const auto spelled = without_slash(fs::path(path).lexically_normal());
            if (spelled.is_absolute() && spelled != found) through_links.push_back({found, spelled, writable});
        }
    };
    add(config.readable, false);
    add(config.writable, true);
    add(view.readable, false);
    add(view.writable, true);
    // What is shared with the link itself is there already.
    std::erase_if(through_links, [&](const Shared& one) {
        return std::any_of(out.begin(), out.end(), [&](const Shared& other) { return lies_in(one.at, other.at); });
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
            if (lies_in(hidden, one.path)) out.push_back(one.at / hidden.lexically_relative(one.path));
    }
    for (auto& path : out) path = without_slash(path.lexically_normal());
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

// An argument vector under construction.
struct Arguments {
    std::vector<std::string> list;
    void add(std::initializer_list<std::string> words) { list.insert(list.end(), words); }
};

void add_system(Arguments& arguments) {
    for (const fs::path path : system_directories) {
        std::error_code error;
        if (fs::is_symlink(path, error))  // /bin -> usr/bin, where the two are merged
            arguments.add({"--symlink", fs::read_symlink(path, error).string(), path.string()});
        else if (fs::is_directory(path, error))
            arguments.add({"--ro-bind", path.string(), path.string()});
    }
    for (const char* path : system_files) arguments.add({"--ro-bind-try", path, path});
    arguments.add({"--proc", "/proc", "--dev", "/dev"});
    for (const char* path : {"/tmp", "/var/tmp"})
        arguments.add({"--size", std::to_string(temporary_bytes), "--tmpfs", path});
}

void add_shared(Arguments& arguments, const SandboxConfig& config, const SandboxView& view) {
    const auto workspace = real(view.workspace);
    const auto shared = all_shared(config, view);
    auto bind = [&](const Shared& one, const fs::path& at) {
        arguments.add({one.writable ? "--bind" : "--ro-bind", one.path.string(), at.string()});
    };
    for (const auto& one : shared)
        if (!lies_in(one.path, workspace)) bind(one, one.at);
    arguments.add({"--bind", workspace.string(), workspace_inside.string()});
    for (const auto& one : shared)
        if (lies_in(one.path, workspace)) bind(one, inside_sandbox(one.path, config, view));
    std::error_code error;
    for (const auto& covered : all_covered(view, shared)) {
        if (fs::is_directory(covered, error))
            arguments.add({"--tmpfs", covered.string()});
        else
            arguments.add({"--ro-bind", "/dev/null", covered.string()});
    }
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
    return shows(without_slash(path.lexically_normal()), false) && shows(real(path), access == SandboxAccess::write);
}

Command sandboxed(Command command, const SandboxConfig& config, const SandboxView& view) {
    if (config.kind == SandboxConfig::Kind::none) return command;
    const auto bubblewrap = find_program("bwrap");
    if (!bubblewrap)
        throw Failure(
            "bubblewrap is not installed (the program bwrap is not on PATH), and runs need "
            "it; install it, or write `sandbox: {kind: none}` into the configuration",
            Retry::never);

    // bubblewrap itself must outlive the first signal, or the command would be killed with it.
    Arguments arguments;
    arguments.add(
        {"/usr/bin/env", "--ignore-signal=INT", "--ignore-signal=TERM", bubblewrap->string()});
    arguments.add({"--args", "3"});
    arguments.add({"--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts",
                   "--unshare-cgroup-try", "--die-with-parent", "--cap-drop", "ALL", "--hostname",
                   "slipway"});
    add_system(arguments);
    add_shared(arguments, config, view);
    // What is written where nothing was shared would be lost without a word.
    arguments.add({"--remount-ro", "/"});
    arguments.add({"--chdir", inside_sandbox(command.directory, config, view).string(), "--"});
    arguments.add({"/usr/bin/env", "--default-signal=INT", "--default-signal=TERM"});
    arguments.list.insert(arguments.list.end(), command.argv.begin(), command.argv.end());

    command.argv = std::move(arguments.list);
    command.side_input = environment_options(command.environment);
    command.environment.clear();
    command.directory = "/";
    return command;
}

Task<SandboxLevel> probe_sandbox(SandboxConfig config) {
    SandboxLevel level{std::string(word(config.kind)), ""};
    if (config.kind == SandboxConfig::Kind::none) co_return level;
    if (!find_program("bwrap")) {
        level.trouble = "bubblewrap is not installed (the program bwrap is not on PATH)";
        co_return level;
    }
    for (const auto* paths : {&config.writable, &config.readable})
        for (const auto& path : *paths)
            if (std::error_code error; !fs::exists(path, error))
                throw Failure("the sandbox is to share " + path + ", which does not exist: create it, or take it out",
                              Retry::never);
    Command command;
    command.argv = {"/bin/true"};
    command.directory = "/tmp";
    command.limit = 10s;
    SandboxView view;
    view.workspace = "/tmp";
    auto inside = sandboxed(std::move(command), config, view);
    auto ended = co_await run(std::move(inside));
    if (ended.ok()) co_return level;
    level.trouble = ended.error_output.substr(0, ended.error_output.find('\n'));
    if (level.trouble.empty()) level.trouble = "bubblewrap " + ended.text();
    co_return level;
}

}  // namespace slipway
