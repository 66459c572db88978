#include "service/catalog/detail/uses_protocol.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "service/base/json.hpp"

namespace slipway::catalog {

namespace {

Place place_of(const Json& node) {
    return {node["file"].text(), static_cast<int>(node["line"].int_or(0)), 1};
}

DirectoryReading reading_of(const Json& facts) {
    DirectoryReading out;
    for (const auto& call : facts["calls"].items())
        out.calls.push_back({call["name"].text(), call["source"].text(), place_of(call)});
    for (const auto& path : facts["paths"].items())
        out.paths.push_back({path["path"].text(), path["base"].text() != "module",
                             path["template"].bool_or(false), path["strict"].bool_or(false)});
    for (const auto& resource : facts["resources"].items())
        out.resources.emplace_back(resource["address"].text(), place_of(resource));
    out.unknown = facts["unknown"].text();
    for (const auto& [tool, constraint] : facts["required"].members())
        out.required[tool] = constraint.text();
    for (const auto& source : facts["providers"].items()) out.providers.push_back(source.text());
    return out;
}

}  // namespace

std::string uses_question(std::int64_t id,
                          const std::map<std::string, DirectoryTexts>& directories) {
    Json::Object all;
    for (const auto& [directory, files] : directories) {
        Json::Object texts;
        for (const auto& [name, text] : files) texts.emplace_back(name, Json(text));
        all.emplace_back(directory, Json(std::move(texts)));
    }
    return Json::object({{"id", Json(id)}, {"directories", Json(std::move(all))}}).dump();
}

Result<std::map<std::string, DirectoryReading>> uses_answer(std::string_view text,
                                                            std::int64_t id) {
    auto parsed = parse_json(text);
    if (!parsed) return Error{"slipway-hcl answered no JSON: " + parsed.error().message};
    const Json& answer = *parsed;
    if (answer.has("failure")) return Error{"slipway-hcl: " + answer["failure"].text()};
    if (answer["id"].int_or(-1) != id) return Error{"slipway-hcl answered another question"};
    std::map<std::string, DirectoryReading> out;
    for (const auto& [directory, facts] : answer["directories"].members())
        out.emplace(directory, reading_of(facts));
    return out;
}

bool is_configuration(std::string_view name) {
    if (name.starts_with('.') || name.ends_with('~') ||
        (name.starts_with('#') && name.ends_with('#')))
        return false;
    constexpr std::array<std::string_view, 4> endings{".tf", ".tf.json", ".tofu", ".tofu.json"};
    return std::any_of(endings.begin(), endings.end(),
                       [&](std::string_view ending) { return name.ends_with(ending); });
}

bool template_reads_files(std::string_view text) {
    for (std::string_view function : {"file", "templatefile"})
        for (auto at = text.find(function); at != text.npos; at = text.find(function, at + 1)) {
            auto rest = text.substr(at + function.size());
            while (!rest.empty() && std::isalnum(static_cast<unsigned char>(rest.front())))
                rest.remove_prefix(1);
            while (rest.starts_with(' ')) rest.remove_prefix(1);
            if (rest.starts_with('(')) return true;
        }
    return false;
}

std::optional<std::string> path_from(std::string_view directory, std::string_view relative) {
    if (relative.starts_with('/')) return std::nullopt;
    std::vector<std::string_view> parts;
    for (std::string_view path : {directory, relative})
        for (std::size_t from = 0; from <= path.size();) {
            std::size_t to = std::min(path.find('/', from), path.size());
            std::string_view part = path.substr(from, to - from);
            from = to + 1;
            if (part.empty() || part == ".") continue;
            if (part != "..") {
                parts.push_back(part);
            } else {
                if (parts.empty()) return std::nullopt;
                parts.pop_back();
            }
        }
    std::string out;
    for (auto part : parts) out.append(out.empty() ? "" : "/").append(part);
    return out.empty() ? "." : out;
}

}  // namespace slipway::catalog
