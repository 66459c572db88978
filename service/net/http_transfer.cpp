#include "service/net/http_transfer.hpp"

#include <algorithm>
#include <cstdlib>

#include "service/model/ascii.hpp"

namespace slipway::curl {

namespace {

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
    auto name = ascii_lower(std::string(line.substr(0, colon)));
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
        has_type = has_type || equal_ignoring_case(name, "Content-Type");
        has_agent = has_agent || equal_ignoring_case(name, "User-Agent");
    }
    if (!call.authorization.empty())
        add_header(transfer, "Authorization", call.authorization.reveal());
    if (!has_agent) add_header(transfer, "User-Agent", "slipway");
    if (!has_type) transfer.headers = curl_slist_append(transfer.headers, "Content-Type:");
    transfer.headers = curl_slist_append(transfer.headers, "Expect:");
}

std::size_t give_body(char* to, std::size_t, std::size_t room, void* from) {
    auto& transfer = *static_cast<Transfer*>(from);
    const auto count = transfer.call.body.copy(to, room, transfer.given);
    transfer.given += count;
    return count;
}

// libcurl sends a request again by itself where a kept connection breaks before an answer, also one
// that makes something. It cannot where the body is given to it once and piece by piece: then the
// caller is told, who looks for what was made before it makes another.
void give_body_once(Transfer& transfer) {
    curl_easy_setopt(transfer.easy, CURLOPT_POST, 1L);
    curl_easy_setopt(transfer.easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(transfer.easy, CURLOPT_READDATA, &transfer);
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
        if (call.method == "POST" && !call.body.empty())
            give_body_once(transfer);
        else
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

}  // namespace

std::string origin_of(const std::string& url) {
    return url_part(url, CURLUPART_SCHEME) + "://" + url_part(url, CURLUPART_HOST) + ":" +
           url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
}

std::string user_of(const std::string& url) { return url_part(url, CURLUPART_USER); }

std::string name_of(const HttpCall& call) {
    const auto port = url_part(call.url, CURLUPART_PORT);
    return call.method + " " + url_part(call.url, CURLUPART_SCHEME) + "://" +
           url_part(call.url, CURLUPART_HOST) + (port.empty() ? "" : ":" + port) +
           url_part(call.url, CURLUPART_PATH);
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
    // A number for a pointer: what is private to a handle is one, and the call may be gone by then.
    curl_easy_setopt(easy, CURLOPT_PRIVATE, reinterpret_cast<void*>(id));
    if (!call.unix_socket.empty()) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    }
}

}  // namespace slipway::curl
