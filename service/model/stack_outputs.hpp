// What stacks hand to each other: the outputs that a stack's state holds, and what a run was given
// of those of its upstreams. Sensitive values are in none of these records.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "service/model/id.hpp"
#include "service/model/words.hpp"

namespace slipway {

// Where a value comes from that a run is given of an upstream's output.
enum class OutputFrom {
    state,    // as the upstream's state holds it
    planned,  // as the upstream's plan on the same pull request says it will be
    before,   // as the state holds it, though that plan may change it when it is applied
    unknown,  // there is none before the upstream is applied: a placeholder
};
BOOST_DESCRIBE_ENUM(OutputFrom, state, planned, before, unknown)

// One value that a run was given: the environment variable `variable`.
struct GivenOutput {
    StackId stack;  // the upstream
    std::string output, variable;
    std::string json;  // the value; "" where it is unknown
    OutputFrom from = OutputFrom::state;

    bool operator==(const GivenOutput&) const = default;
    static void fields(auto& self, auto&& f) {
        f("stack", self.stack);
        f("output", self.output);
        f("variable", self.variable);
        f("json", self.json);
        f("from", self.from);
    }
};

// "network.vpc_id", as messages name it.
inline std::string name_of(const StackId& stack, const std::string& output) {
    return stack.value + "." + output;
}

// outputs/<stack>: what its state holds since the last run of its branch that finished, and what
// that run was given. Written in the commit that ends the run.
struct StackOutputs {
    RunId run;
    std::string values = "{}";           // a JSON object, without those that are sensitive
    std::vector<std::string> sensitive;  // names of those
    std::vector<std::string> unseen;     // names of those that nobody saw: the apply's end was lost
    std::vector<GivenOutput> given;
    std::int64_t at_ms = 0;

    static void fields(auto& self, auto&& f) {
        f("run", self.run);
        f("values", self.values);
        f("sensitive", self.sensitive);
        f("unseen", self.unseen);
        f("given", self.given);
        f("at_ms", self.at_ms);
    }
};

}  // namespace slipway
