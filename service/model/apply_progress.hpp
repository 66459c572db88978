// How far an apply came that did not come to its end, and who wanted it to end early.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "service/model/words.hpp"

namespace slipway {

// Which changes of its plan an apply made that did not come to its end.
struct ApplyProgress {
    enum class Lock {
        not_known,
        free,      // on the state: the tool gave it back
        released,  // it was left, and taken away
        held,      // it was left, and could not be taken away
    };
    BOOST_DESCRIBE_NESTED_ENUM(Lock, not_known, free, released, held)
    static constexpr std::size_t most = 50;        // addresses in each list
    std::vector<std::string> made, halfway, left;  // halfway: destroyed and not created again
    int made_count = 0, halfway_count = 0, left_count = 0;
    Lock lock = Lock::not_known;

    bool operator==(const ApplyProgress&) const = default;
    static void fields(auto& self, auto&& f) {
        f("made", self.made);
        f("halfway", self.halfway);
        f("left", self.left);
        f("made_count", self.made_count);
        f("halfway_count", self.halfway_count);
        f("left_count", self.left_count);
        f("lock", self.lock);
    }
};

// Somebody wants an apply that runs to be interrupted: asked for once, and then once more.
struct Interrupt {
    std::string by, note;
    std::int64_t asked_at_ms = 0;
    std::int64_t wanted_at_ms = 0;  // asked for again; 0: not yet, and nothing is done

    static void fields(auto& self, auto&& f) {
        f("by", self.by);
        f("note", self.note);
        f("asked_at_ms", self.asked_at_ms);
        f("wanted_at_ms", self.wanted_at_ms);
    }
};
// How long after the first time the second may come.
inline constexpr std::int64_t interrupt_patience_ms = 5 * 60 * 1000;

}  // namespace slipway
