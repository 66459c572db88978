#include "service/net/target.hpp"

#include <algorithm>
#include <boost/url/decode_view.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>

namespace slipway {

namespace urls = boost::urls;

namespace {

// A "+" in a query means a blank, as in every form.
std::optional<std::string> decoded(std::string_view text, bool query) {
    std::string plain(text);
    if (text.find_first_of("%+") == text.npos) return plain;
    if (query) std::replace(plain.begin(), plain.end(), '+', ' ');
    auto encoded = urls::make_pct_string_view(urls::string_view(plain.data(), plain.size()));
    if (!encoded) return std::nullopt;
    std::string out;
    out.reserve(encoded->decoded_size());
    for (char c : **encoded) out += c;
    return out;
}

}  // namespace

std::optional<RequestTarget> parse_target(std::string_view target) {
    if (!urls::parse_origin_form(urls::string_view(target.data(), target.size())))
        return std::nullopt;
    RequestTarget out;
    const auto mark = target.find('?');
    out.path = target.substr(0, mark);
    if (mark == target.npos) return out;
    auto rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const auto field = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (field.empty()) continue;
        const auto equals = std::min(field.find('='), field.size());
        auto name = decoded(field.substr(0, equals), true);
        auto value = decoded(field.substr(std::min(equals + 1, field.size())), true);
        if (!name || !value) return std::nullopt;
        out.query[std::move(*name)] = std::move(*value);
    }
    return out;
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    if (!path.starts_with('/')) return std::nullopt;
    std::vector<std::string> out;
    do {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        auto segment = decoded(path.substr(0, end), false);
        if (!segment || *segment == "." || *segment == ".." ||
            segment->find('\0') != std::string::npos)
            return std::nullopt;
        out.push_back(std::move(*segment));
        path.remove_prefix(end);
    } while (!path.empty());
    return out;
}

}  // namespace slipway
