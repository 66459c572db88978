// Structs to JSON and back by their own list of fields: a struct opts in with
//     static void fields(auto& self, auto&& f) { f("name", self.name); ... }
// Unknown members are passed over and missing ones leave the default, so that an older record
// reads. BOOST_DESCRIBE_STRUCT would cost each file that sees the model 10 % more compile time.
#pragma once
#include <charconv>
#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "service/base/json.hpp"
#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

template <class T>
concept Described = requires(T& t) {
    T::fields(t, [](std::string_view, auto&) {});
};

// A type that is written as a text specialises this, with `text(value)` and `parse(text, out)`,
// which returns whether it could.
template <class T>
struct TextCodec {};

template <class T>
concept TextCoded = requires(const T& value) {
    TextCodec<T>::text(value);
};

namespace detail {
template <class T>
struct is_id : std::false_type {};
template <class Tag>
struct is_id<Id<Tag>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_map : std::false_type {};
template <class T>
struct is_map<std::map<std::string, T>> : std::true_type {};
}  // namespace detail

template <class T>
Json encode(const T& value) {
    if constexpr (std::is_same_v<T, Json>) {
        return value;
    } else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>) {
        return Json(value);
    } else if constexpr (TextCoded<T>) {
        return Json(TextCodec<T>::text(value));
    } else if constexpr (std::is_integral_v<T>) {
        return Json(Json::Number{std::to_string(value)});
    } else if constexpr (Worded<T>) {
        return Json(word(value));
    } else if constexpr (detail::is_id<T>::value) {
        return Json(value.value);
    } else if constexpr (detail::is_vector<T>::value) {
        Json::Array out;
        out.reserve(value.size());
        for (const auto& item : value) out.push_back(encode(item));
        return Json(std::move(out));
    } else if constexpr (detail::is_optional<T>::value) {
        return value ? encode(*value) : Json();
    } else if constexpr (detail::is_map<T>::value) {
        Json::Object out;
        for (const auto& [name, item] : value) out.emplace_back(name, encode(item));
        return Json(std::move(out));
    } else {
        static_assert(Described<const T> || Described<T>);
        Json::Object out;
        T::fields(value, [&](std::string_view name, const auto& field) {
            out.emplace_back(std::string(name), encode(field));
        });
        return Json(std::move(out));
    }
}

// What does not fit the type leaves `out` as it was and is reported in `trouble` by the member's
// path.
template <class T>
void decode_into(const Json& json, T& out, std::string& trouble, const std::string& path = "") {
    auto misfit = [&](const char* wanted) {
        if (trouble.empty()) trouble = (path.empty() ? "the document" : path) + " is not " + wanted;
    };
    if constexpr (std::is_same_v<T, Json>) {
        out = json;
    } else if (json.is_null()) {
        return;  // absent: the default
    } else if constexpr (std::is_same_v<T, bool>) {
        json.is_bool() ? void(out = json.bool_or(false)) : misfit("a boolean");
    } else if constexpr (TextCoded<T>) {
        if (!json.is_string() || !TextCodec<T>::parse(json.string_or(""), out))
            misfit("a text of its kind");
    } else if constexpr (std::is_same_v<T, std::string>) {
        json.is_string() ? void(out = json.text()) : misfit("a string");
    } else if constexpr (std::is_integral_v<T>) {
        const auto text = json.number_text();
        T number{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        whole && !text.empty() ? void(out = number) : misfit("a whole number that fits");
    } else if constexpr (Worded<T>) {
        auto parsed = parse_word<T>(json.string_or(""));
        parsed ? void(out = *parsed) : misfit("a known word");
    } else if constexpr (detail::is_id<T>::value) {
        json.is_string() ? void(out = T(json.text())) : misfit("a string");
    } else if constexpr (detail::is_vector<T>::value) {
        if (!json.is_array()) return misfit("a list");
        out.clear();
        for (std::size_t i = 0; i < json.items().size(); ++i) {
            typename T::value_type item{};
            decode_into(json[i], item, trouble, path + "[" + std::to_string(i) + "]");
            out.push_back(std::move(item));
        }
    } else if constexpr (detail::is_optional<T>::value) {
        decode_into(json, out.emplace(), trouble, path);
    } else if constexpr (detail::is_map<T>::value) {
        if (!json.is_object()) return misfit("an object");
        out.clear();
        for (const auto& [name, item] : json.members())
            decode_into(item, out[name], trouble, path + "." + name);
    } else {
        if (!json.is_object()) return misfit("an object");
        T::fields(out, [&](std::string_view name, auto& field) {
            std::string inner = path.empty() ? std::string(name) : path + "." + std::string(name);
            decode_into(json[name], field, trouble, inner);
        });
    }
}

// A Json itself, so that a text is never taken for one.
template <class T, std::same_as<Json> J>
Result<T> decode(const J& json) {
    T out{};
    std::string trouble;
    decode_into(json, out, trouble);
    if (!trouble.empty()) return Error{trouble};
    return out;
}

template <class T>
Result<T> decode(std::string_view text) {
    auto json = parse_json(text);
    if (!json) return json.error();
    return decode<T>(*json);
}

}  // namespace slipway
