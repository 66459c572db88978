// When a stack was last compared with what is there, and what was found.
#pragma once
#include "service/model/plan.hpp"
#include "service/model/run.hpp"

namespace slipway {

struct DriftRecord {
    StackId stack;
    SpaceId space;
    RunId run;
    CommitSha commit;
    std::int64_t at_ms = 0;
    PlanCounts counts;  // of resources that differ from the state

    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("space", self.space);
        f("run", self.run);
        f("commit", self.commit);
        f("at_ms", self.at_ms);
        f("counts", self.counts);
    }
};

}  // namespace slipway
