// A literal segment is preferred to a {parameter}, that to a {rest...}: so /runs/next and
// /runs/{id} may stand in any order.
#include "service/net/router.hpp"

#include <algorithm>
#include <cassert>

#include "service/net/target.hpp"

namespace slipway {

namespace {

enum class Kind { literal, parameter, rest };

Kind kind_of(std::string_view segment) {
    if (!segment.starts_with('{')) return Kind::literal;
    return segment.ends_with("...}") ? Kind::rest : Kind::parameter;
}

// For each of the pattern's segments its kind, in text whose order is the order of preference;
// nullopt: the pattern does not match.
std::optional<std::string> fit(const std::vector<std::string>& pattern,
                               const std::vector<std::string>& path) {
    std::string rank;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const Kind kind = kind_of(pattern[i]);
        rank += static_cast<char>(kind);
        if (i >= path.size()) return std::nullopt;
        if (kind == Kind::rest) return rank;
        if (kind == Kind::literal ? pattern[i] != path[i] : path[i].empty()) return std::nullopt;
    }
    if (path.size() != pattern.size()) return std::nullopt;
    return rank;
}

std::string joined(const std::vector<std::string>& path, std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < path.size(); ++i) out += (i == from ? "" : "/") + path[i];
    return out;
}

std::map<std::string, std::string> parameters_of(const std::vector<std::string>& pattern,
                                                 const std::vector<std::string>& path) {
    std::map<std::string, std::string> out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const auto& segment = pattern[i];
        switch (kind_of(segment)) {
            case Kind::literal:
                break;
            case Kind::parameter:
                out[segment.substr(1, segment.size() - 2)] = path[i];
                break;
            case Kind::rest:
                out[segment.substr(1, segment.size() - 5)] = joined(path, i);
                break;
        }
    }
    return out;
}

}  // namespace

void Router::add(std::string method, std::string pattern, HttpHandler handler,
                 std::size_t body_limit) {
    auto segments = path_segments(pattern);
    assert(segments && handler);
    routes_.push_back({std::move(method), std::move(*segments), std::move(handler), body_limit});
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
    Match out;
    const auto segments = path_segments(path);
    if (!segments) return out;
    std::string best;
    const Route* chosen = nullptr;
    std::vector<std::string_view> allowed;
    for (const auto& route : routes_) {
        const auto rank = fit(route.segments, *segments);
        if (!rank) continue;
        allowed.push_back(route.method);
        if (route.method == "GET") allowed.push_back("HEAD");
        // HEAD is answered by GET's route; the server leaves the body out.
        if (route.method != method && !(method == "HEAD" && route.method == "GET")) continue;
        if (chosen && best <= *rank) continue;
        chosen = &route;
        best = *rank;
    }
    if (chosen) {
        out.handler = &chosen->handler;
        out.parameters = parameters_of(chosen->segments, *segments);
        out.body_limit = chosen->body_limit;
        out.status = 200;
    } else if (!allowed.empty()) {
        std::sort(allowed.begin(), allowed.end());
        allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
        for (auto name : allowed) out.allow += (out.allow.empty() ? "" : ", ") + std::string(name);
        out.status = 405;
    }
    return out;
}

}  // namespace slipway
