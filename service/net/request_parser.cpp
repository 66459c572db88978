#include "service/net/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <string_view>

#include "service/model/ascii.hpp"

namespace slipway {

namespace http = boost::beast::http;
using boost::system::error_code;

// Writes into our request, past Beast's own containers.
struct RequestParser::Impl : http::basic_parser<true> {
    explicit Impl(HttpRequest& o) : out(o) {
        body_limit(boost::none);  // the route says, once the head is read
    }

    using Text = boost::beast::string_view;
    static std::string_view view(Text text) { return {text.data(), text.size()}; }

    void on_request_impl(http::verb, Text method, Text wanted, int, error_code& ec) override {
        out.method = view(method);
        target = view(wanted);
        ec = {};
    }
    void on_response_impl(int, Text, int, error_code&) override {}
    void on_field_impl(http::field, Text name, Text value, error_code& ec) override {
        ec = {};
        if (head_done) return;
        auto key = ascii_lower(std::string(view(name)));
        auto [place, fresh] = out.headers.try_emplace(std::move(key), view(value));
        if (!fresh) place->second.append(", ").append(view(value));
    }
    void on_header_impl(error_code& ec) override {
        head_done = true;
        ec = {};
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code& ec) override {
        ec = {};
    }
    std::size_t on_body_impl(Text, error_code& ec) override {
        ec = http::error::unexpected_body;  // a body of known length is read without the parser
        return 0;
    }
    void on_chunk_header_impl(std::uint64_t, Text, error_code& ec) override { ec = {}; }
    std::size_t on_chunk_body_impl(std::uint64_t, Text bytes, error_code& ec) override {
        out.body.append(bytes.data(), bytes.size());
        ec = {};
        return bytes.size();
    }
    void on_finish_impl(error_code& ec) override { ec = {}; }

    HttpRequest& out;
    std::string target;
    bool head_done = false;
    bool limited = false;
};

RequestParser::RequestParser(HttpRequest& out) : impl_(std::make_unique<Impl>(out)) {}
RequestParser::~RequestParser() = default;

bool RequestParser::read_head(std::string_view head) {
    error_code ec;
    impl_->header_limit(static_cast<std::uint32_t>(head.size() + 1));
    const auto consumed = impl_->put(asio::buffer(head), ec);
    return !ec && impl_->is_header_done() && consumed == head.size();
}

const std::string& RequestParser::target() const { return impl_->target; }
bool RequestParser::is_chunked() const { return impl_->chunked(); }
bool RequestParser::keeps_alive() const { return impl_->keep_alive(); }

std::optional<std::uint64_t> RequestParser::length() const {
    const auto length = impl_->content_length();
    if (!length) return std::nullopt;
    return *length;
}

RequestParser::Chunks RequestParser::read_chunks(std::string& bytes, std::size_t body_limit) {
    if (!impl_->limited) {
        impl_->body_limit(body_limit);  // Beast counts it down
        impl_->eager(true);
        impl_->limited = true;
    }
    // Beast 1.81 asserts that it is never shown "0\r\n" and then a fourth byte alone. As long as a
    // body is not done, at least the five of an empty last chunk are to come.
    if (bytes.size() < std::string_view("0\r\n\r\n").size()) return Chunks::more;
    error_code ec;
    bytes.erase(0, impl_->put(asio::buffer(bytes), ec));
    if (impl_->is_done()) return Chunks::done;
    if (!ec || ec == http::error::need_more) return Chunks::more;
    return ec == http::error::body_limit ? Chunks::too_large : Chunks::malformed;
}

}  // namespace slipway
