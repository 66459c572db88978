// One thread owns every libcurl handle; the callers' threads see values only. A call is told to the
// thread through an inbox, its end is posted back to the caller's executor.
#include "service/net/http_client.hpp"

#include <curl/curl.h>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "service/base/precompiled.hpp"
#include "service/base/result.hpp"

namespace slipway {

namespace {

constexpr int redirect_limit = 5;

struct FreeText {
    void operator()(char* text) const { curl_free(text); }
};

std::string url_part(const std::string& url, CURLUPart part, unsigned flags = 0) {
    std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parsed(curl_url(), curl_url_cleanup);
    char* text = nullptr;
    if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
        curl_url_get(parsed.get(), part, &text, flags) != CURLUE_OK)
        return "";
    std::unique_ptr<char, FreeText> held(text);
    return text;
}

std::string origin_of(const std::string& url) {
    return url_part(url, CURLUPART_SCHEME) + "://" + url_part(url, CURLUPART_HOST) + ":" +
           url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

// Without query and user: what may stand in a message.
std::string name_of(const HttpCall& call) {
    const auto port = url_part(call.url, CURLUPART_PORT);
    return call.method + " " + url_part(call.url, CURLUPART_SCHEME) + "://" +
           url_part(call.url, CURLUPART_HOST) + (port.empty() ? "" : ":" + port) +
           url_part(call.url, CURLUPART_PATH);
}

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

void check(const HttpCall& call) {
    if (origin_of(call.url).starts_with(":"))
        throw Failure("\"" + call.url.substr(0, call.url.find('?')) + "\" is not a URL",
                      Retry::never);
    if (!url_part(call.url, CURLUPART_USER).empty())
        throw Failure("the URL of " + name_of(call) + " must not carry a user; use authorization",
                      Retry::never);
    bool fine = is_one_line(call.authorization.reveal());
    for (const auto& [name, value] : call.headers)
        fine = fine && is_one_line(name) && is_one_line(value);
    if (!fine) throw Failure("a header of " + name_of(call) + " holds a line break", Retry::never);
}

// What came back for one request on the wire.
struct Exchange {
    HttpCall call;  // as it was given
    CURLcode code = CURLE_OK;
    std::string trouble;
    bool too_large = false;
    bool aborted = false;
    std::string redirect;  // absolute
    HttpReply reply;
};

using Done = asio::any_completion_handler<void(Exchange)>;

struct Transfer {
    Transfer(HttpCall c, Done d, asio::any_io_executor e)
        : call(std::move(c)), done(std::move(d)), executor(std::move(e)) {}
    ~Transfer() {
        curl_easy_cleanup(easy);
        curl_slist_free_all(headers);
    }
    HttpCall call;
    Done done;
    asio::any_io_executor executor;
    Exchange exchange;
    CURL* easy = nullptr;
    curl_slist* headers = nullptr;
    char trouble[CURL_ERROR_SIZE] = "";
};

std::size_t on_body(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& transfer = *static_cast<Transfer*>(to);
    auto& body = transfer.exchange.reply.body;
    if (body.size() + count > transfer.call.reply_limit) {
        transfer.exchange.too_large = true;
        return 0;
    }
    body.append(bytes, count);
    return count;
}

std::size_t on_header(char* bytes, std::size_t, std::size_t count, void* to) {
    auto& headers = static_cast<Transfer*>(to)->exchange.reply.headers;
    std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) headers.clear();  // after a 100 Continue or a proxy's answer
    const auto colon = line.find(':');
    if (colon == line.npos) return count;
    std::string name(line.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    auto value = line.substr(colon + 1);
    while (!value.empty() && std::string_view(" \t\r\n").find(value.front()) != value.npos)
        value.remove_prefix(1);
    while (!value.empty() && std::string_view(" \t\r\n").find(value.back()) != value.npos)
        value.remove_suffix(1);
    auto [place, fresh] = headers.try_emplace(std::move(name), value);
    if (!fresh) place->second.append(", ").append(value);
    return count;
}

void add_header(Transfer& transfer, const std::string& name, const std::string& value) {
    // libcurl's words: "name;" sends an empty header, "name:" none.
    const std::string line = value.empty() ? name + ";" : name + ": " + value;
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
}

void set_headers(Transfer& transfer) {
    const auto& call = transfer.call;
    bool has_type = false, has_agent = false;
    for (const auto& [name, value] : call.headers) {
        add_header(transfer, name, value);
        has_type = has_type || same_name(name, "Content-Type");
        has_agent = has_agent || same_name(name, "User-Agent");
    }
    if (!call.authorization.empty())
        add_header(transfer, "Authorization", call.authorization.reveal());
    if (!has_agent) add_header(transfer, "User-Agent", "slipway");
    if (!has_type) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
    transfer.headers = curl_slist_append(transfer.headers, "Expect:");
}

void set_body(Transfer& transfer) {
    CURL* easy = transfer.easy;
    const auto& call = transfer.call;
    if (call.method == "HEAD") {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (!call.body.empty() || call.method == "POST" || call.method == "PUT" ||
               call.method == "PATCH") {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(call.body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call.body.data());
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.method.c_str());
}

// libcurl the library looks at no environment for certificates; the programs around it do.
void set_certificates(CURL* easy) {
    if (const char* file = std::getenv("SSL_CERT_FILE"); file && *file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, file);
    if (const char* folder = std::getenv("SSL_CERT_DIR"); folder && *folder)
        curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
}

void prepare(Transfer& transfer, unsigned long id) {
    CURL* easy = transfer.easy = curl_easy_init();
    if (!easy) throw std::bad_alloc();
    set_headers(transfer);
    set_body(transfer);
    set_certificates(easy);
    const auto& call = transfer.call;
    const auto limit = std::max<long>(1, static_cast<long>(call.limit.count()));
    curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, std::min(limit, 10'000L));
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.trouble);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, reinterpret_cast<void*>(id));
    if (!call.unix_socket.empty()) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    }
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
