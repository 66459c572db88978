// The hooks of the built-in forge's repositories. They run as whoever pushes, in the repository's
// directory.
//
//   pre-receive    refuses pushes to refs/pull/* (rule S6)
//   proc-receive   refs/for/<branch>/<topic>: opens or moves the pull request of that topic. Its
//   dialogue is
//                  pkt-line: four hex digits of length, then the line; 0000 is a flush
//                  (githooks(5))
//   post-receive   tells the service of pushed branches, and which pull requests they merged
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <vector>

#include "handlers/forges/builtin.hpp"
#include "handlers/forges/builtin/message.hpp"
#include "handlers/forges/builtin/names.hpp"
#include "handlers/forges/builtin/opening.hpp"
#include "handlers/forges/builtin/os_user.hpp"
#include "handlers/forges/builtin/pulls.hpp"
#include "service/base/codec.hpp"
#include "service/base/digest.hpp"
#include "service/base/log.hpp"

namespace slipway {

namespace {

namespace fs = std::filesystem;

struct Update {
    std::string before, after, ref;
};

constexpr std::string_view zeros = "0000000000000000000000000000000000000000";
std::string commit_or_nothing(const std::string& id) { return id == zeros ? "" : id; }

std::vector<Update> read_updates(std::istream& in) {
    std::vector<Update> out;
    for (Update one; in >> one.before >> one.after >> one.ref;) out.push_back(one);
    return out;
}

void tell_pull(const BuiltinPull& pull, PullChange change, const std::string& sender) {
    BuiltinMessage message;
    message.event = "pull_request";
    message.number = pull.number;
    message.change = word(change);
    message.sender = sender;
    tell_service(".", message);
}

int pre_receive() {
    for (const auto& update : read_updates(std::cin)) {
        if (!update.ref.starts_with("refs/pull/")) continue;
        std::cerr << "slipway: " << update.ref << " is written by the forge alone; push to "
                  << "refs/for/<branch>/<topic> to open a pull request\n";
        return 1;
    }
    return 0;
}

int post_receive(const Actor& who, std::int64_t now_ms) {
    BuiltinPulls pulls(".");
    for (const auto& update : read_updates(std::cin)) {
        constexpr std::string_view heads = "refs/heads/";
        if (!update.ref.starts_with(heads)) continue;
        const auto branch = update.ref.substr(heads.size());
        BuiltinMessage message;
        message.event = "push";
        message.branch = branch;
        message.before = commit_or_nothing(update.before);
        message.after = commit_or_nothing(update.after);
        message.sender = who.login;
        std::vector<BuiltinPull> merged;
        if (!message.after.empty())
            merged = pulls.note_merged(branch, CommitSha(message.after), who, now_ms);
        tell_service(".", message);
        for (const auto& pull : merged) tell_pull(pull, PullChange::closed, who.login);
    }
    return 0;
}

// --- proc-receive

std::optional<std::string> read_packet(std::istream& in) {  // nullopt: flush or end
    char length_text[5] = {};
    if (!in.read(length_text, 4)) return std::nullopt;
    const auto length = std::strtoul(length_text, nullptr, 16);
    if (length < 4) return std::nullopt;
    std::string line(length - 4, '\0');
    if (!in.read(line.data(), static_cast<std::streamsize>(line.size()))) return std::nullopt;
    while (!line.empty() && line.back() == '\n') line.pop_back();
    return line;
}

void write_packet(const std::string& line) {
    char length[5];
    std::snprintf(length, sizeof length, "%04zx", line.size() + 4);
    std::cout << length << line;
}

void flush_packet() { std::cout << "0000" << std::flush; }

std::string receive_for(BuiltinPulls& pulls, const Update& update, const Actor& who,
                        std::int64_t now_ms) {
    if (update.after == zeros)
        return "ng " + update.ref + " close the pull request instead of deleting it";
    auto done = open_from_ref(pulls, update.ref, CommitSha(update.after), who, now_ms);
    std::cerr << "slipway: pull request " << done.pull.number
              << (done.is_new ? " opened: " : " updated: ") << done.pull.title << "\n";
    tell_pull(done.pull, done.is_new ? PullChange::opened : PullChange::pushed, who.login);
    return "ok " + update.ref;
}

int proc_receive(const Actor& who, std::int64_t now_ms) {
    std::vector<std::string> offered;
    while (auto line = read_packet(std::cin)) offered.push_back(*line);
    write_packet(std::string("version=1\0", 10));
    flush_packet();
    std::vector<Update> updates;
    while (auto line = read_packet(std::cin)) {
        auto first = line->find(' '), second = line->find(' ', first + 1);
        if (first == line->npos || second == line->npos) continue;
        updates.push_back({line->substr(0, first), line->substr(first + 1, second - first - 1),
                           line->substr(second + 1)});
    }
    BuiltinPulls pulls(".");
    for (const auto& update : updates) {
        std::string answer;
        try {
            answer = receive_for(pulls, update, who, now_ms);
        } catch (const Failure& failure) {
            answer = "ng " + update.ref + " " + failure.what();
        }
        write_packet(answer);
    }
    flush_packet();
    return 0;
}

// --- installing

void write_if_different(const fs::path& file, const std::string& text, fs::perms mode) {
    std::ifstream in(file, std::ios::binary);
    std::string present((std::istreambuf_iterator<char>(in)), {});
    if (in && present == text) return;
    auto temporary = file;
    temporary += ".new";
    {
        std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
        fs::permissions(temporary, mode);
        out << text;
    }
    fs::rename(temporary, file);
}

// A path inside single quotes of a shell line that we write: nothing foreign but our own program's
// path.
std::string in_quotes(const fs::path& path) {
    std::string out = "'";
    for (char c : path.string()) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

// A push waits for its hooks: pre- and post-receive start us only for the refs they have something
// to say about.
std::string hook_script(const std::string& hook, const fs::path& program) {
    const auto call = in_quotes(program) + " hook " + hook;
    if (hook == "proc-receive") return "#!/bin/sh\nexec " + call + "\n";
    const std::string refs = hook == "pre-receive" ? "refs/pull/" : "refs/heads/";
    return "#!/bin/sh\nupdates=$(cat)\ncase $updates in *' " + refs + "'*) ;; *) exit 0 ;; esac\n" +
           call + " <<END\n$updates\nEND\n";
}

void add_config(const fs::path& repository) {
    // receive.procReceiveRefs makes git hand refs/for/* to the proc-receive hook.
    const auto file = repository / "config";
    std::ifstream in(file);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    if (text.find("procReceiveRefs = refs/for") != text.npos) return;
    std::ofstream out(file, std::ios::app);
    out << "[receive]\n\tprocReceiveRefs = refs/for\n[uploadpack]\n\tallowAnySHA1InWant = true\n";
}

void install(const fs::path& repository, const BuiltinAddress& address, const fs::path& program) {
    const auto all = fs::perms::owner_all | fs::perms::group_read | fs::perms::group_exec |
                     fs::perms::others_read | fs::perms::others_exec;
    fs::create_directories(repository / "hooks");
    for (const char* hook : {"pre-receive", "proc-receive", "post-receive"})
        write_if_different(repository / "hooks" / hook, hook_script(hook, program), all);
    if (!fs::exists(repository / secret_file))
        write_if_different(repository / secret_file, to_hex(random_bytes(32)) + "\n",
                           fs::perms::owner_read | fs::perms::owner_write);
    write_if_different(repository / address_file, encode(address).dump() + "\n",
                       fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                           fs::perms::others_read);
    add_config(repository);
}

bool is_bare(const fs::path& path) {
    return fs::is_regular_file(path / "HEAD") && fs::is_directory(path / "objects") &&
           fs::is_directory(path / "refs");
}

}  // namespace

std::string os_user() {
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (getpwuid_r(geteuid(), &entry, buffer, sizeof buffer, &found) == 0 && found)
        return found->pw_name;
    return "uid-" + std::to_string(geteuid());
}

namespace {

struct Found {
    fs::path path;
    std::string name;  // below the root, without .git
};

std::vector<Found> repositories_below(const fs::path& root) {
    std::vector<Found> out;
    std::error_code error;
    fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, error);
    for (const fs::recursive_directory_iterator end; !error && at != end; at.increment(error)) {
        std::error_code gone;  // while we look
        if (!at->is_directory(gone) || !is_bare(at->path())) continue;
        at.disable_recursion_pending();
        auto name = fs::relative(at->path(), root, gone).string();
        if (name.ends_with(".git")) name.resize(name.size() - 4);
        out.push_back({at->path(), std::move(name)});
    }
    return out;
}

// The name of one that no pull request, check or message could carry is no repository's here.
bool is_served(const Found& found, bool tell) {
    try {
        check_repository_path(found.name);
        return true;
    } catch (const Failure& failure) {
        if (tell) log_warning(failure.what());
        return false;
    }
}

}  // namespace

void install_builtin_hooks(const std::string& name, const BuiltinConfig& config,
                           const std::string& url, const fs::path& program) {
    for (const auto& found : repositories_below(config.root))
        if (is_served(found, false)) install(found.path, {url, name, found.name}, program);
}

BuiltinWatch::BuiltinWatch(std::string name, BuiltinConfig config, std::string url,
                           fs::path program)
    : name_(std::move(name)),
      config_(std::move(config)),
      url_(std::move(url)),
      program_(std::move(program)) {}

void BuiltinWatch::look() {
    // git writes the file `config` last of all, and over what we added while it does.
    constexpr int looks_until_settled = 5;
    std::map<std::string, int> present;
    for (const auto& found : repositories_below(config_.root)) {
        auto& looks = present[found.path.string()];
        const auto before = looks_.find(found.path.string());
        const bool is_ours = fs::exists(found.path / address_file);
        if (before != looks_.end() && is_ours) looks = before->second;
        if (looks >= looks_until_settled || !fs::exists(found.path / "config")) continue;
        if (!is_served(found, before == looks_.end())) {
            looks = looks_until_settled;
            continue;
        }
        ++looks;
        install(found.path, {url_, name_, found.name}, program_);
        if (looks == 1 || looks == looks_until_settled)
            adopt_literal_refs(found.path, name_, SystemClock().now_ms());
        if (!is_ours)
            log_info("a repository is new and has its hooks now",
                     {{"forge", name_}, {"repository", found.name}});
    }
    looks_ = std::move(present);
}

int run_builtin_hook(const std::string& hook) {
    const auto now_ms = SystemClock().now_ms();
    auto address = read_address(".");
    Actor who{address ? address->forge : "local", os_user()};
    if (hook == "pre-receive") return pre_receive();
    if (hook == "proc-receive") return proc_receive(who, now_ms);
    if (hook == "post-receive") return post_receive(who, now_ms);
    std::cerr << "slipway: no hook is called " << hook << "\n";
    return 2;
}

}  // namespace slipway
