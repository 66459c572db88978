#include "handlers/forges/rest/reply.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "service/base/utf8.hpp"

namespace slipway::rest {
namespace {

constexpr milliseconds shortest_wait{1'000}, default_wait{60'000}, longest_wait{3'600'000};

std::optional<std::int64_t> number(const HttpReply& reply, std::string_view header) {
    auto at = reply.headers.find(header);
    if (at == reply.headers.end()) return std::nullopt;
    std::int64_t value = 0;
    const auto& text = at->second;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

// From now until a moment that the forge names, by its own clock where the reply shows it.
milliseconds until(std::int64_t unix_seconds, const HttpReply& reply, std::int64_t now_ms) {
    const auto wait = unix_seconds * 1'000 - time_there(reply).value_or(now_ms);
    return milliseconds(std::clamp<std::int64_t>(wait, 0, longest_wait.count()));
}

bool mentions_a_limit(std::string_view body, const Dialect& dialect) {
    return std::ranges::any_of(dialect.limit_phrases, [&](const std::string& phrase) {
        return body.find(phrase) != body.npos;
    });
}

// 403 and 429 alike: some forges use both for their limits, and 403 for missing permissions, too.
std::optional<milliseconds> limit_of(const HttpReply& reply, const Dialect& dialect,
                                     std::int64_t now_ms, int limits_in_a_row) {
    std::optional<milliseconds> wait;
    bool exhausted = number(reply, dialect.left) == 0;
    if (auto seconds = number(reply, "retry-after")) {
        wait = milliseconds(std::min<std::int64_t>(*seconds, 3'600) * 1'000);
    } else if (auto reset = number(reply, dialect.reset); exhausted && reset) {
        wait = until(*reset, reply, now_ms);
    } else if (exhausted || reply.status == 429 || mentions_a_limit(reply.body, dialect)) {
        wait = default_wait * (1 << std::clamp(limits_in_a_row, 0, 4));
    }
    if (wait) wait = std::clamp(*wait, shortest_wait, longest_wait);
    return wait;
}

}  // namespace

ReplyMeaning meaning_of(const HttpReply& reply, const Dialect& dialect, std::int64_t now_ms,
                        int limits_in_a_row) {
    const int status = reply.status;
    if (status == 403 || status == 429) {
        if (auto wait = limit_of(reply, dialect, now_ms, limits_in_a_row))
            return {ReplyKind::limited, *wait};
        return {ReplyKind::forbidden};
    }
    if (status >= 200 && status < 300) return {ReplyKind::success};
    switch (status) {
        case 301:
        case 302:
        case 307:
        case 308:
            return {ReplyKind::moved};
        case 401:
            return {ReplyKind::unauthorised};
        case 404:
        case 410:
            return {ReplyKind::missing};
        case 409:
            return {ReplyKind::conflict};
        default:
            break;
    }
    return {status >= 400 && status < 500 ? ReplyKind::refused : ReplyKind::broken};
}

std::optional<CallsLeft> calls_left(const HttpReply& reply, const Dialect& dialect,
                                    std::int64_t now_ms) {
    const auto limit = number(reply, dialect.limit), left = number(reply, dialect.left);
    if (!limit || !left) return std::nullopt;
    CallsLeft out{*limit, *left, longest_wait};
    if (auto reset = number(reply, dialect.reset)) out.until_reset = until(*reset, reply, now_ms);
    return out;
}

// "Sat, 28 Nov 2026 03:12:30 GMT", in milliseconds.
std::optional<std::int64_t> time_there(const HttpReply& reply) {
    auto at = reply.headers.find("date");
    if (at == reply.headers.end()) return std::nullopt;
    std::tm parts{};
    const char* end = ::strptime(at->second.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (!end || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(::timegm(&parts)) * 1'000;
}

Json json_of(const HttpReply& reply, const Dialect& dialect, const std::string& what) {
    auto json = parse_json(reply.body);
    if (!json)
        throw Failure(dialect.title + "'s answer to " + what +
                      " is not valid JSON: " + json.error().message);
    return std::move(*json);
}

std::string message_of(const HttpReply& reply) {
    std::string text;
    if (auto json = parse_json(reply.body)) {
        const auto& message = (*json)["message"];
        text = message.text();
        // GitLab says {"message": {"note": ["is too long"]}} of fields, {"error": "…"} otherwise.
        if (message.is_object() || message.is_array()) text = message.dump();
        if (text.empty()) text = (*json)["error"].text();
        for (const auto& error : (*json)["errors"].items()) {
            auto detail = error.is_string() ? error.text() : error["message"].text();
            if (detail.empty() && !error["field"].text().empty())
                detail = error["field"].text() + " " + error["code"].text();
            if (!detail.empty()) text += "; " + detail;
        }
    }
    if (text.empty()) text = "no reason given";
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    if (text.size() > 300) text = std::string(utf8_prefix(text, 300)) + "…";
    return text;
}

}  // namespace slipway::rest
