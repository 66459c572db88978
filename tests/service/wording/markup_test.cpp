#include "service/wording/markup.hpp"

#include <doctest/doctest.h>

#include "service/wording/report.hpp"

using namespace slipway;

TEST_CASE("only what can be seen is printed") {
    struct Case {
        const char* name;
        std::string foreign, shown;
    };
    const Case cases[] = {
        {"plain", "a\tb\nc", "a\tb\nc"},
        {"colours", "\x1B[31mred\x1B[0m", "red"},
        {"a colour with a colon", "\x1B[38:2:1:2:3mred", "red"},
        {"the cursor", "a\x1B[2J\x1B[Hb", "ab"},
        {"a title", "\x1B]0;title\x07x", "x"},
        {"a hidden link", "\x1B]8;;https://evil.example\x1B\\text\x1B]8;;\x1B\\", "text"},
        {"a title that never ends", "\x1B]0;title\nx", "\nx"},
        {"a lone escape", "a\x1B", "a"},
        {"a device string", "\x1BPq#0\x1B\\x", "x"},
        {"a single-byte sequence",
         "\xC2\x9B"
         "31mred",
         "red"},
        {"a bell, a backspace, a null", std::string("a\a\b\0b", 5), "ab"},
        {"a carriage return hides nothing", "real\rfake", "realfake"},
        {"another direction",
         "a\xE2\x80\xAE"
         "b\xE2\x81\xA6"
         "c",
         "abc"},
        {"a tag nobody sees",
         "a\xF3\xA0\x81\xA1"
         "b",
         "ab"},
        {"a line separator",
         "a\xE2\x80\xA8"
         "b",
         "a\nb"},
        {"a broken byte",
         "a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"other scripts", "\xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x9A\xA2",
         "\xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x9A\xA2"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.name);
        CHECK(printable(c.foreign) == c.shown);
    }
}

TEST_CASE("names that mean no harm are written as they are") {
    for (std::string name : {"payments-prod", "aws_db_instance.main", "module.net.aws_vpc.this",
                             "a b, c (d): 16:00, 100% of 3/4; x = y?"})
        CHECK(escape_markdown(name) == name);
}

TEST_CASE("a fence is longer than any inside, and no line in it begins with a slash") {
    CHECK(fenced("a", "diff") == "```diff\na\n```\n");
    CHECK(fenced("a\n````\nb", "") == "`````\na\n````\nb\n`````\n");
    CHECK(fenced("/slipway apply\n/close", "text") == "```text\n /slipway apply\n /close\n```\n");
    CHECK(fenced("", "") == "```\n```\n");
}

TEST_CASE("a span of code holds any text") {
    CHECK(code_span("a") == "`a`");
    CHECK(code_span("a`b") == "``a`b``");
    CHECK(code_span("`a`") == "`` `a` ``");
    CHECK(code_span("a\nb") == "`a b`");
    CHECK(code_span("") == "");
    CHECK(code_span_in_cell("a|b") == "`a\\|b`");
}

TEST_CASE("a message keeps its spans of code and nothing else") {
    CHECK(sentence("`a` has no tag `b_c`") == "`a` has no tag `b_c`");
    CHECK(sentence("see * this * `x`") == "see \\* this \\* `x`");
    CHECK(sentence("an open ` tick") == "an open \\` tick");
    CHECK(sentence("a ``double`` one") == "a \\`\\`double\\`\\` one");
    CHECK(sentence("`a``b`").find("<") == std::string::npos);
}

TEST_CASE("S3: a link is shown only for hosts on the list") {
    const std::vector<std::string> hosts = {"example.com", "wiki.acme.test"};
    for (std::string good : {"https://example.com", "https://example.com/a?b#c",
                             "https://docs.example.com/x", "https://wiki.acme.test/p"})
        CHECK(link_allowed(good, hosts));
    for (std::string bad :
         {"http://example.com", "https://evil.test", "https://example.com.evil.test",
          "https://notexample.com", "https://acme.test", "https://example.com@evil.test/",
          "https://evil.test/example.com", "https://evil.test?example.com",
          "https://evil.test#.example.com", "https://example.com:8443/", "javascript:alert(1)",
          "//example.com", "https://example.com/ x", "https://example.com/\xC3\xA9", "https://",
          "https:///example.com", "https://example.com\\.evil.test/", "HTTPS://example.com"}) {
        CAPTURE(bad);
        CHECK_FALSE(link_allowed(bad, hosts));
    }
    CHECK_FALSE(link_allowed("https://example.com", {}));
    CHECK_FALSE(link_allowed("https://example.com", {""}));
    CHECK(link_to("more", "https://example.com/a_(b)\"<c>") ==
          "[more](https://example.com/a%5F%28b%29%22%3Cc%3E)");
}
