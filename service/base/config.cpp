// The whole configuration: the file first, then what the environment and the command line override.
// All findings are collected; none of them makes the service start with something else than was
// meant.
#include "service/base/config.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>

#include "service/base/config_reader.hpp"
#include "service/model/ascii.hpp"

namespace slipway {

namespace {

using namespace configuration;

// Takes a text into the configuration, or says what it has to be.
struct Setting {
    std::string name;
    std::function<std::string(Config&, const std::string&, const Sources&)> take;
};

std::string not_in_this_version(std::string_view what) {
    return "is not part of this version: " + std::string(what);
}

std::string take_url(std::string& out, const std::string& text) {
    auto trouble = url_trouble(text);
    // The service is often reached through a proxy in the same network: what it links to may be
    // plain.
    if (trouble.find("only reaches this machine") != trouble.npos) trouble.clear();
    if (trouble.empty()) out = text;
    while (out.ends_with('/')) out.pop_back();
    return trouble;
}

std::string take_number(int& out, const std::string& text, int least, int most) {
    int number = least - 1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        return "is a whole number from " + std::to_string(least) + " to " + std::to_string(most);
    out = number;
    return "";
}

template <Worded E>
std::string take_word(E& out, const std::string& text) {
    const auto parsed = parse_word<E>(text);
    if (parsed) out = *parsed;
    std::string choice;
    for (auto one : words_of(E{})) choice += (choice.empty() ? "" : " or ") + std::string(one);
    return parsed ? "" : "is " + choice;
}

// What all three sources may say. The environment calls them SLIPWAY_LISTEN and so on.
const std::vector<Setting>& settings() {
    static const std::vector<Setting> all = {
        {"listen",
         [](Config& c, const std::string& text, const Sources&) {
             c.listen = text;
             return listen_trouble(text);
         }},
        {"public_url", [](Config& c, const std::string& text,
                          const Sources&) { return take_url(c.public_url, text); }},
        {"data",
         [](Config& c, const std::string& text, const Sources& sources) {
             c.data = sources.path(text);
             return std::string();
         }},
        {"organisation",
         [](Config& c, const std::string& text, const Sources& sources) {
             c.organisation = sources.path(text);
             return std::string();
         }},
        {"redis",
         [](Config& c, const std::string& text, const Sources&) {
             c.redis_url = text;
             return redis_trouble(text);
         }},
        {"blobs",
         [](Config&, const std::string&, const Sources&) {
             return not_in_this_version("blobs are files below `data`; remove the key");
         }},
        {"workers", [](Config& c, const std::string& text,
                       const Sources&) { return take_number(c.workers, text, 0, 64); }},
        {"drain_minutes",
         [](Config& c, const std::string& text, const Sources&) {
             return take_number(c.drain_minutes, text, 0, 24 * 60);
         }},
        {"lease_seconds",
         [](Config& c, const std::string& text, const Sources&) {
             return take_number(c.lease_seconds, text, 3, 600);
         }},
        {"check_name",
         [](Config& c, const std::string& text, const Sources&) {
             c.check_name = text;
             return name_trouble(text);
         }},
        {"mode", [](Config& c, const std::string& text, const Sources&) {
             return take_word(c.mode, text);
         }}};
    return all;
}

std::string variable_of(std::string name) {
    for (char& c : name) c = c == '-' ? '_' : ascii_upper(c);
    return "SLIPWAY_" + name;
}

void read_organisation(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("organisation");
    if (node && node->kind == Yaml::Kind::map)
        return reader.report("organisation",
                             not_in_this_version("an organisation in a repository; check it out "
                                                 "and give its directory"));
    if (const auto text = reader.text("organisation")) config.organisation = sources.path(*text);
}

void read_redis(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("redis");
    if (!node) return;
    MapReader redis(*node, "`redis`", sources.findings);
    if (redis.require("url")) {
        config.redis_url = redis.text("url").value_or("");
        if (const auto trouble = redis_trouble(config.redis_url); !trouble.empty())
            redis.report("url", trouble);
    }
    if (const auto* password = redis.find("password"))
        config.redis_password = sources.secret(*password, "password");
}

// A whole number of at least one; what it is where nothing, or nothing fit, is written.
template <class T>
void take_number(MapReader& reader, const char* key, T& out, long long most) {
    const auto text = reader.text(key);
    if (!text) return;
    long long number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number < 1 || number > most)
        return reader.report(key, "is a whole number from 1 to " + std::to_string(most));
    out = static_cast<T>(number);
}

void read_sandbox_uids(const Yaml& node, SandboxConfig& sandbox, Sources& sources) {
    MapReader uids(node, "`uids`", sources.findings);
    constexpr long long largest = 4'294'967'000, many = 65'536;
    take_number(uids, "first", sandbox.first_uid, largest);
    take_number(uids, "count", sandbox.uids, many);
    if (sandbox.first_uid < 1'000)
        uids.report(
            "first",
            "is below 1000, where the system's own users are; take a range that nobody has");
}

void read_sandbox_limits(const Yaml& node, SandboxConfig& sandbox, Sources& sources) {
    MapReader limits(node, "`limits`", sources.findings);
    constexpr long long many = 100'000'000;
    take_number(limits, "processes", sandbox.processes, many);
    take_number(limits, "memory_mb", sandbox.memory_mb, many);
    take_number(limits, "workspace_mb", sandbox.workspace_mb, many);
}

void read_sandbox(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("sandbox");
    if (!node) return;
    MapReader sandbox(*node, "`sandbox`", sources.findings);
    if (const auto kind = sandbox.word<SandboxConfig::Kind>("kind")) config.sandbox.kind = *kind;
    if (const auto network = sandbox.word<SandboxConfig::Network>("network"))
        config.sandbox.network = *network;
    if (const auto* uids = sandbox.find("uids")) read_sandbox_uids(*uids, config.sandbox, sources);
    if (const auto* limits = sandbox.find("limits"))
        read_sandbox_limits(*limits, config.sandbox, sources);
    config.sandbox.writable = sandbox.texts("writable");
    config.sandbox.readable = sandbox.texts("readable");
    const auto check = [&](const char* key, const std::vector<std::string>& paths) {
        for (const auto& path : paths)
            if (!path.starts_with('/')) sandbox.report(key, "holds " + path + "; write it from /");
    };
    check("writable", config.sandbox.writable);
    check("readable", config.sandbox.readable);
}

// Names and full paths of files, or {name: NAME, identity: true} for one whose value rotates
// without meaning anything else.
void read_worker_environment(MapReader& worker, Config& config, Sources& sources) {
    const auto* node = worker.find("environment");
    if (!node) return;
    if (node->kind != Yaml::Kind::list)
        return worker.report("environment",
                             "is a list of names, or of {name: NAME, identity: true}");
    for (const auto& item : node->list) {
        if (item.kind == Yaml::Kind::scalar) {
            config.worker_environment.push_back(item.scalar);
            continue;
        }
        MapReader entry(item, "a variable of the worker", sources.findings);
        if (!entry.require("name")) continue;
        const auto name = entry.text("name").value_or("");
        config.worker_environment.push_back(name);
        if (entry.boolean("identity").value_or(false)) config.worker_identity.push_back(name);
    }
}

void read_provider_mirrors(MapReader& reader, Config& config) {
    config.provider_mirrors = reader.texts("provider_mirrors");
    for (const auto& path : config.provider_mirrors) {
        std::error_code error;
        if (!path.starts_with('/'))
            reader.report("provider_mirrors", "holds " + path + "; write it from /");
        else if (!std::filesystem::is_directory(path, error))
            reader.report(
                "provider_mirrors",
                "holds " + path + ", which is not a directory: create it, or take it out");
    }
}

void read_worker(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("worker");
    if (!node) return;
    MapReader worker(*node, "`worker`", sources.findings);
    read_worker_environment(worker, config, sources);
    read_worker_tools(worker, config, sources);
    for (const auto& name : config.worker_environment) {
        const auto& secrets = sources.secret_variables;
        if (name.starts_with('/')) continue;  // a file
        if (const auto trouble = variable_name_trouble(name); !trouble.empty())
            worker.report("environment", trouble + " or full paths of files");
        else if (std::find(secrets.begin(), secrets.end(), name) != secrets.end())
            worker.report("environment", "holds " + name +
                                             ", which is the service's own secret; "
                                             "runs never get it");
    }
}

void read_sealing_key(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("sealing_key");
    if (!node) return;
    MapReader key(*node, "`sealing_key`", sources.findings);
    if (!key.require("file")) return;
    if (const auto file = key.text("file")) config.sealing_key = sources.path(*file);
}

void read_forges(MapReader& reader, Config& config, Sources& sources) {
    const auto* node = reader.find("forges");
    if (!node) return;
    if (node->kind != Yaml::Kind::map) return reader.report("forges", "is a map of forges by name");
    for (const auto& [name, place, forge] : node->map)
        config.forges.emplace(name, read_forge(name, forge, sources));
}

void read_words(MapReader& reader, Config& config) {
    if (reader.find("command_words")) config.command_words = reader.texts("command_words");
    for (const auto& word : config.command_words)
        if (word.find_first_of(" \t\n`<>") != word.npos || word.size() > 40)
            reader.report("command_words", "holds " + word + "; a word has no spaces");
    if (config.command_words.empty()) reader.report("command_words", "needs at least one word");
    config.link_hosts = reader.texts("link_hosts");
    for (const auto& host : config.link_hosts)
        if (!name_trouble(host).empty())
            reader.report("link_hosts", "holds " + host + "; write host names alone");
}

void read_file(const Yaml& root, Config& config, Sources& sources) {
    MapReader reader(root, "the configuration", sources.findings);
    for (const auto& setting : settings()) {
        if (setting.name == "organisation" || setting.name == "redis") continue;
        const auto text = reader.text(setting.name);
        const auto trouble = text ? setting.take(config, *text, sources) : "";
        if (!trouble.empty()) reader.report(setting.name, trouble);
    }
    read_organisation(reader, config, sources);
    read_redis(reader, config, sources);
    read_sealing_key(reader, config, sources);
    read_forges(reader, config, sources);
    read_sandbox(reader, config, sources);
    read_worker(reader, config, sources);
    read_provider_mirrors(reader, config);
    read_words(reader, config);
}

bool lies_in(const std::filesystem::path& path, const std::filesystem::path& directory) {
    const auto relative = path.lexically_relative(directory);
    return !relative.empty() && *relative.begin() != "..";
}

void load_file(const std::filesystem::path& file, Config& config, Sources& sources) {
    std::ifstream in(file, std::ios::binary);
    if (!in.is_open())
        return sources.findings.add({file.string()}, "this configuration cannot be read");
    const std::string text(std::istreambuf_iterator<char>(in), {});
    auto parsed = parse_yaml(text, file.string());
    if (const auto* error = std::get_if<YamlError>(&parsed))
        return sources.findings.add(error->place, error->message);
    sources.directory = std::filesystem::absolute(file).parent_path();
    read_file(std::get<Yaml>(parsed), config, sources);
    sources.directory.clear();
}

}  // namespace

Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const std::map<std::string, std::string>& environment,
                           const std::map<std::string, std::string>& flags) {
    Config config;
    Findings findings;
    Sources sources{{}, environment, findings, {}};
    if (file) load_file(*file, config, sources);
    for (const auto& setting : settings()) {
        const auto take = [&](const std::string& from, const std::string& text) {
            const auto trouble = setting.take(config, text, sources);
            if (!trouble.empty()) findings.add({from}, "`" + text + "`: " + trouble);
        };
        const auto variable = variable_of(setting.name);
        if (const auto at = environment.find(variable); at != environment.end())
            take(variable, at->second);
        if (const auto at = flags.find(setting.name); at != flags.end())
            take("--" + setting.name, at->second);
    }
    if (config.sealing_key.empty()) config.sealing_key = config.data.string() + ".key";
    if (lies_in(config.sealing_key, config.data))
        findings.add({config.sealing_key.string()},
                     "the sealing key lies in the data directory, so that a copy of that opens "
                     "itself; keep it elsewhere");
    if (!findings.empty()) return Error{findings.text()};
    return config;
}

}  // namespace slipway
