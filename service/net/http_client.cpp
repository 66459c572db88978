// One thread owns every libcurl handle; the callers' threads see values only. A call is told to the
// thread through an inbox, its end is posted back to the caller's executor.
#include "service/net/http_client.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "service/base/precompiled.hpp"
#include "service/base/result.hpp"
#include "service/net/http_transfer.hpp"

namespace slipway {

using namespace curl;

namespace {

constexpr int redirect_limit = 5;

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

void check(const HttpCall& call) {
    if (origin_of(call.url).starts_with(":"))
        throw Failure("\"" + call.url.substr(0, call.url.find('?')) + "\" is not a URL",
                      Retry::never);
    if (!user_of(call.url).empty())
        throw Failure("the URL of " + name_of(call) + " must not carry a user; use authorization",
                      Retry::never);
    bool fine = is_one_line(call.authorization.reveal());
    for (const auto& [name, value] : call.headers)
        fine = fine && is_one_line(name) && is_one_line(value);
    if (!fine) throw Failure("a header of " + name_of(call) + " holds a line break", Retry::never);
}

class CurlThread {
  public:
    CurlThread() {
        static const CURLcode once = curl_global_init(CURL_GLOBAL_ALL);
        multi_ = curl_multi_init();
        if (once != CURLE_OK || !multi_) throw Failure("libcurl does not start", Retry::never);
        thread_ = std::thread([this] { loop(); });
    }
    ~CurlThread() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        curl_multi_wakeup(multi_);
        thread_.join();
        curl_multi_cleanup(multi_);
    }

    template <class Token>
    auto exchange(HttpCall call, Token&& token) {
        auto start = [this](auto handler, HttpCall started) {
            const auto id = next_++;
            // Tracked work keeps the caller's loop alive until the answer is posted to it.
            asio::any_io_executor executor = asio::prefer(
                asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
            auto transfer = std::make_unique<Transfer>(std::move(started), Done(std::move(handler)),
                                                       std::move(executor));
            // Of the wrapper: wrapping a handler assigns the original's slot anew.
            auto slot = asio::get_associated_cancellation_slot(transfer->done);
            if (slot.is_connected())
                slot.assign([this, id](asio::cancellation_type) { tell(id, nullptr); });
            tell(id, std::move(transfer));
        };
        return asio::async_initiate<Token, void(Exchange)>(start, token, std::move(call));
    }

  private:
    // Without a transfer: the one of that id is to end.
    void tell(unsigned long id, std::unique_ptr<Transfer> transfer) {
        {
            std::lock_guard lock(mutex_);
            inbox_.emplace_back(id, std::move(transfer));
        }
        curl_multi_wakeup(multi_);
    }

    void start(unsigned long id, std::unique_ptr<Transfer> transfer) {
        prepare(*transfer, id);
        curl_multi_add_handle(multi_, transfer->easy);
        transfers_.emplace(id, std::move(transfer));
    }

    void finish(unsigned long id, CURLcode code, bool aborted) {
        auto node = transfers_.extract(id);
        if (node.empty()) return;  // cancelled after its end
        Transfer& transfer = *node.mapped();
        Exchange& exchange = transfer.exchange;
        exchange.code = code;
        exchange.aborted = aborted;
        exchange.trouble = *transfer.trouble ? transfer.trouble : curl_easy_strerror(code);
        long status = 0;
        char* redirect = nullptr;
        curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(transfer.easy, CURLINFO_REDIRECT_URL, &redirect);
        exchange.reply.status = static_cast<int>(status);
        if (redirect) exchange.redirect = redirect;
        curl_multi_remove_handle(multi_, transfer.easy);
        exchange.call = std::move(transfer.call);
        asio::post(transfer.executor,
                   [done = std::move(transfer.done), result = std::move(exchange)]() mutable {
                       asio::get_associated_cancellation_slot(done).clear();
                       std::move(done)(std::move(result));
                   });
    }

    bool take_inbox() {
        std::deque<std::pair<unsigned long, std::unique_ptr<Transfer>>> taken;
        bool stop = false;
        {
            std::lock_guard lock(mutex_);
            taken.swap(inbox_);
            stop = stopping_;
        }
        for (auto& [id, transfer] : taken) {
            if (transfer)
                start(id, std::move(transfer));
            else
                finish(id, CURLE_ABORTED_BY_CALLBACK, true);
        }
        return !stop;
    }

    void loop() {
        while (take_inbox()) {
            int running = 0, left = 0;
            curl_multi_perform(multi_, &running);
            while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
                if (message->msg != CURLMSG_DONE) continue;
                const CURLcode code = message->data.result;
                char* id = nullptr;
                curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &id);
                finish(reinterpret_cast<unsigned long>(id), code, false);
            }
            curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
        while (!transfers_.empty())
            finish(transfers_.begin()->first, CURLE_ABORTED_BY_CALLBACK, true);
    }

    CURLM* multi_ = nullptr;
    std::mutex mutex_;
    std::deque<std::pair<unsigned long, std::unique_ptr<Transfer>>> inbox_;
    bool stopping_ = false;
    std::map<unsigned long, std::unique_ptr<Transfer>> transfers_;  // the thread's own
    std::atomic<unsigned long> next_{1};
    std::thread thread_;
};

// A redirect on the same host that keeps the method; otherwise the reply itself is the answer.
bool is_to_be_followed(const Exchange& exchange) {
    const int status = exchange.reply.status;
    const auto& method = exchange.call.method;
    const bool reading = method == "GET" || method == "HEAD";
    return !exchange.redirect.empty() && (status == 307 || status == 308 || reading) &&
           origin_of(exchange.redirect) == origin_of(exchange.call.url);
}

void require_whole(const Exchange& exchange) {
    const auto& call = exchange.call;
    if (exchange.aborted) throw boost::system::system_error(asio::error::operation_aborted);
    if (exchange.too_large)
        throw Failure("the answer to " + name_of(call) + " is larger than " +
                      std::to_string(call.reply_limit) + " bytes");
    if (exchange.code != CURLE_OK) throw Failure(name_of(call) + ": " + exchange.trouble);
}

class CurlClient : public HttpClient {
  public:
    Task<HttpReply> send(HttpCall call) override {
        check(call);
        const auto end = std::chrono::steady_clock::now() + call.limit;
        for (int hop = 0;; ++hop) {
            Exchange exchange = co_await thread_.exchange(std::move(call), asio::use_awaitable);
            require_whole(exchange);
            if (hop == redirect_limit || !is_to_be_followed(exchange))
                co_return std::move(exchange.reply);
            call = std::move(exchange.call);
            call.url = std::move(exchange.redirect);
            call.limit = std::chrono::duration_cast<std::chrono::milliseconds>(
                end - std::chrono::steady_clock::now());
        }
    }

  private:
    CurlThread thread_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client() { return std::make_unique<CurlClient>(); }

}  // namespace slipway
