// The changed paths become a tree of segments once; each stack then asks for a few places in it. A
// place that is not there ends the question at the first segment that nobody touched, so that ten
// thousand stacks cost little more than reading their directories.
#include "service/model/concerned.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <random>
#include <string_view>
#include <unordered_map>

#include "service/model/glob.hpp"

namespace slipway {

namespace {

constexpr std::size_t because_limit = 10;

// A slash sorts before every other byte here, so that all that lies below a directory is one range.
bool tree_order(std::string_view a, std::string_view b) {
    const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (end.first == a.end() || end.second == b.end()) return a.size() < b.size();
    const auto rank = [](char c) { return c == '/' ? 0 : static_cast<unsigned char>(c) + 1; };
    return rank(*end.first) < rank(*end.second);
}

// "/modules/vpc/", "./modules/vpc" and "modules/vpc" are one place; "" and "." are the root.
std::string_view place_named(std::string_view path) {
    while (path.starts_with("./")) path.remove_prefix(2);
    while (path.starts_with('/')) path.remove_prefix(1);
    while (path.ends_with('/')) path.remove_suffix(1);
    return path == "." ? std::string_view() : path;
}

// A segment as numbers: comparing two of them seldom looks at more than one word.
struct Segment {
    std::uint64_t first = 0, second = 0;
    std::string_view rest;
    bool operator==(const Segment&) const = default;
};

// Inlined by force: a compiler that does not makes every question a fifth slower
// (tests/bench/p14_concerned.cpp). Up to eight bytes of the segment at the front of `path`, taken
// off; `ended`: its last ones.
[[gnu::always_inline]] inline std::uint64_t take_word(std::string_view& path, bool& ended) {
    constexpr std::uint64_t ones = 0x0101010101010101, slashes = ones * '/', tops = ones << 7;
    std::uint64_t word = 0;
    std::size_t size = std::min<std::size_t>(path.size(), 8);
    if (size == 8)
        std::memcpy(&word, path.data(), 8);
    else
        for (std::size_t i = size; i > 0; --i)
            word = word << 8 | static_cast<unsigned char>(path[i - 1]);
    // The lowest byte that was a slash has its top bit set here.
    const auto different = word ^ slashes;
    const auto found = (different - ones) & ~different & tops;
    ended = found != 0 || path.size() <= 8;
    if (found != 0) {
        size = static_cast<std::size_t>(std::countr_zero(found)) / 8;
        word &= (std::uint64_t(1) << (size * 8)) - 1;
    }
    path.remove_prefix(size);
    return word;
}

// Takes the segment and the slash behind it.
[[gnu::always_inline]] inline Segment take_segment(std::string_view& path) {
    static_assert(std::endian::native == std::endian::little);
    Segment segment;
    bool ended = false;
    segment.first = take_word(path, ended);
    if (!ended) segment.second = take_word(path, ended);
    if (!ended) {
        segment.rest = path.substr(0, path.find('/'));
        path.remove_prefix(segment.rest.size());
    }
    if (!path.empty()) path.remove_prefix(1);
    return segment;
}

// Indices into the sorted paths.
struct Span {
    std::uint32_t first = 0, last = 0;
    bool empty() const { return first == last; }
};

// Of a hash of segments. Each process draws its own, for the segments are other people's.
struct Multipliers {
    std::uint64_t first, second, third;

    static Multipliers of_this_process() {
        static const Multipliers drawn{draw(), draw(), draw()};
        return drawn;
    }

  private:
    static std::uint64_t draw() {
        std::random_device random;
        return (std::uint64_t(random()) << 32 | random()) | 1;
    }
};

class ChangedPaths {
  public:
    explicit ChangedPaths(const std::vector<std::string>& changed)
        : paths_(changed.begin(), changed.end()) {
        if (!std::is_sorted(paths_.begin(), paths_.end(), tree_order))
            std::sort(paths_.begin(), paths_.end(), tree_order);
        paths_.erase(std::unique(paths_.begin(), paths_.end()), paths_.end());
        nodes_.reserve(paths_.size() * 2 + 1);
        nodes_.emplace_back().span = all();
        std::vector<Step> way = {{0, 0}};
        for (std::uint32_t i = 0; i < paths_.size(); ++i) add(i, way);
        fill_slots();
    }

