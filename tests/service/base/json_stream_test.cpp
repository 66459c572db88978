// Documents that are read piece by piece: what is asked for comes, in order, and bad input is named
// by its line.
#include "service/base/json_stream.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

using namespace slipway;

// In pieces of `piece` bytes.
ReadSome reader(std::string text, std::size_t piece = 3) {
    return
        [text = std::move(text), piece, at = std::size_t{0}](char* to, std::size_t most) mutable {
            const auto count = std::min({piece, most, text.size() - at});
            std::copy_n(text.data() + at, count, to);
            at += count;
            return count;
        };
}

std::vector<std::string> parts_of(const std::string& text, std::vector<JsonPath> wanted) {
    std::vector<std::string> out;
    const auto error =
        stream_json(reader(text), {std::move(wanted)}, [&](const auto& path, Json part) {
            std::string line;
            for (const auto& name : path) line += "/" + name;
            out.push_back(line + " " + part.dump());
            return "";
        });
    if (error) out.push_back(error->message);
    return out;
}

std::string error_of(const std::string& text) {
    const auto error =
        stream_json(reader(text), {{{"a", "*"}}}, [](const auto&, Json) { return ""; });
    return error ? error->message : "";
}

using Parts = std::vector<std::string>;

}  // namespace

TEST_CASE("a streamed document gives its wanted parts and passes over the rest") {
    CHECK(parts_of(R"({"x": [{"y": 1}], "a": {"b": {"c": [1, "two"]}, "d": null}, "e": true})",
                   {{"a", "*"}, {"e"}}) ==
          Parts{R"(/a/b {"c":[1,"two"]})", "/a/d null", "/e true"});
    CHECK(parts_of(R"({"a": [1.50, {"b": []}]})", {{"a", "*"}}) ==
          Parts{"/a/ 1.50", R"(/a/ {"b":[]})"});
    CHECK(parts_of("[1, 2]", {{""}}) == Parts{"/ 1", "/ 2"});
    CHECK(parts_of("\xef\xbb\xbf{\"a\": 1}", {{"a"}}) == Parts{"/a 1"});
    CHECK(parts_of(R"({"a": {"a": 1}, "b": {"a": 2}})", {{"a"}}) == Parts{R"(/a {"a":1})"});
}

TEST_CASE("a streamed document that is cut off is refused, wherever it was cut") {
    const std::string whole = "{\"a\": {\"b\": {\"c\": [1, \"two\"]}}}";
    CHECK(error_of(whole).empty());
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(error_of(whole.substr(0, size)) == "line 1: is cut off");
}

TEST_CASE("what is wrong in a streamed document is named with its line") {
    CHECK(error_of("{\n\"a\": {\"b\" 1}}").starts_with("line 2: is not valid JSON: "));
    CHECK(error_of("{\n\n}\nx").starts_with("line 4: is not valid JSON: "));
    CHECK(error_of(std::string("{}\0{}", 5)) == "line 1: is not valid JSON: a NUL");
    CHECK(error_of("{\"a\": \"\xff\"}").starts_with("line 1: is not valid JSON: "));
    CHECK(error_of("{\"a\": {\"b\": \"" + std::string(2 << 20, 'x') + "\"}}") ==
          "line 1: one part is larger than 1048576 bytes");
    CHECK(error_of(std::string(100, '[')) == "line 1: nested deeper than 64 levels");
}

TEST_CASE("who takes the parts of a streamed document can end the reading") {
    std::size_t taken = 0;
    const auto error = stream_json(reader("{\"a\":\n[1,\n2,\n3]}"), {{{"a", "*"}}},
                                   [&](const auto&, Json) { return ++taken == 2 ? "enough" : ""; });
    REQUIRE(error);
    CHECK(error->message == "line 3: enough");
    CHECK(taken == 2);
}
