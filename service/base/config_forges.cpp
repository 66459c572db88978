// One forge of the configuration. GitHub without a webhook secret is refused: anybody could then
// speak for it; so is one without a credential.
#include <algorithm>

#include "service/base/config_reader.hpp"
#include "service/model/glob.hpp"

namespace slipway::configuration {

namespace {

void take_url(MapReader& reader, std::string_view key, std::string& url) {
    if (const auto said = reader.text(key)) url = *said;
    if (const auto trouble = url_trouble(url); !url.empty() && !trouble.empty())
        reader.report(key, trouble);
    while (url.ends_with('/')) url.pop_back();
}

void read_app(const Yaml& node, ForgeConfig& forge, Sources& sources) {
    MapReader reader(node, "an App", sources.findings);
    if (reader.require("id")) forge.app_id = reader.text("id").value_or("");
    if (reader.require("private_key"))
        forge.app_private_key = sources.secret(*reader.find("private_key"), "private_key");
}

void read_webhook_secrets(MapReader& reader, ForgeConfig& forge, Sources& sources) {
    const auto* list = reader.find("webhook_secrets");
    if (!list || (list->kind == Yaml::Kind::list && list->list.empty()))
        return reader.report("webhook_secrets",
                             "needs at least one secret: without it anybody could send webhooks "
                             "in the name of " +
                                 forge.name);
    if (list->kind != Yaml::Kind::list)
        return reader.report("webhook_secrets", "is a list of secrets");
    for (const auto& node : list->list)
        forge.webhook_secrets.push_back(sources.secret(node, "webhook_secrets"));
}

void read_github(MapReader& reader, ForgeConfig& forge, Sources& sources) {
    if (forge.name == "github.com") forge.api_url = "https://api.github.com";
    if (!reader.find("api_url") && forge.api_url.empty())
        forge.api_url =
            "https://" + forge.name + "/api/v3";  // where GitHub Enterprise Server has it
    take_url(reader, "api_url", forge.api_url);
    forge.git_url = reader.text("git_url").value_or("https://" + forge.name + "/{path}.git");
    auto filled = forge.git_url;
    const auto hole = filled.find("{path}");
    if (hole != filled.npos) filled.replace(hole, 6, "p");
    if (hole == filled.npos)
        reader.report("git_url", "holds {path} where the repository's path goes");
    else if (const auto trouble = url_trouble(filled); !trouble.empty())
        reader.report("git_url", trouble);
    const auto *app = reader.find("app"), *token = reader.find("token");
    if (app && token) reader.report("token", "and `app` exclude each other; keep one");
    if (!app && !token)
        reader.report("app", "{id, private_key} or `token` is needed, to answer on pull requests");
    if (app) read_app(*app, forge, sources);
    if (token) forge.token = sources.secret(*token, "token");
    read_webhook_secrets(reader, forge, sources);
}

void read_builtin(MapReader& reader, ForgeConfig& forge, Sources& sources) {
    if (!reader.require("root")) return;
    if (const auto root = reader.text("root")) forge.root = sources.path(*root);
}

}  // namespace

ForgeConfig read_forge(const std::string& name, const Yaml& node, Sources& sources) {
    ForgeConfig forge;
    forge.name = name;
    if (const auto trouble = name_trouble(name); !trouble.empty())
        sources.findings.add(node.place, "the name of a forge " + trouble);
    const auto kind = node.find("kind");
    const bool is_known = kind && parse_word<ForgeKind>(kind->scalar);
    const bool is_later = kind && (kind->scalar == "gitlab" || kind->scalar == "gitea");
    if (is_later || !is_known) {
        sources.findings.add(
            kind ? kind->place : node.place,
            is_later ? "this version speaks to forges of kind github and builtin, not yet " +
                           kind->scalar
                     : "the forge " + name + " needs `kind`: github or builtin");
        return forge;
    }
    forge.kind = *parse_word<ForgeKind>(kind->scalar);
    MapReader reader(node, "a forge of kind " + kind->scalar, sources.findings);
    reader.find("kind");
    forge.self_described = reader.texts("self_described");
    for (const auto& pattern : forge.self_described)
        if (const auto trouble = glob_error(pattern); !trouble.empty())
            reader.report("self_described", "holds " + pattern + ", which " + trouble);
    if (forge.kind == ForgeKind::github)
        read_github(reader, forge, sources);
    else
        read_builtin(reader, forge, sources);
    return forge;
}

}  // namespace slipway::configuration
