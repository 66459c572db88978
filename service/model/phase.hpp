// What a worker does for a run at a time.
#pragma once
#include <string>
#include <string_view>

#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

enum class Phase {
    plan,
    apply,
    find_out,  // what became of an apply whose end nobody saw: the journal, or a plan that shows
               // what is left
};
BOOST_DESCRIBE_ENUM(Phase, plan, apply, find_out)

struct RunPhase {
    RunId run;
    Phase phase = Phase::plan;

    bool operator==(const RunPhase&) const = default;
    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("phase", self.phase);
    }
};

}  // namespace slipway
