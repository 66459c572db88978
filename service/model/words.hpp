// Enumerators as the words that records, documents and people see. An enum opts in with
//     BOOST_DESCRIBE_ENUM(TheEnum, first, second)          // inside a class: _NESTED_ENUM
// or, where a word cannot be the enumerator's name, with
//     constexpr std::array<std::string_view, N> words_of(TheEnum) { return {"first", "delete"}; }
// in the order of its enumerators; word() and parse_word() do the rest.
#pragma once
#include <array>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <optional>
#include <string_view>
#include <type_traits>

namespace slipway {

namespace detail {
template <template <class...> class List, class... Described>
constexpr auto names(List<Described...>) {
    std::size_t next = 0;
    if (!((static_cast<std::size_t>(Described::value) == next++) && ...))
        throw "an enumerator is missing, or out of order";  // at compile time
    return std::array<std::string_view, sizeof...(Described)>{Described::name...};
}
}  // namespace detail

template <class E>
requires(boost::describe::has_describe_enumerators<E>::value) constexpr auto words_of(E) {
    constexpr auto words = detail::names(boost::describe::describe_enumerators<E>{});
    return words;
}

template <class E>
concept Worded = std::is_enum_v<E> && requires(E e) {
    words_of(e);
};

template <Worded E>
constexpr std::string_view word(E value) {
    return words_of(E{})[static_cast<std::size_t>(value)];
}

template <Worded E>
constexpr std::optional<E> parse_word(std::string_view text) {
    constexpr auto words = words_of(E{});
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == text) return static_cast<E>(i);
    return std::nullopt;
}

}  // namespace slipway
