// Enumerators as the words that records, documents and people see. An enum opts in with
//     constexpr std::array<std::string_view, N> words_of(TheEnum) { return {"first", "second"}; }
// in the order of its enumerators; word() and parse_word() do the rest.
#pragma once
#include <array>
#include <optional>
#include <string_view>
#include <type_traits>

namespace slipway {

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
