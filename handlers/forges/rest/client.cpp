#include "handlers/forges/rest/client.hpp"

#include "service/base/metrics.hpp"
#include "service/base/pause.hpp"

namespace slipway::rest {
namespace {

// A shorter wait costs less than giving the place away.
constexpr milliseconds longest_in_place{1'000};

CallKind kind_of(const std::string& method) {
    if (method == "GET") return CallKind::reads;
    return method == "POST" ? CallKind::creates : CallKind::edits;
}

// Whether the caller looks at such a reply itself.
bool is_seen(ReplyKind kind, Seen seen) {
    switch (kind) {
        case ReplyKind::success:
            return true;
        case ReplyKind::missing:
            return (seen & missing_too) != 0;
        case ReplyKind::conflict:
            return (seen & conflict_too) != 0;
        case ReplyKind::refused:
            return (seen & refused_too) != 0;
        case ReplyKind::forbidden:
            return (seen & forbidden_too) != 0;
        case ReplyKind::limited:
        case ReplyKind::unauthorised:
        case ReplyKind::moved:
        case ReplyKind::broken:
            break;
    }
    return false;
}

// Whether such a reply shows that nobody limits us now.
bool shows_no_limit(ReplyKind kind) {
    return kind == ReplyKind::success || kind == ReplyKind::missing ||
           kind == ReplyKind::conflict || kind == ReplyKind::refused ||
           kind == ReplyKind::forbidden;
}

void count(const std::string& forge, std::string_view outcome) {
    counter("slipway_forge_calls_total", "Calls to forges by their outcome",
            {{"forge", forge}, {"outcome", std::string(outcome)}})
        .add();
}

}  // namespace

Client::Client(std::string forge, const Dialect& dialect, std::string api_url, HttpClient& http,
               Clocks clocks, Spacing spacing)
    : forge_(std::move(forge)),
      dialect_(dialect),
      clocks_(clocks),
      spacing_(std::move(spacing)),
      wire_(std::move(api_url), dialect, http) {}

Pace& Client::pace_of(const std::string& account) {
    return paces_.try_emplace(account, spacing_).first->second;
}

Task<milliseconds> Client::wait_for_rest(std::string subject, CallKind kind) {
    const auto payer = co_await account(std::move(subject));
    co_return pace_of(payer).wait_for(kind, Need::can_wait, clocks_.steady.now_ms());
}

Task<void> Client::keep_pace(std::string account, CallKind kind) {
    auto& pace = pace_of(account);
    for (milliseconds waited{0};;) {
        const auto now = clocks_.steady.now_ms();
        if (auto held = pace.held(now); held.count() > 0)
            throw Pause(dialect_.title + " asked us to wait before calling again", held);
        const auto wait = pace.wait_for(kind, Need::decides, now);
        if (wait.count() == 0) break;
        waited += wait;
        if (waited > longest_in_place)
            throw Pause(dialect_.title + "'s limits of calls a minute and an hour are spent", wait);
        co_await sleep_for(wait);
    }
    pace.made(kind, clocks_.steady.now_ms());
}

Task<HttpReply> Client::send(Request request, Secret letter) {
    try {
        co_return co_await wire_.send(std::move(request), std::move(letter));
    } catch (const Failure&) {
        count(forge_, "unreached");
        throw;
    }
}

ReplyMeaning Client::take_note(const std::string& account, const HttpReply& reply) {
    auto& pace = pace_of(account);
    const auto now = clocks_.day.now_ms();
    const auto meaning = meaning_of(reply, dialect_, now, pace.limits_in_a_row());
    count(forge_, word(meaning.kind));
    if (auto left = calls_left(reply, dialect_, now)) {
        pace.told(*left, clocks_.steady.now_ms());
        gauge("slipway_forge_calls_remaining", "Calls left before the forge's rate limit",
              {{"forge", forge_}, {"installation", account}})
            .set(static_cast<double>(left->left));
    }
    if (meaning.kind == ReplyKind::limited) pace.limited(meaning.wait, clocks_.steady.now_ms());
    if (shows_no_limit(meaning.kind)) pace.succeeded();
    return meaning;
}

Task<HttpReply> Client::call(std::string subject, Request request, Seen seen) {
    const auto what = request.text();
    const auto payer = co_await account(std::move(subject));
    for (bool again = false;; again = true) {
        co_await keep_pace(payer, kind_of(request.method));
        auto letter = co_await authorization(payer);
        auto copy = request;
        auto reply = co_await send(std::move(copy), letter);
        const auto meaning = take_note(payer, reply);
        if (is_seen(meaning.kind, seen)) co_return reply;
        if (meaning.kind == ReplyKind::unauthorised && !again && renews(letter)) continue;
        fail(what, reply, meaning);
    }
}

void Client::fail(const std::string& what, const HttpReply& reply, ReplyMeaning meaning) {
    const auto& title = dialect_.title;
    const auto said = " (" + std::to_string(reply.status) + ": " + message_of(reply) + ")";
    switch (meaning.kind) {
        case ReplyKind::limited:
            throw Pause(title + " limits our calls; " + what + " has to wait" + said, meaning.wait);
        case ReplyKind::unauthorised:
            throw Failure(title + " does not accept the credentials of " + forge_ + " for " + what +
                          said + "; check them in the configuration");
        case ReplyKind::forbidden: {
            const auto needed = reply.headers.find(dialect_.needed_permission);
            const auto which = needed == reply.headers.end()
                                   ? std::string("the permission it needs")
                                   : "one of " + needed->second;
            throw Failure(
                title + " does not permit " + what + said + "; give our credentials " + which,
                Retry::never);
        }
        case ReplyKind::missing:
            throw Failure(title + " knows nothing at " + what + said +
                              "; check that our credentials may see the repository",
                          Retry::never);
        case ReplyKind::refused:
            throw Failure(title + " refuses " + what + said, Retry::never);
        default:
            throw Failure(title + " could not do " + what + said);
    }
}

Task<Json::Array> Client::list(std::string subject, Request request, std::string member,
                               int most_pages) {
    Json::Array all;
    std::optional<std::string> next = request.path;
    for (int page = 0; next; ++page) {
        if (page == most_pages)
            throw Failure(dialect_.title + "'s answer to " + request.text() + " has more than " +
                              std::to_string(most_pages) + " pages",
                          Retry::never);
        const auto path = *next;
        Request one(request.method, path);
        auto what = one.text();
        auto about = subject;
        auto reply = co_await call(std::move(about), std::move(one), success_only);
        auto json = json_of(reply, dialect_, what);
        Json& items = member.empty() ? json : json.at(member);
        if (!items.is_array())
            throw Failure(dialect_.title + "'s answer to " + what + " is not a list");
        for (auto& item : items.edit_items()) all.push_back(std::move(item));
        next = wire_.next_page(reply, path);
    }
    co_return all;
}

}  // namespace slipway::rest
