// Secrets do not come out, in whichever form and chunks they go in.
#include "handlers/runs/worker/masking.hpp"

#include <doctest/doctest.h>

#include <random>

#include "handlers/runs/worker/clean_text.hpp"
#include "service/base/digest.hpp"
#include "service/base/json.hpp"
#include "service/base/result.hpp"

namespace slipway {
namespace {

Masker masker_of(const std::vector<std::string>& texts) {
    std::vector<Secret> secrets;
    for (const auto& text : texts) secrets.emplace_back(text);
    return Masker(secrets);
}

std::string in_chunks(const Masker& masker, std::string_view text, std::size_t size) {
    MaskedStream stream(masker);
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += size) stream.feed(text.substr(at, size), out);
    stream.finish(out);
    return out;
}

TEST_CASE("a secret is masked in every form that tools print") {
    const std::string secret = R"(p@ss "w/ord"+<&>=%?~ü)";
    const auto masker = masker_of({secret});
    const auto quoted_text = quoted(secret);
    struct {
        const char* form;
        std::string text;
    } forms[] = {
        {"raw", secret},
        {"base64", to_base64(secret)},
        {"base64 with a byte before", to_base64("x" + secret + "yz")},
        {"base64 with two bytes before", to_base64("xx" + secret + "y")},
        {"base64 of a credential", to_base64("user:" + secret)},
        {"base64url", to_base64url(secret)},
        {"hex", to_hex(secret)},
        {"json", quoted_text},
        {"json in json", quoted(quoted_text)},
        {"json by go", R"(p@ss \"w/ord\"+\u003c\u0026\u003e=%?~ü)"},
        {"url", "p%40ss%20%22w%2Ford%22%2B%3C%26%3E%3D%25%3F~%C3%BC"},
        {"url in small letters", "p%40ss%20%22w%2ford%22%2b%3c%26%3e%3d%25%3f~%c3%bc"},
        {"form", "p%40ss+%22w%2Ford%22%2B%3C%26%3E%3D%25%3F~%C3%BC"},
        {"coloured", clean_text("p@ss \x1b[1m\"w/ord\"\x1b[0m+<&>=%?~ü")},
    };
    for (const auto& form : forms) {
        CAPTURE(form.form);
        CAPTURE(form.text);
        const auto out = masker("before " + form.text + " after");
        CAPTURE(out);
        CHECK(out.find(mask) != out.npos);
        CHECK(out.size() < std::string("before  after").size() + 14);
        CHECK(out.starts_with("before "));
        CHECK(out.ends_with(" after"));
    }
}

TEST_CASE("a secret is masked across any chunk borders, and the rest is left as it is") {
    const auto masker = masker_of({"hunter2", "hunter22-and-more", "unterwegs"});
    const std::string text =
        "a hunter2 b hunter22-and-more c hunterwegs d hunter3 hunte\nhunter2hunter2 "
        "unterhunter2wegs";
    const std::string expected = "a *** b *** c h*** d hunter3 hunte\n*** unter***wegs";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        CAPTURE(size);
        CHECK(in_chunks(masker, text, size) == expected);
    }
}

TEST_CASE("overlapping secrets leave nothing of either") {
    const auto masker = masker_of({"abcdef", "defghi", "cdef"});
    CHECK(masker("xabcdefghiy") == "x***y");
    CHECK(masker("xcdefghiy") == "x***y");
    CHECK(masker("xabcdeghi") == "xabcdeghi");
}

TEST_CASE("long and many-line secrets are masked as a whole and line by line") {
    std::string key = "-----BEGIN SOMETHING-----\n";
    std::mt19937 random(7);
    for (int line = 0; line < 30; ++line) {
        for (int i = 0; i < 64; ++i) key += static_cast<char>('a' + random() % 26);
        key += '\n';
    }
    const auto masker = masker_of({key});
    CHECK(masker("x" + key + "y") == "x***y");
    CHECK(in_chunks(masker, "x" + key + "y", 7) == "x***y");
    std::string indented;
    for (const char c : key) indented += c == '\n' ? std::string("\n  | ") : std::string(1, c);
    const auto out = masker(indented);
    for (std::size_t at = 26; at + 65 < key.size(); at += 65)
        CHECK(out.find(key.substr(at, 20)) == out.npos);
    CHECK_THROWS_AS(masker_of({std::string(longest_secret + 1, 'x')}), Failure);
}

