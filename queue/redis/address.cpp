#include "queue/redis/address.hpp"

#include <algorithm>

namespace slipway {
namespace {

constexpr std::string_view tcp_scheme = "redis://", unix_scheme = "unix://";
constexpr std::size_t longest_path = 107;  // sun_path

bool all_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What stands before the first `mark` is cut off and returned; nothing where there is none.
std::string cut_before(std::string& text, char mark) {
    const auto at = text.find(mark);
    if (at == text.npos) return "";
    auto before = text.substr(0, at);
    text.erase(0, at + 1);
    return before;
}

std::string cut_after(std::string& text, char mark) {
    const auto at = text.rfind(mark);
    if (at == text.npos) return "";
    auto after = text.substr(at + 1);
    text.erase(at);
    return after;
}

}  // namespace

Result<RedisPlace> parse_redis_url(const std::string& url) {
    RedisPlace out;
    if (url.starts_with(unix_scheme)) {
        out.path = url.substr(unix_scheme.size());
        if (!out.path.starts_with('/'))
            return Error{"the Redis socket must be given as unix:///absolute/path"};
        if (out.path.size() > longest_path)
            return Error{"the path of the Redis socket is longer than 107 bytes: " + out.path};
        return out;
    }
    if (url.starts_with("rediss://"))
        return Error{
            "rediss:// is not supported: reach Redis over a private network or a TLS tunnel"};
    if (!url.starts_with(tcp_scheme))
        return Error{"a Redis address looks like redis://host:6379 or unix:///path"};
    auto rest = url.substr(tcp_scheme.size());
    out.user = cut_before(rest, '@');
    if (out.user.find(':') != out.user.npos)
        return Error{"a password does not belong into redis.url: set redis.password"};
    out.database = cut_after(rest, '/');
    const auto bracket = rest.find(']');
    if (rest.find(':', bracket == rest.npos ? 0 : bracket) != rest.npos)
        out.port = cut_after(rest, ':');
    if (rest.size() > 2 && rest.front() == '[' && rest.back() == ']')
        rest = rest.substr(1, rest.size() - 2);
    out.host = rest;
    if (out.host.empty()) return Error{"the Redis address names no host"};
    if (!all_digits(out.port) || out.port.size() > 5 || std::stoi(out.port) > 65535)
        return Error{"the port in the Redis address is not a port number"};
    if (!out.database.empty() && !all_digits(out.database))
        return Error{"the database in the Redis address is not a number"};
    return out;
}

}  // namespace slipway
