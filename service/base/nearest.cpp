// By hand: no library that is here compares words, and it is one loop.
#include "service/base/nearest.hpp"

#include <algorithm>
#include <numeric>

namespace slipway {
namespace {

// Letters put in, taken out, exchanged, and neighbours swapped (Damerau-Levenshtein, optimal
// alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1), next(b.size() + 1);
    std::iota(row.begin(), row.end(), 0u);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                next[j] = std::min(next[j], before[j - 2] + 1);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known) {
    if (typed.size() > 40) return std::nullopt;
    const auto best = std::min_element(known.begin(), known.end(), [&](auto& a, auto& b) {
        return distance(typed, a) < distance(typed, b);
    });
    if (best == known.end() || distance(typed, *best) > std::min<std::size_t>(2, typed.size() / 2))
        return std::nullopt;
    return *best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known) {
    const auto meant = nearest(typed, known);
    return meant ? "; did you mean `" + *meant + "`?" : "";
}

}  // namespace slipway
