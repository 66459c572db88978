#include "handlers/forges/rest/wire.hpp"

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

namespace slipway::rest {
namespace {

constexpr int most_redirects = 3;

// Where the path of an absolute URL begins; npos: it is no such URL.
std::size_t path_start(std::string_view url) {
    auto scheme = url.find("://");
    if (scheme == url.npos) return url.npos;
    return std::min(url.find('/', scheme + 3), url.size());
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Wire::Wire(std::string api_url, const Dialect& dialect, HttpClient& http)
    : api_url_(std::move(api_url)), dialect_(dialect), http_(http) {
    while (api_url_.ends_with('/')) api_url_.pop_back();
    host_ = api_url_.substr(0, path_start(api_url_));
}

Task<HttpReply> Wire::send(Request request, Secret authorization) {
    for (int hop = 0;; ++hop) {
        HttpCall call;
        call.method = request.method;
        call.url = api_url_ + request.path;
        call.headers = dialect_.headers;
        call.headers.emplace_back("User-Agent", "slipway/" SLIPWAY_VERSION);
        if (!request.body.is_null()) {
            call.body = request.body.dump();
            call.headers.emplace_back("Content-Type", "application/json");
        }
        call.authorization = authorization;
        auto reply = co_await http_.send(std::move(call));
        if (meaning_of(reply, dialect_, 0, 0).kind != ReplyKind::moved) co_return reply;

        auto location = reply.headers.find("location");
        if (location == reply.headers.end() || hop == most_redirects)
            throw Failure(dialect_.title + " sends " + request.text() + " in circles",
                          Retry::never);
        auto path = is_our_host(location->second) ? path_of(location->second) : std::nullopt;
        if (!path)
            throw Failure(dialect_.title + " sends " + request.text() +
                              " to another host, which gets no credentials of ours; check api_url",
                          Retry::never);
        request.path = *path;
    }
}

bool Wire::is_our_host(std::string_view url) const {
    return url.starts_with('/') || url.substr(0, std::min(path_start(url), url.size())) == host_;
}

std::optional<std::string> Wire::path_of(std::string_view url) const {
    if (!is_printable(url)) return std::nullopt;
    if (!url.starts_with('/')) {
        auto start = path_start(url);
        if (start == url.npos || start == url.size()) return std::nullopt;
        url.remove_prefix(start);
    }
    auto base = std::string_view(api_url_).substr(host_.size());
    if (!url.starts_with(base)) return std::nullopt;
    return std::string(url.substr(base.size()));
}

std::optional<std::string> Wire::page(const HttpReply& reply, std::string_view relation) const {
    auto header = reply.headers.find("link");
    if (header == reply.headers.end()) return std::nullopt;
    std::string_view rest = header->second;
    const auto wanted = "rel=\"" + std::string(relation) + "\"";
    while (true) {
        auto open = rest.find('<'), close = rest.find('>');
        if (open == rest.npos || close == rest.npos || close < open) return std::nullopt;
        auto url = rest.substr(open + 1, close - open - 1);
        rest.remove_prefix(close + 1);
        auto parameters = rest.substr(0, rest.find('<'));
        if (parameters.find(wanted) != parameters.npos) return path_of(url);
    }
}

std::optional<std::string> Wire::next_page(const HttpReply& reply, std::string_view path) const {
    if (auto linked = page(reply, "next")) return linked;
    const auto header = reply.headers.find(dialect_.next_page);
    if (header == reply.headers.end() || header->second.empty()) return std::nullopt;
    const auto& number = header->second;
    if (number.size() > 9 || number.find_first_not_of("0123456789") != number.npos)
        return std::nullopt;
    return with_page(path, number);
}

std::string with_page(std::string_view path, std::string_view number) {
    std::string out(path.substr(0, path.find('?')));
    char before = '?';
    std::string_view query = path.substr(std::min(path.find('?'), path.size()));
    while (!query.empty()) {
        query.remove_prefix(1);
        const auto one = query.substr(0, query.find('&'));
        if (!one.empty() && !one.starts_with("page=")) {
            out += before + std::string(one);
            before = '&';
        }
        query.remove_prefix(one.size());
    }
    return out + before + "page=" + std::string(number);
}

std::string encoded(std::string_view text) {
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

}  // namespace slipway::rest
