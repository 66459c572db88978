// The whole documented file, each way to be wrong with its place, and which source wins.
#include "service/base/config.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/support/scratch.hpp"
#include "tests/support/test_key.hpp"

using namespace slipway;

namespace {

using Texts = std::map<std::string, std::string>;

struct Folder : Scratch {
    Folder() {
        write("hook", "file-secret\n");
        write("app.pem", test_key());
        write("no.pem", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n");
        write("two_lines", "token\nanother\n");
        std::filesystem::create_directory(path / "git");
        write("empty", "\n");
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path / name) << text;
    }
    Result<Config> load(const std::string& text, Texts environment = {}, Texts flags = {}) const {
        write("slipway.yaml", text);
        environment.emplace("HOOK", "env-secret");
        environment.emplace("TOKEN", "env-token");
        environment.emplace("SIGNING", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        return load_config(path / "slipway.yaml", environment, flags);
    }
    // The findings, with the folder's path left out.
    std::string findings(const std::string& text, Texts environment = {}, Texts flags = {}) const {
        const auto config = load(text, std::move(environment), std::move(flags));
        std::string out = config ? "" : config.error().message;
        for (auto at = out.find(path.string()); at != out.npos; at = out.find(path.string()))
            out.erase(at, path.string().size() + 1);
        return out;
    }
};

const std::string github = R"(forges:
  github.com:
    kind: github
    token: {env: TOKEN}
    webhook_secrets: [{env: HOOK}]
)";

}  // namespace

TEST_CASE("Without a file everything has its documented default") {
    const auto config = load_config(std::nullopt, {}, {});
    REQUIRE(config.ok());
    CHECK(config->listen == "127.0.0.1:8080");
    CHECK(config->data == "/var/lib/slipway");
    CHECK(config->sealing_key == "/var/lib/slipway.key");
    CHECK(config->workers == 2);
    CHECK(config->redis_url.empty());
    CHECK(config->forges.empty());
    CHECK(config->sandbox.kind == SandboxConfig::Kind::bubblewrap);
    CHECK(config->check_name == "slipway");
    CHECK(config->command_words == std::vector<std::string>{"/slipway"});
    CHECK(config->mode == Mode::apply);
}

