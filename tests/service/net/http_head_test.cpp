#include "service/net/http_head.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace slipway;

namespace {

struct Case {
    const char* name;
    std::string head;
};

const std::string host = "Host: a\r\n";

std::string post(const std::string& headers) {
    return "POST /webhooks/github.com HTTP/1.1\r\n" + headers + "\r\n";
}
std::string get(const std::string& headers) { return "GET / HTTP/1.1\r\n" + headers + "\r\n"; }

}  // namespace

TEST_CASE("a head that two parties may read differently is refused") {
    const std::vector<Case> cases = {
        {"a list of lengths", post(host + "Content-Length: 2, 2\r\n")},
        {"two lengths alike", post(host + "Content-Length: 2\r\nContent-Length: 2\r\n")},
        {"two lengths that differ", post(host + "Content-Length: 2\r\nContent-Length: 3\r\n")},
        {"a signed length", post(host + "Content-Length: +2\r\n")},
        {"a negative length", post(host + "Content-Length: -2\r\n")},
        {"a hexadecimal length", post(host + "Content-Length: 0x2\r\n")},
        {"an empty length", post(host + "Content-Length:\r\n")},
        {"a length beyond 64 bits", post(host + "Content-Length: 99999999999999999999\r\n")},
        {"a length with a blank inside", post(host + "Content-Length: 1 2\r\n")},
        {"length, then encoding",
         post(host + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n")},
        {"encoding, then length",
         post(host + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n")},
        {"an encoding nobody knows", post(host + "Transfer-Encoding: xchunked\r\n")},
        {"chunked is not last", post(host + "Transfer-Encoding: chunked, identity\r\n")},
        {"identity, then chunked",
         post(host + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n")},
        {"chunked twice",
         post(host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
        {"an empty encoding", post(host + "Transfer-Encoding:\r\n")},
        {"a quoted encoding", post(host + "Transfer-Encoding: \"chunked\"\r\n")},
        {"an encoding in HTTP/1.0",
         "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"neither length nor encoding", post(host)},
        {"PUT without a length", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"PATCH without a length", "PATCH / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a folded line", get(host + "X-One: 1\r\n 2\r\n")},
        {"a line folded by a tab", get(host + "X-One: 1\r\n\t2\r\n")},
        {"a folded first header", get(" X-One: 1\r\n" + host)},
        {"no Host", get("")},
        {"two Hosts", get(host + host)},
        {"two Hosts that differ", get("Host: a\r\nHost: b\r\n")},
        {"an empty Host", get("Host:\r\n")},
        {"a list of Hosts", get("Host: a, b\r\n")},
        {"a Host with a path", get("Host: a/b\r\n")},
        {"a Host with a user", get("Host: b@a\r\n")},
        {"a blank before the colon", get(host + "X-One : 1\r\n")},
        {"a tab before the colon", get(host + "X-One\t: 1\r\n")},
        {"a blank within a name", get(host + "X One: 1\r\n")},
        {"no name", get(host + ": 1\r\n")},
        {"no colon", get(host + "X-One\r\n")},
        {"a quote in a name", get(host + "X\"One: 1\r\n")},
        {"a byte beyond ASCII in a name", get(host + "X\xc3\xa9: 1\r\n")},
        {"a NUL in a value", get(host + std::string("X-One: a\0b\r\n", 12))},
        {"a lone CR in a value", get(host + "X-One: a\rb\r\n")},
        {"a lone LF in a value", get(host + "X-One: a\nX-Two: b\r\n")},
        {"a DEL in a value", get(host + "X-One: a\x7f\r\n")},
        {"an escape in a name", get(host + "X\x1b[1m: 1\r\n")},
        {"a control character in the request line", "GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a tab for a blank", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"no version", "GET /\r\nHost: a\r\n\r\n"},
        {"version 0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n"},
        {"version 1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
        {"version 2", "PRI * HTTP/2.0\r\n\r\n"},
        {"a version in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n"},
        {"a version with more behind", "GET / HTTP/1.1 x\r\nHost: a\r\n\r\n"},
        {"an absolute target", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a target without slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"a method with a bracket", "G[T / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"no request line", "\r\n"},
        {"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
        {"no empty line", "GET / HTTP/1.1\r\nHost: a\r\n"},
        {"nothing", ""},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(refused_head(c.head));
    }
}

TEST_CASE("an ordinary head passes") {
    const std::vector<Case> cases = {
        {"GET", get(host)},
        {"GET of HTTP/1.0 without Host", "GET /healthz HTTP/1.0\r\n\r\n"},
        {"a query", "GET /a?b=c%20d&e HTTP/1.1\r\nHost: a:8080\r\n\r\n"},
        {"an IPv6 host", get("Host: [::1]:8080\r\n")},
        {"POST with a length", post(host + "Content-Length: 0\r\n")},
        {"blanks around a length", post(host + "Content-Length: \t 24000 \r\n")},
        {"POST in chunks", post(host + "Transfer-Encoding: chunked\r\n")},
        {"names and words in any case", post("hOST: a\r\ntransfer-ENCODING: Chunked\r\n")},
        {"an empty value", get(host + "X-One:\r\n")},
        {"a tab within a value", get(host + "X-One: a\tb\r\n")},
        {"bytes beyond ASCII in a value", get(host + "X-One: \xc3\xa9\r\n")},
        {"DELETE without a length", "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        const auto why = refused_head(c.head);
        CHECK_MESSAGE(!why, why.value_or(""));
    }
}

TEST_CASE("the end of a head is found wherever the reads were cut") {
    const std::string head = get(host), bytes = head + "body";
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        CAPTURE(cut);
        CHECK(!head_end(std::string_view(bytes).substr(0, cut)));
        CHECK(head_end(bytes, cut) == head.size());
    }
}

TEST_CASE("bytes that can never become a head are told from those that still may") {
    const std::string head = get(host);
    for (std::size_t cut = 0; cut <= head.size(); ++cut) {
        CAPTURE(cut);
        CHECK(!is_hopeless_head(std::string_view(head).substr(0, cut)));
    }
    // However it is cut: what was looked at before, and what has come since.
    for (std::size_t searched = 0; searched < head.size(); ++searched)
        for (std::size_t come = searched + 1; come < head.size(); ++come) {
            CAPTURE(searched);
            CAPTURE(come);
            CHECK(!is_hopeless_head(std::string_view(head).substr(0, come), searched));
        }
    const std::vector<Case> cases = {
        {"lines that end in LF", "GET / HTTP/1.1\nHost: a\n\n"},
        {"a lone CR", "GET / HTTP/1.1\rHost"},
        {"TLS", std::string("\x16\x03\x01\x00\xa5", 5)},
        {"a NUL", std::string("GET \0", 5)},
        {"an empty line first", "\r\nGET"},
        {"an LF first", "\nGET"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(is_hopeless_head(c.head));
        bool found = false;  // byte by byte, too
        for (std::size_t come = 1; come <= c.head.size(); ++come)
            found = found || is_hopeless_head(std::string_view(c.head).substr(0, come), come - 1);
        CHECK(found);
    }
}
