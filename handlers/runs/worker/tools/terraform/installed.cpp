#include "handlers/runs/worker/tools/terraform/installed.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "service/base/json.hpp"
#include "service/process/process.hpp"

namespace slipway {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

struct Candidate {
    ToolKind kind;
    fs::path program;
};

std::optional<ToolKind> kind_by_name(std::string_view name) {
    static constexpr std::pair<std::string_view, std::string_view> names[] = {
        {"terraform", "terraform"}, {"tofu", "opentofu"}, {"opentofu", "opentofu"}};
    for (const auto& [tool, its_word] : names) {
        const auto kind = parse_word<ToolKind>(its_word);
        if (name == tool) return kind;
        if (!name.starts_with(tool) || name.size() < tool.size() + 2) continue;
        const char between = name[tool.size()], digit = name[tool.size() + 1];
        if ((between == '-' || between == '_') && digit >= '0' && digit <= '9') return kind;
    }
    return std::nullopt;
}

std::vector<Candidate> candidates_in(const fs::path& directory) {
    std::vector<Candidate> out;
    std::error_code error;
    for (auto at = fs::directory_iterator(directory, error);
         !error && at != fs::directory_iterator(); at.increment(error))
        if (auto kind = kind_by_name(at->path().filename().string()))
            out.push_back({*kind, at->path()});
    return out;
}

// A directory of programs has thousands of names: what it held is remembered until it changes.
struct Listing {
    fs::file_time_type changed;
    std::vector<Candidate> candidates;
};
std::mutex remembered_mutex;

std::vector<Candidate> remembered_candidates(const fs::path& directory) {
    static std::map<fs::path, Listing> listings;
    std::error_code error;
    const auto changed = fs::last_write_time(directory, error);
    if (error) return {};
    std::lock_guard lock(remembered_mutex);
    const auto found = listings.find(directory);
    if (found != listings.end() && found->second.changed == changed)
        return found->second.candidates;
    auto candidates = candidates_in(directory);
    // Within the clock's tick it may change again unseen.
    if (changed < fs::file_time_type::clock::now() - 2s)
        listings[directory] = {changed, candidates};
    return candidates;
}

std::vector<Candidate> candidates() {
    std::vector<Candidate> out;
    const char* variable = std::getenv("PATH");
    std::string_view rest = variable ? variable : "/usr/local/bin:/usr/bin:/bin";
    while (!rest.empty()) {
        const auto colon = rest.find(':');
        const fs::path directory(rest.substr(0, colon));
        rest = colon == rest.npos ? std::string_view() : rest.substr(colon + 1);
        if (!directory.is_absolute()) continue;
        for (const auto& candidate : remembered_candidates(directory))
            if (find_program(candidate.program.string())) out.push_back(candidate);
    }
    return out;
}

// What a program said, as long as it is the same file.
using FileIdentity = std::tuple<std::string, ino_t, off_t, std::int64_t>;
std::map<FileIdentity, std::optional<Version>>& remembered() {
    static std::map<FileIdentity, std::optional<Version>> versions;
    return versions;
}

Task<std::optional<Version>> ask_version(fs::path program) {
    struct stat file {};
    if (::stat(program.c_str(), &file) != 0) co_return std::nullopt;
    const FileIdentity identity{program.string(), file.st_ino, file.st_size,
                                file.st_mtim.tv_sec * 1'000'000'000 + file.st_mtim.tv_nsec};
    {
        std::lock_guard lock(remembered_mutex);
        if (auto found = remembered().find(identity); found != remembered().end())
            co_return found->second;
    }
    Command command;
    command.argv = {program.string(), "version", "-json"};
    command.environment = {{"PATH", "/usr/bin:/bin"},
                           {"HOME", "/"},
                           {"CHECKPOINT_DISABLE", "1"},
                           {"TF_CLI_CONFIG_FILE", "/dev/null"}};
    command.limit = 20s;
    auto ended = co_await run(std::move(command));
    std::optional<Version> version;
    if (auto answer = parse_json(ended.output); ended.ok() && answer)
        version = parse_version((*answer)["terraform_version"].string_or(""));
    std::lock_guard lock(remembered_mutex);
    remembered()[identity] = version;
    co_return version;
}

std::string list_of(const std::vector<InstalledTool>& installed) {
    if (installed.empty()) return "none is";
    std::string out;
    for (const auto& tool : installed)
        out += (out.empty() ? "" : ", ") + std::string(traits_of(tool.kind).title) + " " +
               tool.version.text() + " (" + tool.program.string() + ")";
    return out;
}

}  // namespace

Task<std::vector<InstalledTool>> installed_tools() {
    std::vector<InstalledTool> out;
    for (const auto& candidate : candidates())
        if (auto version = co_await ask_version(candidate.program))
            out.push_back({candidate.kind, candidate.program, *version});
    co_return out;
}

Result<InstalledTool> choose_tool(ToolKind kind, std::string_view constraint,
                                  const std::vector<InstalledTool>& installed) {
    auto wanted = VersionConstraint::parse(constraint);
    if (!wanted) return wanted.error();
    const auto newest = [&](auto&& fits) {
        const InstalledTool* best = nullptr;
        for (const auto& tool : installed)
            if (tool.kind == kind && fits(tool) &&
                (best == nullptr || tool.version > best->version))
                best = &tool;
        return best;
    };
    const auto* best = newest([&](const auto& tool) { return wanted->allows(tool.version); });
    // A stack that asks for no version gets along with a prerelease where nothing else is
    // installed.
    if (best == nullptr && constraint.empty()) best = newest([](const auto&) { return true; });
    if (best != nullptr) return *best;
    return Error{"the stack wants " + std::string(traits_of(kind).title) +
                 (constraint.empty() ? "" : " " + std::string(constraint)) +
                 ", but installed on the worker: " + list_of(installed)};
}

}  // namespace slipway
