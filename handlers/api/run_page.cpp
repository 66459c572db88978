// What the links on a pull request lead to in a browser: how to read the run. The page is open to
// anybody, so it says nothing that is not in its own address, and looks nothing up.
#include <algorithm>

#include "handlers/api/api.hpp"
#include "service/wording/markup.hpp"

namespace slipway {
namespace {

bool could_be_a_run(const std::string& id) {
    return id.size() <= 64 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      c == '-';
           });
}

Task<HttpResponse> run_page(HttpRequest request) {
    const auto& id = request.parameters["run"];
    if (!could_be_a_run(id)) co_return error_response(404, "There is no such run");
    const auto run = html_text(id);
    HttpResponse out;
    out.content_type = "text/html; charset=utf-8";
    out.headers = {{"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Cache-Control", "no-store"}};
    out.body = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Run " + run +
               "</title>\n<style>body{font:16px/1.5 system-ui,sans-serif;max-width:44em;margin:3em "
               "auto;padding:0 1em}"
               "pre{background:#8881;padding:1em;overflow:auto}</style>\n<h1>Run " +
               run +
               "</h1>\n<p>Runs are read with the command line, where the service runs or with a "
               "token:</p>\n"
               "<pre>slipway runs show " +
               run +
               "   its timeline\n"
               "slipway logs " +
               run +
               "        what the tool said\n"
               "slipway explain " +
               run +
               "     which policies decided what, and who approved</pre>\n"
               "<p>From elsewhere, add <code>--server</code> with this service's address and set "
               "<code>SLIPWAY_TOKEN</code>; an administrator makes one with <code>slipway token "
               "create</code>.</p>\n"
               "</html>\n";
    co_return out;
}

}  // namespace

void add_run_page(Router& router) { router.add("GET", "/runs/{run}", run_page); }

}  // namespace slipway
