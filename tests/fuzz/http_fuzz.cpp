// A request as raw bytes: what passes the check of the head has one meaning, and chunks mean the
// same however the reads were cut.
#include <algorithm>

#include "service/net/http_head.hpp"
#include "service/net/request_parser.hpp"
#include "service/net/router.hpp"
#include "service/net/target.hpp"
#include "tests/fuzz/target.hpp"

using namespace slipway;

namespace {

constexpr std::size_t body_limit = 300;

struct Read {
    RequestParser::Chunks how = RequestParser::Chunks::more;
    std::string body, left;
};

// The chunks behind `head`, arriving `step` bytes at a time.
Read read_chunks(std::string_view head, std::string_view behind, std::size_t step) {
    HttpRequest request;
    RequestParser parser(request);
    must(parser.read_head(head), "a head reads twice alike");
    const auto headers = request.headers;
    Read out;
    while (out.how == RequestParser::Chunks::more && !behind.empty()) {
        const auto taken = behind.substr(0, step);
        out.left += taken;
        behind.remove_prefix(taken.size());
        out.how = parser.read_chunks(out.left, body_limit);
    }
    must(request.body.size() <= body_limit, "a body stays within its limit");
    must(request.headers == headers, "trailers change no header");
    out.body = std::move(request.body);
    out.left += behind;
    return out;
}

void one_meaning(const HttpRequest& request, const RequestParser& parser, std::string_view head) {
    must(!(parser.length() && parser.is_chunked()), "a body has one length");
    if (request.method == "POST")
        must(parser.length() || parser.is_chunked(), "a POST has a length");
    must(request.headers.count("host") == 1 || head.find("HTTP/1.0\r\n") != head.npos,
         "there is a host");
    for (const auto& [name, value] : request.headers) {
        must(!name.empty() && name.find_first_of(" \t\r\n:") == name.npos, "a name is a word");
        must(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos,
             "a value is one line");
    }
    for (std::size_t cut = 0; cut < head.size(); ++cut) {
        const auto begun = head.substr(0, cut);
        must(!is_hopeless_head(begun), "the beginning of a good head is never given up");
        must(!is_hopeless_head(begun, cut / 2), "wherever it was cut before");
        must(!head_end(begun), "a head has one end");
    }
}

void take_apart(const std::string& target) {
    const auto parsed = parse_target(target);
    if (!parsed) return;
    const auto segments = path_segments(parsed->path);
    if (!segments) return;
    for (const auto& segment : *segments)
        must(segment != ".." && segment.find('\0') == segment.npos, "a path climbs nowhere");
    static const Router router = [] {
        Router made;
        auto nobody = [](HttpRequest) -> Task<HttpResponse> { co_return HttpResponse{}; };
        made.add("GET", "/a/{b}", nobody);
        made.add("GET", "/{rest...}", nobody);
        return made;
    }();
    must(router.match("GET", parsed->path).status == 200, "what is a path is found");
}

}  // namespace

void fuzz_one(std::string_view bytes) {
    const auto end = head_end(bytes);
    is_hopeless_head(bytes);
    if (!end || *end > 2'000) return;
    const auto head = bytes.substr(0, *end);
    if (const auto why = refused_head(head)) return must(!why->empty(), "a refusal has a reason");
    HttpRequest request;
    RequestParser parser(request);
    if (!parser.read_head(head)) return;
    one_meaning(request, parser, head);
    take_apart(parser.target());
    if (!parser.is_chunked()) return;
    const auto behind = bytes.substr(*end);
    const auto whole = read_chunks(head, behind, behind.size() + 1),
               single = read_chunks(head, behind, 1);
    // Beast waits for the end of a quoted extension that it refuses elsewhere: only what is taken
    // counts.
    const bool done = whole.how == RequestParser::Chunks::done;
    must(done == (single.how == RequestParser::Chunks::done),
         "chunks end alike however they arrive");
    must(!done || whole.body == single.body, "chunks read alike however they arrive");
    must(!done || whole.left == single.left, "what follows a request is left alone");
}
