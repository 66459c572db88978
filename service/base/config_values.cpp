// What single values of the configuration have to look like, and how a secret is fetched.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>

#include "service/base/config_reader.hpp"

namespace slipway::configuration {

namespace {

bool only(std::string_view text, std::string_view besides) {
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || besides.find(c) != besides.npos;
    });
}

bool is_port(std::string_view text) {
    int port = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc{} && end == text.data() + text.size() && port >= 0 && port <= 65535;
}

// "host", "host:1" and "[::1]:1"; the port may be missing.
bool is_host_port(std::string_view text, bool needs_port) {
    std::string_view host = text, rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == text.npos) return false;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
        if (host.empty() || !only(host, ":.")) return false;
    } else {
        const auto colon = std::min(text.find(':'), text.size());
        host = text.substr(0, colon);
        rest = text.substr(colon);
        if (host.empty() || !only(host, ".-_")) return false;
    }
    if (rest.empty()) return !needs_port;
    return rest.starts_with(':') && is_port(rest.substr(1));
}

bool is_this_machine(std::string_view authority) {
    const auto host = authority.starts_with("[::1]") ? authority.substr(0, 5)
                                                     : authority.substr(0, authority.find(':'));
    const bool numbers = host.find_first_not_of("0123456789.") == host.npos;
    return host == "[::1]" || host == "localhost" || (host.starts_with("127.") && numbers);
}

}  // namespace

std::string listen_trouble(std::string_view text) {
    return is_host_port(text, true) ? "" : "is HOST:PORT, for example 127.0.0.1:8080";
}

std::string url_trouble(std::string_view text) {
    const bool plain = text.starts_with("http://");
    if (!plain && !text.starts_with("https://")) return "begins with https://";
    const auto rest = text.substr(plain ? 7 : 8);
    const auto authority = rest.substr(0, rest.find('/'));
    if (authority.find('@') != authority.npos) return "must hold no credentials";
    if (!is_host_port(authority, false) || text.find_first_of(" \t?#\"<>\\") != text.npos)
        return "is not a URL of a host and a path";
    if (plain && !is_this_machine(authority))
        return "begins with https:// (plain http:// only reaches this machine)";
    return "";
}

std::string redis_trouble(std::string_view text) {
    if (text.starts_with("rediss://"))
        return "asks for TLS to Redis, which this version does not have; use redis://";
    if (text.starts_with("redis+"))
        return "names several Redis servers, which this version cannot use; use one, redis://";
    if (!text.starts_with("redis://")) return "begins with redis://";
    auto rest = text.substr(8);
    if (const auto at = rest.rfind('@'); at != rest.npos) {
        if (rest.substr(0, at).find(':') != rest.npos)
            return "must hold no password; write `password: {file: PATH}` beside it";
        if (!only(rest.substr(0, at), "-_.")) return "has no fit user name";
        rest.remove_prefix(at + 1);
    }
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto database = rest.substr(std::min(slash + 1, rest.size()));
    const bool number =
        std::all_of(database.begin(), database.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!is_host_port(rest.substr(0, slash), false) || !number || database.size() > 4)
        return "is redis://[USER@]HOST[:PORT][/DATABASE]";
    return "";
}

std::string name_trouble(std::string_view text) {
    const bool fit = !text.empty() && text.size() <= 100 && only(text, "._-") &&
                     text.find("--") == text.npos && text.front() != '.' && text.front() != '-' &&
                     text.back() != '-';
    return fit ? "" : "is made of letters, digits and single . _ - between them";
}

std::string variable_name_trouble(std::string_view text) {
    const bool fit = !text.empty() && only(text, "_") && !(text[0] >= '0' && text[0] <= '9');
    return fit ? "" : "is a list of names of environment variables";
}

std::filesystem::path Sources::path(const std::string& text) const {
    auto path = std::filesystem::absolute(directory / text).lexically_normal();
    return path.has_filename() ? path : path.parent_path();  // "/srv/git/" is "/srv/git"
}

Secret Sources::secret(const Yaml& node, std::string_view key) {
    const std::string name(key);
    if (node.kind != Yaml::Kind::map) {
        findings.add(node.place, "`" + name + "` is a secret: write {file: PATH} or {env: NAME}");
        return {};
    }
    MapReader reader(node, "a secret", findings);
    const auto file = reader.text("file"), variable = reader.text("env");
    if (file.has_value() == variable.has_value()) {
        findings.add(node.place, "`" + name + "` is either {file: PATH} or {env: NAME}");
        return {};
    }
    std::string value;
    if (variable) {
        secret_variables.push_back(*variable);
        const auto at = environment.find(*variable);
        if (at == environment.end() || at->second.empty()) {
            reader.report("env", "names " + *variable + ", which is not set in the environment");
            return {};
        }
        value = at->second;
    } else {
        std::ifstream in(path(*file), std::ios::binary);
        value.assign(std::istreambuf_iterator<char>(in), {});
        while (value.ends_with('\n') || value.ends_with('\r')) value.pop_back();
        if (!in.is_open() || value.empty()) {
            reader.report("file", "names " + path(*file).string() + ", which " +
                                      (in.is_open() ? "is empty" : "cannot be read"));
            return {};
        }
    }
    return Secret(std::move(value));
}

}  // namespace slipway::configuration
