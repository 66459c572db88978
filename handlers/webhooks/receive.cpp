#include "handlers/webhooks/receive.hpp"

#include <algorithm>
#include <chrono>
#include <memory>

#include "service/base/metrics.hpp"
#include "service/base/result.hpp"
#include "service/model/ascii.hpp"
#include "service/model/words.hpp"

namespace slipway {

namespace {

enum class Outcome { stored, duplicate, malformed, signature, unsupported, unavailable };
BOOST_DESCRIBE_ENUM(Outcome, stored, duplicate, malformed, signature, unsupported, unavailable)

// Handles to what is counted for one forge, looked up once.
struct Tally {
    explicit Tally(const std::string& forge) {
        for (std::size_t i = 0; i < outcomes.size(); ++i)
            outcomes[i] = counter(
                "slipway_webhooks_received_total", "Webhooks by forge and outcome",
                {{"forge", forge}, {"outcome", std::string(word(static_cast<Outcome>(i)))}});
        acknowledged = histogram("slipway_webhook_acknowledge_seconds",
                                 "From a whole webhook to its answer", {{"forge", forge}});
    }
    void add(Outcome outcome) { outcomes[static_cast<std::size_t>(outcome)].add(); }

    std::array<Counter, words_of(Outcome{}).size()> outcomes;
    Histogram acknowledged;
};

bool is_understood(const HttpRequest& request) {
    const auto header = request.headers.find("content-type");
    if (header == request.headers.end()) return false;
    std::string_view type = header->second;
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    return equal_ignoring_case(type, "application/json") ||
           equal_ignoring_case(type, "application/x-www-form-urlencoded");
}

class Receiver {
  public:
    Receiver(Queue& queue, Forges& forges) : queue_(queue) {
        for (const auto& [name, forge] : forges) doors_.try_emplace(name, *forge, Tally(name));
    }

    Task<HttpResponse> receive(HttpRequest request) {
        const auto found = doors_.find(request.parameters["forge"]);
        if (found == doors_.end())
            co_return error_response(404,
                                     "No forge of this name is configured; its webhooks go to "
                                     "/webhooks/<name of the forge in the configuration>");
        auto& [forge, tally] = found->second;
        if (!is_understood(request)) {
            tally.add(Outcome::unsupported);
            co_return error_response(415,
                                     "Send webhooks as application/json or "
                                     "application/x-www-form-urlencoded");
        }
        const auto begun = std::chrono::steady_clock::now();
        auto verified = forge.verify(request.headers, std::move(request.body));
        if (const auto* refused = std::get_if<RefusedWebhook>(&verified)) {
            tally.add(refused->status == 401 ? Outcome::signature : Outcome::malformed);
            co_return error_response(refused->status, refused->message);
        }
        auto accepted = Accepted::stored;
        std::exception_ptr error;
        try {
            accepted = co_await queue_.accept(std::get<Delivery>(std::move(verified)));
        } catch (...) {
            error = std::current_exception();
        }
        if (error) {
            tally.add(Outcome::unavailable);
            std::rethrow_exception(error);  // the server makes a 503 of it
        }
        tally.add(accepted == Accepted::stored ? Outcome::stored : Outcome::duplicate);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        tally.acknowledged.observe(took.count());
        HttpResponse answer;
        answer.status = 202;
        answer.body = accepted == Accepted::stored ? "{\"event\": \"stored\"}\n"
                                                   : "{\"event\": \"already stored\"}\n";
        co_return answer;
    }

  private:
    struct Door {
        Door(Forge& f, Tally t) : forge(f), tally(std::move(t)) {}
        Forge& forge;
        Tally tally;
    };
    Queue& queue_;
    std::map<std::string, Door> doors_;
};

}  // namespace

HttpHandler receive_webhook(Queue& queue, Forges& forges) {
    auto receiver = std::make_shared<Receiver>(queue, forges);
    return [receiver](HttpRequest request) { return receiver->receive(std::move(request)); };
}

}  // namespace slipway
