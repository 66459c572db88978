// Inside load_config(): what its parts share. A setting is checked by one function wherever it was
// written: file, environment or command line.
#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "service/base/config.hpp"
#include "service/base/yaml_reader.hpp"

namespace slipway::configuration {

struct Sources {
    std::filesystem::path directory;  // what relative paths start from: the file's; "": ours
    const std::map<std::string, std::string>& environment;
    Findings& findings;
    std::vector<std::string> secret_variables;  // read as secrets of the service

    // {file: PATH} or {env: NAME}, read now; empty and reported where it is neither.
    Secret secret(const Yaml& node, std::string_view key);
    std::filesystem::path path(const std::string& text) const;
};

// "" where `text` is a fit value, otherwise what it has to be: "is HOST:PORT".
std::string listen_trouble(std::string_view text);
std::string url_trouble(std::string_view text);  // http(s), encrypted unless to this machine
std::string redis_trouble(std::string_view text);
std::string name_trouble(std::string_view text);  // of checks and forges
std::string variable_name_trouble(std::string_view text);

// `custom` of the worker: {NAME: {plan: [PROGRAM, …], …}}
void read_worker_tools(MapReader& worker, Config&, Sources&);
ForgeConfig read_forge(const std::string& name, const Yaml& node, Sources&);

}  // namespace slipway::configuration