TEST_CASE("values that output is full of cannot be masked and are passed over") {
    for (const char* value : {"", "abc", "true", "null"}) CHECK_FALSE(can_be_masked(value));
    CHECK(can_be_masked("abcd"));
    CHECK(masker_of({"abc", "", "true"})("abc true") == "abc true");
}

TEST_CASE("tokens of known shapes and private keys are masked though nobody named them") {
    const auto masker = masker_of({});
    struct {
        std::string text, expected;
    } cases[] = {
        {"token ghs_16C7e42F292c6912E7710c838347Ae178B4a.", "token ***."},
        {"https://x-access-token:ghp_abcDEF123@github.com/",
         "https://x-access-token:***@github.com/"},
        {"github_pat_11ABC_def, next", "***, next"},
        {"AKIAIOSFODNN7EXAMPLE\nand", "***\nand"},
        {"ghs_ghs_ghs", "***"},
        {"a key:\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc=\n-----END RSA PRIVATE "
         "KEY-----\nafter",
         "a key:\n***\nafter"},
        {R"("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n","x")",
         R"("***\n","x")"},
        {"-----BEGIN CERTIFICATE-----\nMIIE", "-----BEGIN CERTIFICATE-----\nMIIE"},
        {"light and shadow, nothing", "light and shadow, nothing"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.text);
        for (std::size_t size : {1, 2, 3, 5, 1000}) {
            CAPTURE(size);
            CHECK(in_chunks(masker, c.text, size) == c.expected);
        }
    }
    // A key that never ends does not swallow the log.
    const std::string endless = "-----BEGIN PRIVATE KEY-----\n" + std::string(40'000, 'k') + " end";
    CHECK(masker(endless).ends_with("k end"));
}

TEST_CASE("masking agrees with a search by hand on random texts and chunks") {
    std::mt19937 random(20261124);
    auto word = [&](std::size_t at_least, std::size_t at_most) {
        std::string out;
        const auto size = at_least + random() % (at_most - at_least + 1);
        for (std::size_t i = 0; i < size; ++i) out += static_cast<char>('p' + random() % 3);
        return out;
    };
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> secrets;
        for (int i = 0; i < 4; ++i) secrets.push_back(word(4, 9));
        const auto text = word(0, 200);
        std::string covered(text.size(), '\0'), expected;
        for (const auto& secret : secrets)
            for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at + 1))
                covered.replace(at, secret.size(), secret.size(), '\1');
        for (std::size_t i = 0; i < text.size(); ++i)
            if (!covered[i])
                expected += text[i];
            else if (i == 0 || !covered[i - 1])
                expected += mask;
        CAPTURE(text);
        CHECK(in_chunks(masker_of(secrets), text, 1 + random() % 20) == expected);
    }
}

TEST_CASE("memory stays small on a line without end") {
    const auto masker = masker_of({"hunter2"});
    MaskedStream stream(masker);
    std::string out;
    const std::string chunk(65536, 'h');
    for (int i = 0; i < 64; ++i) {
        out.clear();
        stream.feed(chunk, out);
        CHECK(out.size() >= chunk.size() - 8);
    }
}

TEST_CASE("terminal sequences go, text stays") {
    struct {
        std::string text, expected;
    } cases[] = {
        {"\x1b[1m\x1b[31mError\x1b[0m: bad\n", "Error: bad\n"},
        {"\x1b]8;;https://evil.test\x1b\\link\x1b]8;;\x1b\\ rest", "link rest"},
        {"\x1b]0;title\a text", " text"},
        {"a\rb\r\nc", "a\nb\nc"},
        {std::string("nul\0bell\a\x7f.", 11), "nulbell."},
        {"\x1b[2J\x1b[Hcleared", "cleared"},
        {"\x1b(Bset", "set"},
        {"tab\tüml", "tab\tüml"},
    };
    for (const auto& c : cases) {
        CAPTURE(c.expected);
        CHECK(clean_text(c.text) == c.expected);
        std::string out;
        CleanText cleaner;
        for (const char one : c.text) cleaner.feed(std::string_view(&one, 1), out);
        CHECK(out == c.expected);
    }
    // A sequence that never ends eats no more than a little.
    CHECK(clean_text("\x1b]" + std::string(10'000, 'x')).size() > 5'000);
}

}  // namespace
}  // namespace slipway
