// One forge of the configuration. One without a webhook secret is refused, because anybody could
// then speak for it; so is one without a credential.
#include <algorithm>
#include <array>

#include "service/base/config_reader.hpp"
#include "service/base/digest.hpp"
#include "service/base/standard_webhook.hpp"
#include "service/model/glob.hpp"

namespace slipway::configuration {

namespace {

void take_url(MapReader& reader, std::string_view key, std::string& url) {
    if (const auto said = reader.text(key)) url = *said;
    if (const auto trouble = url_trouble(url); !url.empty() && !trouble.empty())
        reader.report(key, trouble);
    while (url.ends_with('/')) url.pop_back();
}

using OwnConfig = decltype(ForgeConfig::own);

void read_app(const Yaml& node, GithubConfig& github, Sources& sources) {
    MapReader reader(node, "an App", sources.findings);
    if (reader.require("id")) github.app_id = reader.text("id").value_or("");
    if (reader.require("private_key"))
        github.app_private_key = sources.secret(*reader.find("private_key"), "private_key");
    if (github.app_private_key.empty()) return;
    try {
        sign_rs256(github.app_private_key, "a first signature");
    } catch (const Failure& failure) {
        reader.report("private_key", std::string("cannot sign: ") + failure.what());
    }
}

// What goes into a header is one word.
Secret read_token(MapReader& reader, Sources& sources) {
    auto token = sources.secret(*reader.find("token"), "token");
    const auto fits = [](unsigned char c) { return c > ' ' && c < 0x7F; };
    if (std::ranges::all_of(token.reveal(), fits)) return token;
    reader.report(
        "token", "holds spaces, line breaks or signs that no token has; put the token alone there");
    return {};
}

std::vector<Secret> read_webhook_secrets(MapReader& reader, const std::string& name,
                                         Sources& sources) {
    std::vector<Secret> out;
    const auto* list = reader.find("webhook_secrets");
    if (!list || (list->kind == Yaml::Kind::list && list->list.empty()))
        reader.report("webhook_secrets",
                      "needs at least one secret: without it anybody could send webhooks "
                      "in the name of " +
                          name);
    else if (list->kind != Yaml::Kind::list)
        reader.report("webhook_secrets", "is a list of secrets");
    else
        for (const auto& node : list->list) out.push_back(sources.secret(node, "webhook_secrets"));
    return out;
}

// Where the repository at {path} is fetched from.
std::string read_git_url(MapReader& reader, const std::string& name) {
    auto url = reader.text("git_url").value_or("https://" + name + "/{path}.git");
    auto filled = url;
    const auto hole = filled.find("{path}");
    if (hole != filled.npos) filled.replace(hole, 6, "p");
    if (hole == filled.npos)
        reader.report("git_url", "holds {path} where the repository's path goes");
    else if (const auto trouble = url_trouble(filled); !trouble.empty())
        reader.report("git_url", trouble);
    return url;
}

OwnConfig read_github(MapReader& reader, const std::string& name, Sources& sources) {
    GithubConfig github;
    if (name == "github.com") github.api_url = "https://api.github.com";
    if (!reader.find("api_url") && github.api_url.empty())
        github.api_url = "https://" + name + "/api/v3";  // where GitHub Enterprise Server has it
    take_url(reader, "api_url", github.api_url);
    github.git_url = read_git_url(reader, name);
    const auto *app = reader.find("app"), *token = reader.find("token");
    if (app && token) reader.report("token", "and `app` exclude each other; keep one");
    if (!app && !token)
        reader.report("app", "{id, private_key} or `token` is needed, to answer on pull requests");
    if (app) read_app(*app, github, sources);
    if (token) github.token = read_token(reader, sources);
    github.webhook_secrets = read_webhook_secrets(reader, name, sources);
    github.deployments = reader.boolean("deployments").value_or(false);
    return github;
}

OwnConfig read_gitea(MapReader& reader, const std::string& name, Sources& sources) {
    GiteaConfig gitea;
    gitea.api_url = "https://" + name + "/api/v1";
    take_url(reader, "api_url", gitea.api_url);
    gitea.git_url = read_git_url(reader, name);
    if (reader.require("token")) gitea.token = read_token(reader, sources);
    gitea.webhook_secrets = read_webhook_secrets(reader, name, sources);
    return gitea;
}

std::vector<Secret> read_secrets(MapReader& reader, std::string_view key, Sources& sources) {
    std::vector<Secret> out;
    const auto* list = reader.find(key);
    if (!list) return out;
    if (list->kind != Yaml::Kind::list || list->list.empty())
        reader.report(key, "is a list of secrets");
    else
        for (const auto& node : list->list) out.push_back(sources.secret(node, key));
    return out;
}

// GitLab signs with one kind of token and merely shows the other. Where both were written, it
// would not be plain that only the first one counts.
void read_webhook_tokens(MapReader& reader, const std::string& name, GitlabConfig& gitlab,
                         Sources& sources) {
    constexpr const char *signing = "webhook_signing_tokens", *shown = "webhook_tokens";
    gitlab.webhook_signing_tokens = read_secrets(reader, signing, sources);
    gitlab.webhook_tokens = read_secrets(reader, shown, sources);
    const bool signs = reader.find(signing), shows = reader.find(shown);
    if (signs && shows)
        reader.report(shown, "and `webhook_signing_tokens` exclude each other; keep the latter");
    if (!signs && !shows)
        reader.report(signing,
                      "needs at least one token (or, before GitLab 19.0, `webhook_tokens`): "
                      "without it anybody could send webhooks in the name of " +
                          name);
    for (const auto& token : gitlab.webhook_signing_tokens)
        if (!token.empty() && !standard_webhook_key(token))
            reader.report(signing,
                          "holds a token that is not whsec_ and base64, as GitLab shows it once");
    std::erase_if(gitlab.webhook_signing_tokens,
                  [](const Secret& token) { return !standard_webhook_key(token); });
}

OwnConfig read_gitlab(MapReader& reader, const std::string& name, Sources& sources) {
    GitlabConfig gitlab;
    gitlab.api_url = "https://" + name + "/api/v4";
    take_url(reader, "api_url", gitlab.api_url);
    gitlab.git_url = read_git_url(reader, name);
    if (reader.require("token")) gitlab.token = read_token(reader, sources);
    read_webhook_tokens(reader, name, gitlab, sources);
    if (const auto writers = reader.text("writers")) {
        const auto role = parse_word<GitlabConfig::Writers>(*writers);
        if (role)
            gitlab.writers = *role;
        else
            reader.report("writers", "is developer or maintainer");
    }
    return gitlab;
}

OwnConfig read_builtin(MapReader& reader, const std::string&, Sources& sources) {
    BuiltinConfig builtin;
    if (!reader.require("root")) return builtin;
    if (const auto root = reader.text("root")) builtin.root = sources.path(*root);
    std::error_code error;
    if (!builtin.root.empty() && !std::filesystem::is_directory(builtin.root, error))
        reader.report("root", "names " + builtin.root.string() +
                                  ", which is not a directory: create it, or correct the path");
    return builtin;
}

// Every kind of forge, by the word that `kind` has for it.
struct Kind {
    std::string_view word;
    OwnConfig (*read)(MapReader& reader, const std::string& name, Sources& sources);
};
constexpr std::array<Kind, 4> kinds = {{{"github", read_github},
                                        {"gitlab", read_gitlab},
                                        {"gitea", read_gitea},
                                        {"builtin", read_builtin}}};

const Kind* kind_called(std::string_view word) {
    const auto at = std::ranges::find(kinds, word, &Kind::word);
    return at == kinds.end() ? nullptr : &*at;
}

// "github, gitlab, gitea or builtin"
std::string all_kinds(std::string_view last) {
    std::string out;
    for (std::size_t i = 0; i < kinds.size(); ++i)
        out += std::string(i == 0                  ? ""
                           : i + 1 == kinds.size() ? last
                                                   : ", ") +
               std::string(kinds[i].word);
    return out;
}

}  // namespace

ForgeConfig read_forge(const std::string& name, const Yaml& node, Sources& sources) {
    ForgeConfig forge;
    forge.name = name;
    if (const auto trouble = name_trouble(name); !trouble.empty())
        sources.findings.add(node.place, "the name of a forge " + trouble);
    const auto word = node.find("kind");
    const auto* kind = word ? kind_called(word->scalar) : nullptr;
    if (!kind) {
        sources.findings.add(word ? word->place : node.place,
                             (word && !word->scalar.empty()
                                  ? "this version knows no forge of kind " + word->scalar +
                                        "; `kind` is " + all_kinds(" or ")
                                  : "the forge " + name + " needs `kind`: " + all_kinds(" or ")));
        return forge;
    }
    MapReader reader(node, "a forge of kind " + word->scalar, sources.findings);
    reader.find("kind");
    forge.self_described = reader.texts("self_described");
    for (const auto& pattern : forge.self_described)
        if (const auto trouble = glob_error(pattern); !trouble.empty())
            reader.report("self_described", "holds " + pattern + ", which " + trouble);
    forge.own = kind->read(reader, name, sources);
    return forge;
}

}  // namespace slipway::configuration