    Span all() const { return {0, static_cast<std::uint32_t>(paths_.size())}; }
    std::string_view operator[](std::uint32_t i) const { return paths_[i]; }

    // What changed at `place` or below it; where a file or link above it changed, that.
    Span at(std::string_view place) const {
        std::uint32_t node = 0;
        while (!place.empty()) {
            node = child_of(node, take_segment(place));
            if (node == 0) return {};
            if (nodes_[node].is_path && !place.empty())
                return {nodes_[node].span.first, nodes_[node].span.first + 1};
        }
        return nodes_[node].span;
    }

    // Those below the directory in which every match of a pattern with this prefix lies.
    Span below_prefix(std::string_view prefix) const {
        const auto slash = prefix.rfind('/');
        return slash == prefix.npos ? all() : at(prefix.substr(0, slash));
    }

  private:
    struct Node {
        Segment segment;
        std::uint32_t parent = 0;
        Span span;
        bool is_path = false;  // a changed path ends here
    };
    struct Step {
        std::uint32_t node;
        std::size_t end;  // of its segment in the path
    };
    struct Slot {
        std::uint32_t hash = 0, node = 0;
    };

    // `way`: the nodes of the path before, the root first.
    void add(std::uint32_t index, std::vector<Step>& way) {
        const auto path = paths_[index];
        const auto before = index == 0 ? std::string_view() : paths_[index - 1];
        while (way.size() > 1 && !shares(path, before, way.back().end)) way.pop_back();
        auto from = way.size() == 1 ? 0 : way.back().end + 1;
        while (from < path.size()) {
            const auto end = std::min(path.find('/', from), path.size());
            auto segment = path.substr(from, end - from);
            nodes_.push_back({take_segment(segment), way.back().node, {index, index}});
            way.push_back({static_cast<std::uint32_t>(nodes_.size() - 1), end});
            from = end + 1;
        }
        nodes_[way.back().node].is_path = true;
        for (const auto& step : way) nodes_[step.node].span.last = index + 1;
    }
    static bool shares(std::string_view path, std::string_view before, std::size_t end) {
        return path.size() > end && path[end] == '/' &&
               path.substr(0, end) == before.substr(0, end);
    }

    // Open addressing: most questions end at a segment that nobody touched, which one slot tells.
    void fill_slots() {
        slots_.resize(std::bit_ceil(nodes_.size() * 2));
        shift_ = 64 - std::countr_zero(slots_.size());
        for (std::uint32_t node = 1; node < nodes_.size(); ++node) {
            const auto hash = hash_of(nodes_[node].parent, nodes_[node].segment);
            auto at = hash >> shift_;
            while (slots_[at].node != 0) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = {static_cast<std::uint32_t>(hash), node};
        }
    }

    // 0: there is none.
    std::uint32_t child_of(std::uint32_t parent, const Segment& segment) const {
        const auto hash = hash_of(parent, segment), mask = slots_.size() - 1;
        for (auto at = hash >> shift_; slots_[at].node != 0; at = (at + 1) & mask) {
            if (slots_[at].hash != static_cast<std::uint32_t>(hash)) continue;
            const auto& node = nodes_[slots_[at].node];
            if (node.parent == parent && node.segment == segment) return slots_[at].node;
        }
        return 0;
    }

    std::uint64_t hash_of(std::uint32_t parent, const Segment& segment) const {
        auto hash = segment.first * odd_.first + segment.second * odd_.second + parent * odd_.third;
        if (!segment.rest.empty()) hash += std::hash<std::string_view>()(segment.rest) * odd_.third;
        hash ^= hash >> 32;
        return hash *
               odd_.second;  // the slot is in its upper bits, which all of the segment reaches
    }

