// JSON documents of any size: only the parts that are asked for become values, one after the other;
// the rest is checked and passed over. Memory is bounded by the largest such part.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/base/json.hpp"

namespace slipway {

// Puts up to `most` bytes to `to` and says how many; 0 at the end.
using ReadSome = std::function<std::size_t(char* to, std::size_t most)>;

// Names of members from the top; "" for an element of an array.
using JsonPath = std::vector<std::string>;

struct JsonStreamOptions {
    // Such as {"products", "*"}: "*" is any member or element. A part inside of another is not
    // given again.
    std::vector<JsonPath> wanted;
    std::size_t depth_limit = 64;
    std::size_t part_limit = 1 << 20;  // bytes of names, texts and numbers in one part
};

// Calls `take` with each wanted part; what it returns, unless empty, ends the reading as an error.
// The error of a document that is not valid JSON, or is cut off, begins "line N: ".
std::optional<Error> stream_json(const ReadSome& read, const JsonStreamOptions& options,
                                 const std::function<std::string(const JsonPath&, Json)>& take);

}  // namespace slipway
