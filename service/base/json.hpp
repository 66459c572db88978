// JSON as a value; the only user of RapidJSON. Reading foreign JSON is checked (a missing member is
// a null, never an assertion), bounded in depth and done without recursion. Numbers keep their
// text, so that a plan's 12345678901234567890 reaches a policy as it was written.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "service/base/result.hpp"

namespace slipway {

class Json {
  public:
    using Array = std::vector<Json>;
    using Member = std::pair<std::string, Json>;
    using Object = std::vector<Member>;  // in the order written; the last of equal names counts
    struct Number {
        std::string text;
        bool operator==(const Number&) const = default;
    };

    Json() = default;
    Json(std::nullptr_t) {}
    Json(bool value) : value_(value) {}
    Json(int value) : value_(Number{std::to_string(value)}) {}
    Json(std::int64_t value) : value_(Number{std::to_string(value)}) {}
    Json(std::uint64_t value) : value_(Number{std::to_string(value)}) {}
    Json(Number value) : value_(std::move(value)) {}
    Json(std::string value) : value_(std::move(value)) {}
    Json(std::string_view value) : value_(std::string(value)) {}
    Json(const char* value) : value_(std::string(value)) {}
    Json(Array value) : value_(std::move(value)) {}
    Json(Object value) : value_(std::move(value)) {}
    static Json array() { return Json(Array{}); }
    static Json object() { return Json(Object{}); }
    static Json object(std::initializer_list<Member> members) { return Json(Object(members)); }

    bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
    bool is_bool() const { return std::holds_alternative<bool>(value_); }
    bool is_number() const { return std::holds_alternative<Number>(value_); }
    bool is_string() const { return std::holds_alternative<std::string>(value_); }
    bool is_array() const { return std::holds_alternative<Array>(value_); }
    bool is_object() const { return std::holds_alternative<Object>(value_); }

    // Reading. What is not there, or of another type, is the fallback.
    const Json& operator[](std::string_view member) const;  // null where absent or no object
    const Json& operator[](std::size_t index) const;        // null where absent or no array
    bool has(std::string_view member) const;
    std::string_view string_or(std::string_view fallback) const;
    std::string text() const { return std::string(string_or("")); }
    std::int64_t int_or(std::int64_t fallback) const;
    double double_or(double fallback) const;
    bool bool_or(bool fallback) const;
    const Array& items() const;            // empty where no array
    const Object& members() const;         // empty where no object
    std::string_view number_text() const;  // "" where no number

    // Building. set() and push() turn a null into an object or array.
    Json& set(std::string_view member, Json value);  // returns *this
    Json& at(std::string_view member);               // made as null where absent
    Json& push(Json value);
    Array& edit_items();  // turns anything but an array into an empty one
    Object& edit_members();
    void erase(std::string_view member);

    // What is not valid UTF-8 becomes U+FFFD, so that parse_json() reads whatever is written.
    std::string dump() const;         // one line
    std::string dump_pretty() const;  // two spaces
    bool operator==(const Json&) const = default;

  private:
    std::variant<std::monostate, bool, Number, std::string, Array, Object> value_;
};

inline constexpr std::size_t json_depth_limit = 512;

// Refuses what RFC 8259 does, invalid UTF-8, and nesting beyond the limit. The message names the
// byte.
Result<Json> parse_json(std::string_view text, std::size_t depth_limit = json_depth_limit);

// The text as a JSON string, quotes included.
std::string quoted(std::string_view text);

}  // namespace slipway
