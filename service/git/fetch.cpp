#include "service/git/detail/fetch.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "service/base/digest.hpp"
#include "service/git/detail/handle.hpp"

namespace slipway::git {

namespace {

std::string basic_credentials(const GitRemote& remote) {
    return to_base64(remote.username + ":" + remote.password.reveal());
}

// Proxies and authorities of the machine are honoured; nothing else of our environment reaches git.
std::map<std::string, std::string> clean_environment() {
    std::map<std::string, std::string> out{
        {"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"},
        {"GIT_TERMINAL_PROMPT", "0"}, {"GIT_NO_REPLACE_OBJECTS", "1"},
        {"HOME", "/nonexistent"},     {"LC_ALL", "C"}};
    constexpr std::array passed_on{
        "PATH",           "http_proxy",     "https_proxy",   "HTTPS_PROXY",   "no_proxy",
        "NO_PROXY",       "all_proxy",      "ALL_PROXY",     "SSL_CERT_FILE", "SSL_CERT_DIR",
        "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH"};
    for (const char* name : passed_on)
        if (const char* value = std::getenv(name)) out.emplace(name, value);
    return out;
}

std::string without_secrets(std::string text, const GitRemote& remote) {
    if (remote.password.empty()) return text;
    for (const std::string& secret : {remote.password.reveal(), basic_credentials(remote)})
        for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at))
            text.replace(at, secret.size(), "***");
    return text;
}

// What git says last and loudest: its "fatal:" line, else the last line.
std::string loudest_line(std::string_view output) {
    std::string_view last, fatal;
    for (std::size_t from = 0; from < output.size();) {
        std::size_t to = std::min(output.find('\n', from), output.size());
        std::string_view line = output.substr(from, to - from);
        from = to + 1;
        if (line.empty()) continue;
        last = line;
        if (fatal.empty() && line.starts_with("fatal: ")) fatal = line.substr(7);
    }
    return std::string((fatal.empty() ? last : fatal).substr(0, 500));
}

std::string word_after(std::string_view text, std::string_view phrase) {
    auto at = text.find(phrase);
    if (at == text.npos) return "";
    text.remove_prefix(at + phrase.size());
    return std::string(text.substr(0, text.find_first_of(" \n\r'\"")));
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> phrases) {
    return std::any_of(phrases.begin(), phrases.end(),
                       [&](std::string_view phrase) { return text.find(phrase) != text.npos; });
}

}  // namespace

void check_remote(const GitRemote& remote) {
    auto refuse = [](const std::string& why) { throw Failure(why, Retry::never); };
    if (remote.url.find_first_of("\n\r") != remote.url.npos ||
        remote.url.find('\0') != remote.url.npos)
        refuse("the repository's URL has a line end in it");
    if (remote.local) {
        if (!remote.url.starts_with('/'))
            refuse("a repository of the built-in forge is named by its full path, not by " +
                   remote.url);
        return;
    }
    if (!remote.url.starts_with("https://") && !remote.url.starts_with("http://"))
        refuse("repositories are fetched by https or http; correct git_url of the forge");
    auto host = remote.url.find("//") + 2;
    auto end_of_host = std::min(remote.url.find('/', host), remote.url.size());
    if (std::string_view(remote.url).substr(host, end_of_host - host).find('@') !=
        std::string_view::npos)
        refuse("git_url of the forge holds credentials; give them as app or token instead");
}

std::string full_ref(std::string_view branch) {
    std::string name =
        branch.starts_with("refs/") ? std::string(branch) : "refs/heads/" + std::string(branch);
    start_libgit2();
    int valid = 0;
    if (git_reference_name_is_valid(&valid, name.c_str()) < 0 || !valid ||
        name.find_first_of(":*?[^~\\ ") != name.npos || name.find('\0') != name.npos)
        throw Failure("\"" + std::string(branch) + "\" is not a branch name", Retry::never);
    return name;
}

