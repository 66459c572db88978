#include "service/net/target.hpp"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/url_view.hpp>

namespace slipway {

namespace urls = boost::urls;

namespace {

std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
    const auto encoded = urls::make_pct_string_view({text.data(), text.size()});
    if (!encoded) return std::nullopt;
    urls::encoding_opts how;
    how.space_as_plus = plus_is_space;
    return encoded->decode(how);
}

}  // namespace

std::optional<std::string> form_decoded(std::string_view text) { return decoded(text, true); }

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
        auto name = form_decoded(field.substr(0, equals));
        auto value = form_decoded(field.substr(std::min(equals + 1, field.size())));
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