TEST_CASE("Every documented key is read") {
    const Folder folder;
    const auto config = folder.load(R"(listen: "[::1]:0"
public_url: https://slipway.example.com/
data: data/
sealing_key: {file: /etc/slipway/seal.key}
organisation: org
redis: {url: "redis://slipway@host:6379/0", password: {file: hook}}
workers: 0
forges:
  github.com:
    kind: github
    api_url: https://api.github.com
    git_url: https://github.com/{path}.git
    app: {id: 1234, private_key: {file: app.pem}}
    webhook_secrets: [{env: HOOK}, {file: hook}]
    deployments: true
    self_described: ["acme/sandbox-*"]
  ghe.acme.test:
    kind: github
    token: {env: TOKEN}
    webhook_secrets: [{env: HOOK}]
  gitlab.acme.test:
    kind: gitlab
    token: {env: TOKEN}
    webhook_signing_tokens: [{env: SIGNING}]
    writers: maintainer
  gitlab.com:
    kind: gitlab
    api_url: https://gitlab.internal.test/api/v4/
    git_url: https://git.internal.test/{path}.git
    token: {file: hook}
    webhook_tokens: [{env: HOOK}, {file: hook}]
  local:
    kind: builtin
    root: git
sandbox:
  kind: none
  writable: [/var/lib/tfstate]
  readable: [/opt]
  network: shared
  uids: {first: 400000, count: 8}
  limits: {processes: 100, memory_mb: 512, workspace_mb: 2000}
check_name: slipway-eu
mode: observe
worker:
  environment: [AWS_PROFILE, {name: AWS_SESSION_TOKEN, identity: true}]
  custom:
    ansible:
      prepare: [/opt/ansible/galaxy]
      plan: [/opt/ansible/check, "{plan}"]
      show: [/opt/ansible/changes, "{plan}"]
      apply: [/opt/ansible/play, "{plan}"]
      destroy: [/opt/ansible/check, --remove, "{plan}"]
provider_mirrors: [/tmp]
link_hosts: [wiki.acme.test]
command_words: [/slipway, atlantis]
)");
    if (!config) FAIL(config.error().message);
    CHECK(config->listen == "[::1]:0");
    CHECK(config->public_url == "https://slipway.example.com");
    CHECK(config->data == folder.path / "data");
    CHECK(config->sealing_key == "/etc/slipway/seal.key");
    CHECK(config->organisation == folder.path / "org");
    CHECK(config->redis_url == "redis://slipway@host:6379/0");
    CHECK(config->redis_password.reveal() == "file-secret");
    CHECK(config->workers == 0);
    const auto& hub = std::get<GithubConfig>(config->forges.at("github.com").own);
    CHECK(hub.app_id == "1234");
    CHECK(hub.app_private_key.reveal() + "\n" == test_key());
    REQUIRE(hub.webhook_secrets.size() == 2);
    CHECK(hub.webhook_secrets[0].reveal() == "env-secret");
    CHECK(hub.webhook_secrets[1].reveal() == "file-secret");
    CHECK(config->forges.at("github.com").self_described ==
          std::vector<std::string>{"acme/sandbox-*"});
    CHECK(hub.git_url == "https://github.com/{path}.git");
    const auto& enterprise = std::get<GithubConfig>(config->forges.at("ghe.acme.test").own);
    CHECK(enterprise.api_url == "https://ghe.acme.test/api/v3");
    CHECK(enterprise.git_url == "https://ghe.acme.test/{path}.git");
    CHECK(hub.deployments);
    CHECK_FALSE(enterprise.deployments);
    CHECK(enterprise.token.reveal() == "env-token");
    const auto& lab = std::get<GitlabConfig>(config->forges.at("gitlab.acme.test").own);
    CHECK(lab.api_url == "https://gitlab.acme.test/api/v4");
    CHECK(lab.git_url == "https://gitlab.acme.test/{path}.git");
    CHECK(lab.token.reveal() == "env-token");
    CHECK(lab.webhook_signing_tokens.size() == 1);
    CHECK(lab.webhook_tokens.empty());
    CHECK(lab.writers == GitlabConfig::Writers::maintainer);
    const auto& old_lab = std::get<GitlabConfig>(config->forges.at("gitlab.com").own);
    CHECK(old_lab.api_url == "https://gitlab.internal.test/api/v4");
    CHECK(old_lab.git_url == "https://git.internal.test/{path}.git");
    CHECK(old_lab.webhook_signing_tokens.empty());
    REQUIRE(old_lab.webhook_tokens.size() == 2);
    CHECK(old_lab.webhook_tokens[1].reveal() == "file-secret");
    CHECK(old_lab.writers == GitlabConfig::Writers::developer);
    CHECK(std::get<BuiltinConfig>(config->forges.at("local").own).root == folder.path / "git");
    CHECK(config->sandbox.kind == SandboxConfig::Kind::none);
    CHECK(config->sandbox.writable == std::vector<std::string>{"/var/lib/tfstate"});
    CHECK(config->sandbox.network == SandboxConfig::Network::shared);
    CHECK(config->sandbox.first_uid == 400'000);
    CHECK(config->sandbox.uids == 8);
    CHECK(config->sandbox.processes == 100);
    CHECK(config->sandbox.memory_mb == 512);
    CHECK(config->sandbox.workspace_mb == 2'000);
    CHECK(config->check_name == "slipway-eu");
    CHECK(config->mode == Mode::observe);
    CHECK(config->worker_environment ==
          std::vector<std::string>{"AWS_PROFILE", "AWS_SESSION_TOKEN"});
    CHECK(config->worker_identity == std::vector<std::string>{"AWS_SESSION_TOKEN"});
    const auto& ansible = config->worker_tools.at("ansible");
    CHECK(ansible.prepare == std::vector<std::string>{"/opt/ansible/galaxy"});
    CHECK(ansible.plan == std::vector<std::string>{"/opt/ansible/check", "{plan}"});
    CHECK(ansible.show == std::vector<std::string>{"/opt/ansible/changes", "{plan}"});
    CHECK(ansible.apply == std::vector<std::string>{"/opt/ansible/play", "{plan}"});
    CHECK(ansible.destroy == std::vector<std::string>{"/opt/ansible/check", "--remove", "{plan}"});
    CHECK(config->provider_mirrors == std::vector<std::string>{"/tmp"});
    CHECK(config->link_hosts == std::vector<std::string>{"wiki.acme.test"});
    CHECK(config->command_words == std::vector<std::string>{"/slipway", "atlantis"});
}

TEST_CASE("Flags beat the environment, which beats the file") {
    const Folder folder;
    const std::string file = "workers: 1\nlisten: 127.0.0.1:1\n";
    CHECK(folder.load(file)->workers == 1);
    CHECK(folder.load(file, {{"SLIPWAY_WORKERS", "2"}})->workers == 2);
    const auto all = folder.load(file, {{"SLIPWAY_WORKERS", "2"}}, {{"workers", "3"}});
    CHECK(all->workers == 3);
    CHECK(all->listen == "127.0.0.1:1");
    const auto data = folder.load("data: d\n", {}, {{"data", "/elsewhere/d"}});
    CHECK(data->data == "/elsewhere/d");
    CHECK(data->sealing_key == "/elsewhere/d.key");
    CHECK(folder.load("", {{"SLIPWAY_PUBLIC_URL", "http://slipway.internal"}})->public_url ==
          "http://slipway.internal");
    CHECK(folder.load("", {{"SLIPWAY_SERVER", "for the command line"}}).ok());
}

TEST_CASE("What is wrong is found with its place and a way out") {
    const Folder folder;
    struct Case {
        std::string text, finding;
    };
    const auto hub = [](const std::string& rest) {
        return "forges:\n  github.com:\n    kind: github\n    " + rest + "\n";
    };
    const auto lab = [](const std::string& rest) {
        return "forges:\n  gitlab.com:\n    kind: gitlab\n    " + rest + "\n";
    };
    const std::string secrets = "webhook_secrets: [{env: HOOK}]";
    const Case cases[] = {
        {"listne: x\n",
         "slipway.yaml:1:1: the configuration has no key `listne`; did you mean "
         "`listen`?"},
        {"zzz: x\n", "slipway.yaml:1:1: the configuration has no key `zzz`"},
        {"- a\n", "slipway.yaml:1:1: the configuration is a map, not a list"},
        {"a: [\n",
         "slipway.yaml:1:4: this `[` is never closed; add `]`, or put quotes around the value if "
         "it is a text (the line: a: [)"},
        {"listen: 8080\n", "slipway.yaml:1:9: `listen` is HOST:PORT, for example 127.0.0.1:8080"},
        {"listen: a:70000\n",
         "slipway.yaml:1:9: `listen` is HOST:PORT, for example 127.0.0.1:8080"},
        {"workers: 65\n", "slipway.yaml:1:10: `workers` is a whole number from 0 to 64"},
        {"workers: [1]\n", "slipway.yaml:1:10: `workers` is a text, not a list"},
        {"mode: dry\n", "slipway.yaml:1:7: `mode` is apply or observe"},
        {"public_url: slipway.example.com\n",
         "slipway.yaml:1:13: `public_url` begins with https://"},
        {"check_name: a-->b\n",
         "slipway.yaml:1:13: `check_name` is made of letters, digits and "
         "single . _ - between them"},
        {"worker: {custom: {x: {plan: [ansible], show: [/s], apply: [/a]}}}\n",
         "slipway.yaml:1:29: `plan` begins with a program's full path, not with ansible"},
        {"worker: {custom: {x: {plan: [/p], show: [/s]}}}\n",
         "slipway.yaml:1:22: the tool x needs `apply`"},
        {"worker: {custom: {x: {plan: [/p], show: [/s], apply: []}}}\n",
         "slipway.yaml:1:54: `apply` names a program and its arguments"},
        {"worker: {custom: {a/b: {plan: [/p], show: [/s], apply: [/a]}}}\n",
         "slipway.yaml:1:19: the name a/b of a tool is made of letters, digits, `-`, `_` and `.`, "
         "and begins with a letter or digit"},
        {"blobs: s3://bucket/prefix\n",
         "slipway.yaml:1:8: `blobs` is not part of this version: "
         "blobs are files below `data`; remove the key"},
        {"organisation: {repository: github.com/a/b}\n",
         "slipway.yaml:1:15: `organisation` is not part of this version: an organisation in a "
         "repository; check it out and give its directory"},
        {"redis: {url: 'redis+sentinel://name@h1,h2'}\n",
         "slipway.yaml:1:14: `url` names several Redis servers, which this version cannot use; use "
         "one, redis://"},
        {"redis: {url: 'rediss://host'}\n",
         "slipway.yaml:1:14: `url` asks for TLS to Redis, which this version does not have; use "
         "redis://"},
        {"redis: {url: 'redis://u:p@host'}\n",
         "slipway.yaml:1:14: `url` must hold no password; write `password: {file: PATH}` beside "
         "it"},
        {"redis: {password: {env: HOOK}}\n", "slipway.yaml:1:8: `redis` needs `url`"},
        {"redis: redis://h\n", "slipway.yaml:1:8: `redis` is a map, not a text"},
        {"redis: {url: 'redis://h', password: plain}\n",
         "slipway.yaml:1:37: `password` is a secret: write {file: PATH} or {env: NAME}"},
        {"redis: {url: 'redis://h', password: {env: NONE}}\n",
         "slipway.yaml:1:43: `env` names NONE, which is not set in the environment"},
        {"redis: {url: 'redis://h', password: {file: none}}\n",
         "slipway.yaml:1:44: `file` names none, which cannot be read"},
        {"redis: {url: 'redis://h', password: {file: empty}}\n",
         "slipway.yaml:1:44: `file` names empty, which is empty"},
        {"redis: {url: 'redis://h', password: {file: hook, env: HOOK}}\n",
         "slipway.yaml:1:37: `password` is either {file: PATH} or {env: NAME}"},
        {"data: d\nsealing_key: {file: d/seal.key}\n",
         "d/seal.key: the sealing key lies in the data directory, so that a copy of that opens "
         "itself; keep it elsewhere"},
        {"sealing_key: {env: HOOK}\n",
         "slipway.yaml:1:14: `sealing_key` needs `file`\n"
         "slipway.yaml:1:15: `sealing_key` has no key `env`"},
        {hub("token: {env: TOKEN}"),
         "slipway.yaml:3:5: `webhook_secrets` needs at least one secret: without it anybody could "
         "send webhooks in the name of github.com"},
        {hub("token: {env: TOKEN}\n    webhook_secrets: []"),
         "slipway.yaml:5:22: `webhook_secrets` needs at least one secret: without it anybody could "
         "send webhooks in the name of github.com"},
        {hub("token: {env: TOKEN}\n    webhook_secrets: [plain]"),
         "slipway.yaml:5:23: `webhook_secrets` is a secret: write {file: PATH} or {env: NAME}"},
        {hub(secrets),
         "slipway.yaml:3:5: `app` {id, private_key} or `token` is needed, to answer "
         "on pull requests"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    app: {id: 1}"),
         "slipway.yaml:5:12: `token` and `app` exclude each other; keep one\n"
         "slipway.yaml:6:10: an App needs `private_key`"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    api_url: http://ghe.acme.test"),
         "slipway.yaml:6:14: `api_url` begins with https:// (plain http:// only reaches this "
         "machine)"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    git_url: https://x/y.git"),
         "slipway.yaml:6:14: `git_url` holds {path} where the repository's path goes"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    git_url: 'https://u:p@x/{path}'"),
         "slipway.yaml:6:14: `git_url` must hold no credentials"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    root: /srv"),
         "slipway.yaml:6:5: a forge of kind github has no key `root`"},
        {hub(secrets + "\n    token: {env: TOKEN}\n    self_described: ['a[']"),
         "slipway.yaml:6:21: `self_described` holds a[, which has a [ without its ]"},
        {"forges: {local: {kind: builtin}}\n",
         "slipway.yaml:1:17: a forge of kind builtin needs `root`"},
        {"forges: {local: {kind: builtin, root: gti}}\n",
         "slipway.yaml:1:39: `root` names gti, which is not a directory: create it, or correct the "
         "path"},
        {hub(secrets + "\n    app: {id: 1, private_key: {file: no.pem}}"),
         "slipway.yaml:5:31: `private_key` cannot sign: the private key is not an unencrypted RSA "
         "key in PEM form; download it again from the App's settings"},
        {hub(secrets + "\n    token: {file: two_lines}"),
         "slipway.yaml:5:12: `token` holds spaces, line breaks or signs that no token has; put the "
         "token alone there"},
        {"forges: {g: {kind: bitbucket}}\n",
         "slipway.yaml:1:20: this version knows no forge of kind bitbucket; `kind` is github, "
         "gitlab, gitea or builtin"},
        {"forges: {g: {root: /srv}}\n",
         "slipway.yaml:1:13: the forge g needs `kind`: github, gitlab, gitea or builtin"},
        {"forges: {g: {kind: gitea, token: {env: TOKEN}}}\n",
         "slipway.yaml:1:13: `webhook_secrets` needs at least one secret: without it anybody could "
         "send webhooks in the name of g"},
        {lab("webhook_signing_tokens: [{env: SIGNING}]"),
         "slipway.yaml:3:5: a forge of kind gitlab needs `token`"},
        {lab("token: {env: TOKEN}"),
         "slipway.yaml:3:5: `webhook_signing_tokens` needs at least one token (or, before GitLab "
         "19.0, `webhook_tokens`): without it anybody could send webhooks in the name of "
         "gitlab.com"},
        {lab("token: {env: TOKEN}\n    webhook_tokens: []"),
         "slipway.yaml:5:21: `webhook_tokens` is a list of secrets"},
        {lab("token: {env: TOKEN}\n    webhook_signing_tokens: [{env: TOKEN}]"),
         "slipway.yaml:5:29: `webhook_signing_tokens` holds a token that is not whsec_ and base64, "
         "as GitLab shows it once"},
        {lab("token: {env: TOKEN}\n    webhook_signing_tokens: [{env: SIGNING}]\n"
             "    webhook_tokens: [{env: TOKEN}]"),
         "slipway.yaml:6:21: `webhook_tokens` and `webhook_signing_tokens` exclude each other; "
         "keep the latter"},
        {lab("token: {env: TOKEN}\n    webhook_tokens: [{env: TOKEN}]\n    writers: guest"),
         "slipway.yaml:6:14: `writers` is developer or maintainer"},
        {"forges: {a/b: {kind: builtin, root: /srv}}\n",
         "slipway.yaml:1:15: the name of a forge is made of letters, digits and single . _ - "
         "between them"},
        {"sandbox: {kind: docker}\n", "slipway.yaml:1:17: `kind` is one of bubblewrap, none"},
        {"sandbox: {network: open}\n",
         "slipway.yaml:1:20: `network` is one of automatic, isolated, shared"},
        {"sandbox: {limits: {memory_mb: 0}}\n",
         "slipway.yaml:1:31: `memory_mb` is a whole number from 1 to 100000000"},
        {"sandbox: {limits: {memory: 10}}\n", "slipway.yaml:1:20: `limits` has no key `memory`"},
        {"sandbox: {uids: {first: 0}}\n",
         "slipway.yaml:1:25: `first` is a whole number from 1 to 4294967000"},
        {"sandbox: {uids: {first: 33}}\n",
         "slipway.yaml:1:25: `first` is below 1000, where the system's own users are; take a range "
         "that nobody has"},
        {"sandbox: {writable: [state]}\n",
         "slipway.yaml:1:21: `writable` holds state; write it from /"},
        {github + "worker: {environment: [TOKEN]}\n",
         "slipway.yaml:6:23: `environment` holds TOKEN, which is the service's own secret; runs "
         "never get it"},
        {"worker: {environment: ['A B']}\n",
         "slipway.yaml:1:23: `environment` is a list of names of environment variables or full "
         "paths of files"},
        {"command_words: ['a b']\n",
         "slipway.yaml:1:16: `command_words` holds a b; a word has no spaces"},
        {"link_hosts: ['https://x']\n",
         "slipway.yaml:1:13: `link_hosts` holds https://x; write host names alone"}};
    for (const auto& c : cases) {
        CAPTURE(c.text);
        CHECK(folder.findings(c.text) == c.finding);
    }
}

TEST_CASE("All findings come at once, in the order of the file") {
    const Folder folder;
    CHECK(folder.findings("workers: x\nzzz: 1\nmode: y\nforges:\n  a: {kind: builtin}\n") ==
          "slipway.yaml:1:10: `workers` is a whole number from 0 to 64\n"
          "slipway.yaml:2:1: the configuration has no key `zzz`\n"
          "slipway.yaml:3:7: `mode` is apply or observe\n"
          "slipway.yaml:5:6: a forge of kind builtin needs `root`");
}

TEST_CASE("A wrong variable or flag is named") {
    const Folder folder;
    CHECK(folder.findings("", {{"SLIPWAY_WORKERS", "many"}}) ==
          "SLIPWAY_WORKERS: `many`: is a whole number from 0 to 64");
    CHECK(folder.findings("", {}, {{"redis", "http://x"}}) ==
          "--redis: `http://x`: begins with redis://");
    CHECK(folder.findings("", {}, {{"blobs", "s3://b"}}) ==
          "--blobs: `s3://b`: is not part of this version: blobs are files below `data`; remove "
          "the key");
    const auto missing = load_config(folder.path / "none.yaml", {}, {});
    REQUIRE_FALSE(missing.ok());
    CHECK(missing.error().message.find("cannot be read") != std::string::npos);
}

TEST_CASE("Plain HTTP reaches this machine alone") {
    const Folder folder;
    for (const char* url : {"http://127.0.0.1:4000", "http://localhost:1/x", "http://[::1]:2"}) {
        CAPTURE(url);
        CHECK(folder.findings(github + "    api_url: '" + url + "'\n") == "");
    }
    for (const char* url : {"http://127.evil.test", "http://localhost.evil.test", "http://10.0.0.1",
                            "ftp://x", "https://", "https://a b"}) {
        CAPTURE(url);
        CHECK(folder.findings(github + "    api_url: '" + url + "'\n") != "");
    }
}