Command local_command(const std::filesystem::path& mirror, std::vector<std::string> arguments,
                      std::chrono::milliseconds limit) {
    Command command;
    command.argv = {"git", "--git-dir=" + mirror.string()};
    for (const char* setting : {"core.hooksPath=/dev/null", "gc.auto=0", "maintenance.auto=false",
                                "core.fsync=none", "pack.threads=2"}) {
        command.argv.emplace_back("-c");
        command.argv.emplace_back(setting);
    }
    for (auto& argument : arguments) command.argv.push_back(std::move(argument));
    command.environment = clean_environment();
    command.limit = limit;
    command.output_limit = 1u << 20;
    return command;
}

Command fetch_command(const std::filesystem::path& mirror, const GitRemote& remote,
                      const std::vector<std::string>& wanted, const MirrorOptions& options) {
    std::vector<std::string> settings{
        "protocol.allow=never",
        "credential.helper=",
        "http.followRedirects=false",
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=" + std::to_string(options.stall_limit.count()),
        // A pack is moved into place whole; objects that are unpacked one by one could stop half
        // way.
        "fetch.unpackLimit=1",
        "fetch.fsckObjects=true",
        "protocol.https.allow=always",
        "protocol.http.allow=always",
    };
    // Faults of form that commits and trees of old histories have and that harm nobody.
    for (const char* fault :
         {"zeroPaddedFilemode", "badTimezone", "missingSpaceBeforeDate", "missingEmail",
          "missingNameBeforeEmail", "missingSpaceBeforeEmail", "badDate", "zeroPaddedDate",
          "badFilemode", "badName", "badEmail", "multipleAuthors", "missingTaggerEntry",
          "gitmodulesParse", "gitmodulesUrl", "gitmodulesName", "gitmodulesPath",
          "gitmodulesUpdate"})
        settings.push_back("fetch.fsck." + std::string(fault) + "=ignore");

    std::vector<std::string> arguments;
    for (auto& setting : settings) {
        arguments.emplace_back("-c");
        arguments.push_back(std::move(setting));
    }
    for (const char* flag : {"fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-prune",
                             "--no-recurse-submodules", "--no-auto-maintenance", "--"})
        arguments.emplace_back(flag);
    arguments.push_back(remote.url);
    for (const auto& name : wanted)
        arguments.push_back(name.starts_with("refs/") ? "+" + name + ":" + name : name);

    Command command = local_command(mirror, std::move(arguments), options.fetch_limit);
    if (!remote.password.empty() || !remote.username.empty()) {
        command.environment["GIT_CONFIG_COUNT"] = "1";
        command.environment["GIT_CONFIG_KEY_0"] = "http." + remote.url + ".extraHeader";
        command.environment["GIT_CONFIG_VALUE_0"] =
            "Authorization: Basic " + basic_credentials(remote);
    }
    return command;
}

FetchAnswer fetch_answer(const Ended& ended, const GitRemote& remote) {
    using What = FetchAnswer::What;
    if (ended.ok()) return {What::fetched, "", ""};
    if (ended.how != Ended::How::exited) return {What::remote_trouble, "", "git " + ended.text()};
    std::string said = without_secrets(ended.error_output, remote);
    std::string sentence = loudest_line(said);
    if (auto ref = word_after(said, "couldn't find remote ref "); !ref.empty())
        return {What::no_such_ref, ref, sentence};
    for (const char* phrase :
         {"not our ref ", "unadvertised object ", "cannot fetch a specific object "})
        if (auto commit = word_after(said, phrase); !commit.empty())
            return {What::no_such_commit, commit, sentence};
    if (contains_any(said, {"exists; cannot create", "cannot lock ref", "refname conflict"}))
        return {What::refs_in_the_way, "", sentence};
    if (contains_any(said,
                     {"unable to access", "Could not resolve", "Authentication failed",
                      "could not read Username", "could not read Password", "not found",
                      "The requested URL returned error", "early EOF", "hung up", "RPC failed",
                      "does not appear to be a git repository", "Could not read from remote",
                      "remote error:", "fsck error in packed object", "dubious ownership",
                      "transport '", "Operation too slow", "Connection "}))
        return {What::remote_trouble, "", sentence};
    return {What::unclear, "", sentence.empty() ? "git " + ended.text() : sentence};
}

}  // namespace slipway::git
