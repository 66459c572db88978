#include "service/net/http_head.hpp"

#include <algorithm>
#include <array>

#include "service/model/ascii.hpp"

namespace slipway {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Each byte of each head is looked up here.
constexpr auto table_of(bool (*holds)(unsigned char)) {
    std::array<bool, 256> out{};
    for (std::size_t c = 0; c < out.size(); ++c) out[c] = holds(static_cast<unsigned char>(c));
    return out;
}

// RFC 9110 5.6.2
constexpr auto in_token = table_of([](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
});
constexpr auto control =
    table_of([](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return in_token[c]; });
}
bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](unsigned char c) { return control[c]; });
}

std::string_view trimmed(std::string_view value) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!value.empty() && blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && blank(value.back())) value.remove_suffix(1);
    return value;
}

struct Seen {
    bool http_1_0 = false;
    bool wants_body = false;  // a method that brings one
    int hosts = 0, lengths = 0, encodings = 0;
};

std::optional<std::string_view> refused_request_line(std::string_view line, Seen& seen) {
    const auto first = line.find(' '), last = line.rfind(' ');
    if (first == line.npos || first == last) return "the request line has no three parts";
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method)) return "the method is malformed";
    if (target.find_first_of(" \t") != target.npos) return "the request target is malformed";
    if (target.front() != '/') return "the request target does not begin with a slash";
    seen.http_1_0 = version == "HTTP/1.0";
    if (!seen.http_1_0 && version != "HTTP/1.1")
        return "only HTTP/1.1 and HTTP/1.0 are spoken here";
    seen.wants_body = method == "POST" || method == "PUT" || method == "PATCH";
    return std::nullopt;
}

std::optional<std::string_view> refused_field(std::string_view line, Seen& seen) {
    if (line.front() == ' ' || line.front() == '\t') return "a header line is folded";
    const auto colon = line.find(':');
    if (colon == line.npos || !is_token(line.substr(0, colon))) return "a header name is malformed";
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "host")) {
        ++seen.hosts;
        if (value.empty() || value.find_first_of(" \t,/@?#\\") != value.npos)
            return "the Host header is malformed";
    } else if (equal_ignoring_case(name, "content-length")) {
        ++seen.lengths;
        if (value.empty() || value.size() > 18 ||
            !std::all_of(value.begin(), value.end(), is_digit))
            return "the Content-Length header is malformed";
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
        ++seen.encodings;
        if (!equal_ignoring_case(value, "chunked"))
            return "only the transfer encoding chunked is understood";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::size_t> head_end(std::string_view bytes, std::size_t searched) {
    const auto at = bytes.find("\r\n\r\n", searched < 3 ? 0 : searched - 3);
    if (at == bytes.npos) return std::nullopt;
    return at + 4;
}

bool is_hopeless_head(std::string_view bytes, std::size_t searched) {
    for (std::size_t i = searched ? searched - 1 : 0; i < bytes.size(); ++i) {
        if (bytes[i] == '\r') {
            if (i + 1 < bytes.size() && bytes[i + 1] != '\n') return true;
        } else if (bytes[i] == '\n') {
            if (i == 0 || bytes[i - 1] != '\r') return true;
        } else if (control[static_cast<unsigned char>(bytes[i])]) {
            return true;
        }
    }
    return bytes.starts_with("\r");
}

std::optional<std::string_view> refused_head(std::string_view head) {
    Seen seen;
    bool first = true;
    while (head != "\r\n") {
        const auto end = head.find("\r\n");
        if (end == head.npos || end == 0) return "the head does not end in an empty line";
        const auto line = head.substr(0, end);
        if (has_control(line)) return "there is a control character in the head";
        if (auto why = first ? refused_request_line(line, seen) : refused_field(line, seen))
            return why;
        first = false;
        head.remove_prefix(end + 2);
    }
    if (first) return "there is no request line";
    if (seen.hosts > 1 || (seen.hosts == 0 && !seen.http_1_0))
        return "exactly one Host header is needed";
    if (seen.lengths > 1) return "there is more than one Content-Length header";
    if (seen.encodings > 1) return "there is more than one Transfer-Encoding header";
    if (seen.lengths && seen.encodings)
        return "Content-Length and Transfer-Encoding exclude each other";
    if (seen.http_1_0 && seen.encodings) return "HTTP/1.0 knows no Transfer-Encoding";
    if (seen.wants_body && !seen.lengths && !seen.encodings)
        return "a request with a body needs Content-Length or Transfer-Encoding";
    return std::nullopt;
}

}  // namespace slipway
