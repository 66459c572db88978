#include "service/process/usage.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>

namespace slipway {

namespace {

struct OpenDirectory {
    DIR* handle;
    explicit OpenDirectory(int fd) : handle(fd < 0 ? nullptr : ::fdopendir(fd)) {
        if (!handle && fd >= 0) ::close(fd);
    }
    explicit OpenDirectory(const std::string& path) : handle(::opendir(path.c_str())) {}
    OpenDirectory(const OpenDirectory&) = delete;
    OpenDirectory& operator=(const OpenDirectory&) = delete;
    ~OpenDirectory() {
        if (handle) ::closedir(handle);
    }
    const dirent* next() { return handle ? ::readdir(handle) : nullptr; }
};

std::string read_small(const std::string& path) {
    std::string out(4096, '\0');
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const auto n = fd < 0 ? 0 : ::read(fd, out.data(), out.size());
    if (fd >= 0) ::close(fd);
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
}

struct ProcessLine {
    pid_t parent = 0;
    int threads = 0;
};

// Fields 4 and 20 of /proc/PID/stat, behind a name that may hold anything.
std::optional<ProcessLine> read_line(const std::string& process) {
    const auto text = read_small("/proc/" + process + "/stat");
    auto at = text.rfind(')');
    if (at == text.npos) return std::nullopt;
    ProcessLine out;
    for (int field = 3; field <= 20; ++field) {
        at = text.find(' ', at + 1);
        if (at == text.npos) return std::nullopt;
        int* const wanted = field == 4 ? &out.parent : field == 20 ? &out.threads : nullptr;
        if (wanted) std::from_chars(text.data() + at + 1, text.data() + text.size(), *wanted);
    }
    return out;
}

std::map<pid_t, ProcessLine> all_processes() {
    std::map<pid_t, ProcessLine> out;
    OpenDirectory proc("/proc");
    while (const auto* entry = proc.next()) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        if (const auto line = read_line(entry->d_name))
            out.emplace(std::atoi(entry->d_name), *line);
    }
    return out;
}

// Anonymous pages; shared ones may belong to a file, which is not memory that a run takes away.
std::int64_t memory_of(const std::string& process) {
    const auto text = read_small("/proc/" + process + "/statm");
    long whole = 0, resident = 0, shared = 0;
    if (std::sscanf(text.c_str(), "%ld %ld %ld", &whole, &resident, &shared) != 3) return 0;
    return (resident - shared) * ::sysconf(_SC_PAGESIZE);
}

// Files that only memory holds; each once, however many have it open.
std::int64_t files_in_memory(const std::string& process, std::set<ino_t>& seen) {
    std::int64_t out = 0;
    const auto path = "/proc/" + process + "/fd";
    OpenDirectory descriptors(path);
    while (const auto* entry = descriptors.next()) {
        char target[16] = {};
        const auto link = path + "/" + entry->d_name;
        if (::readlink(link.c_str(), target, sizeof target - 1) <= 0) continue;
        if (std::strncmp(target, "/memfd:", 7) != 0) continue;
        struct stat status {};
        if (::stat(link.c_str(), &status) == 0 && seen.insert(status.st_ino).second)
            out += static_cast<std::int64_t>(status.st_blocks) * 512;
    }
    return out;
}

// Of the temporary places of a sandbox, each its own file system in memory: seen from its process
// 1, the only child of the leader.
std::int64_t temporary_bytes(pid_t first) {
    std::int64_t out = 0;
    std::set<unsigned long> seen;
    for (const char* place : {"/dev/shm", "/tmp", "/var/tmp"}) {
        struct stat here {
        }, inside{};
        const auto path = "/proc/" + std::to_string(first) + "/root" + place;
        struct statvfs space {};
        if (::stat(path.c_str(), &inside) != 0 || ::statvfs(path.c_str(), &space) != 0) continue;
        if (::stat(place, &here) == 0 && here.st_dev == inside.st_dev)
            continue;  // the machine's own
        if (!seen.insert(inside.st_dev).second) continue;
        out += static_cast<std::int64_t>((space.f_blocks - space.f_bfree) * space.f_frsize);
    }
    return out;
}

std::int64_t bytes_below(int fd, int depth) {
    std::int64_t out = 0;
    OpenDirectory directory(fd);
    while (const auto* entry = directory.next()) {
        struct stat status {};
        const std::string name = entry->d_name;
        const int parent = ::dirfd(directory.handle);
        if (name == "." || name == ".." ||
            ::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        out += static_cast<std::int64_t>(status.st_blocks) * 512;
        constexpr int deepest = 200;  // each level holds a descriptor
        if (S_ISDIR(status.st_mode) && depth < deepest)
            out += bytes_below(
                ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                depth + 1);
    }
    return out;
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
    std::vector<pid_t> out;
    for (const auto& [pid, line] : all_processes())
        if (line.parent == parent) out.push_back(pid);
    return out;
}

Usage usage_of(pid_t leader) {
    const auto all = all_processes();
    std::multimap<pid_t, pid_t> children;
    for (const auto& [pid, line] : all) children.emplace(line.parent, pid);
    Usage out;
    std::set<ino_t> seen;
    std::vector<pid_t> left{leader};
    while (!left.empty()) {
        const auto one = left.back();
        left.pop_back();
        const auto found = all.find(one);
        if (found == all.end()) continue;
        const auto name = std::to_string(one);
        out.tasks += found->second.threads;
        out.memory_bytes += memory_of(name) + files_in_memory(name, seen);
        const auto [from, to] = children.equal_range(one);
        for (auto at = from; at != to; ++at) left.push_back(at->second);
    }
    if (const auto first = children.find(leader); first != children.end())
        out.memory_bytes += temporary_bytes(first->second);
    return out;
}

std::int64_t bytes_in(const std::filesystem::path& directory) {
    return bytes_below(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                       0);
}

}  // namespace slipway
