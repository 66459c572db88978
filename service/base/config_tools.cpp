// Tools of the organisation's own, which each worker's configuration defines. Programs come from
// there and never from a repository, so each is written as a full path.
#include <algorithm>
#include <cctype>

#include "service/base/config_reader.hpp"

namespace slipway::configuration {

namespace {

bool is_tool_name(std::string_view name) {
    return !name.empty() && name.size() <= 100 &&
           std::isalnum(static_cast<unsigned char>(name.front())) &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                      c == '.';
           });
}

std::vector<std::string> read_step(MapReader& tool, std::string_view key) {
    auto command = tool.texts(key);
    if (tool.find(key) && command.empty()) tool.report(key, "names a program and its arguments");
    if (!command.empty() && !command.front().starts_with('/'))
        tool.report(key, "begins with a program's full path, not with " + command.front());
    return command;
}

}  // namespace

void read_worker_tools(MapReader& worker, Config& config, Sources& sources) {
    const auto* node = worker.find("custom");
    if (!node) return;
    if (node->kind != Yaml::Kind::map)
        return worker.report("custom", "is a map of tools by name: {lint: {plan: [/opt/lint]}}");
    for (const auto& [name, place, body] : node->map) {
        if (!is_tool_name(name))
            sources.findings.add(place, "the name " + name +
                                            " of a tool is made of letters, digits, `-`, `_` and "
                                            "`.`, and begins with a letter or digit");
        MapReader reader(body, "the tool " + name, sources.findings);
        for (const char* key : {"plan", "show", "apply"}) reader.require(key);
        ConfiguredTool tool;
        tool.prepare = read_step(reader, "prepare");
        tool.plan = read_step(reader, "plan");
        tool.show = read_step(reader, "show");
        tool.apply = read_step(reader, "apply");
        tool.destroy = read_step(reader, "destroy");
        config.worker_tools.emplace(name, std::move(tool));
    }
}

}  // namespace slipway::configuration
