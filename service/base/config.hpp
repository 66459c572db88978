// The service's configuration: flags beat environment beat the file; unknown keys are errors with
// their place; a secret is always a reference ({file: PATH} or {env: NAME}) and is read here, once.
#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "service/base/result.hpp"
#include "service/model/secret.hpp"
#include "service/model/stack.hpp"
#include "service/model/words.hpp"

namespace slipway {

struct GithubConfig {
    std::string api_url;
    std::string git_url;  // with {path}
    std::string app_id;
    Secret app_private_key;
    Secret token;
    std::vector<Secret> webhook_secrets;
    bool deployments = false;  // applies are shown as deployments, too
};

// Gitea and Forgejo: one token for everything.
struct GiteaConfig {
    std::string api_url;  // https://git.example.com/api/v1
    std::string git_url;  // with {path}
    Secret token;
    std::vector<Secret> webhook_secrets;
};

struct GitlabConfig {
    std::string api_url;
    std::string git_url;  // with {path}
    Secret token;         // of a project, a group or a user
    // One of these two; several during a rotation.
    std::vector<Secret> webhook_signing_tokens;  // "whsec_…"
    std::vector<Secret> webhook_tokens;
    // The least role that may do what writing permits.
    enum class Writers { developer, maintainer };
    BOOST_DESCRIBE_NESTED_ENUM(Writers, developer, maintainer)
    Writers writers = Writers::developer;
};

struct BuiltinConfig {
    std::filesystem::path root;  // folder of bare repositories
};

struct ForgeConfig {
    std::string name;  // "github.com"; first part of repository names and path of the webhook
    std::vector<std::string> self_described;  // globs over repository paths
    // What only its kind of forge needs. Adapters and the tables that list them look at it, nobody
    // else.
    std::variant<GithubConfig, GitlabConfig, GiteaConfig, BuiltinConfig> own;
};

struct SandboxConfig {
    enum class Kind { bubblewrap, none };
    BOOST_DESCRIBE_NESTED_ENUM(Kind, bubblewrap, none)
    Kind kind = Kind::bubblewrap;
    std::vector<std::string> writable;
    std::vector<std::string> readable;
    // Where the service is root: runs have one of these user ids on the machine, one a slot. The
    // first one stands for all of them in the directories that they may write.
    unsigned first_uid = 231'072;
    unsigned uids = 64;
    int processes = 1'024;
    int memory_mb = 4'096;
    int workspace_mb = 10'240;
    enum class Network { automatic, isolated, shared };
    BOOST_DESCRIBE_NESTED_ENUM(Network, automatic, isolated, shared)
    Network network = Network::automatic;  // isolated where that works; else the machine's
};

// A tool that the worker's configuration defines: the argument vector of each step, whose first
// word is the full path of a program. An empty one: the tool has no such step.
struct ConfiguredTool {
    std::vector<std::string> prepare, plan, show, apply, destroy;
};

struct Config {
    std::string listen = "127.0.0.1:8080";
    std::string public_url;  // "": http:// + listen
    std::filesystem::path data = "/var/lib/slipway";
    std::filesystem::path sealing_key;   // where none is named: <data>.key
    std::filesystem::path organisation;  // "": none
    std::string redis_url;               // "": a private redis-server below data
    Secret redis_password;
    int workers = 2;
    std::map<std::string, ForgeConfig> forges;
    SandboxConfig sandbox;
    std::string check_name = "slipway";
    std::vector<std::string> command_words = {"/slipway"};
    Mode mode = Mode::apply;
    std::vector<std::string> worker_environment;  // names a run's {env: …} may ask for
    std::vector<std::string>
        worker_identity;  // of those, the ones that rotate: their names count, not their values
    std::map<std::string, ConfiguredTool> worker_tools;  // by the name that stacks give
    std::vector<std::string>
        provider_mirrors;    // directories with providers that runs may take beside the registry's
    int drain_minutes = 30;  // how long SIGTERM waits for applies
    int lease_seconds = 30;  // after so long without a sign of life, work is taken back
    std::vector<std::string> link_hosts;  // hosts that foreign links may point to (rule S3)
};

// Every finding as file:line:column: message, one a line, in the error. `environment`: all of it,
// for SLIPWAY_LISTEN … and the secrets; `flags`: the same keys as set on the command line
// ("listen", "data", "organisation", "workers", "redis", "public_url", "check_name", "mode",
// "blobs").
Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const std::map<std::string, std::string>& environment,
                           const std::map<std::string, std::string>& flags);

}  // namespace slipway
