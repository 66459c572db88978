// One request on the wire as a handle of libcurl: what is asked for, and what comes back. What a
// call is, with its redirects, is http_client's.
#pragma once
#include <curl/curl.h>
#include <boost/asio/any_completion_handler.hpp>
#include <memory>
#include <string>

#include "service/base/task.hpp"
#include "service/net/http_client.hpp"

namespace slipway::curl {

std::string origin_of(const std::string& url);  // scheme, host and port; begins with ":": not a URL
std::string user_of(const std::string& url);    // "": it names none
// Without query and user: what may stand in a message.
std::string name_of(const HttpCall& call);

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
    std::size_t given = 0;  // bytes of the body
    char trouble[CURL_ERROR_SIZE] = "";
};

// Makes the handle and gives it everything that the call asks for; it is known by `id`.
void prepare(Transfer& transfer, unsigned long id);

}  // namespace slipway::curl