    const Multipliers odd_ = Multipliers::of_this_process();
    std::vector<std::string_view> paths_;
    std::vector<Node> nodes_;  // the root first
    std::vector<Slot> slots_;
    int shift_ = 0;  // from a hash to its slot
};

// The first few changed paths that concern one stack, each once, the most telling first.
class Because {
  public:
    explicit Because(const ChangedPaths& changed) : changed_(changed) {}
    void add(Span span) {
        for (auto i = span.first; i < span.last && !full(); ++i) add(i);
    }
    void add(std::uint32_t index) {
        if (!full() && std::find(found_.begin(), found_.end(), index) == found_.end())
            found_.push_back(index);
    }
    bool full() const { return found_.size() == because_limit; }
    bool empty() const { return found_.empty(); }
    void clear() { found_.clear(); }
    std::vector<std::string> texts() const {
        std::vector<std::string> out;
        out.reserve(found_.size());
        for (auto index : found_) out.emplace_back(changed_[index]);
        return out;
    }

  private:
    const ChangedPaths& changed_;
    std::vector<std::uint32_t> found_;
};

// Patterns are shared by many stacks: each is matched once.
class Patterns {
  public:
    explicit Patterns(const ChangedPaths& changed) : changed_(changed) {}

    void add_to(Because& because, std::string_view pattern) {
        const auto [at, is_new] = known_.try_emplace(pattern);
        if (is_new) at->second = first_matches(pattern);
        for (auto index : at->second) because.add(index);
    }

  private:
    // The first few are enough for every stack.
    std::vector<std::uint32_t> first_matches(std::string_view pattern) const {
        std::vector<std::uint32_t> found;
        while (pattern.starts_with('/')) pattern.remove_prefix(1);
        const auto special = glob_literal_size(pattern);
        const bool is_place = special == pattern.size();
        const bool is_below = special > 0 && pattern.substr(special - 1) == "/**";
        if (is_place || is_below) {
            const auto span = changed_.at(pattern.substr(0, is_place ? special : special - 1));
            for (auto i = span.first; i < span.last && found.size() < because_limit; ++i)
                found.push_back(i);
            return found;
        }
        const auto span = changed_.below_prefix(pattern.substr(0, special));
        if (span.empty()) return found;
        const Glob glob(pattern);
        for (auto i = span.first; i < span.last && found.size() < because_limit; ++i)
            if (glob.matches(changed_[i])) found.push_back(i);
        return found;
    }

    const ChangedPaths& changed_;
    std::unordered_map<std::string_view, std::vector<std::uint32_t>> known_;
};

// What the stack's own patterns say of a file: the last that matches it decides. Of a file that
// none matches, what the stack uses outside its directory does.
void add_listed(Because& because, const ChangedPaths& paths, const Stack& stack, const Uses* uses) {
    struct Pattern {
        Glob glob;
        bool counts;
    };
    std::vector<Pattern> patterns;
    for (std::string_view text : stack.also_triggered_by) {
        const bool counts = !text.starts_with('!');
        patterns.push_back({Glob(text.substr(counts ? 0 : 1)), counts});
    }
    std::vector<Span> used;
    if (uses)
        for (const auto& place : uses->paths) used.push_back(paths.at(place_named(place)));
    const auto all = paths.all();
    for (auto i = all.first; i < all.last && !because.full(); ++i) {
        const auto says = std::find_if(patterns.rbegin(), patterns.rend(),
                                       [&](const auto& one) { return one.glob.matches(paths[i]); });
        const bool is_used = std::any_of(used.begin(), used.end(), [&](const Span& span) {
            return i >= span.first && i < span.last;
        });
        if (says == patterns.rend() ? is_used : says->counts) because.add(i);
    }
}

}  // namespace

std::vector<Concern> stacks_concerned(const std::vector<StackWithUses>& stacks,
                                      const std::vector<std::string>& changed) {
    std::vector<Concern> concerned;
    if (changed.empty()) return concerned;
    const ChangedPaths paths(changed);
    Patterns patterns(paths);
    Because because(paths);
    for (const auto& [stack, uses] : stacks) {
        because.clear();
        if (stack->only_triggered_by_these) {
            add_listed(because, paths, *stack, uses);
            if (!because.empty()) concerned.push_back({stack, because.texts()});
            continue;
        }
        because.add(paths.at(place_named(stack->directory)));
        if (uses)
            for (const auto& used : uses->paths) because.add(paths.at(place_named(used)));
        for (const auto& pattern : stack->also_triggered_by) patterns.add_to(because, pattern);
        if (uses && uses->unknown) because.add(paths.all());
        if (!because.empty()) concerned.push_back({stack, because.texts()});
    }
    return concerned;
}

}  // namespace slipway
