#include "queue/redis/reply.hpp"

#include <doctest/doctest.h>

#include "service/base/result.hpp"

namespace slipway {

namespace {

RedisReply text(std::string value) {
    RedisReply out;
    out.kind = RedisReply::Kind::text;
    out.text = std::move(value);
    return out;
}
RedisReply number(std::int64_t value) {
    RedisReply out;
    out.kind = RedisReply::Kind::number;
    out.number = value;
    return out;
}
RedisReply list(std::vector<RedisReply> items) {
    RedisReply out;
    out.kind = RedisReply::Kind::list;
    out.items = std::move(items);
    return out;
}

}  // namespace

TEST_CASE("replies are read however their bytes are cut") {
    using namespace std::string_literals;
    const auto whole =
        "+OK\r\n$5\r\na\r\n\0b\r\n:-42\r\n$-1\r\n*-1\r\n*0\r\n"
        "*3\r\n*2\r\n:1\r\n$0\r\n\r\n$-1\r\n$2\r\nxy\r\n-ERR no\r\n"s;
    RedisReply error = text("ERR no");
    error.kind = RedisReply::Kind::error;
    const std::vector<RedisReply> wanted = {
        text("OK"),
        text(std::string("a\r\n\0b", 5)),
        number(-42),
        RedisReply{},
        RedisReply{},
        list({}),
        list({list({number(1), text("")}), RedisReply{}, text("xy")}),
        error};
    for (std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}, whole.size()}) {
        CAPTURE(piece);
        ReplyReader reader;
        std::vector<RedisReply> read;
        for (std::size_t at = 0; at < whole.size(); at += piece) {
            reader.feed(std::string_view(whole).substr(at, piece));
            while (auto reply = reader.next()) read.push_back(std::move(*reply));
        }
        CHECK(read == wanted);
    }
}

TEST_CASE("what is not a reply, or too much of one, is refused") {
    struct Row {
        const char* name;
        std::string bytes;
    };
    std::string deep;
    for (int i = 0; i < 20; ++i) deep += "*1\r\n";
    const Row rows[] = {
        {"another protocol", "HTTP/1.1 200 OK\r\n"},
        {"a length that is none", "$x\r\n"},
        {"a negative length", "$-7\r\n"},
        {"more elements than we take", "*1000000000\r\n"},
        {"more elements in all", "*2\r\n*60\r\n"},
        {"too deep", deep},
        {"larger than we take", "$1000000000\r\n" + std::string(2000, 'x')},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        ReplyReader reader({1000, 50});
        auto read = [&] {
            reader.feed(row.bytes);
            while (reader.next()) {
            }
        };
        CHECK_THROWS_AS(read(), Failure);
    }
}

TEST_CASE("a command is told as it is, any bytes in it") {
    using namespace std::string_literals;
    const auto bytes = "a\0\r\n"s;
    std::string wire = "*1\r\n$4\r\nPING\r\n";
    add_command(wire, {"SET", bytes, ""});
    CHECK(wire == "*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$4\r\na\0\r\n\r\n$0\r\n\r\n"s);
}

}  // namespace slipway
